package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// registry is that of a node that polls.
func registry(t *testing.T, store nodes.Store) *nodes.Registry {
	t.Helper()
	r, err := nodes.New(nodes.Config{
		Store: store, MaxStale: time.Minute, Logger: slog.New(slog.DiscardHandler), Elapsed: clock(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func limiter(t *testing.T) *ratelimit.Local {
	t.Helper()
	l, err := ratelimit.NewLocal(ratelimit.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) })
	return l
}

// clock counts from now.
func clock() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// TestAnEdgeThatHearsNothingIsWaitedFor although it asks: where answers are lost, or
// come too late, it goes on from memory.
func TestAnEdgeThatHearsNothingIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registry(t, newRecords())
		e := &edges{registry: r, limiter: limiter(t), elapsed: clock(), byID: map[string]*fed{}}
		edge := edgewire.Edge{ID: ids.New(ids.Edge), StartedAt: time.Now()}
		ask := func(heard time.Duration) {
			t.Helper()
			time.Sleep(400 * time.Millisecond)
			f, err := e.hello(t.Context(), edge, "sa_1", heard)
			if err != nil {
				t.Fatal(err)
			}
			e.told(f)
			if err := e.disown(t.Context(), nodes.FreshFor); err != nil {
				t.Fatal(err)
			}
		}
		waited := func(want bool) {
			t.Helper()
			by, silent := r.HeardBy(t.Context(), keys.PollBound)
			if (len(silent) == 1) != want || (want && by.Before(time.Now().Add(time.Minute))) {
				t.Errorf("the edge is waited for: %v, until %s", silent, time.Until(by))
			}
		}
		ask(0)
		for range 10 {
			ask(410 * time.Millisecond)
		}
		waited(false)
		for i := range 10 {
			ask(time.Duration(i+1) * 400 * time.Millisecond)
		}
		waited(true)
		ask(410 * time.Millisecond)
		waited(false)
	})
}

// TestAMessageThatComesAgainIsCountedOnce, also where the edge was away in between.
func TestAMessageThatComesAgainIsCountedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		used := 0
		f, err := New(Config{
			Nodes: registry(t, newRecords()), Elapsed: clock(), Meter: usage.NewMeter(), Recorder: &usage.Recorder{},
			Key: func(_ context.Context, id string) (keys.Key, error) {
				return keys.Key{ID: id, OrganizationID: "org_own"}, nil
			},
			LastUsed: func(string, usage.Use) { used++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		told := edgewire.Usage{
			Edge: edgewire.Edge{ID: ids.New(ids.Edge), StartedAt: time.Now()}, Batch: 1, Uses: map[string]usage.Use{"key_1": {}},
		}
		by := only{organization: "org_own"}
		for range 2 {
			if err := f.Count(t.Context(), by, "sa_1", "org_own", told); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * nodes.FreshFor)
			if err := f.edges.disown(t.Context(), nodes.FreshFor); err != nil {
				t.Fatal(err)
			}
		}
		if used != 1 {
			t.Errorf("it is counted %d times", used)
		}
		f.Stop()
	})
}

// records is a store of nothing else.
type records struct {
	nodes.Store
	byID map[string]nodes.Node
}

func newRecords() *records { return &records{byID: map[string]nodes.Node{}} }

func (r *records) PutNode(_ context.Context, n nodes.Node) error {
	if r.byID[n.ID].Beat < n.Beat {
		r.byID[n.ID] = n
	}
	return nil
}

func (r *records) Nodes(context.Context) ([]nodes.Node, error) {
	return slices.Collect(maps.Values(r.byID)), nil
}

// TestAWrongEdgeFillsNoMemory with what it says of keys.
func TestAWrongEdgeFillsNoMemory(t *testing.T) {
	t.Parallel()
	meter, address := usage.NewMeter(), "-"
	c := &counting{Feed: &Feed{c: Config{
		Meter: meter, Verifier: &verify.Verifier{}, Recorder: &usage.Recorder{}, LastUsed: func(_ string, u usage.Use) { address = u.Address },
	}}, now: time.Now(), owners: map[string]usage.Subject{"key_1": {KeyID: "key_1"}}}
	c.add(&edgewire.Usage{
		Uses: map[string]usage.Use{"key_1": {Address: strings.Repeat("<", 1<<16)}},
		Refusals: map[string][]usage.Refusal{"key_1": {
			{Detail: strings.Repeat("x", 1<<16)},
			{Said: errs.Text{Code: strings.Repeat("x", 1<<16)}},
			{Detail: "revoked", Method: strings.Repeat("G", 1<<16), Path: "/a\u202eb/%255flive%255f" + strings.Repeat("0", 1<<16) + "?token=x"},
		}},
	})
	kept := meter.TakeRefusals(1)["key_1"]
	if len(kept) != 1 || address != "" {
		t.Fatalf("%d refusals and an address of %d bytes are kept", len(kept), len(address))
	}
	if one := kept[0]; len(one.Method) > 32 || one.Path != "/a\ufffdb/…" {
		t.Errorf("the refusal tells of %q %q", one.Method, one.Path)
	}
}

