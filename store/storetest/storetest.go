// Package storetest is the conformance suite for stores. Each test gets an empty store of
// its own.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store"
)

// Run runs the suite on the stores that open returns. writers is how many write to one
// object at once: 1 for a server that reads and then writes, not atomically.
//
// The tests start such a server for MongoDB's wire protocol, FerretDB 1: with four
// writers, two of them often win. It can prove that each command is understood and works
// alone. It cannot prove
//
//   - that of many writers at one revision one wins: Replace, ReplaceAll and Delete under
//     load, and with them Revise, limits on an account's keys, and a revoke that collides
//     with another change;
//   - that the counts of several writers add up: quotas, usage, refusals;
//   - that a lease, a journal or a claim that many take at once has one holder (it does
//     prove that a claim is inserted once: ids are unique there);
//   - anything about a replica set or a cluster: majorities, failover, retried writes, a
//     router's answers while a shard is unavailable, sharded collections;
//   - anything about speed, or about commands of a hundred writes, at which it hangs.
//
// The first three run in full if LATCHKEY_TEST_MONGODB_URL names a server that supports
// them, as they do on SQLite. For the fourth, tests in store/mongo check the commands
// that are sent.
func Run(t *testing.T, writers int, open func(*testing.T) store.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		{"every object comes back as it went in", roundTrips},
		{"absent and unusual values survive", unusualValues},
		{"ids and unique fields are taken once", uniqueness},
		{"of two writers one loses", optimisticConcurrency},
		{"of many writers at one revision one wins", func(t *testing.T, s store.Store) { races(t, s, writers) }},
		{"many keys are written at once, each by its revision", manyKeys},
		{"many events are written at once", manyEvents},
		{"many writers all land through Revise", func(t *testing.T, s store.Store) { revisions(t, s, writers) }},
		{"deleted objects leave a trace for other nodes", tombstones},
		{"filters select keys", keyFilters},
		{"keys are found by who made them and what is seen of them", keyCreators},
		{"accounts are found by who owns them", accountOwners},
		{"pages neither repeat nor skip under inserts", paging},
		{"keys in orders by time", keyOrders},
		{"a search ends where it is bounded", boundedSearch},
		{"texts lead to keys", texts},
		{"last use touches nothing else", lastUsed},
		{"last use and a revoke at the same time both stand", lastUsedMeetsRevoke},
		{"quota use adds up", func(t *testing.T, s store.Store) { quotaUse(t, s, writers) }},
		{"usage of all nodes adds up", func(t *testing.T, s store.Store) { usageAddsUp(t, s, writers) }},
		{"a journal of usage is its owner's until it is claimed", func(t *testing.T, s store.Store) { usageJournal(t, s, writers) }},
		{"usage is found by what it is of", usageFound},
		{"old usage goes in small steps", usageDeleted},
		{"usage goes to another organization with its account", usageMoves},
		{"a transfer leaves nothing behind", transfer},
		{"the last refusals are kept", refusals},
		{"nodes are known by their last record", nodeRecords},
		{"a lease has one holder", func(t *testing.T, s store.Store) { leases(t, s, writers) }},
		{"a lease that is not renewed ends", leaseEnds},
		{"records of nodes are no changes", recordsAreNoChanges},
		{"old quota use and tombstones go in small steps", pastDeleted},
		{"one of many gets an idempotency key", idempotencyKeys},
		{"one of many takes a claim over", func(t *testing.T, s store.Store) { claims(t, s, writers) }},
		{"sessions begin and end", sessions},
		{"users and members are found", people},
		{"events are listed newest first", events},
		{"usernames are taken once", usernames},
		{"tokens are found by digest", tokens},
		{"a refresh token is spent once", families},
		{"accounts elsewhere belong to one user", identities},
		{"links are used once", links},
		{"a link has its place alone", placedLinks},
		{"certificates match once", certificates},
		{"signing keys come and go", signingKeys},
		{"what has a tombstone is remembered", tombstonesOfIDs},
		{"a cancelled context stops a call", cancelled},
		{"every collection keeps its promises", collections},
		{"the largest values survive", extremes},
		{"filters select organizations, accounts and users", otherFilters},
		{"changes are told to other nodes", changes},
		{"many objects are inserted at once", insertMany},
		{"imported keys", imported},
		{"records of imports", importRecords},
		{"every call succeeds and can be cancelled", everyCall},
		{"many sessions end in small steps", sessionsInSteps},
		{"a closed store answers nothing", closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// now is a time with the precision of stores.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func newKey(account string) keys.Key {
	id := ids.New(ids.Key)
	return keys.Key{
		Stamp: keys.NewStamp(now()), ID: id, OrganizationID: "org_a", ServiceAccountID: account, Environment: keys.Live,
		Hash: keys.HashOf(id), HashAlgorithm: keys.SHA256, Start: "lk_live_abcd", Last4: "wxyz", CreatedBy: "usr_a",
		KeyFields: keys.KeyFields{Name: "key"},
	}
}

func same[T any](t *testing.T, got, want T) {
	t.Helper()
	networks := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, got, networks, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("not what was stored (-want +got):\n%s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got error %v, want kind %s", err, kind)
	}
}

