package redislimit_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
)

func newLeased(tb testing.TB, from ratelimit.Counters, now func() time.Time) *ratelimit.Leased {
	tb.Helper()
	l, err := ratelimit.NewLeased(ratelimit.LeasedConfig{From: from, Timeout: patient, Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Error(err)
		}
	})
	return l
}

// One node that leases decides as one that does not: what it holds is as good
// as what is in the counters.
func TestLeasedConforms(t *testing.T) {
	t.Parallel()
	url := parts.Redis(t).URL()
	ratelimittest.Test(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter {
		return newLeased(t, timed(t, url, c), c.Now)
	})
}

func TestLeasesAndBucketNeverExceedTheBurst(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	ratelimittest.TestLoans(t, c, timed(t, parts.Redis(t).URL(), c))
}

func TestQuotaSharesAreTakenFromTheQuotaAndGivenBack(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, redislimit.Config{URL: parts.Redis(t).URL()})
	quota := ratelimit.Quota{Requests: 100, Per: ratelimit.Day}
	window, ends := quota.Window(time.Now())
	ask := func(back, began, want int64) ratelimit.Granted {
		t.Helper()
		g, err := l.LeaseQuota(t.Context(), ratelimit.QuotaLease{
			ID: "sa", Window: window, Ends: ends, Limit: 100, Back: back,
			Began: began, Want: want,
		})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	first := ask(0, 0, 80)
	if first.Amount != 80 || first.Used != 80 || first.Began == 0 {
		t.Errorf("%+v", first)
	}
	if g := ask(0, 0, 80); g.Amount != 20 || g.Used != 100 {
		t.Errorf("more than is left: %+v", g)
	}
	if g := ask(30, first.Began, 10); g.Amount != 10 || g.Used != 80 {
		t.Errorf("given back: %+v", g)
	}
	if g := ask(30, first.Began-1, 0); g.Used != 80 {
		t.Errorf("given back to a counter that it was not taken from: %+v", g)
	}
}

// counted tells leases that a request waits for from those in the background.
type counted struct {
	*redislimit.Limiter
	waited, ahead atomic.Int64
}

type waiting struct{}

func (c *counted) LeaseBucket(ctx context.Context, b ratelimit.BucketLease) (ratelimit.Granted, error) {
	c.count(ctx)
	return c.Limiter.LeaseBucket(ctx, b)
}

func (c *counted) LeaseQuota(ctx context.Context, q ratelimit.QuotaLease) (ratelimit.Granted, error) {
	c.count(ctx)
	return c.Limiter.LeaseQuota(ctx, q)
}

func (c *counted) count(ctx context.Context) {
	if ctx.Value(waiting{}) != nil {
		c.waited.Add(1)
	} else {
		c.ahead.Add(1)
	}
}

// A steady stream of requests waits for Redis next to never.
func TestASteadyStreamDoesNotWait(t *testing.T) {
	t.Parallel()
	from := &counted{Limiter: newLimiter(t, redislimit.Config{URL: parts.Redis(t).URL()})}
	l := newLeased(t, from, nil)
	ctx := context.WithValue(t.Context(), waiting{}, true)
	run := func(times int) {
		for range times {
			if d, err := l.Take(ctx, request()); err != nil || !d.Allowed || !d.Cluster {
				t.Fatalf("%+v, %v", d, err)
			}
		}
	}
	run(50_000)
	from.waited.Store(0)
	const takes = 200_000
	run(takes)
	t.Logf("%d requests waited %d times; %d leases were taken ahead", takes, from.waited.Load(), from.ahead.Load())
	if from.waited.Load() > takes/100 {
		t.Errorf("%d of %d requests waited", from.waited.Load(), takes)
	}
}

// What is refused is refused here: nobody is asked for what is known not to be
// there.
func TestRefusalsDoNotWait(t *testing.T) {
	t.Parallel()
	from := &counted{Limiter: newLimiter(t, redislimit.Config{URL: parts.Redis(t).URL()})}
	l := newLeased(t, from, nil)
	ctx := context.WithValue(t.Context(), waiting{}, true)
	r := ratelimit.Request{Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, time.Hour, 5)}, Cost: 5}
	if d, err := l.Take(ctx, r); err != nil || !d.Allowed {
		t.Fatalf("%+v, %v", d, err)
	}
	before := from.waited.Load()
	for range 1000 {
		if d, err := l.Take(ctx, r); err != nil || d.Allowed || d.RetryAfter <= 0 {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	if n := from.waited.Load() - before; n > 1 {
		t.Errorf("1000 refusals waited %d times", n)
	}
}

// A share that is not used goes back, so that another node can spend it.
func TestIdleSharesGoBack(t *testing.T) {
	t.Parallel()
	from := newLimiter(t, redislimit.Config{URL: parts.Redis(t).URL()})
	first, second := newLeased(t, from, nil), newLeased(t, from, nil)
	r := ratelimit.Request{Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, time.Hour, 1000)}, Cost: 1}
	for range 500 { // by then its shares have grown
		ratelimittest.Take(t, first, r)
	}
	r.Cost = 500
	parts.Await(t, patient, "the other node to get all that is left", func(context.Context) error {
		if d := ratelimittest.Take(t, second, r); !d.Allowed {
			return fmt.Errorf("%+v", d)
		}
		return nil
	})
}

func BenchmarkLeased(b *testing.B) {
	l := newLeased(b, newLimiter(b, redislimit.Config{URL: parts.Redis(b).URL()}), nil)
	b.ReportAllocs()
	for b.Loop() {
		ratelimittest.Take(b, l, request())
	}
}

func BenchmarkLocal(b *testing.B) {
	l, err := ratelimit.NewLocal(ratelimit.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close(context.WithoutCancel(b.Context())) })
	b.ReportAllocs()
	for b.Loop() {
		ratelimittest.Take(b, l, request())
	}
}