// TestAnEdgeBelongsToItsAccountOnAllNodes: whoever learns its id can neither let it leave
// nor put it in doubt at a node that does not feed it.
func TestAnEdgeBelongsToItsAccountOnAllNodes(t *testing.T) {
	t.Parallel()
	store := newRecords()
	all := func() (e []*edges) {
		for range 2 {
			e = append(e, &edges{registry: registry(t, store), limiter: limiter(t), elapsed: clock(), byID: map[string]*fed{}})
		}
		return e
	}()
	victim := edgewire.Edge{ID: ids.New(ids.Edge), StartedAt: time.Now()}
	if _, err := all[0].hello(t.Context(), victim, "sa_1", 0); err != nil {
		t.Fatal(err)
	}
	for _, heard := range []time.Duration{0, time.Hour} {
		if _, err := all[1].hello(t.Context(), victim, "sa_2", heard); !errors.Is(err, errs.Forbidden) {
			t.Errorf("another account is admitted as the edge: %v", err)
		}
	}
	if err := all[1].leave(t.Context(), victim, "sa_2"); err != nil {
		t.Fatal(err)
	}
	if r, ok := store.byID[victim.ID]; !ok || r.Owner != "sa_1" || r.FedBy == "" {
		t.Errorf("its record is %+v", r)
	}
	if _, err := all[1].hello(t.Context(), victim, "sa_1", 0); err != nil {
		t.Errorf("its own account: %v", err)
	}
}

// TestNewEdgesAreBounded: each is a record that all nodes read. One that is known is none.
func TestNewEdgesAreBounded(t *testing.T) {
	t.Parallel()
	e := &edges{registry: registry(t, newRecords()), limiter: limiter(t), elapsed: clock(), byID: map[string]*fed{}}
	begin := func(id, owner string) error {
		_, err := e.hello(t.Context(), edgewire.Edge{ID: id, StartedAt: time.Now()}, owner, 0)
		return err
	}
	first := ids.New(ids.Edge)
	err, began := begin(first, "sa_1"), 0
	for ; err == nil && began <= 2*int(newEdges.Burst); began++ {
		err = begin(ids.New(ids.Edge), "sa_1")
	}
	limited, ok := errors.AsType[*errs.Error](err)
	if !ok || limited.Kind != errs.Limited || limited.RetryAfter <= 0 || began < int(newEdges.Burst)-1 {
		t.Errorf("after %d new edges: %v", began, err)
	}
	e.byID = map[string]*fed{} // it was silent for a while
	if err := begin(first, "sa_1"); err != nil {
		t.Errorf("an edge that is back: %v", err)
	}
	if err := begin(ids.New(ids.Edge), "sa_2"); err != nil {
		t.Errorf("another account: %v", err)
	}
}

// TestAnEdgeThatSeesLessForgets what it was told before, however late it asks.
func TestAnEdgeThatSeesLessForgets(t *testing.T) {
	t.Parallel()
	f := told()
	var err error
	if f.counts, err = newCounts(); err != nil {
		t.Fatal(err)
	}
	edge := edgewire.Edge{ID: ids.New(ids.Edge)}
	at := uint64(0)
	ask := func(epoch, sees string) bool {
		t.Helper()
		a := edgewire.AskChanges{Edge: edge, Epoch: epoch, After: at}
		least := f.sees("sa_1", sees, &a)
		out := f.after(a)
		at = out.Place
		return out.All || a.After < least
	}
	for i, tt := range []struct {
		epoch, sees string
		all         bool
	}{
		{"", "", true}, {"E", "", false}, {"E", "org_1", true}, {"E", "org_1", false}, {"E", "", true}, {"E", "", false},
	} {
		if all := ask(tt.epoch, tt.sees); all != tt.all {
			t.Errorf("%d: sees %q: it forgets: %t", i, tt.sees, all)
		}
	}
	a := edgewire.AskChanges{Edge: edge, Epoch: "E", After: at}
	f.sees("sa_1", "org_1", &a) // an answer that is lost
	if !ask("E", "org_1") {
		t.Error("it is told once")
	}
	f.counts, _ = newCounts() // forgotten
	if !ask("E", "org_1") {
		t.Error("nobody knows what it saw before")
	}
}

// TestOneAccountLeavesRoomForOthers: whoever begins edge after edge stops nobody else.
func TestOneAccountLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	e := &edges{elapsed: clock(), byID: map[string]*fed{}}
	for i := range mostOfOne {
		e.byID[fmt.Sprint(i)] = &fed{owner: "sa_1"}
	}
	if _, err := e.find(edgewire.Edge{ID: ids.New(ids.Edge)}, "sa_1", 0); !errors.Is(err, errs.Unavailable) {
		t.Errorf("one too many of an account: %v", err)
	}
	if _, err := e.find(edgewire.Edge{ID: ids.New(ids.Edge)}, "sa_2", 0); err != nil {
		t.Errorf("another account: %v", err)
	}
}
