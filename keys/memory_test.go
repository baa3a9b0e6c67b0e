package keys_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// memory is a keys.Store without I/O, so that tests with it can run in a
// bubble of time. It can be gone, slow, or look on.
type memory struct {
	mu            sync.Mutex
	organizations rows[keys.Organization, keys.OrganizationFilter]
	accounts      rows[keys.ServiceAccount, keys.AccountFilter]
	keys          rows[keys.Key, keys.KeyFilter]
	tiers         rows[keys.Tier, keys.NoFilter]
	scopes        rows[keys.Scope, keys.NoFilter]
	graves        map[string]grave
	events        []audit.Event

	gone        atomic.Bool
	pollsFail   atomic.Bool
	pollTakes   atomic.Int64 // nanoseconds from reading the changes to the answer
	auditGone   atomic.Bool
	loads       atomic.Int64                  // calls of ByHash
	afterByHash func()                        // between reading and answering
	beforeWrite func()                        // of a Replace, after its UpdatedAt was chosen
	graveFirst  func()                        // between a tombstone and its deletion; nil: both at once
	changes     atomic.Pointer[[]keys.Change] // nil: what changed
}

type grave struct {
	change keys.Change
	at     time.Time
}

var errGone = errors.New("the store is gone")

// rows is one collection of a memory.
type rows[T, F any] struct {
	m     *memory
	byID  map[string]T
	id    func(*T) string
	stamp func(*T) *keys.Stamp
	hash  func(*T) keys.Hash
	match func(*T, F) bool
}

func newMemory() *memory {
	m := &memory{graves: map[string]grave{}}
	m.organizations = rows[keys.Organization, keys.OrganizationFilter]{
		m: m, id: func(o *keys.Organization) string { return o.ID }, stamp: func(o *keys.Organization) *keys.Stamp { return &o.Stamp },
		match: func(*keys.Organization, keys.OrganizationFilter) bool { return true },
	}
	m.accounts = rows[keys.ServiceAccount, keys.AccountFilter]{
		m: m, id: func(a *keys.ServiceAccount) string { return a.ID }, stamp: func(a *keys.ServiceAccount) *keys.Stamp { return &a.Stamp },
		match: func(a *keys.ServiceAccount, f keys.AccountFilter) bool {
			return (f.OrganizationIDs == nil || slices.Contains(f.OrganizationIDs, a.OrganizationID)) && (f.Tier == "" || f.Tier == a.Tier) && (!f.Moving || a.Move != nil)
		},
	}
	m.keys = rows[keys.Key, keys.KeyFilter]{
		m: m, id: func(k *keys.Key) string { return k.ID }, stamp: func(k *keys.Key) *keys.Stamp { return &k.Stamp },
		hash: func(k *keys.Key) keys.Hash { return k.Hash },
		match: func(k *keys.Key, f keys.KeyFilter) bool {
			end := k.EndsAt()
			return (f.IDs == nil || slices.Contains(f.IDs, k.ID)) && (f.ServiceAccountID == "" || f.ServiceAccountID == k.ServiceAccountID) &&
				(f.Revoked == nil || *f.Revoked != k.RevokedAt.IsZero()) &&
				(f.EndsAfter.IsZero() || end.IsZero() || end.After(f.EndsAfter))
		},
	}
	m.tiers = rows[keys.Tier, keys.NoFilter]{
		m: m, id: func(t *keys.Tier) string { return t.Name }, stamp: func(t *keys.Tier) *keys.Stamp { return &t.Stamp },
		match: func(*keys.Tier, keys.NoFilter) bool { return true },
	}
	m.scopes = rows[keys.Scope, keys.NoFilter]{
		m: m, id: func(s *keys.Scope) string { return s.Name }, stamp: func(s *keys.Scope) *keys.Stamp { return &s.Stamp },
		match: func(*keys.Scope, keys.NoFilter) bool { return true },
	}
	return m
}

func (m *memory) Organizations() keys.Collection[keys.Organization, keys.OrganizationFilter] {
	return &m.organizations
}

