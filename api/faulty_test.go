package api_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/webhooks"
)

// faultyStore is a real store whose calls fail where a test says so. It counts
// what is written, so that a test sees whether anything was.
type faultyStore struct {
	store.Store
	fails  atomic.Pointer[func(ctx context.Context, call string) error]
	writes atomic.Int64
	// twice counts the keys that were inserted with the id of another one. They are
	// taken, as by a cluster that is sharded by the digest, where that is another
	// one. nil: as the store does.
	twice *atomic.Int64
}

// breakBy makes calls fail with what fails returns; nil ends that.
func (s *faultyStore) breakBy(fails func(ctx context.Context, call string) error) {
	if fails == nil {
		s.fails.Store(nil)
		return
	}
	s.fails.Store(&fails)
}

func (s *faultyStore) read(ctx context.Context, call string) error {
	if fails := s.fails.Load(); fails != nil {
		return (*fails)(ctx, call)
	}
	return nil
}

// wrote counts a write that succeeded.
func (s *faultyStore) wrote(err error) error {
	if err == nil {
		s.writes.Add(1)
	}
	return err
}

// Nodes implements nodes.Store.
func (s *faultyStore) Nodes(ctx context.Context) ([]nodes.Node, error) {
	if err := s.read(ctx, "nodes"); err != nil {
		return nil, err
	}
	return s.Store.Nodes(ctx)
}

// faultyCollection is the same for the objects of one kind.
type faultyCollection[T, F any] struct {
	keys.Collection[T, F]
	s *faultyStore
}

func (c faultyCollection[T, F]) Insert(ctx context.Context, object T) error {
	if err := c.s.read(ctx, "insert"); err != nil {
		return err
	}
	return c.s.wrote(c.Collection.Insert(ctx, object))
}

func (c faultyCollection[T, F]) Get(ctx context.Context, id string) (object T, err error) {
	if err := c.s.read(ctx, "get"); err != nil {
		return object, err
	}
	return c.Collection.Get(ctx, id)
}

func (c faultyCollection[T, F]) Replace(ctx context.Context, object T) error {
	if err := c.s.read(ctx, "replace"); err != nil {
		return err
	}
	return c.s.wrote(c.Collection.Replace(ctx, object))
}

func (c faultyCollection[T, F]) InsertAll(ctx context.Context, all []T) ([]string, error) {
	if err := c.s.read(ctx, "insert all"); err != nil {
		return nil, err
	}
	taken, err := c.Collection.InsertAll(ctx, all)
	return taken, c.s.wrote(err)
}

func (c faultyCollection[T, F]) Delete(ctx context.Context, id string, revision int64) error {
	if err := c.s.read(ctx, "delete"); err != nil {
		return err
	}
	return c.s.wrote(c.Collection.Delete(ctx, id, revision))
}

func (c faultyCollection[T, F]) List(ctx context.Context, filter F, page keys.Page) ([]T, error) {
	if err := c.s.read(ctx, "list"); err != nil {
		return nil, err
	}
	return c.Collection.List(ctx, filter, page)
}

type faultyKeys struct {
	faultyCollection[keys.Key, keys.KeyFilter]
	inner keys.KeyCollection
}

func (c faultyKeys) Insert(ctx context.Context, k keys.Key) error {
	err := c.faultyCollection.Insert(ctx, k)
	if c.s.twice == nil || !errors.Is(err, errs.Conflict) {
		return err
	}
	if there, missing := c.inner.Get(ctx, k.ID); missing == nil && there.Hash != k.Hash {
		c.s.twice.Add(1)
		return nil
	}
	return err
}

func (c faultyKeys) ReplaceAll(ctx context.Context, all []keys.Key) ([]string, error) {
	if err := c.s.read(ctx, "replace all"); err != nil {
		return nil, err
	}
	left, err := c.inner.ReplaceAll(ctx, all)
	return left, c.s.wrote(err)
}

func (c faultyKeys) Rehash(ctx context.Context, k keys.Key, was keys.Hash) error {
	if err := c.s.read(ctx, "rehash"); err != nil {
		return err
	}
	return c.s.wrote(c.inner.Rehash(ctx, k, was))
}

