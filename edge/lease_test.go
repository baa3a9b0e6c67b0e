package edge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

// TestEdgesConform: an edge decides by shares of its node's counters as a limiter does
// that has the counters itself.
func TestEdgesConform(t *testing.T) {
	t.Parallel()
	fresh := func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter {
		w := newWorld()
		return newTestEdge(t, w, c, newRealNode(t, nodeConfig{world: w, clock: c, leastShared: 1}))
	}
	ratelimittest.Test(t, fresh)
}

// where runs the test with counters in the node and in Redis, from which a leased node
// takes shares as its edges do.
func where(t *testing.T, test func(t *testing.T, c nodeConfig)) {
	t.Helper()
	for name, c := range map[string]struct{ redis, leased bool }{
		"counters in the node": {}, "counters in Redis": {redis: true}, "counters in Redis, leased": {redis: true, leased: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := nodeConfig{world: newWorld(), prefix: prefix(), leased: c.leased}
			if c.redis {
				config.redis = parts.Redis(t).URL()
			}
			test(t, config)
		})
	}
}

// TestFiveEdgesShareOneRate: five edges of one node, and the node itself, under three
// times the load that a rule allows let pass what one node would. Time passes with each
// request.
func TestFiveEdgesShareOneRate(t *testing.T) {
	t.Parallel()
	where(t, func(t *testing.T, c nodeConfig) {
		for _, burst := range []int64{20, 100, 1000, 4000} {
			c := c
			c.clock, c.world, c.prefix = ratelimittest.NewClock(), newWorld(), prefix()
			n := newRealNode(t, c)
			_, all := several(5, func() *testEdge { return newTestEdge(t, c.world, c.clock, n) })
			rule := ratelimittest.Rule(burst, 2*time.Second, burst)
			r := c.world.key(ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: rule}, Cost: 1})
			all = append(all, n.limiter)
			const atOnce = 24
			pause, start := atOnce*rule.Per/time.Duration(3*burst), c.clock.Now()
			accepted, asked := int64(0), 0
			for ; asked < int(4*burst+3000); asked += atOnce {
				c.clock.Advance(pause)
				accepted += spend(t, all, r, atOnce)
			}
			allowed := float64(burst) + c.clock.Now().Sub(start).Seconds()*float64(burst)/2
			ratio := float64(accepted) / allowed
			t.Logf("burst %d: %d of %.0f passed, %.4f; %d requests: %d messages about shares, %d exact questions",
				burst, accepted, allowed, ratio, asked, n.leases.Load(), n.count.Load())
			if ratio > 1.02 || float64(accepted) < 0.98*allowed-1 {
				t.Errorf("burst %d: %d passed, %.0f are allowed", burst, accepted, allowed)
			}
		}
	})
}

func quota(n int64) ratelimit.Request {
	return ratelimit.Request{Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: n, Per: ratelimit.Month}}, Cost: 1}
}

// peek returns what the node's counters say, which a dry run reads.
func peek(t *testing.T, from ratelimit.Limiter, w *world, r ratelimit.Request) ratelimit.Decision {
	t.Helper()
	r = w.key(r)
	r.Cost, r.DryRun = 1, true
	return ratelimittest.Take(t, from, r)
}

// left returns what is left of the quota.
func left(t *testing.T, n *realNode, w *world, r ratelimit.Request) int64 {
	t.Helper()
	return peek(t, n.limiter, w, r).Quota.Remaining
}

// counted is like left, but does not make do with what a node that takes shares itself
// knew when it last asked.
func counted(t *testing.T, n *realNode, w *world, r ratelimit.Request) int64 {
	t.Helper()
	if n.shared == nil {
		return left(t, n, w, r)
	}
	return peek(t, n.shared, w, r).Quota.Remaining
}

