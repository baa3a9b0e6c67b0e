package client

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// WebhooksService manages webhooks: addresses that are told of events.
type WebhooksService struct{ c *Client }

const (
	webhooksPath   = "/api/webhooks"
	webhookPath    = "/api/webhooks/{id}"
	deliveriesPath = "/api/webhooks/{id}/deliveries"
	deliveryPath   = "/api/webhooks/{id}/deliveries/{event_id}"
)

// Webhook is an address that is told of events.
type Webhook struct {
	ID             string  `json:"id"`
	OrganizationID *string `json:"organization_id"` // nil: the provider's, over all organizations
	WebhookSettings
	Reason       *string         `json:"reason"` // why it is disabled: by_hand, gone or failing
	FailingSince *time.Time      `json:"failing_since"`
	Secrets      []WebhookSecret `json:"secrets"` // the valid ones, newest first, without their texts
	Stamps
}

// WebhookSettings are the fields of a webhook that can be set.
type WebhookSettings struct {
	URL         string   `json:"url"`
	EventTypes  []string `json:"event_types"` // nil: all
	Description string   `json:"description"`
	State       string   `json:"state"` // enabled or disabled
}

// WebhookSecret is one of the secrets that sign what a webhook is sent.
type WebhookSecret struct {
	CreatedAt time.Time  `json:"created_at"`
	EndsAt    *time.Time `json:"ends_at"` // nil for the newest
}

// CreateWebhook asks for a new webhook.
type CreateWebhook struct {
	OrganizationID string   `json:"organization_id,omitempty"` // "": the provider's
	URL            string   `json:"url"`
	EventTypes     []string `json:"event_types,omitempty"` // nil: all
	Description    string   `json:"description,omitempty"`
	State          string   `json:"state,omitempty"`
}

// IssuedWebhook is a webhook with its newest secret, which is shown once.
type IssuedWebhook struct {
	Webhook
	Secret string `json:"secret,omitempty"`
}

// WebhookPatch changes the fields that are set.
type WebhookPatch struct {
	URL         Optional[string]   `json:"url,omitzero"`
	EventTypes  Optional[[]string] `json:"event_types,omitzero"`
	Description Optional[string]   `json:"description,omitzero"`
	State       Optional[string]   `json:"state,omitzero"`
}

// RotateWebhookSecret asks for a new secret.
type RotateWebhookSecret struct {
	Overlap *Duration `json:"overlap,omitempty"` // how long the old one stays valid; 24h if nil
}

// WebhookEventType is a type of events.
type WebhookEventType struct {
	Name         string `json:"name"`
	Organization bool   `json:"organization"` // false: for the provider's webhooks only
}

// WebhookDelivery is one event for one webhook.
type WebhookDelivery struct {
	WebhookID     string           `json:"webhook_id"`
	EventID       string           `json:"event_id"`
	EventType     string           `json:"event_type"`
	EventAt       time.Time        `json:"event_at"`
	Outcome       string           `json:"outcome"` // waiting, delivered or parked
	Tries         int              `json:"tries"`
	NextAttemptAt *time.Time       `json:"next_attempt_at"`
	Payload       json.RawMessage  `json:"payload"`
	Attempts      []WebhookAttempt `json:"attempts"` // the last ones, oldest first
}

// WebhookAttempt is one try to deliver.
type WebhookAttempt struct {
	At       time.Time `json:"at"`
	Duration Duration  `json:"duration"`
	URL      string    `json:"url"`
	Status   *int      `json:"status"` // nil: there was no answer
	Fault    *string   `json:"fault"`  // nil: it was delivered
	Type     string    `json:"media_type"`
	Answer   string    `json:"answer"` // its start
}

// ResendWebhook selects events to send again.
type ResendWebhook struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty"`
	All   bool       `json:"all,omitempty"` // also what was delivered
}

// WebhookResent says how many events will be sent.
type WebhookResent struct {
	Queued   int        `json:"queued"`
	NextFrom *time.Time `json:"next_from"` // where to go on, nil at the end
}

// WebhookFilter narrows a list.
type WebhookFilter struct {
	OrganizationID string // "": all; "provider" for the provider's own
	Page
}

