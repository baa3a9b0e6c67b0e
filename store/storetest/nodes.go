package storetest

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store"
)

func nodeRecords(t *testing.T, s store.Store) {
	ctx := t.Context()
	all := func() []nodes.Node {
		t.Helper()
		found, err := s.Nodes(ctx)
		must(t, err)
		return found
	}
	if found := all(); len(found) != 0 {
		t.Errorf("an empty store knows of %d nodes", len(found))
	}
	first := nodes.Node{
		ID: ids.New(ids.Node), Name: "hôst 1", Version: "v1", StartedAt: now(), PolledAt: now(), Beat: 1,
		MaxStale: 90 * time.Second,
	}
	second := nodes.Node{ID: ids.New(ids.Node), Name: "host 2", StartedAt: now(), PolledAt: now(), Beat: 1, MaxStale: time.Second}
	must(t, s.PutNode(ctx, first))
	must(t, s.PutNode(ctx, second))
	later := first
	later.Beat, later.PolledAt, later.FedBy, later.Owner = 3, first.PolledAt.Add(time.Second), second.ID, "sa_1"
	must(t, s.PutNode(ctx, later))
	late := first
	late.Beat, late.PolledAt = 2, first.PolledAt.Add(time.Minute)
	must(t, s.PutNode(ctx, late)) // a write that arrived after the next one
	same(t, all(), []nodes.Node{later, second})
	must(t, s.DeleteNode(ctx, first.ID, 2))
	same(t, all(), []nodes.Node{later, second}) // it has written since
	must(t, s.DeleteNode(ctx, first.ID, 3))
	must(t, s.DeleteNode(ctx, second.ID, math.MaxInt64))
	must(t, s.DeleteNode(ctx, second.ID, math.MaxInt64))
	same(t, all(), []nodes.Node{})
}

func leases(t *testing.T, s store.Store, writers int) {
	ctx := t.Context()
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			mine, err := s.TakeLease(ctx, nodes.Lease{Name: "work", Holder: fmt.Sprint("node_", i), Until: now().Add(time.Minute)}, now(),
				now().Add(time.Hour))
			if err != nil {
				t.Error(err)
			}
			if mine {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of %d got the lease", won.Load(), writers)
	}
}

func leaseEnds(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	take := func(holder string, expired time.Time) bool {
		t.Helper()
		mine, err := s.TakeLease(ctx, nodes.Lease{Name: "work", Holder: holder, Until: at.Add(time.Minute)}, expired, at.Add(time.Hour))
		must(t, err)
		return mine
	}
	for range 2 {
		if !take("a", at) {
			t.Error("the holder does not keep the lease")
		}
	}
	if take("b", at) || take("b", at.Add(time.Minute)) {
		t.Error("another took a lease that goes on")
	}
	if !take("b", at.Add(time.Minute+time.Millisecond)) || take("a", at) {
		t.Error("a lease that ended is not another's")
	}
	must(t, s.DropLease(ctx, "work", "a"))
	if take("a", at) {
		t.Error("who has it not gave the lease back")
	}
	must(t, s.DropLease(ctx, "work", "b"))
	if !take("a", at) {
		t.Error("a lease that was given back is still held")
	}
	for _, tt := range []struct {
		latest time.Time
		mine   bool
	}{{at.Add(time.Minute), false}, {at.Add(time.Minute - time.Millisecond), true}} {
		mine, err := s.TakeLease(ctx, nodes.Lease{Name: "work", Holder: "b", Until: at}, at, tt.latest)
		if must(t, err); mine != tt.mine {
			t.Errorf("a lease of a minute, with %s as the latest: %t", tt.latest.Sub(at), mine)
		}
	}
	if mine, err := s.TakeLease(ctx, nodes.Lease{Name: "other work", Holder: "b", Until: at}, at, at); err != nil || !mine {
		t.Errorf("leases of different work are one: %v", err)
	}
}

func recordsAreNoChanges(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.PutNode(ctx, nodes.Node{ID: ids.New(ids.Node), StartedAt: now(), PolledAt: now(), Beat: 1}))
	_, err := s.TakeLease(ctx, nodes.Lease{Name: "work", Holder: "a", Until: now()}, now(), now())
	must(t, err)
	changes, err := s.ChangedSince(ctx, now().Add(-time.Hour), 10)
	must(t, err)
	if len(changes) != 0 {
		t.Errorf("%d changes, want none", len(changes))
	}
}

func pastDeleted(t *testing.T, s store.Store) {
	ctx := t.Context()
	windows := []string{"2025-12", "2026-10", "2026-10-31", "2026-11", "2026-11-20", "2026-11-21", "2026-11-22"}
	var uses []ratelimit.QuotaUse
	for _, w := range windows {
		uses = append(uses, ratelimit.QuotaUse{ID: "sa_x", Window: w, Used: 7})
	}
	must(t, s.AddQuotaUse(ctx, uses))
	before, except := ratelimit.PastWindows(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	for _, want := range []int{2, 2, 0} {
		n, err := s.DeleteQuotaUse(ctx, before, except, 2)
		must(t, err)
		if n != want {
			t.Errorf("%d went, want %d", n, want)
		}
	}
	for i, w := range windows {
		used, err := s.QuotaUse(ctx, "sa_x", w)
		must(t, err)
		if gone := used == 0; gone != (i < 3 || i == 4) {
			t.Errorf("of %s there is %d left", w, used)
		}
	}
	for range 3 {
		must(t, s.PutTombstone(ctx, ids.New("")))
	}
	if n, err := s.DeleteTombstonesBefore(ctx, now().Add(-keys.TombstoneLife), 10); err != nil || n != 0 {
		t.Errorf("%d tombstones went that others need: %v", n, err)
	}
	for _, want := range []int{2, 1, 0} {
		n, err := s.DeleteTombstonesBefore(ctx, now().Add(time.Minute), 2)
		must(t, err)
		if n != want {
			t.Errorf("%d tombstones went, want %d", n, want)
		}
	}
}