// TestFiveEdgesShareOneQuota: it is never overspent, nearly all of it can be spent, and
// what was not is back when the edges have ended.
func TestFiveEdgesShareOneQuota(t *testing.T) {
	t.Parallel()
	where(t, func(t *testing.T, c nodeConfig) {
		n := newRealNode(t, c)
		edges, all := several(5, func() *testEdge { return newTestEdge(t, c.world, nil, n) })
		r := quota(2000)
		accepted := spend(t, all, r, 1500)
		if accepted != 1500 {
			t.Errorf("%d of 1500 passed", accepted)
		}
		accepted += spend(t, all, r, 1500)
		for _, e := range edges {
			e.end(t)
		}
		t.Logf("%d of 2000 passed, in %d messages about shares and %d exact questions", accepted, n.leases.Load(), n.count.Load())
		if accepted > 2000 || accepted < 1900 || left(t, n, c.world, r) != 2000-accepted {
			t.Errorf("%d of 2000 passed, %d are left", accepted, left(t, n, c.world, r))
		}
		must(t, n.local.Flush(t.Context()))
		window, _ := r.Quota.Quota.Window(time.Now())
		if used, err := c.world.QuotaUse(t.Context(), "sa", window); err != nil || used != accepted {
			t.Errorf("%d passed, and the store has %d, %v", accepted, used, err)
		}
	})
}

// TestAnEdgeThatDies keeps nothing of a rate for longer than a lease, and of a quota at
// most one share.
func TestAnEdgeThatDies(t *testing.T) {
	t.Parallel()
	where(t, func(t *testing.T, c nodeConfig) {
		c.clock = ratelimittest.NewClock()
		n := newRealNode(t, c)
		edges, all := several(2, func() *testEdge { return newTestEdge(t, c.world, c.clock, n) })
		r := quota(100_000)
		r.Key = ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1000, time.Second, 1000)}
		accepted := int64(0)
		for range 50 { // by then their shares have grown
			c.clock.Advance(10 * time.Millisecond)
			accepted += spend(t, all, r, 20)
		}
		edges[0].kill()
		edges[1].end(t)
		lost := 100_000 - accepted - left(t, n, c.world, r)
		t.Logf("%d were spent, and %d are lost", accepted, lost)
		if lost < 0 || lost > 1000 {
			t.Errorf("%d of the quota are lost", lost)
		}
		c.clock.Advance(3 * time.Second)
		r.Cost, r.Quota.Quota = 1000, ratelimit.Quota{}
		if d := ratelimittest.Take(t, n.limiter, c.world.key(r)); !d.Allowed {
			t.Errorf("the rate is not whole again: %+v", d)
		}
	})
}

// TestAnEdgeThatMovesOn to another node while it holds shares: what it had is void or
// still counts, but is never spent twice.
func TestAnEdgeThatMovesOn(t *testing.T) {
	t.Parallel()
	where(t, func(t *testing.T, c nodeConfig) {
		for _, most := range []int64{3000, 100_000} {
			c := c
			c.clock, c.world, c.prefix = ratelimittest.NewClock(), newWorld(), prefix()
			movesOn(t, c, most)
		}
	})
}

func movesOn(t *testing.T, c nodeConfig, most int64) {
	t.Helper()
	first, second := newRealNode(t, c), newRealNode(t, c)
	edges, all := several(5, func() *testEdge { return newTestEdge(t, c.world, c.clock, first, second) })
	rate := quota(most)
	rate.Key = ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1000, time.Second, 1000)}
	start, accepted := c.clock.Now(), int64(0)
	for i := range 300 {
		c.clock.Advance(10 * time.Millisecond)
		accepted += spend(t, all, rate, 25)
		if i == 50 {
			first.end()
			must(t, first.local.Flush(t.Context())) // a second node without Redis reads what was used
		}
	}
	// Without Redis each node has a bucket of its own.
	allowed := 2000 + c.clock.Now().Sub(start).Seconds()*1000
	if c.redis != "" {
		allowed -= 1000
	}
	allowed = min(allowed, float64(most))
	t.Logf("%d of %.0f passed", accepted, allowed)
	if float64(accepted) > min(1.02*allowed, float64(most)) || float64(accepted) < 0.8*allowed {
		t.Errorf("%d passed", accepted)
	}
	if second.leases.Load() == 0 {
		t.Error("the second node has lent nothing")
	}
	for _, e := range edges {
		e.end(t)
	}
	if rest := counted(t, second, c.world, rate); rest > most-accepted {
		t.Errorf("%d passed, and %d are left", accepted, rest)
	}
}