// List returns a page of webhooks, the newest first.
func (s *WebhooksService) List(ctx context.Context, f WebhookFilter) (List[Webhook], error) {
	q := f.query().text("organization_id", f.OrganizationID)
	return call[List[Webhook]](ctx, s.c, request{method: "GET", path: webhooksPath, query: q.values()})
}

// All yields all webhooks that pass the filter.
func (s *WebhooksService) All(ctx context.Context, f WebhookFilter) iter.Seq2[Webhook, error] {
	return walk(f.Page, func(p Page) (List[Webhook], error) {
		f.Page = p
		return s.List(ctx, f)
	})
}

// EventTypes returns the types of events.
func (s *WebhooksService) EventTypes(ctx context.Context) ([]WebhookEventType, error) {
	l, err := call[List[WebhookEventType]](ctx, s.c, request{method: "GET", path: webhooksPath + "/event-types"})
	return l.Items, err
}

// Create makes a webhook. Its secret is only in this answer.
func (s *WebhooksService) Create(ctx context.Context, in CreateWebhook, opts ...Option) (IssuedWebhook, error) {
	return call[IssuedWebhook](ctx, s.c, request{method: "POST", path: webhooksPath, body: in, once: true, fresh: true, options: opts})
}

// Get returns a webhook.
func (s *WebhooksService) Get(ctx context.Context, id string) (Webhook, error) {
	return call[Webhook](ctx, s.c, request{method: "GET", path: webhookPath, params: []string{id}})
}

// Update changes a webhook.
func (s *WebhooksService) Update(ctx context.Context, id string, in WebhookPatch, opts ...Option) (Webhook, error) {
	return call[Webhook](ctx, s.c, request{method: "PATCH", path: webhookPath, params: []string{id}, body: in, options: opts})
}

// Delete deletes a webhook.
func (s *WebhooksService) Delete(ctx context.Context, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: webhookPath, params: []string{id}, options: opts})
}

// RotateSecret gives a webhook a new secret, which is only in this answer.
func (s *WebhooksService) RotateSecret(ctx context.Context, id string, in RotateWebhookSecret) (IssuedWebhook, error) {
	return call[IssuedWebhook](ctx, s.c, request{method: "POST", path: webhookPath + "/rotate-secret", params: []string{id}, body: in})
}

// Test sends an event that did not happen, once, and returns what became of it.
func (s *WebhooksService) Test(ctx context.Context, id string) (WebhookDelivery, error) {
	return call[WebhookDelivery](ctx, s.c, request{method: "POST", path: webhookPath + "/test", params: []string{id}})
}

// Deliveries returns a page of a webhook's deliveries, the newest event first.
func (s *WebhooksService) Deliveries(ctx context.Context, id string, p Page) (List[WebhookDelivery], error) {
	return call[List[WebhookDelivery]](ctx, s.c, request{method: "GET", path: deliveriesPath, params: []string{id}, query: p.query().values()})
}

// AllDeliveries yields all deliveries of a webhook.
func (s *WebhooksService) AllDeliveries(ctx context.Context, id string) iter.Seq2[WebhookDelivery, error] {
	return walk(Page{}, func(p Page) (List[WebhookDelivery], error) { return s.Deliveries(ctx, id, p) })
}

// Delivery returns the delivery of an event.
func (s *WebhooksService) Delivery(ctx context.Context, id, eventID string) (WebhookDelivery, error) {
	return call[WebhookDelivery](ctx, s.c, request{method: "GET", path: deliveryPath, params: []string{id, eventID}})
}

// Resend sends an event again.
func (s *WebhooksService) Resend(ctx context.Context, id, eventID string) (WebhookDelivery, error) {
	return call[WebhookDelivery](ctx, s.c, request{method: "POST", path: deliveryPath + "/resend", params: []string{id, eventID}})
}

// ResendRange sends events of a time again that were not delivered.
func (s *WebhooksService) ResendRange(ctx context.Context, id string, in ResendWebhook) (WebhookResent, error) {
	return call[WebhookResent](ctx, s.c, request{method: "POST", path: webhookPath + "/resend", params: []string{id}, body: in})
}
