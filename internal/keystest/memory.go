package keystest

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

// Memory is a keys.Store without I/O, so tests with it can run in a synctest bubble. It
// can be unavailable, slow, or call hooks.
type Memory struct {
	mu            sync.Mutex
	organizations rows[keys.Organization, keys.OrganizationFilter]
	accounts      rows[keys.ServiceAccount, keys.AccountFilter]
	keys          rows[keys.Key, keys.KeyFilter]
	tiers         rows[keys.Tier, keys.NoFilter]
	scopes        rows[keys.Scope, keys.NoFilter]
	tombstones    map[string]stone
	events        []audit.Event

	Gone           atomic.Bool
	PollsFail      atomic.Bool
	PollTakes      atomic.Int64 // nanoseconds from reading the changes to the answer
	AuditGone      atomic.Bool
	Loads          atomic.Int64                  // calls of ByHash
	AfterByHash    func()                        // between reading and answering
	BeforeWrite    func()                        // of a Replace, after its UpdatedAt was chosen
	TombstoneFirst func()                        // between a tombstone and its deletion; nil: both at once
	Changes        atomic.Pointer[[]keys.Change] // nil: what changed
}

type stone struct {
	change keys.Change
	at     time.Time
}

// ErrGone is returned by a Memory that is unavailable.
var ErrGone = errors.New("the store is gone")