func (c faultyKeys) ByHash(ctx context.Context, hash keys.Hash) (keys.Key, error) {
	if err := c.s.read(ctx, "by hash"); err != nil {
		return keys.Key{}, err
	}
	return c.inner.ByHash(ctx, hash)
}

func (c faultyKeys) TouchLastUsed(ctx context.Context, used map[string]usage.Use) error {
	return c.inner.TouchLastUsed(ctx, used)
}

func (c faultyKeys) Ahead(ctx context.Context, f keys.KeyFilter, after string, n int) (string, error) {
	if err := c.s.read(ctx, "ahead"); err != nil {
		return "", err
	}
	return c.inner.Ahead(ctx, f, after, n)
}

func (c faultyKeys) WholeByUse(ctx context.Context, f keys.KeyFilter) (bool, error) {
	if err := c.s.read(ctx, "whole by use"); err != nil {
		return false, err
	}
	return c.inner.WholeByUse(ctx, f)
}

func (c faultyKeys) WithText(ctx context.Context, text string, most int) ([]string, bool, error) {
	if err := c.s.read(ctx, "with text"); err != nil {
		return nil, false, err
	}
	return c.inner.WithText(ctx, text, most)
}

// Usage implements usage.Store.
func (s *faultyStore) Usage(ctx context.Context, f usage.PageFilter, limit int) ([]usage.Page, error) {
	if err := s.read(ctx, "usage"); err != nil {
		return nil, err
	}
	return s.Store.Usage(ctx, f, limit)
}

// Refusals implements usage.Store.
func (s *faultyStore) Refusals(ctx context.Context, keyID string) ([]usage.Refusal, error) {
	if err := s.read(ctx, "refusals"); err != nil {
		return nil, err
	}
	return s.Store.Refusals(ctx, keyID)
}

type faultyUsers struct {
	faultyCollection[auth.User, auth.UserFilter]
	inner auth.UserCollection
}

func (c faultyUsers) ByEmail(ctx context.Context, folded string) (auth.User, error) {
	if err := c.s.read(ctx, "by email"); err != nil {
		return auth.User{}, err
	}
	return c.inner.ByEmail(ctx, folded)
}

func (c faultyUsers) ByUsername(ctx context.Context, folded string) (auth.User, error) {
	if err := c.s.read(ctx, "by username"); err != nil {
		return auth.User{}, err
	}
	return c.inner.ByUsername(ctx, folded)
}

func (s *faultyStore) Organizations() keys.Collection[keys.Organization, keys.OrganizationFilter] {
	return faultyCollection[keys.Organization, keys.OrganizationFilter]{s.Store.Organizations(), s}
}

func (s *faultyStore) ServiceAccounts() keys.Collection[keys.ServiceAccount, keys.AccountFilter] {
	return faultyCollection[keys.ServiceAccount, keys.AccountFilter]{s.Store.ServiceAccounts(), s}
}

func (s *faultyStore) Keys() keys.KeyCollection {
	return faultyKeys{faultyCollection[keys.Key, keys.KeyFilter]{s.Store.Keys(), s}, s.Store.Keys()}
}

func (s *faultyStore) LeakReports() keys.Collection[leaks.Report, keys.NoFilter] {
	return faultyCollection[leaks.Report, keys.NoFilter]{s.Store.LeakReports(), s}
}

func (s *faultyStore) Leaks() keys.Collection[leaks.Leak, keys.NoFilter] {
	return faultyCollection[leaks.Leak, keys.NoFilter]{s.Store.Leaks(), s}
}

func (s *faultyStore) WebhookEndpoints() keys.Collection[webhooks.Endpoint, webhooks.Filter] {
	return faultyCollection[webhooks.Endpoint, webhooks.Filter]{s.Store.WebhookEndpoints(), s}
}

func (s *faultyStore) WebhookHealth() keys.Collection[webhooks.Health, keys.NoFilter] {
	return faultyCollection[webhooks.Health, keys.NoFilter]{s.Store.WebhookHealth(), s}
}

