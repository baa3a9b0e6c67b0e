package webhooks

import (
	"context"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// Filter selects endpoints.
type Filter struct {
	OrganizationIDs []string // nil: all; "" stands for the provider
}

// DeliveryFilter selects deliveries; zero fields do not restrict.
type DeliveryFilter struct {
	EndpointID string
	Queue      Queue // Done does not restrict
}

// DeliveryCollection stores deliveries.
type DeliveryCollection interface {
	keys.Collection[Delivery, DeliveryFilter]
	// ReplaceAll is Replace for many. It returns the ids of those that changed or were
	// deleted meanwhile. After an error, any of them may have been replaced.
	ReplaceAll(ctx context.Context, all []Delivery) (left []string, err error)
}

// Collections stores what the package keeps.
type Collections interface {
	WebhookEndpoints() keys.Collection[Endpoint, Filter]
	WebhookHealth() keys.Collection[Health, keys.NoFilter]
	WebhookPositions() keys.Collection[Position, keys.NoFilter]
	// WebhookDeliveries lists the newest first, WebhookQueue the same oldest first.
	WebhookDeliveries() DeliveryCollection
	WebhookQueue() DeliveryCollection
	// DeleteWebhookDeliveries deletes at most limit deliveries with ids between after and
	// before, both exclusive; with done only those that are Done.
	DeleteWebhookDeliveries(ctx context.Context, after, before string, done bool, limit int) (int, error)
	// OldWebhookDelivery returns the id of the endpoint's nth newest delivery, counted from
	// 0, "" if it has fewer.
	OldWebhookDelivery(ctx context.Context, endpointID string, n int) (string, error)
}

// Store is what the package needs from a database.
type Store interface {
	Collections
	audit.Reader
	Organizations() keys.Collection[keys.Organization, keys.OrganizationFilter]
	Users() auth.UserCollection
	Memberships() keys.Collection[auth.Membership, auth.MembershipFilter]
	Keys() keys.KeyCollection
}