func roundTrips(t *testing.T, s store.Store) {
	ctx := t.Context()
	rule := &ratelimit.Rule{Requests: 5, Per: 90 * time.Second, Burst: 7}
	quota := &ratelimit.Quota{Requests: 9, Per: ratelimit.Day}
	networks := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	meta := keys.Metadata(`{"$where":"a.b","n":12345678901234567890}`)
	organization := keys.Organization{
		Stamp: keys.NewStamp(now()), ID: ids.New(ids.Organization), OrganizationFields: keys.OrganizationFields{
			Name:     "Ärger & Söhne",
			Disabled: true, Metadata: meta,
		},
	}
	account := keys.ServiceAccount{
		Stamp: keys.NewStamp(now()), ID: ids.New(ids.ServiceAccount), OrganizationID: organization.ID,
		CreatedBy: "usr_x", LimitResets: 2, AccountFields: keys.AccountFields{
			Name: "n", Description: "d", Tier: "free", Scopes: []string{"a:b", "c:*"}, AllowedNetworks: networks, RateLimit: rule, Quota: quota,
			ExternalID: "e", OwnerID: "usr_y", Metadata: meta, Disabled: true,
		},
	}
	tier := keys.Tier{Stamp: keys.NewStamp(now()), Name: "t", TierFields: keys.TierFields{
		Title: "T", RateLimit: rule, AccountRateLimit: rule,
		Quota: quota, MaxKeys: 3, MaxKeyAge: time.Hour, KeyRetention: 8 * 24 * time.Hour,
	}}
	scope := keys.Scope{Stamp: keys.NewStamp(now()), Name: "a:b", ScopeFields: keys.ScopeFields{Description: "d"}}
	k := newKey(account.ID)
	k.RevokedAt, k.RevokeReason, k.RevokeNote, k.RotatedFrom, k.RotatedTo, k.GraceUntil, k.LimitResets = now(), keys.ReasonLeaked, "n",
		"key_f", "key_t", now(), 3
	k.KeyFields = keys.KeyFields{
		Name: "K", Note: "N", Scopes: []string{"a:b"}, AllowedNetworks: networks, RateLimit: rule, ExpiresAt: now(),
		NotBefore: now(), Metadata: meta, Disabled: true,
	}

	must(t, s.Organizations().Insert(ctx, organization))
	must(t, s.ServiceAccounts().Insert(ctx, account))
	must(t, s.Tiers().Insert(ctx, tier))
	must(t, s.Scopes().Insert(ctx, scope))
	must(t, s.Keys().Insert(ctx, k))
	gotOrganization, err := s.Organizations().Get(ctx, organization.ID)
	must(t, err)
	same(t, gotOrganization, organization)
	gotAccount, err := s.ServiceAccounts().Get(ctx, account.ID)
	must(t, err)
	same(t, gotAccount, account)
	gotTier, err := s.Tiers().Get(ctx, tier.Name)
	must(t, err)
	same(t, gotTier, tier)
	gotScope, err := s.Scopes().Get(ctx, scope.Name)
	must(t, err)
	same(t, gotScope, scope)
	gotKey, err := s.Keys().Get(ctx, k.ID)
	must(t, err)
	same(t, gotKey, k)
	byHash, err := s.Keys().ByHash(ctx, k.Hash)
	must(t, err)
	same(t, byHash, k)
	_, err = s.Keys().ByHash(ctx, keys.HashOf("another"))
	wantKind(t, err, errs.NotFound)
	_, err = s.Organizations().Get(ctx, "org_none")
	wantKind(t, err, errs.NotFound)
}

func unusualValues(t *testing.T, s store.Store) {
	ctx := t.Context()
	whatever, none := newKey("sa_a"), newKey("sa_a")
	whatever.Scopes, none.Scopes = nil, []string{} // all of the account's scopes, and none at all
	largest := newKey("sa_a")
	largest.Name = strings.Repeat("𝄞", keys.MaxNameLength)
	largest.Note = "Ünïcödé \u202e 漢字 🗝"
	largest.Metadata = keys.Metadata(`{"a":"` + strings.Repeat("x", keys.MaxMetadataBytes-8) + `"}`)
	for i := range keys.MaxScopes {
		largest.Scopes = append(largest.Scopes, fmt.Sprintf("resource:action%d", i))
	}
	for i := range keys.MaxNetworks {
		largest.AllowedNetworks = append(largest.AllowedNetworks, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24))
	}
	for _, k := range []keys.Key{whatever, none, largest} {
		must(t, s.Keys().Insert(ctx, k))
		got, err := s.Keys().Get(ctx, k.ID)
		must(t, err)
		same(t, got, k)
		if !got.ExpiresAt.IsZero() || !got.RevokedAt.IsZero() || got.Status(now()) != keys.StatusActive {
			t.Errorf("a key that never expires came back as %s, expiring %s", got.Status(now()), got.ExpiresAt)
		}
	}
}