func (s *faultyStore) WebhookDeliveries() webhooks.DeliveryCollection {
	return faultyDeliveries{faultyCollection[webhooks.Delivery, webhooks.DeliveryFilter]{s.Store.WebhookDeliveries(), s}}
}

func (s *faultyStore) WebhookQueue() webhooks.DeliveryCollection {
	return faultyDeliveries{faultyCollection[webhooks.Delivery, webhooks.DeliveryFilter]{s.Store.WebhookQueue(), s}}
}

type faultyDeliveries struct {
	faultyCollection[webhooks.Delivery, webhooks.DeliveryFilter]
}

// ReplaceAll is for the node that delivers, which no suite runs.
func (faultyDeliveries) ReplaceAll(context.Context, []webhooks.Delivery) ([]string, error) {
	return nil, nil
}

func (s *faultyStore) Exposures() keys.Collection[leaks.Exposure, keys.NoFilter] {
	return faultyCollection[leaks.Exposure, keys.NoFilter]{s.Store.Exposures(), s}
}

func (s *faultyStore) Imports() keys.Collection[imports.Import, keys.NoFilter] {
	return faultyCollection[imports.Import, keys.NoFilter]{s.Store.Imports(), s}
}

func (s *faultyStore) ImportPages() keys.Collection[imports.Page, keys.NoFilter] {
	return faultyCollection[imports.Page, keys.NoFilter]{s.Store.ImportPages(), s}
}

func (s *faultyStore) Incidents() keys.Collection[incidents.Incident, keys.NoFilter] {
	return faultyCollection[incidents.Incident, keys.NoFilter]{s.Store.Incidents(), s}
}

func (s *faultyStore) IncidentPages() keys.Collection[incidents.Page, keys.NoFilter] {
	return faultyCollection[incidents.Page, keys.NoFilter]{s.Store.IncidentPages(), s}
}

func (s *faultyStore) Tiers() keys.Collection[keys.Tier, keys.NoFilter] {
	return faultyCollection[keys.Tier, keys.NoFilter]{s.Store.Tiers(), s}
}

func (s *faultyStore) Scopes() keys.Collection[keys.Scope, keys.NoFilter] {
	return faultyCollection[keys.Scope, keys.NoFilter]{s.Store.Scopes(), s}
}

func (s *faultyStore) Users() auth.UserCollection {
	return faultyUsers{faultyCollection[auth.User, auth.UserFilter]{s.Store.Users(), s}, s.Store.Users()}
}

func (s *faultyStore) Memberships() keys.Collection[auth.Membership, auth.MembershipFilter] {
	return faultyCollection[auth.Membership, auth.MembershipFilter]{s.Store.Memberships(), s}
}

func (s *faultyStore) SessionByToken(ctx context.Context, hash auth.TokenHash) (auth.Session, error) {
	if err := s.read(ctx, "session"); err != nil {
		return auth.Session{}, err
	}
	return s.Store.SessionByToken(ctx, hash)
}

func (s *faultyStore) AppendEvent(ctx context.Context, e audit.Event) error {
	if err := s.read(ctx, "append event"); err != nil {
		return err
	}
	return s.wrote(s.Store.AppendEvent(ctx, e))
}

func (s *faultyStore) AppendEvents(ctx context.Context, all []audit.Event) error {
	if err := s.read(ctx, "append events"); err != nil {
		return err
	}
	return s.wrote(s.Store.AppendEvents(ctx, all))
}

func (s *faultyStore) EventsFrom(ctx context.Context, after, before string, limit int) ([]audit.Event, error) {
	if err := s.read(ctx, "events"); err != nil {
		return nil, err
	}
	return s.Store.EventsFrom(ctx, after, before, limit)
}

func (s *faultyStore) Events(ctx context.Context, f audit.Filter, after string, limit int) ([]audit.Event, error) {
	if err := s.read(ctx, "events"); err != nil {
		return nil, err
	}
	return s.Store.Events(ctx, f, after, limit)
}

func (s *faultyStore) InsertIdempotency(ctx context.Context, r idempotency.Record) error {
	if err := s.read(ctx, "insert idempotency"); err != nil {
		return err
	}
	return s.wrote(s.Store.InsertIdempotency(ctx, r))
}

