package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/keys"
)

// record is an object that is stored as JSON and found only by its id.
type record struct {
	ID    string `bson:"_id"`
	Stamp `bson:",inline"`
	Data  string `bson:"data"`
}

// Incidents returns the collection of incidents.
func (s *objects) Incidents() keys.Collection[incidents.Incident, keys.NoFilter] {
	return records(s.engine, "incidents", true, func(n *incidents.Incident) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// IncidentPages returns the collection of the pages of incidents.
func (s *objects) IncidentPages() keys.Collection[incidents.Page, keys.NoFilter] {
	return records(s.engine, "incident_pages", false, func(n *incidents.Page) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

func records[T any](s *engine, name string, descending bool, of func(*T) (string, *keys.Stamp)) *collection[T, keys.NoFilter, record] {
	return &collection[T, keys.NoFilter, record]{
		store: s, name: name, descending: descending,
		identify: func(n *T) (string, int64) {
			id, stamp := of(n)
			return id, stamp.Revision
		},
		encode: func(n *T) record {
			id, stamp := of(n)
			return record{id, stampOf(stamp), encoded(id, n)}
		},
		decode: func(d *record) (n T, err error) {
			err = json.Unmarshal([]byte(d.Data), &n)
			_, into := of(&n)
			*into = d.domain()
			return n, err
		},
		where: func(keys.NoFilter) bson.D { return bson.D{} },
	}
}

func encoded(id string, object any) string {
	text, err := json.Marshal(object)
	if err != nil {
		panic(fmt.Errorf("encode %s: %w", id, err)) // these objects always encode
	}
	return string(text)
}

// override is stored as a document with fields.
type override struct {
	KeyRateLimit *rule         `bson:"key_rate_limit"`
	RateLimit    *rule         `bson:"rate_limit"`
	Quota        *quota        `bson:"quota"`
	Until        bson.DateTime `bson:"until"`
	Note         string        `bson:"note"`
}

func overrideOf(o *keys.Override) *override {
	if o == nil {
		return nil
	}
	return &override{ruleOf(o.KeyRateLimit), ruleOf(o.RateLimit), quotaOf(o.Quota), bson.NewDateTimeFromTime(o.Until), o.Note}
}

func (o *override) domain() *keys.Override {
	if o == nil {
		return nil
	}
	return &keys.Override{
		KeyRateLimit: o.KeyRateLimit.domain(), RateLimit: o.RateLimit.domain(), Quota: o.Quota.domain(),
		Until: o.Until.Time().UTC(), Note: o.Note,
	}
}

// Creators returns who created keys. It reads one key of each creator, however many keys
// there are.
func (s *objects) Creators(ctx context.Context, after keys.Creator, limit int) ([]keys.Creator, error) {
	return following(after, limit, func(p *keys.Creator) (bool, error) {
		return s.nextPair(ctx, "keys", "created_by", &p.OrganizationID, &p.ID)
	})
}

// Owners returns who owns service accounts. It reads one account of each owner.
func (s *objects) Owners(ctx context.Context, after keys.Owner, limit int) ([]keys.Owner, error) {
	return following(after, limit, func(p *keys.Owner) (bool, error) {
		return s.nextPair(ctx, "service_accounts", "owner_id", &p.OrganizationID, &p.ID)
	})
}

// following lists the places after the given one; next replaces a place by the next.
func following[P any](after P, limit int, next func(*P) (found bool, err error)) (all []P, err error) {
	for len(all) < limit {
		found, err := next(&after)
		if err != nil || !found {
			return all, err
		}
		all = append(all, after)
	}
	return all, nil
}

// nextPair replaces an organization, and an id in the given field, by the next pair in
// the collection.
func (s *objects) nextPair(ctx context.Context, collection, field string, organizationID, id *string) (found bool, err error) {
	order := bson.D{{Key: "organization_id", Value: 1}, {Key: field, Value: 1}}
	behind := bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: "organization_id", Value: *organizationID}, {Key: field, Value: bson.D{{Key: "$gt", Value: *id}}}},
		bson.D{{Key: "organization_id", Value: bson.D{{Key: "$gt", Value: *organizationID}}}},
	}}}
	var next map[string]any
	err = s.in(collection).first(ctx, behind, &next, options.FindOne().SetSort(order).SetProjection(order))
	if errors.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	*organizationID, _ = next["organization_id"].(string)
	*id, _ = next[field].(string)
	return true, nil
}