// TestAnEdgeWithoutANode counts rates by itself, spends what it holds of a quota, and
// goes on as before when a node is back.
func TestAnEdgeWithoutANode(t *testing.T) {
	t.Parallel()
	c := nodeConfig{world: newWorld()}
	n := newRealNode(t, c)
	e := newTestEdge(t, c.world, nil, n)
	all, r := []ratelimit.Limiter{e}, quota(10_000)
	accepted := spend(t, all, r, 1000)
	n.off.Store(true)
	alone := int64(0)
	for ; ; alone++ {
		d := ratelimittest.Take(t, e, r)
		if !d.Allowed {
			if d.Refused != ratelimit.PartUnreachable || d.RetryAfter <= 0 || d.Cluster {
				t.Errorf("%+v", d)
			}
			break
		}
	}
	if alone > 100 {
		t.Errorf("%d passed, more than a share", alone)
	}
	rate := ratelimit.Request{Key: ratelimit.Bucket{ID: "other", Rule: ratelimittest.Rule(1, time.Hour, 100)}, Cost: 1}
	for i := range 101 {
		if d := ratelimittest.Take(t, e, rate); d.Allowed != (i < 100) || d.Cluster {
			t.Errorf("%d: %+v", i, d)
		}
	}
	n.off.Store(false)
	parts.Await(t, patient, "the node to be asked again", func(context.Context) error {
		if d := ratelimittest.Take(t, e, r); !d.Allowed || !d.Cluster {
			return fmt.Errorf("%+v", d)
		}
		accepted++
		return nil
	})
	e.end(t)
	if rest := left(t, n, c.world, r); rest > 10_000-accepted-alone || rest < 9900-accepted-alone {
		t.Errorf("%d and %d passed, and %d are left", accepted, alone, rest)
	}
}

// TestANodeThatRestarts has other counters: what it lent before counts no more than once.
func TestANodeThatRestarts(t *testing.T) {
	t.Parallel()
	c := nodeConfig{world: newWorld()}
	first := newRealNode(t, c)
	link := &link{}
	link.to.Store(first)
	e := newTestEdge(t, c.world, nil, link.serve(t))
	defer link.Close() // before the nodes end
	all, r := []ratelimit.Limiter{e}, quota(10_000)
	accepted := spend(t, all, r, 500)
	first.off.Store(true)
	must(t, first.local.Close(t.Context())) // as at the end of a node, when nobody asks it any more
	second := newRealNode(t, c)
	link.to.Store(second)
	accepted += spend(t, all, r, 12_000)
	e.end(t)
	t.Logf("%d of 10000 passed", accepted)
	if accepted > 10_000 || accepted < 9_500 || left(t, second, c.world, r) > 10_000-accepted {
		t.Errorf("%d passed, and %d are left", accepted, left(t, second, c.world, r))
	}
}

// TestANodeThatLendsNothing is of an earlier version: the edge asks for each decision.
func TestANodeThatLendsNothing(t *testing.T) {
	t.Parallel()
	c := nodeConfig{world: newWorld()}
	n := newRealNode(t, c)
	n.old.Store(true)
	e := newTestEdge(t, c.world, nil, n)
	r := quota(1000)
	r.Key = ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1000, time.Hour, 1000)}
	if accepted := spend(t, []ratelimit.Limiter{e}, r, 1200); accepted != 1000 || n.count.Load() != 1200 {
		t.Errorf("%d of 1000 passed in %d questions", accepted, n.count.Load())
	}
	if n.leases.Load() > 40 { // those that were under way when the first answer came
		t.Errorf("it was asked for shares %d times", n.leases.Load())
	}
}

// TestAKeyOfOthers has no limits that the edge could take.
func TestAKeyOfOthers(t *testing.T) {
	t.Parallel()
	c := nodeConfig{world: newWorld()}
	n := newRealNode(t, c)
	n.actor = member{organization: "org_2"}
	e := newTestEdge(t, c.world, nil, n)
	if d, err := e.Take(t.Context(), quota(1000)); !errors.Is(err, errs.NotFound) || d.Allowed {
		t.Errorf("%+v, %v", d, err)
	}
}