func (s *faultyStore) ReplaceIdempotency(ctx context.Context, was, r idempotency.Record) error {
	if err := s.read(ctx, "replace idempotency"); err != nil {
		return err
	}
	return s.wrote(s.Store.ReplaceIdempotency(ctx, was, r))
}

func (s *faultyStore) Idempotency(ctx context.Context, key [sha256.Size]byte) (idempotency.Record, error) {
	if err := s.read(ctx, "idempotency"); err != nil {
		return idempotency.Record{}, err
	}
	return s.Store.Idempotency(ctx, key)
}

func (s *faultyStore) Ping(ctx context.Context) error {
	if err := s.read(ctx, "ping"); err != nil {
		return err
	}
	return s.Store.Ping(ctx)
}

type faultyTokens struct {
	faultyCollection[auth.Token, auth.OwnedFilter]
	inner auth.TokenCollection
}

func (c faultyTokens) ByHash(ctx context.Context, hash auth.TokenHash) (auth.Token, error) {
	if err := c.s.read(ctx, "by hash"); err != nil {
		return auth.Token{}, err
	}
	return c.inner.ByHash(ctx, hash)
}

func (c faultyTokens) TouchToken(ctx context.Context, id string, at time.Time) error {
	return c.inner.TouchToken(ctx, id, at)
}

func (s *faultyStore) Tokens() auth.TokenCollection {
	return faultyTokens{faultyCollection[auth.Token, auth.OwnedFilter]{s.Store.Tokens(), s}, s.Store.Tokens()}
}

func (s *faultyStore) Families() keys.Collection[auth.Family, auth.OwnedFilter] {
	return faultyCollection[auth.Family, auth.OwnedFilter]{s.Store.Families(), s}
}

type faultyCertificates struct {
	faultyCollection[auth.Certificate, auth.CertificateFilter]
	inner auth.CertificateCollection
}

func (c faultyCertificates) ByMatch(ctx context.Context, match string) (auth.Certificate, error) {
	if err := c.s.read(ctx, "by match"); err != nil {
		return auth.Certificate{}, err
	}
	return c.inner.ByMatch(ctx, match)
}

func (s *faultyStore) Certificates() auth.CertificateCollection {
	return faultyCertificates{faultyCollection[auth.Certificate, auth.CertificateFilter]{s.Store.Certificates(), s}, s.Store.Certificates()}
}

func (s *faultyStore) SessionsOf(ctx context.Context, userID string) ([]auth.Session, error) {
	if err := s.read(ctx, "sessions of"); err != nil {
		return nil, err
	}
	return s.Store.SessionsOf(ctx, userID)
}

func (s *faultyStore) DeleteSession(ctx context.Context, id string) error {
	if err := s.read(ctx, "delete session"); err != nil {
		return err
	}
	return s.Store.DeleteSession(ctx, id)
}

func (s *faultyStore) DeleteSessionsOf(ctx context.Context, userID, except string) error {
	if err := s.read(ctx, "delete sessions"); err != nil {
		return err
	}
	return s.Store.DeleteSessionsOf(ctx, userID, except)
}

func (s *faultyStore) PutTombstone(ctx context.Context, id string) error {
	if err := s.read(ctx, "bury"); err != nil {
		return err
	}
	return s.wrote(s.Store.PutTombstone(ctx, id))
}

func (s *faultyStore) Identities() keys.Collection[auth.Identity, auth.OwnedFilter] {
	return faultyCollection[auth.Identity, auth.OwnedFilter]{s.Store.Identities(), s}
}

type faultyLinks struct {
	faultyCollection[auth.Link, auth.LinkFilter]
	inner auth.LinkCollection
}

func (c faultyLinks) ByHash(ctx context.Context, hash auth.TokenHash) (auth.Link, error) {
	if err := c.s.read(ctx, "by hash"); err != nil {
		return auth.Link{}, err
	}
	return c.inner.ByHash(ctx, hash)
}

func (s *faultyStore) Links() auth.LinkCollection {
	return faultyLinks{faultyCollection[auth.Link, auth.LinkFilter]{s.Store.Links(), s}, s.Store.Links()}
}
