package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

// remote is shared counters that can be made to fail or to be silent. They are
// those of a Local, as far as a test needs them.
type remote struct {
	*ratelimit.Local
	calls  atomic.Int64
	silent atomic.Bool
	fault  atomic.Pointer[error]

	mu      sync.Mutex
	settled []ratelimit.Settlement
}

func (m *remote) answer(ctx context.Context) error {
	if m.silent.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := m.fault.Load(); err != nil {
		return *err
	}
	return nil
}

func (m *remote) Take(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	m.calls.Add(1)
	if err := m.answer(ctx); err != nil {
		return ratelimit.Decision{}, err
	}
	d, err := m.Local.Take(ctx, r)
	d.Cluster, d.Quota.Began = true, 1
	return d, err
}

func (m *remote) Probe(ctx context.Context) error { return m.answer(ctx) }

func (m *remote) Settle(ctx context.Context, s ratelimit.Settlement) error {
	if err := m.answer(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settled = append(m.settled, s)
	return nil
}

// pair is a Failover with what it stands on, in a bubble of its own time.
type pair struct {
	*ratelimit.Failover
	remote *remote
	store  *memory
	log    *bytes.Buffer
}

const timeout = 50 * time.Millisecond

// inBubble runs the test with a Failover.
func inBubble(t *testing.T, deny bool, test func(*testing.T, *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{store: &memory{used: map[string]int64{}}, log: &bytes.Buffer{}}
		local, err := ratelimit.NewLocal(ratelimit.Config{Store: p.store})
		if err != nil {
			t.Fatal(err)
		}
		counters, err := ratelimit.NewLocal(ratelimit.Config{})
		if err != nil {
			t.Fatal(err)
		}
		p.remote = &remote{Local: counters}
		p.Failover, err = ratelimit.NewFailover(ratelimit.FailoverConfig{
			Shared: p.remote, Local: local, Timeout: timeout, Deny: deny, Logger: slog.New(slog.NewTextHandler(p.log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			p.Close()
			p.Close() // a second time does nothing
			if err := errors.Join(local.Close(t.Context()), counters.Close(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		test(t, p)
	})
}

func account(cost int64) ratelimit.Request {
	return ratelimit.Request{
		Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: rule(1, time.Hour, 10)}, Cost: cost,
		Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 1000, Per: ratelimit.Month}},
	}
}

func TestFailoverAsksSharedCounters(t *testing.T) {
	t.Parallel()
	inBubble(t, false, func(t *testing.T, p *pair) {
		if d := take(t, p, account(4)); !d.Allowed || !d.Cluster {
			t.Errorf("%+v", d)
		}
		if s := p.State(); !s.Shared || s.Faults != 0 || s.Fallbacks != 0 || s.Changes != 0 || p.log.Len() != 0 {
			t.Errorf("%+v, log %q", s, p.log)
		}
	})
}

// What others spent of a quota is known to a node that was refused for it.
func TestAQuotaThatOthersSpentStaysSpentByItself(t *testing.T) {
	t.Parallel()
	inBubble(t, false, func(t *testing.T, p *pair) {
		one := account(1)
		one.Key = ratelimit.Bucket{}
		others := one
		others.Cost = 999
		take(t, p, one)
		if d, err := p.remote.Local.Take(t.Context(), others); err != nil || !d.Allowed {
			t.Fatalf("%+v %v", d, err)
		}
		if d := take(t, p, one); d.Refused != ratelimit.PartQuota {
			t.Fatalf("%+v", d)
		}
		p.remote.silent.Store(true)
		if d := take(t, p, one); d.Refused != ratelimit.PartQuota || d.Cluster {
			t.Errorf("by itself the node says %+v", d)
		}
	})
}

// One request waits, those that come after it do not, and none is asked to find
// out whether the counters are back.
func TestOnlyOneRequestPaysForSilence(t *testing.T) {
	t.Parallel()
	inBubble(t, false, func(t *testing.T, p *pair) {
		p.remote.silent.Store(true)
		start := time.Now()
		if d := take(t, p, account(1)); !d.Allowed || d.Cluster {
			t.Errorf("while the counters are silent: %+v", d)
		}
		if waited := time.Since(start); waited != timeout {
			t.Errorf("the first waited for %s", waited)
		}
		for range 50 {
			before := time.Now()
			take(t, p, account(0))
			if waited := time.Since(before); waited != 0 {
				t.Fatalf("one after it waited for %s", waited)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := p.remote.calls.Load(); n != 1 {
			t.Errorf("%d requests were sent to counters that are silent", n)
		}
		if s := p.State(); s.Shared || s.Faults != 1 || s.Fallbacks != 51 || s.Changes != 1 || !errors.Is(s.Err, context.DeadlineExceeded) {
			t.Errorf("%+v", s)
		}
		p.remote.silent.Store(false)
		time.Sleep(3 * time.Second)
		if d := take(t, p, account(1)); !d.Cluster {
			t.Errorf("when they are back: %+v", d)
		}
		if s := p.State(); !s.Shared || s.Changes != 2 {
			t.Errorf("%+v", s)
		}
		if gone, back := strings.Count(p.log.String(), "cannot be reached"), strings.Count(p.log.String(), "reached again"); gone != 1 ||
			back != 1 {
			t.Errorf("%d and %d lines tell of it:\n%s", gone, back, p.log)
		}
	})
}

// Requests that are on their way when the counters fall silent wait together,
// not one after the other, and tell of it once.
func TestManyOnTheirWayAreAllDecided(t *testing.T) {
	t.Parallel()
	inBubble(t, false, func(t *testing.T, p *pair) {
		p.remote.silent.Store(true)
		start := time.Now()
		var all sync.WaitGroup
		var allowed atomic.Int64
		for range 100 {
			all.Go(func() {
				if d, err := p.Take(t.Context(), account(1)); err == nil && d.Allowed {
					allowed.Add(1)
				}
			})
		}
		all.Wait()
		if waited := time.Since(start); waited != timeout || allowed.Load() != 10 {
			t.Errorf("after %s %d of 10 had passed", waited, allowed.Load())
		}
		if n := strings.Count(p.log.String(), "cannot be reached"); n != 1 {
			t.Errorf("%d lines tell of it:\n%s", n, p.log)
		}
	})
}

func TestDenyRefusesWhatHasAnAccount(t *testing.T) {
	t.Parallel()
	inBubble(t, true, func(t *testing.T, p *pair) {
		fault := errors.New("WRONGPASS")
		p.remote.fault.Store(&fault)
		d := take(t, p, account(1))
		if d.Allowed || d.Refused != ratelimit.PartUnreachable || d.RetryAfter <= 0 {
			t.Errorf("of an account: %+v", d)
		}
		// Guesses and throttles guard this service, which goes on.
		guess := ratelimit.Request{Key: ratelimit.Bucket{ID: "guess", Rule: rule(1, time.Hour, 1)}, Cost: 1}
		if d := take(t, p, guess); !d.Allowed || d.Cluster {
			t.Errorf("of nobody: %+v", d)
		}
		if d := take(t, p, guess); d.Allowed {
			t.Errorf("of nobody, over the limit: %+v", d)
		}
	})
}

// What is let pass meanwhile is saved, told to the counters, and told once.
func TestWhatPassesMeanwhileIsSettled(t *testing.T) {
	t.Parallel()
	inBubble(t, false, func(t *testing.T, p *pair) {
		take(t, p, account(2))
		p.remote.silent.Store(true)
		take(t, p, account(3))
		if d := take(t, p, account(0)); d.Quota.Remaining != 995 {
			t.Errorf("it goes on from what it has seen: %+v", d)
		}
		p.remote.silent.Store(false)
		time.Sleep(3 * time.Second)
		p.remote.mu.Lock()
		defer p.remote.mu.Unlock()
		if len(p.remote.settled) != 1 || p.remote.settled[0].Add != 3 || p.remote.settled[0].Used != 5 || p.remote.settled[0].Began != 1 {
			t.Errorf("settled are %+v", p.remote.settled)
		}
		if used := p.store.used["sa"+p.remote.settled[0].Window]; used != 5 {
			t.Errorf("the store has %d of 5", used)
		}
	})
}

// A quota of which the store cannot tell what was used is no fault of the
// shared counters.
func TestAnUnknownQuotaIsDecidedHere(t *testing.T) {
	t.Parallel()
	inBubble(t, false, func(t *testing.T, p *pair) {
		fault := errors.Join(ratelimit.ErrQuotaUnknown, errGone)
		p.remote.fault.Store(&fault)
		if d := take(t, p, account(1)); !d.Allowed || d.Cluster {
			t.Errorf("%+v", d)
		}
		if s := p.State(); !s.Shared || s.Fallbacks != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// Counters that come and go are asked more rarely each time.
func TestFlappingIsSlowedDown(t *testing.T) {
	t.Parallel()
	inBubble(t, false, func(t *testing.T, p *pair) {
		fault := errors.New("reset")
		for range 600 { // a minute in which they answer nothing but probes
			p.remote.fault.Store(&fault)
			take(t, p, account(0))
			p.remote.fault.Store(nil)
			time.Sleep(100 * time.Millisecond)
		}
		if s := p.State(); s.Changes > 80 {
			t.Errorf("it changed %d times in a minute", s.Changes)
		}
		time.Sleep(time.Minute)
		p.remote.fault.Store(&fault)
		take(t, p, account(0))
		p.remote.fault.Store(nil)
		time.Sleep(100 * time.Millisecond)
		if d := take(t, p, account(0)); !d.Cluster {
			t.Error("after a steady minute one fault is still held against them")
		}
	})
}

func TestFailoverNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := ratelimit.NewFailover(ratelimit.FailoverConfig{}); err == nil {
		t.Error("it was made of nothing")
	}
	if _, err := ratelimit.NewLeased(ratelimit.LeasedConfig{}); err == nil {
		t.Error("a Leased was made of nothing")
	}
}

// lending are shared counters that lend, until they fail.
type lending struct {
	remote
	used int64
}

func (l *lending) LeaseBucket(ctx context.Context, b ratelimit.BucketLease) (ratelimit.Granted, error) {
	return ratelimit.Granted{Amount: b.Want}, l.answer(ctx)
}

func (l *lending) LeaseQuota(ctx context.Context, q ratelimit.QuotaLease) (ratelimit.Granted, error) {
	l.used += q.Want - q.Back
	return ratelimit.Granted{Amount: q.Want, Used: l.used, Began: 7}, l.answer(ctx)
}

// What is lent comes from the shared counters, and the store learns of it; from this node's
// own while those fail; and from nowhere where nothing may be decided without them.
func TestFailoverLends(t *testing.T) {
	t.Parallel()
	for _, deny := range []bool{false, true} {
		store := newStore(t)
		local := newLocal(t, ratelimittest.NewClock(), store)
		from := &lending{remote: remote{Local: newLocal(t, ratelimittest.NewClock(), nil)}}
		f, err := ratelimit.NewFailover(ratelimit.FailoverConfig{
			Shared: from, Lessor: from, Local: local, Timeout: time.Second, Deny: deny, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		window, ends := ratelimit.Quota{Requests: 1000, Per: ratelimit.Day}.Window(ratelimittest.NewClock().Now())
		ask := func(want, back, began int64) ratelimit.Granted {
			t.Helper()
			g, err := f.LeaseQuota(t.Context(), ratelimit.QuotaLease{
				ID: "sa", Window: window, Ends: ends, Limit: 1000, Want: want, Back: back, Began: began,
			})
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		if g := ask(10, 0, 0); g.Amount != 10 || g.Began != 7 {
			t.Errorf("deny=%t: %+v", deny, g)
		}
		if g := ask(0, 4, 7); g.Used != 6 {
			t.Errorf("deny=%t: given back: %+v", deny, g)
		}
		if err := local.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if used, err := store.QuotaUse(t.Context(), "sa", window); err != nil || used != 6 {
			t.Errorf("deny=%t: the store has %d, %v", deny, used, err)
		}
		gone := errors.New("gone")
		from.fault.Store(&gone)
		bucket := ratelimit.Bucket{ID: "k", Rule: rule(100, time.Second, 100)}
		g, err := f.LeaseBucket(t.Context(), ratelimit.BucketLease{Bucket: bucket, Node: "a", Want: 30, Life: time.Second})
		if err != nil || deny != (g.Exact > 0) || deny == (g.Amount == 30) {
			t.Errorf("deny=%t: %+v, %v", deny, g, err)
		}
		if g := ask(10, 0, 7); deny != (g.Exact > 0) || (!deny && (g.Amount != 10 || g.Began == 7)) {
			t.Errorf("deny=%t: alone: %+v", deny, g)
		}
		f.Close()
	}
}