// rows is one collection of a Memory.
type rows[T, F any] struct {
	m     *Memory
	byID  map[string]T
	id    func(*T) string
	stamp func(*T) *keys.Stamp
	hash  func(*T) keys.Hash
	match func(*T, F) bool
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	m := &Memory{tombstones: map[string]stone{}}
	m.organizations = rows[keys.Organization, keys.OrganizationFilter]{
		m: m, id: func(o *keys.Organization) string { return o.ID }, stamp: func(o *keys.Organization) *keys.Stamp { return &o.Stamp },
		match: func(*keys.Organization, keys.OrganizationFilter) bool { return true },
	}
	m.accounts = rows[keys.ServiceAccount, keys.AccountFilter]{
		m: m, id: func(a *keys.ServiceAccount) string { return a.ID }, stamp: func(a *keys.ServiceAccount) *keys.Stamp { return &a.Stamp },
		match: func(a *keys.ServiceAccount, f keys.AccountFilter) bool {
			return (f.OrganizationIDs == nil || slices.Contains(f.OrganizationIDs, a.OrganizationID)) && (f.Tier == "" || f.Tier == a.Tier) &&
				(!f.Moving || a.Move != nil)
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

// Organizations implements keys.Store.
func (m *Memory) Organizations() keys.Collection[keys.Organization, keys.OrganizationFilter] {
	return &m.organizations
}

// ServiceAccounts implements keys.Store.
func (m *Memory) ServiceAccounts() keys.Collection[keys.ServiceAccount, keys.AccountFilter] {
	return &m.accounts
}

// Tiers implements keys.Store.
func (m *Memory) Tiers() keys.Collection[keys.Tier, keys.NoFilter] { return &m.tiers }

// Scopes implements keys.Store.
func (m *Memory) Scopes() keys.Collection[keys.Scope, keys.NoFilter] { return &m.scopes }

// Keys implements keys.Store.
func (m *Memory) Keys() keys.KeyCollection { return memoryKeys{&m.keys} }

func (m *Memory) reach(ctx context.Context) error {
	if m.Gone.Load() {
		return errors.Join(ErrGone, errs.Unavailable)
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

func (r *rows[T, F]) InsertAll(ctx context.Context, all []T) (taken []string, err error) {
	for i := range all {
		switch err := r.Insert(ctx, all[i]); {
		case errors.Is(err, errs.Conflict):
			taken = append(taken, r.id(&all[i]))
		case err != nil:
			return taken, err
		}
	}
	return taken, nil
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
	return none, errs.New(errs.NotFound, "no_row")
}

func (r *rows[T, F]) Replace(ctx context.Context, object T) error {
	if err := r.m.reach(ctx); err != nil {
		return err
	}
	if r.m.BeforeWrite != nil {
		r.m.BeforeWrite()
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	stored, ok := r.byID[r.id(&object)]
	if !ok {
		return errs.New(errs.NotFound, "no_row")
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
	deletion := keys.Change{ID: id, Revision: keys.Deleted}
	if r.hash != nil {
		deletion.Hash = r.hash(&object)
	}
	r.m.mu.Lock()
	r.m.tombstones[id] = stone{deletion, time.Now()}
	r.m.mu.Unlock()
	if r.m.TombstoneFirst != nil {
		r.m.TombstoneFirst()
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
	k.m.Loads.Add(1)
	found, err := k.byHash(ctx, hash)
	if k.m.AfterByHash != nil {
		k.m.AfterByHash()
	}
	return found, err
}

func (k memoryKeys) Rehash(ctx context.Context, object keys.Key, _ keys.Hash) error {
	return k.Replace(ctx, object)
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
	return keys.Key{}, errs.New(errs.NotFound, "no_row")
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

// ChangedSince implements keys.Changes.
func (m *Memory) ChangedSince(ctx context.Context, since time.Time, _ int) ([]keys.Change, error) {
	if err := m.reach(ctx); err != nil {
		return nil, err
	}
	if m.PollsFail.Load() {
		return nil, ErrGone
	}
	if told := m.Changes.Load(); told != nil {
		return *told, nil
	}
	defer func() { time.Sleep(time.Duration(m.PollTakes.Load())) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Concat(changed(&m.organizations, since), changed(&m.accounts, since), changed(&m.keys, since), changed(&m.tiers, since))
	for _, g := range m.tombstones {
		if !g.at.Before(since) {
			all = append(all, g.change)
		}
	}
	return all, nil
}

// PutTombstone implements keys.Changes.
func (m *Memory) PutTombstone(ctx context.Context, id string) error {
	if err := m.reach(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tombstones[id] = stone{keys.Change{ID: id, Revision: keys.Deleted}, time.Now()}
	return nil
}

// HasTombstone implements keys.Changes.
func (m *Memory) HasTombstone(ctx context.Context, id string) (bool, error) {
	if err := m.reach(ctx); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, found := m.tombstones[id]
	return found, nil
}

// AppendEvent implements audit.Store.
func (m *Memory) AppendEvent(ctx context.Context, e audit.Event) error {
	if m.AuditGone.Load() {
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

// AppendEvents implements audit.Store.
func (m *Memory) AppendEvents(ctx context.Context, all []audit.Event) error {
	for _, e := range all {
		if err := m.AppendEvent(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Events implements audit.Store.
func (m *Memory) Events(context.Context, audit.Filter, string, int) ([]audit.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events), nil
}

// Node is the domain in one process, on a store that several share.
type Node struct {
	*World
	skew  atomic.Int64
	Store *Memory
}

// NewNode starts a node whose clock is off by skew; the first one fills the store.
func NewNode(t *testing.T, store *Memory, skew time.Duration, settings verify.Config) *Node {
	t.Helper()
	w := &World{T: t, Admin: auth.System()}
	n := &Node{World: w, Store: store}
	n.SetClock(skew)
	now := func() time.Time { return time.Now().Add(time.Duration(n.skew.Load())) }
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Now: now})
	w.Must(err)
	marks := keys.NewMarks()
	w.Service, err = keys.New(keys.Config{Store: store, Audit: audit.New(store, now), Marks: marks, Format: Format(t), Now: now})
	w.Must(err)
	settings.Store, settings.Limiter, settings.Marks, settings.Format, settings.Now = store, limiter, marks, Format(t), now
	if began := time.Now(); settings.Elapsed == nil {
		settings.Elapsed = func() time.Duration { return time.Since(began) }
	}
	settings.Logger = cmp.Or(settings.Logger, slog.New(slog.DiscardHandler))
	w.Verifier, err = verify.New(settings)
	w.Must(err)
	t.Cleanup(func() {
		w.Verifier.Close()
		if err := limiter.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return n
}

// SetClock sets the clock of the node off by skew from now on.
func (n *Node) SetClock(skew time.Duration) { n.skew.Store(int64(skew)) }

// Fill creates what keys need to exist, and an account.
func (n *Node) Fill() *Node {
	n.T.Helper()
	n.Must(n.Service.Seed(n.T.Context(), n.Admin, true))
	var err error
	n.Account, err = n.Service.CreateAccount(n.T.Context(), n.Admin, "", keys.FirstOrganization, keys.AccountFields{
		Name:   "a",
		Scopes: []string{"invoices:*"},
	})
	n.Must(err)
	return n
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