func (m *memory) ServiceAccounts() keys.Collection[keys.ServiceAccount, keys.AccountFilter] {
	return &m.accounts
}
func (m *memory) Tiers() keys.Collection[keys.Tier, keys.NoFilter]   { return &m.tiers }
func (m *memory) Scopes() keys.Collection[keys.Scope, keys.NoFilter] { return &m.scopes }
func (m *memory) Keys() keys.KeyCollection                           { return memoryKeys{&m.keys} }

func (m *memory) reach(ctx context.Context) error {
	if m.gone.Load() {
		return errors.Join(errGone, errs.Unavailable)
	}
	return ctx.Err()
}

func (r *rows[T, F]) Insert(ctx context.Context, object T) error {
	if err := r.m.reach(ctx); err != nil {
		return err
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if r.byID == nil {
		r.byID = map[string]T{}
	}
	if _, taken := r.byID[r.id(&object)]; taken {
		return errs.New(errs.Conflict, "taken")
	}
	r.byID[r.id(&object)] = object
	return nil
}

func (r *rows[T, F]) Get(ctx context.Context, id string) (T, error) {
	var none T
	if err := r.m.reach(ctx); err != nil {
		return none, err
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if object, ok := r.byID[id]; ok {
		return object, nil
	}
	return none, errs.New(errs.NotFound, "no such row")
}

func (r *rows[T, F]) Replace(ctx context.Context, object T) error {
	if err := r.m.reach(ctx); err != nil {
		return err
	}
	if r.m.beforeWrite != nil {
		r.m.beforeWrite()
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	stored, ok := r.byID[r.id(&object)]
	if !ok {
		return errs.New(errs.NotFound, "no such row")
	}
	if r.stamp(&stored).Revision != r.stamp(&object).Revision-1 {
		return errs.New(errs.Stale, "moved")
	}
	r.byID[r.id(&object)] = object
	return nil
}

func (r *rows[T, F]) Delete(ctx context.Context, id string, revision int64) error {
	object, err := r.Get(ctx, id)
	if err != nil {
		return err
	}
	buried := keys.Change{ID: id, Revision: keys.Deleted}
	if r.hash != nil {
		buried.Hash = r.hash(&object)
	}
	r.m.mu.Lock()
	r.m.graves[id] = grave{buried, time.Now()}
	r.m.mu.Unlock()
	if r.m.graveFirst != nil {
		r.m.graveFirst()
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if stored := r.byID[id]; r.stamp(&stored).Revision != revision {
		return errs.New(errs.Stale, "moved")
	}
	delete(r.byID, id)
	return nil
}

func (r *rows[T, F]) List(ctx context.Context, filter F, page keys.Page) ([]T, error) {
	if err := r.m.reach(ctx); err != nil {
		return nil, err
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	var found []T
	for _, id := range slices.Sorted(maps.Keys(r.byID)) {
		if object := r.byID[id]; id > page.After && len(found) < page.Limit && r.match(&object, filter) {
			found = append(found, object)
		}
	}
	return found, nil
}

type memoryKeys struct {
	*rows[keys.Key, keys.KeyFilter]
}

func (k memoryKeys) ByHash(ctx context.Context, hash keys.Hash) (keys.Key, error) {
	k.m.loads.Add(1)
	found, err := k.byHash(ctx, hash)
	if k.m.afterByHash != nil {
		k.m.afterByHash()
	}
	return found, err
}

func (k memoryKeys) byHash(ctx context.Context, hash keys.Hash) (keys.Key, error) {
	if err := k.m.reach(ctx); err != nil {
		return keys.Key{}, err
	}
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	for _, row := range k.byID {
		if row.Hash == hash {
			return row, nil
		}
	}
	return keys.Key{}, errs.New(errs.NotFound, "no such row")
}

func (k memoryKeys) WholeByUse(context.Context, keys.KeyFilter) (bool, error) { return true, nil }

func (k memoryKeys) Ahead(context.Context, keys.KeyFilter, string, int) (string, error) {
	return "", nil
}

func (k memoryKeys) WithText(context.Context, string, int) ([]string, bool, error) {
	return nil, false, nil
}

func (k memoryKeys) TouchLastUsed(context.Context, map[string]usage.Use) error { return nil }

func changed[T, F any](r *rows[T, F], since time.Time) (all []keys.Change) {
	for id, object := range r.byID {
		if stamp := r.stamp(&object); !stamp.UpdatedAt.Before(since) {
			change := keys.Change{ID: id, Revision: stamp.Revision}
			if r.hash != nil {
				change.Hash = r.hash(&object)
			}
			all = append(all, change)
		}
	}
	return all
}

func (m *memory) ChangedSince(ctx context.Context, since time.Time, _ int) ([]keys.Change, error) {
	if err := m.reach(ctx); err != nil {
		return nil, err
	}
	if m.pollsFail.Load() {
		return nil, errGone
	}
	if told := m.changes.Load(); told != nil {
		return *told, nil
	}
	defer func() { time.Sleep(time.Duration(m.pollTakes.Load())) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Concat(changed(&m.organizations, since), changed(&m.accounts, since), changed(&m.keys, since), changed(&m.tiers, since))
	for _, g := range m.graves {
		if !g.at.Before(since) {
			all = append(all, g.change)
		}
	}
	return all, nil
}

func (m *memory) Bury(ctx context.Context, id string) error {
	if err := m.reach(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.graves[id] = grave{keys.Change{ID: id, Revision: keys.Deleted}, time.Now()}
	return nil
}

func (m *memory) Buried(ctx context.Context, id string) (bool, error) {
	if err := m.reach(ctx); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, found := m.graves[id]
	return found, nil
}

func (m *memory) AppendEvent(ctx context.Context, e audit.Event) error {
	if m.auditGone.Load() {
		return errs.Unavailable
	}
	if err := m.reach(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
	return nil
}

func (m *memory) AppendEvents(ctx context.Context, all []audit.Event) error {
	for _, e := range all {
		if err := m.AppendEvent(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Events(context.Context, audit.Filter, string, int) ([]audit.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events), nil
}

// node is the domain as one process has it, over a store that others share.
type node struct {
	*world
	store *memory
}

// newNode starts a node whose clock goes wrong by skew; first fills the store.
func newNode(t *testing.T, store *memory, skew time.Duration, settings verify.Config) *node {
	t.Helper()
	w := &world{t: t, admin: auth.System()}
	now := func() time.Time { return time.Now().Add(skew) }
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Now: now})
	w.must(err)
	marks := keys.NewMarks()
	w.service, err = keys.New(keys.Config{Store: store, Audit: audit.New(store, now), Marks: marks, Format: format(t), Now: now})
	w.must(err)
	settings.Store, settings.Limiter, settings.Marks, settings.Format, settings.Now = store, limiter, marks, format(t), now
	if began := time.Now(); settings.Elapsed == nil {
		settings.Elapsed = func() time.Duration { return time.Since(began) }
	}
	settings.Logger = cmp.Or(settings.Logger, slog.New(slog.DiscardHandler))
	w.verifier, err = verify.New(settings)
	w.must(err)
	t.Cleanup(func() {
		w.verifier.Close()
		if err := limiter.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return &node{world: w, store: store}
}

// fill makes what keys need to exist, and an account.
func (n *node) fill() *node {
	n.t.Helper()
	n.must(n.service.Seed(n.t.Context(), n.admin, true))
	var err error
	n.account, err = n.service.CreateAccount(n.t.Context(), n.admin, "", keys.FirstOrganization, keys.AccountFields{Name: "a", Scopes: []string{"invoices:*"}})
	n.must(err)
	return n
}

func (n *node) revoke(k keys.Key) {
	n.t.Helper()
	_, _, err := n.service.Revoke(n.t.Context(), n.admin, k.ID, keys.AnyRevision, keys.ReasonLeaked, "")
	n.must(err)
}

// ReplaceAll implements keys.KeyCollection.
func (k memoryKeys) ReplaceAll(ctx context.Context, all []keys.Key) (left []string, err error) {
	for _, one := range all {
		switch err := k.Replace(ctx, one); {
		case errors.Is(err, errs.Stale), errors.Is(err, errs.NotFound):
			left = append(left, one.ID)
		case err != nil:
			return left, err
		}
	}
	return left, nil
}
