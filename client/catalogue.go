package client

import (
	"context"
	"iter"
)

// TiersService manages tiers. Only the provider's staff may change them.
type TiersService struct{ c *Client }

const (
	tiersPath = "/api/tiers"
	tierPath  = "/api/tiers/{name}"
)

// Create creates a tier.
func (s *TiersService) Create(ctx context.Context, in CreateTier, opts ...Option) (Tier, error) {
	return call[Tier](ctx, s.c, request{method: "POST", path: tiersPath, body: in, once: true, fresh: true, options: opts})
}

// List returns a page of tiers.
func (s *TiersService) List(ctx context.Context, p Page) (List[Tier], error) {
	return call[List[Tier]](ctx, s.c, request{method: "GET", path: tiersPath, query: p.query().values()})
}

// All yields all tiers.
func (s *TiersService) All(ctx context.Context) iter.Seq2[Tier, error] {
	return walk(Page{}, func(p Page) (List[Tier], error) { return s.List(ctx, p) })
}

// Get returns a tier.
func (s *TiersService) Get(ctx context.Context, name string) (Tier, error) {
	return call[Tier](ctx, s.c, request{method: "GET", path: tierPath, params: []string{name}})
}

// Update changes the fields that are set.
func (s *TiersService) Update(ctx context.Context, name string, in TierPatch, opts ...Option) (Tier, error) {
	return call[Tier](ctx, s.c, request{method: "PATCH", path: tierPath, params: []string{name}, body: in, options: opts})
}

// Replace sets all fields; zero fields get the defaults of a new tier.
func (s *TiersService) Replace(ctx context.Context, name string, in TierSettings, opts ...Option) (Tier, error) {
	return call[Tier](ctx, s.c, request{method: "PUT", path: tierPath, params: []string{name}, body: in, options: opts})
}

// Delete removes a tier without service accounts.
func (s *TiersService) Delete(ctx context.Context, name string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: tierPath, params: []string{name}, options: opts})
}

// Preview returns what a change would do to the keys on the tier.
func (s *TiersService) Preview(ctx context.Context, name string, in TierPatch) (TierImpact, error) {
	return call[TierImpact](ctx, s.c, request{method: "POST", path: tierPath + "/preview", params: []string{name}, body: in, reads: true})
}

// ScopesService manages the catalogue of scopes. Only the provider's staff may
// change it.
type ScopesService struct{ c *Client }

const (
	scopesPath = "/api/scopes"
	scopePath  = "/api/scopes/{name}"
)

// Create creates a scope.
func (s *ScopesService) Create(ctx context.Context, in CreateScope, opts ...Option) (Scope, error) {
	return call[Scope](ctx, s.c, request{method: "POST", path: scopesPath, body: in, once: true, fresh: true, options: opts})
}

// List returns a page of scopes.
func (s *ScopesService) List(ctx context.Context, p Page) (List[Scope], error) {
	return call[List[Scope]](ctx, s.c, request{method: "GET", path: scopesPath, query: p.query().values()})
}

// All yields all scopes.
func (s *ScopesService) All(ctx context.Context) iter.Seq2[Scope, error] {
	return walk(Page{}, func(p Page) (List[Scope], error) { return s.List(ctx, p) })
}

// Get returns a scope.
func (s *ScopesService) Get(ctx context.Context, name string) (Scope, error) {
	return call[Scope](ctx, s.c, request{method: "GET", path: scopePath, params: []string{name}})
}

// Update changes the fields that are set.
func (s *ScopesService) Update(ctx context.Context, name string, in ScopePatch, opts ...Option) (Scope, error) {
	return call[Scope](ctx, s.c, request{method: "PATCH", path: scopePath, params: []string{name}, body: in, options: opts})
}

// Replace sets all fields.
func (s *ScopesService) Replace(ctx context.Context, name string, in ScopeSettings, opts ...Option) (Scope, error) {
	return call[Scope](ctx, s.c, request{method: "PUT", path: scopePath, params: []string{name}, body: in, options: opts})
}

// Delete removes a scope that nobody holds.
func (s *ScopesService) Delete(ctx context.Context, name string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: scopePath, params: []string{name}, options: opts})
}

// Holders counts who holds the scope.
func (s *ScopesService) Holders(ctx context.Context, name string) (ScopeHolders, error) {
	return call[ScopeHolders](ctx, s.c, request{method: "GET", path: scopePath + "/holders", params: []string{name}})
}

// Rename renames the scope. Accounts and keys that hold the old name have both
// for a time.
func (s *ScopesService) Rename(ctx context.Context, name string, in ScopeRenaming, opts ...Option) (Scope, error) {
	return call[Scope](ctx, s.c, request{method: "POST", path: scopePath + "/rename", params: []string{name}, body: in, options: opts})
}

// Retire stops the scope from being granted. Accounts and keys that hold it keep
// it.
func (s *ScopesService) Retire(ctx context.Context, name string, opts ...Option) (Scope, error) {
	return call[Scope](ctx, s.c, request{method: "POST", path: scopePath + "/retire", params: []string{name}, options: opts})
}

// Restore lets a retired scope be granted again.
func (s *ScopesService) Restore(ctx context.Context, name string, opts ...Option) (Scope, error) {
	return call[Scope](ctx, s.c, request{method: "POST", path: scopePath + "/restore", params: []string{name}, options: opts})
}