// liar asks a node for shares with whatever numbers it likes.
type liar struct {
	t *testing.T
	*testEdge
	r      ratelimit.Request
	window string
}

func (l *liar) ask(s edgewire.AskedShare) edgewire.Share {
	l.t.Helper()
	s.Digest, s.Window = keys.Hash(*l.r.Digest).Hex(), l.window
	var told edgewire.Leases
	asked := edgewire.AskLease{EdgeID: l.source.self.ID, Shares: []edgewire.AskedShare{s}}
	must(l.t, l.up.ask(l.t.Context(), edgewire.LeasePath, asked, &told))
	return told.Shares[0]
}

// TestALyingEdge gets no more than it is lent, and gives back no more than that.
func TestALyingEdge(t *testing.T) {
	t.Parallel()
	const huge, used = 1 << 62, 400
	where(t, func(t *testing.T, c nodeConfig) {
		c.clock = ratelimittest.NewClock()
		n := newRealNode(t, c)
		r := quota(10_000)
		r.Key, r.Cost = ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1000, time.Second, 1000)}, used
		r = c.world.key(r)
		window, _ := r.Quota.Quota.Window(c.clock.Now())
		l := &liar{t, newTestEdge(t, c.world, c.clock, n), r, window}
		began := l.ask(edgewire.AskedShare{Part: ratelimit.PartKey}).Began
		for name, tt := range map[string]struct {
			asked edgewire.AskedShare
			most  int64
		}{
			"wants everything":            {edgewire.AskedShare{Want: huge}, 250},
			"needs more than there is":    {edgewire.AskedShare{Want: huge, Need: 1001}, 0},
			"returns what it never had":   {edgewire.AskedShare{Began: began, Back: huge, Want: huge}, 250},
			"holds what it never had":     {edgewire.AskedShare{Began: began, Holds: huge, Want: huge}, 250},
			"returns what another lent":   {edgewire.AskedShare{Began: began + 1, Back: huge}, 0},
			"needs beyond any cost":       {edgewire.AskedShare{Need: huge}, 0},
			"asks for another kind of it": {edgewire.AskedShare{Part: "budget", Want: huge}, 0},
		} {
			c.clock.Advance(10 * time.Second) // what it has is void, and the bucket is full
			ratelimittest.Take(t, n.limiter, r)
			tt.asked.Part = cmp.Or(tt.asked.Part, ratelimit.PartKey)
			s := l.ask(tt.asked)
			rest := peek(t, n.limiter, c.world, r).Key.Remaining
			if s.Amount > tt.most || rest > 1000-used-s.Amount || rest < 1000-used-tt.most {
				t.Errorf("%s: %+v, and %d are left", name, s, rest)
			}
		}
		before := left(t, n, c.world, r)
		for _, s := range []edgewire.AskedShare{{Back: huge}, {Holds: huge, Back: huge}, {Back: huge, Began: 1}} {
			s.Part = ratelimit.PartQuota
			s.Began = max(s.Began, l.ask(edgewire.AskedShare{Part: ratelimit.PartQuota}).Began)
			if l.ask(s); left(t, n, c.world, r) > before {
				t.Errorf("%+v: %d of the quota are left, and %d were", s, left(t, n, c.world, r), before)
			}
		}
		if s := l.ask(edgewire.AskedShare{Part: ratelimit.PartQuota, Want: huge}); s.Amount > before/100 {
			t.Errorf("it gets %d of a quota of which %d are left", s.Amount, before)
		}
	})
}

