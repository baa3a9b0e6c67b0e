package nodes_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/latchkey/latchkey/nodes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a nodes.Store that can be gone.
type memory struct {
	mu      sync.Mutex
	records map[string]nodes.Node
	leases  map[string]nodes.Lease
	gone    bool
}

var errGone = errors.New("the store is gone")

func newMemory() *memory {
	return &memory{records: map[string]nodes.Node{}, leases: map[string]nodes.Lease{}}
}

func (m *memory) do(f func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return errGone
	}
	f()
	return nil
}

func (m *memory) cut(gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = gone
}

func (m *memory) known() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.records))
}

func (m *memory) PutNode(_ context.Context, n nodes.Node) error {
	return m.do(func() {
		if m.records[n.ID].Beat < n.Beat {
			m.records[n.ID] = n
		}
	})
}

func (m *memory) Nodes(context.Context) (all []nodes.Node, err error) {
	return all, m.do(func() {
		for _, n := range m.records {
			n.PolledAt = n.PolledAt.Round(0) // a store keeps no monotonic time
			all = append(all, n)
		}
	})
}

func (m *memory) DeleteNode(_ context.Context, id string, beat int64) error {
	return m.do(func() {
		if m.records[id].Beat <= beat {
			delete(m.records, id)
		}
	})
}

func (m *memory) TakeLease(_ context.Context, l nodes.Lease, expired, latest time.Time) (mine bool, err error) {
	return mine, m.do(func() {
		held, ok := m.leases[l.Name]
		if mine = !ok || held.Holder == l.Holder || held.Until.Before(expired) || held.Until.After(latest); mine {
			m.leases[l.Name] = l
		}
	})
}

func (m *memory) DropLease(_ context.Context, name, holder string) error {
	return m.do(func() {
		if m.leases[name].Holder == holder {
			delete(m.leases, name)
		}
	})
}

const (
	interval = 250 * time.Millisecond
	bound    = time.Second
	maxStale = 5 * time.Minute
	rounding = time.Millisecond
)

// node is a Registry of a process that polls until it is stopped.
type node struct {
	*nodes.Registry
	t     *testing.T
	store *memory
	now   func() time.Time
	stop  context.CancelFunc
}

func start(t *testing.T, m *memory, name string, skew time.Duration) *node {
	t.Helper()
	n := &node{t: t, store: m, now: func() time.Time { return time.Now().Add(skew) }}
	var err error
	n.Registry, err = nodes.New(nodes.Config{Store: m, Name: name, MaxStale: maxStale, Logger: slog.New(slog.DiscardHandler), Now: n.now})
	n.must(err)
	n.must(n.Join(t.Context()))
	n.poll()
	return n
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// poll polls until stop.
func (n *node) poll() {
	ctx, stop := context.WithCancel(n.t.Context())
	n.stop = stop
	n.t.Cleanup(stop)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(interval):
			}
			at := n.now()
			if n.store.do(func() {}) == nil { // it polls, and others cannot tell whether it did
				_ = errors.Join(n.Beat(ctx, at), n.Look(ctx))
			}
		}
	}()
}

// wants holds the answer of a revoke: by is relative to now.
func (n *node) wants(after time.Duration, within time.Duration, silent ...string) {
	n.t.Helper()
	by, waiting := n.HeardBy(n.t.Context(), bound)
	if d := by.Sub(n.now()); d < after || d > after+within+rounding {
		n.t.Errorf("heard everywhere %s from now, want %s to %s", d, after, after+within)
	}
	var names []string
	for _, w := range waiting {
		names = append(names, w.Name)
		if !w.StopsAt.After(n.now()) || w.LastPoll.After(n.now()) || by.Before(w.StopsAt) {
			n.t.Errorf("%s polled %s ago and stops in %s", w.Name, n.now().Sub(w.LastPoll), w.StopsAt.Sub(n.now()))
		}
	}
	if len(names) != len(silent) || (len(names) == 1 && names[0] != silent[0]) {
		n.t.Errorf("waits for %v, want %v", names, silent)
	}
}

func TestWhileAllPollTheBoundHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		a := start(t, m, "a", 0)
		a.wants(bound, 0)
		b := start(t, m, "b", 0)
		time.Sleep(time.Second)
		for range 50 {
			time.Sleep(70 * time.Millisecond)
			a.wants(bound, 0)
			b.wants(bound, 0)
		}
		all, err := a.List(t.Context())
		if err != nil || len(all) != 2 || !all[0].Self || !all[0].Fresh || all[1].Self || !all[1].Fresh || all[1].Name != "b" {
			t.Errorf("lists %+v, %v", all, err)
		}
	})
}

