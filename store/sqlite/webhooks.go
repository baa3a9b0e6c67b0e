package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/webhooks"
)

// WebhookEndpoints returns the collection of webhooks.
func (s *records) WebhookEndpoints() keys.Collection[webhooks.Endpoint, webhooks.Filter] {
	return documentsBy(s.engine, "webhook_endpoints", "organization_id", true,
		func(e *webhooks.Endpoint) (string, *keys.Stamp, []any) {
			return e.ID, &e.Stamp, []any{e.OrganizationID}
		},
		func(f webhooks.Filter) (c conditions) {
			c.oneOf("organization_id", f.OrganizationIDs)
			return c
		})
}

// WebhookHealth returns the collection of what is known of webhooks' targets.
func (s *records) WebhookHealth() keys.Collection[webhooks.Health, keys.NoFilter] {
	return documents(s.engine, "webhook_health", false, func(h *webhooks.Health) (string, *keys.Stamp) { return h.ID, &h.Stamp })
}

// WebhookPositions returns the collection of positions.
func (s *records) WebhookPositions() keys.Collection[webhooks.Position, keys.NoFilter] {
	return documents(s.engine, "webhook_positions", false, func(p *webhooks.Position) (string, *keys.Stamp) { return p.ID, &p.Stamp })
}

// WebhookDeliveries returns the collection of deliveries, newest first.
func (s *records) WebhookDeliveries() webhooks.DeliveryCollection { return s.deliveries(true) }

// WebhookQueue returns the collection of deliveries, oldest first.
func (s *records) WebhookQueue() webhooks.DeliveryCollection { return s.deliveries(false) }

func (s *records) deliveries(descending bool) *table[webhooks.Delivery, webhooks.DeliveryFilter] {
	return documentsBy(s.engine, "webhook_deliveries", "queue", descending,
		func(d *webhooks.Delivery) (string, *keys.Stamp, []any) { return d.ID, &d.Stamp, []any{int(d.Queue)} },
		func(f webhooks.DeliveryFilter) (c conditions) {
			if f.Queue != webhooks.Done {
				c.use("webhook_deliveries_waiting")
				c.add("queue = ? AND queue > 0", int(f.Queue))
			}
			if f.EndpointID != "" {
				c.add("id > ? AND id < ?", f.EndpointID+".", f.EndpointID+"/")
			}
			return c
		})
}

const (
	deleteDeliveries = "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE id > ? AND id < ? AND " +
		"queue <= ? ORDER BY id LIMIT ?)"
	oldDelivery = "SELECT id FROM webhook_deliveries WHERE id > ? AND id < ? ORDER BY id DESC LIMIT 1 OFFSET ?"
	eventsFrom  = "SELECT " + eventColumns + " FROM audit_events WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
)

// DeleteWebhookDeliveries deletes at most limit deliveries between the ids.
func (s *records) DeleteWebhookDeliveries(ctx context.Context, after, before string, done bool, limit int) (int, error) {
	most := int(webhooks.Failed)
	if done {
		most = int(webhooks.Done)
	}
	n, err := s.writer.exec(ctx, deleteDeliveries, after, before, most, limit)
	return int(n), err
}

// OldWebhookDelivery returns the id of the endpoint's nth newest delivery.
func (s *records) OldWebhookDelivery(ctx context.Context, endpointID string, n int) (id string, err error) {
	err = s.reader.row(ctx, oldDelivery, endpointID+".", endpointID+"/", n).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, known(err)
}

// EventsFrom returns the oldest events between the ids.
func (s *records) EventsFrom(ctx context.Context, after, before string, limit int) ([]audit.Event, error) {
	return s.eventRows(ctx, eventsFrom, []any{after, before, limit})
}