// TestMessagesThatMakeNoSense are refused as a whole; an edge that the node does not feed
// gets nothing.
func TestMessagesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	c := nodeConfig{world: newWorld()}
	n := newRealNode(t, c)
	e := newTestEdge(t, c.world, nil, n)
	r := quota(10_000)
	r.Key.Rule = ratelimittest.Rule(1000, time.Second, 1000)
	good := edgewire.AskedShare{Digest: keys.Hash(*c.world.key(r).Digest).Hex(), Part: ratelimit.PartKey, Want: 1}
	for name, tt := range map[string]struct {
		edge  string
		as    Credential
		share func(s *edgewire.AskedShare)
		times int
		kind  errs.Kind
	}{
		"back":            {share: func(s *edgewire.AskedShare) { s.Back = -1 }, kind: errs.Invalid},
		"holds":           {share: func(s *edgewire.AskedShare) { s.Holds = -1 }, kind: errs.Invalid},
		"want":            {share: func(s *edgewire.AskedShare) { s.Want = -1 }, kind: errs.Invalid},
		"need":            {share: func(s *edgewire.AskedShare) { s.Need = -1 }, kind: errs.Invalid},
		"too many":        {times: edgewire.MostLeases + 1, kind: errs.Invalid},
		"another account": {as: "sa_2", kind: errs.Forbidden},
		"another edge":    {edge: ids.New(ids.Edge)},
		"none":            {},
	} {
		up, err := newUpstream([]string{n.URL}, cmp.Or(tt.as, "sa_1"), nil, "test")
		must(t, err)
		s := good
		if tt.share != nil {
			tt.share(&s)
		}
		var told edgewire.Leases
		err = up.ask(t.Context(), edgewire.LeasePath, edgewire.AskLease{
			EdgeID: cmp.Or(tt.edge, e.source.self.ID), Shares: slices.Repeat([]edgewire.AskedShare{s}, max(1, tt.times)),
		}, &told)
		if errs.KindOf(err) != tt.kind {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (told.Shares[0].Amount == 1) != (name == "none") {
			t.Errorf("%s: %+v", name, told)
		}
		up.client.CloseIdleConnections()
	}
}

// TestWhatIsReturnedIsReturnedOnce although the answer is lost and the next node, which lent
// the edge something before, is asked instead: it knows the same counter.
func TestWhatIsReturnedIsReturnedOnce(t *testing.T) {
	t.Parallel()
	c := nodeConfig{world: newWorld(), prefix: prefix(), redis: parts.Redis(t).URL()}
	first, second := newRealNode(t, c), newRealNode(t, c)
	r := c.world.key(quota(10_000))
	window, _ := r.Quota.Quota.Window(time.Now())
	e := newTestEdge(t, c.world, nil, second, first)
	lease := func(q ratelimit.QuotaLease) ratelimit.Granted {
		t.Helper()
		q.Digest, q.ID, q.Window = r.Digest, "sa", window
		g, err := e.counters.LeaseQuota(t.Context(), q)
		if err != nil {
			t.Error(err)
		}
		return g
	}
	moveTo := func(n, from *realNode) { // and be known there
		from.off.Store(true)
		_, err := e.source.changes(t.Context(), 0)
		must(t, err)
		n.leases.Store(0)
	}
	one := lease(ratelimit.QuotaLease{Want: 50})
	moveTo(first, second)
	two := lease(ratelimit.QuotaLease{Want: 50, Holds: one.Amount, Began: one.Began})
	if one.Amount != 50 || two.Amount != 50 || one.Began != two.Began {
		t.Fatalf("%+v, %+v", one, two)
	}
	second.off.Store(false)
	first.mute.Store(true)
	lease(ratelimit.QuotaLease{Back: 50, Began: two.Began}) // the other 50 are spent
	if rest := left(t, second, c.world, quota(10_000)); rest > 10_000-50 {
		t.Errorf("50 are spent, and %d are left of 10000", rest)
	}
}

// TestSharesFollowTheCache: keys that are each used once leave no more shares than the
// cache has keys. The node decides the rest.
func TestSharesFollowTheCache(t *testing.T) {
	t.Parallel()
	const cached, asked = 64, 1000
	c := nodeConfig{world: newWorld()}
	n := newRealNode(t, c)
	e := newEdgeOf(t, cached, c.world, nil, n)
	for i := range asked {
		r := quota(100_000)
		r.Quota.ID = fmt.Sprint("sa_", i)
		if d, err := e.Take(t.Context(), r); err != nil || !d.Allowed {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	if exact := n.count.Load(); exact < asked-partsOfKey*cached {
		t.Errorf("of %d, %d were asked for", asked, exact)
	}
}
