package client

import (
	"context"
	"iter"
	"time"
)

// KeysService issues, rotates and revokes keys.
type KeysService struct{ c *Client }

// KeyFilter narrows a list of keys; zero fields do not restrict.
type KeyFilter struct {
	Page
	OrganizationID, ServiceAccountID string
	Environment                      string // live or test
	Status                           string // active, disabled, not_yet_valid, expired or revoked
	ExpiringBefore                   time.Time
	Text                             string // in name, note, id, start and last4
}

func (f KeyFilter) query(page Page) query {
	return page.query().text("organization_id", f.OrganizationID).text("service_account_id", f.ServiceAccountID).
		text("environment", f.Environment).text("status", f.Status).time("expiring_before", f.ExpiringBefore).text("q", f.Text)
}

// Issue issues a key. Only this response contains its secret. If the response was
// lost and a retry finds the key issued, the error is SecretLost and the key is
// returned without its secret: revoke it and issue another.
func (s *KeysService) Issue(ctx context.Context, in CreateKey, opts ...Option) (IssuedKey, error) {
	k, err := call[IssuedKey](ctx, s.c, request{method: "POST", path: "/api/keys", body: in, once: true, fresh: true, options: opts})
	return k, orSecretLost("POST /api/keys", k.Secret, err)
}

// Rotate issues a successor of the key, which keeps working for the grace period.
// The error may be SecretLost, as for Issue.
func (s *KeysService) Rotate(ctx context.Context, id string, in KeyRotation, opts ...Option) (IssuedKey, error) {
	const path = "/api/keys/{id}/rotate"
	k, err := call[IssuedKey](ctx, s.c, request{method: "POST", path: path, params: []string{id}, body: in, once: true, options: opts})
	return k, orSecretLost("POST "+path, k.Secret, err)
}

// Revoke ends the key for good. The response says after which moment no node
// answers VALID.
func (s *KeysService) Revoke(ctx context.Context, id string, in RevokeKey, opts ...Option) (RevokedKey, error) {
	return call[RevokedKey](ctx, s.c, request{method: "POST", path: "/api/keys/{id}/revoke", params: []string{id}, body: in, options: opts})
}

// List returns a page of keys, without their secrets, newest first.
func (s *KeysService) List(ctx context.Context, f KeyFilter) (List[Key], error) {
	return s.page(ctx, f, f.Page)
}

// All yields all keys that match the filter.
func (s *KeysService) All(ctx context.Context, f KeyFilter) iter.Seq2[Key, error] {
	return walk(f.Page, func(p Page) (List[Key], error) { return s.page(ctx, f, p) })
}

func (s *KeysService) page(ctx context.Context, f KeyFilter, p Page) (List[Key], error) {
	return call[List[Key]](ctx, s.c, request{method: "GET", path: "/api/keys", query: f.query(p).values()})
}

// Find returns the keys that match a whole key, an id, a start or the last four
// characters. For the provider's staff.
func (s *KeysService) Find(ctx context.Context, what string) ([]Key, error) {
	return items(call[List[Key]](ctx, s.c, request{method: "POST", path: "/api/keys/find", body: FindKeys{Find: what}, reads: true}))
}

// Get returns a key, without its secret.
func (s *KeysService) Get(ctx context.Context, id string) (Key, error) {
	return call[Key](ctx, s.c, request{method: "GET", path: "/api/keys/{id}", params: []string{id}})
}

// Update changes the fields that are set.
func (s *KeysService) Update(ctx context.Context, id string, in KeyPatch, opts ...Option) (Key, error) {
	return call[Key](ctx, s.c, request{method: "PATCH", path: "/api/keys/{id}", params: []string{id}, body: in, options: opts})
}

// Replace sets all fields; zero fields get the defaults of a new key.
func (s *KeysService) Replace(ctx context.Context, id string, in KeySettings, opts ...Option) (Key, error) {
	return call[Key](ctx, s.c, request{method: "PUT", path: "/api/keys/{id}", params: []string{id}, body: in, options: opts})
}

// Delete removes the key and its history. To keep that, revoke the key instead.
func (s *KeysService) Delete(ctx context.Context, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: "/api/keys/{id}", params: []string{id}, options: opts})
}

// ResetLimits resets the key's limits to full. For the provider's staff.
func (s *KeysService) ResetLimits(ctx context.Context, id string, opts ...Option) (Key, error) {
	return call[Key](ctx, s.c, request{method: "POST", path: "/api/keys/{id}/limits/reset", params: []string{id}, options: opts})
}

// Refusals returns the last hundred refusals of the key, the newest first.
func (s *KeysService) Refusals(ctx context.Context, id string) ([]Refusal, error) {
	return items(call[List[Refusal]](ctx, s.c, request{method: "GET", path: "/api/keys/{id}/refusals", params: []string{id}}))
}

// Usage returns how often the key was verified, by outcome. It ignores the
// query's organization and service account.
func (s *KeysService) Usage(ctx context.Context, id string, q UsageQuery) (KeyUsage, error) {
	q.OrganizationID, q.ServiceAccountID = "", ""
	return call[KeyUsage](ctx, s.c, request{
		method: "GET", path: "/api/keys/{id}/usage", params: []string{id}, query: q.query().text("format", "json").values(),
	})
}