// Whatever its clock says, a node that falls silent is waited for until it must
// have stopped, and not less; a little longer does no harm.
func TestASilentNodeIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{
		"clocks agree": 0, "its clock is behind": -3 * time.Second, "its clock is ahead": 3 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				a, b := start(t, m, "a", 0), start(t, m, "b", skew)
				time.Sleep(time.Second)
				b.stop()
				synctest.Wait()
				last := time.Now() // b began its last poll before
				time.Sleep(10 * time.Second)
				a.wants(maxStale-10*time.Second-interval, 2*interval, "b")
				by, _ := a.HeardBy(t.Context(), bound)
				if real := last.Add(maxStale - interval); by.Before(real) {
					t.Errorf("the node may serve %s longer than told", real.Sub(by))
				}
				b.poll()
				time.Sleep(time.Second)
				a.wants(bound, 0)
				b.stop()
				time.Sleep(maxStale - time.Second)
				a.wants(bound, interval, "b")
				time.Sleep(2 * time.Second)
				a.wants(bound, 0) // it serves nothing any more
			})
		})
	}
}

func TestADeadNodeIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		a, b := start(t, m, "a", 0), start(t, m, "b", 0)
		time.Sleep(time.Second)
		b.stop()
		time.Sleep(maxStale + 30*time.Second)
		a.must(a.Forget(t.Context()))
		if len(m.known()) != 2 {
			t.Error("a node was forgotten early")
		}
		time.Sleep(2 * time.Minute)
		a.must(a.Forget(t.Context()))
		if all, err := a.List(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("lists %+v, %v", all, err)
		}
		b.poll() // it lives after all
		time.Sleep(time.Second)
		if all, err := a.List(t.Context()); err != nil || len(all) != 2 || !all[1].Fresh {
			t.Errorf("lists %+v, %v", all, err)
		}
		a.must(b.Leave(t.Context()))
		time.Sleep(time.Second)
		if slices.Contains(m.known(), b.ID()) {
			t.Error("a node that left has a record")
		}
		a.wants(bound, 0)
	})
}

// A node that has just begun to watch, or could not for a while, does not take
// a record for a sign of life.
func TestARecordAloneProvesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		b := start(t, m, "b", 0)
		time.Sleep(time.Second)
		b.stop()
		time.Sleep(10 * time.Second)
		a := start(t, m, "a", 0)
		// b's own clock is believed up to what clocks may differ by.
		a.wants(maxStale-10*time.Second, nodes.MostSkew, "b")
		b.poll()
		time.Sleep(time.Second)
		a.wants(bound, 0)

		a.stop() // nor does it watch
		time.Sleep(5 * time.Second)
		b.stop()
		time.Sleep(5 * time.Second)
		a.wants(maxStale-5*time.Second, nodes.MostSkew, "b")
	})
}

func TestWithoutRecordsEveryNodeIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		a := start(t, m, "a", 0)
		start(t, m, "b", 0)
		time.Sleep(time.Second)
		m.cut(true)
		a.wants(maxStale, 0, "b")
		if _, err := a.List(t.Context()); !errors.Is(err, errGone) {
			t.Errorf("lists nodes without a store: %v", err)
		}
		m.cut(false)
		time.Sleep(time.Second)
		a.wants(bound, 0)
	})
}

func TestWorkHasOneHolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		a, b := start(t, m, "a", 0), start(t, m, "b", 3*time.Second)
		lead := func(n *node) bool {
			mine, err := n.Lead(t.Context(), "work", time.Minute)
			n.must(err)
			return mine
		}
		if !lead(a) || lead(b) || !lead(a) {
			t.Error("the work has not one holder")
		}
		time.Sleep(time.Minute - time.Second)
		if lead(b) {
			t.Error("a clock that is ahead ends another's lease")
		}
		time.Sleep(nodes.MostSkew)
		if !lead(b) || lead(a) {
			t.Error("the lease of a dead holder does not end")
		}
		b.must(b.Release(t.Context(), "work"))
		if !lead(a) {
			t.Error("a lease that was given back is still held")
		}
	})
}

// TestALeaseOfAClockThatWasAhead does not keep work from everybody until that time
// has come.
func TestALeaseOfAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		dead, alive := start(t, m, "dead", 24*time.Hour), start(t, m, "alive", 0)
		for _, tt := range []struct {
			node *node
			mine bool
		}{{dead, true}, {alive, true}, {alive, true}} {
			if mine, err := tt.node.Lead(t.Context(), "work", time.Minute); err != nil || mine != tt.mine {
				t.Errorf("has it: %t, want %t, %v", mine, tt.mine, err)
			}
		}
	})
}

func TestWhatANodeNeeds(t *testing.T) {
	t.Parallel()
	if _, err := nodes.New(nodes.Config{}); err == nil {
		t.Error("a registry was made of nothing")
	}
	n, err := nodes.New(nodes.Config{Store: newMemory(), MaxStale: time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	// Commands that only look after the store never join.
	if err := errors.Join(n.Beat(t.Context(), time.Now()), n.Leave(t.Context())); err != nil {
		t.Error(err)
	}
}