func uniqueness(t *testing.T, s store.Store) {
	ctx := t.Context()
	k := newKey("sa_a")
	must(t, s.Keys().Insert(ctx, k))
	sameID, sameHash := newKey("sa_a"), newKey("sa_a")
	sameID.ID, sameHash.Hash = k.ID, k.Hash
	wantKind(t, s.Keys().Insert(ctx, sameID), errs.Conflict)
	wantKind(t, s.Keys().Insert(ctx, sameHash), errs.Conflict)
}

func optimisticConcurrency(t *testing.T, s store.Store) {
	ctx := t.Context()
	k := newKey("sa_a")
	must(t, s.Keys().Insert(ctx, k))
	first, second := k, k
	first.Name, first.Revision = "first", 2
	second.Name, second.Revision = "second", 2
	must(t, s.Keys().Replace(ctx, first))
	wantKind(t, s.Keys().Replace(ctx, second), errs.Stale)
	wantKind(t, s.Keys().Delete(ctx, k.ID, 1), errs.Stale)
	got, err := s.Keys().Get(ctx, k.ID)
	must(t, err)
	same(t, got, first)
	must(t, s.Keys().Delete(ctx, k.ID, 2))
	wantKind(t, s.Keys().Delete(ctx, k.ID, 2), errs.NotFound)
	wantKind(t, s.Keys().Replace(ctx, first), errs.NotFound)
}

// races has writers change keys at one revision, alone and many at once.
func races(t *testing.T, s store.Store, writers int) {
	ctx := t.Context()
	all := make([]keys.Key, 10)
	for i := range all {
		all[i] = newKey("sa_a")
		must(t, s.Keys().Insert(ctx, all[i]))
	}
	var mu sync.Mutex
	won := map[string]int{}
	var running sync.WaitGroup
	for i := range writers {
		running.Go(func() {
			mine := make([]keys.Key, len(all))
			for n, k := range all {
				k.Revision, k.UpdatedAt = 2, k.UpdatedAt.Add(time.Duration(i+1)*time.Second)
				mine[n] = k
			}
			left, err := s.Keys().ReplaceAll(ctx, mine[1:])
			one := s.Keys().Replace(ctx, mine[0])
			mu.Lock()
			defer mu.Unlock()
			if err != nil || (one != nil && !errors.Is(one, errs.Stale)) {
				t.Error(err, one)
			}
			for _, k := range mine[1:] {
				if !slices.Contains(left, k.ID) {
					won[k.ID]++
				}
			}
			if one == nil {
				won[mine[0].ID]++
			}
		})
	}
	running.Wait()
	for _, k := range all {
		if won[k.ID] != 1 {
			t.Errorf("%d writers won", won[k.ID])
		}
	}
}

func revisions(t *testing.T, s store.Store, writers int) {
	ctx := t.Context()
	o := keys.Organization{Stamp: keys.NewStamp(now()), ID: ids.New(ids.Organization), OrganizationFields: keys.OrganizationFields{Name: ""}}
	must(t, s.Organizations().Insert(ctx, o))
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			_, _, err := keys.Revise(ctx, s.Organizations(), o.ID, keys.AnyRevision, now, func(o *keys.Organization) error {
				o.Name += "x"
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := s.Organizations().Get(ctx, o.ID)
	must(t, err)
	if len(got.Name) != writers || got.Revision != int64(writers+1) {
		t.Errorf("%d of %d changes landed, revision %d", len(got.Name), writers, got.Revision)
	}
}

func tombstones(t *testing.T, s store.Store) {
	ctx, before := t.Context(), now().Add(-time.Second)
	kept, gone := newKey("sa_a"), newKey("sa_a")
	must(t, s.Keys().Insert(ctx, kept))
	must(t, s.Keys().Insert(ctx, gone))
	must(t, s.Keys().Delete(ctx, gone.ID, 1))
	changes, err := s.ChangedSince(ctx, before, 100)
	must(t, err)
	found := map[string]keys.Change{}
	for _, c := range changes {
		found[c.ID] = c
	}
	same(t, found[kept.ID], keys.Change{ID: kept.ID, Hash: kept.Hash, Revision: 1})
	same(t, found[gone.ID], keys.Change{ID: gone.ID, Hash: gone.Hash, Revision: -1})
	later, err := s.ChangedSince(ctx, now().Add(time.Minute), 100)
	must(t, err)
	if len(later) != 0 {
		t.Errorf("%d changes in the future", len(later))
	}
}

func cancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Keys().Insert(ctx, newKey("sa_a")); err == nil {
		t.Error("a write went through a cancelled context")
	}
	if _, err := s.Keys().List(ctx, keys.KeyFilter{}, keys.Page{Limit: 1}); err == nil {
		t.Error("a read went through a cancelled context")
	}
	must(t, s.Ping(t.Context()))
}
