package mongo

import (
	"context"
	"encoding/json"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/webhooks"
)

// endpoint is a webhook, stored as JSON and found by its organization.
type endpoint struct {
	ID             string `bson:"_id"`
	Stamp          `bson:",inline"`
	OrganizationID string `bson:"organization_id"`
	Data           string `bson:"data"`
}

// WebhookEndpoints returns the collection of webhooks.
func (s *logs) WebhookEndpoints() keys.Collection[webhooks.Endpoint, webhooks.Filter] {
	return &collection[webhooks.Endpoint, webhooks.Filter, endpoint]{
		store: s.engine, name: "webhook_endpoints", descending: true,
		identify: func(e *webhooks.Endpoint) (string, int64) { return e.ID, e.Revision },
		encode: func(e *webhooks.Endpoint) endpoint {
			return endpoint{e.ID, stampOf(&e.Stamp), e.OrganizationID, encoded(e.ID, e)}
		},
		decode: func(d *endpoint) (e webhooks.Endpoint, err error) {
			err = json.Unmarshal([]byte(d.Data), &e)
			e.Stamp = d.domain()
			return e, err
		},
		where: func(f webhooks.Filter) bson.D { return oneOf(bson.D{}, "organization_id", f.OrganizationIDs) },
	}
}

// WebhookHealth returns the collection of what is known of webhooks' targets.
func (s *logs) WebhookHealth() keys.Collection[webhooks.Health, keys.NoFilter] {
	return records(s.engine, "webhook_health", false, func(h *webhooks.Health) (string, *keys.Stamp) { return h.ID, &h.Stamp })
}

// WebhookPositions returns the collection of positions.
func (s *logs) WebhookPositions() keys.Collection[webhooks.Position, keys.NoFilter] {
	return records(s.engine, "webhook_positions", false, func(p *webhooks.Position) (string, *keys.Stamp) { return p.ID, &p.Stamp })
}

// delivery is stored as JSON and found by its place in the queue.
type delivery struct {
	ID    string `bson:"_id"`
	Stamp `bson:",inline"`
	Queue int    `bson:"queue"`
	Data  string `bson:"data"`
}

type deliveryCollection struct {
	*collection[webhooks.Delivery, webhooks.DeliveryFilter, delivery]
}

// WebhookDeliveries returns the collection of deliveries, newest first.
func (s *logs) WebhookDeliveries() webhooks.DeliveryCollection { return s.deliveries(true) }

// WebhookQueue returns the collection of deliveries, oldest first.
func (s *logs) WebhookQueue() webhooks.DeliveryCollection { return s.deliveries(false) }

func (s *logs) deliveries(descending bool) deliveryCollection {
	return deliveryCollection{&collection[webhooks.Delivery, webhooks.DeliveryFilter, delivery]{
		store: s.engine, name: deliveries, descending: descending,
		identify: func(d *webhooks.Delivery) (string, int64) { return d.ID, d.Revision },
		encode: func(d *webhooks.Delivery) delivery {
			return delivery{d.ID, stampOf(&d.Stamp), int(d.Queue), encoded(d.ID, d)}
		},
		decode: func(d *delivery) (out webhooks.Delivery, err error) {
			err = json.Unmarshal([]byte(d.Data), &out)
			out.Stamp = d.domain()
			return out, err
		},
		where: func(f webhooks.DeliveryFilter) bson.D {
			d := bson.D{}
			if f.Queue != webhooks.Done {
				d = append(d, bson.E{Key: "queue", Value: int(f.Queue)})
			}
			if f.EndpointID != "" {
				d = also(d, "_id", between(f.EndpointID+".", f.EndpointID+"/"))
			}
			return d
		},
	}}
}

const deliveries = "webhook_deliveries"

func between(after, before string) bson.D {
	return bson.D{{Key: "$gt", Value: after}, {Key: "$lt", Value: before}}
}

// ReplaceAll is Replace for many. A repeated write finds what it has written already.
func (c deliveryCollection) ReplaceAll(ctx context.Context, all []webhooks.Delivery) (left []string, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	writes := make([]mongo.WriteModel, len(all))
	ids := make([]string, len(all))
	for i := range all {
		change, err := c.replacement(&all[i])
		if err != nil {
			return nil, err
		}
		writes[i], ids[i] = mongo.NewUpdateOneModel().SetFilter(c.before(&all[i])).SetUpdate(change), all[i].ID
	}
	matched, err := c.documents().bulk(ctx, writes)
	if err != nil || matched == int64(len(all)) {
		return nil, known(err)
	}
	found, err := c.list(ctx, oneOf(bson.D{}, "_id", ids), bson.D{{Key: "_id", Value: 1}}, len(ids))
	if err != nil {
		return nil, err
	}
	stored := make(map[string]*webhooks.Delivery, len(found))
	for i := range found {
		stored[found[i].ID] = &found[i]
	}
	for i := range all {
		ours := &all[i]
		if d := stored[ours.ID]; d == nil || d.Revision != ours.Revision || !d.UpdatedAt.Equal(ours.UpdatedAt) {
			left = append(left, ours.ID)
		}
	}
	return left, nil
}

// DeleteWebhookDeliveries deletes at most limit deliveries between the ids.
func (s *logs) DeleteWebhookDeliveries(ctx context.Context, after, before string, done bool, limit int) (int, error) {
	where := bson.D{{Key: "_id", Value: between(after, before)}}
	if done {
		where = append(where, bson.E{Key: "queue", Value: int(webhooks.Done)})
	}
	return s.in(deliveries).removeSome(ctx, where, limit)
}

// OldWebhookDelivery returns the id of the endpoint's nth newest delivery.
func (s *logs) OldWebhookDelivery(ctx context.Context, endpointID string, n int) (string, error) {
	found, err := find[struct {
		ID string `bson:"_id"`
	}](ctx, s.in(deliveries), bson.D{{Key: "_id", Value: between(endpointID+".", endpointID+"/")}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetSkip(int64(n)).SetLimit(1).SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].ID, nil
}

// EventsFrom returns the oldest events between the ids.
func (s *logs) EventsFrom(ctx context.Context, after, before string, limit int) ([]audit.Event, error) {
	return s.events().list(ctx, bson.D{{Key: "_id", Value: between(after, before)}}, bson.D{{Key: "_id", Value: 1}}, limit)
}
