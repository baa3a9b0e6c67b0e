package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

func newLeased(t *testing.T, from ratelimit.Counters, c *ratelimittest.Clock) *ratelimit.Leased {
	t.Helper()
	config := ratelimit.LeasedConfig{From: from, Timeout: time.Second}
	if c != nil {
		config.Now = c.Now
	}
	l, err := ratelimit.NewLeased(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Leases of the counters in this process decide as the counters do.
func TestLeasedFromLocalConforms(t *testing.T) {
	t.Parallel()
	ratelimittest.Test(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter {
		return newLeased(t, newLocal(t, c, nil), c)
	})
}

// What is out on loan and what is in the bucket never come to more than the burst: the
// same table as for leases from Redis.
func TestLoansAndBucketNeverExceedTheBurst(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	ratelimittest.TestLoans(t, c, newLocal(t, c, nil))
}

// What is lent is missing from a full bucket, until it has filled again.
func TestAFullBucketExcludesWhatIsLent(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	l := newLocal(t, c, nil)
	bucket := ratelimit.Bucket{ID: "k", Rule: rule(100, time.Second, 100)}
	if g, err := l.LeaseBucket(t.Context(), ratelimit.BucketLease{Bucket: bucket, Node: "a", Want: 20, Life: time.Second}); err != nil ||
		g.Amount != 20 {
		t.Fatalf("%+v, %v", g, err)
	}
	for _, tt := range []struct {
		after time.Duration
		left  int64
	}{{0, 80}, {900 * time.Millisecond, 80}, {200 * time.Millisecond, 90}, {time.Second, 100}} {
		c.Advance(tt.after)
		if d := ratelimittest.Take(t, l, ratelimit.Request{Key: bucket, DryRun: true}); d.Key.Remaining != tt.left {
			t.Errorf("%s later: %d are left, want %d", tt.after, d.Key.Remaining, tt.left)
		}
	}
}

// Five that lease and the node itself share one rate, under three times its load. Time
// passes with each request.
func TestOneRateOverFiveThatLease(t *testing.T) {
	t.Parallel()
	for _, burst := range []int64{20, 100, 1000, 10_000} {
		c := ratelimittest.NewClock()
		local := newLocal(t, c, nil)
		all := []ratelimit.Limiter{local}
		for range 5 {
			all = append(all, newLeased(t, local, c))
		}
		r := ratelimit.Request{Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: rule(burst, 2*time.Second, burst)}, Cost: 1}
		const each = 4
		pause, start := time.Duration(each*len(all))*r.Key.Rule.Per/time.Duration(3*burst), c.Now()
		var accepted atomic.Int64
		for asked := 0; asked < int(4*burst+3000); asked += each * len(all) {
			c.Advance(pause)
			var atOnce sync.WaitGroup
			for i := range each * len(all) {
				atOnce.Go(func() {
					if ratelimittest.Take(t, all[i%len(all)], r).Allowed {
						accepted.Add(1)
					}
				})
			}
			atOnce.Wait()
		}
		allowed := float64(burst) + c.Now().Sub(start).Seconds()*float64(burst)/2
		ratio := float64(accepted.Load()) / allowed
		t.Logf("burst %d: %d of %.0f passed, %.4f", burst, accepted.Load(), allowed, ratio)
		if float64(accepted.Load()) > allowed+1 || float64(accepted.Load()) < 0.98*allowed-1 {
			t.Errorf("burst %d: %d passed, %.0f are allowed", burst, accepted.Load(), allowed)
		}
	}
}

// A quota is spent to its last unit, whoever held it; what goes back is in the store.
func TestQuotaSharesComeBack(t *testing.T) {
	t.Parallel()
	c, store := ratelimittest.NewClock(), newStore(t)
	local := newLocal(t, c, store)
	r := ratelimit.Request{
		Group: "sa", Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 1000, Per: ratelimit.Day}}, Cost: 1,
	}
	leased := newLeased(t, local, c)
	for range 300 {
		if !ratelimittest.Take(t, leased, r).Allowed {
			t.Fatal("refused")
		}
	}
	if err := local.Flush(t.Context()); err != nil { // with what is only held
		t.Fatal(err)
	}
	if err := leased.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := local.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	label, _ := r.Quota.Quota.Window(c.Now())
	if used, err := store.QuotaUse(t.Context(), "sa", label); err != nil || used != 300 {
		t.Errorf("%d are used, %v", used, err)
	}
	restarted := newLocal(t, c, store)
	r.DryRun = true
	if d := ratelimittest.Take(t, restarted, r); d.Quota.Remaining != 700 {
		t.Errorf("after a restart: %+v", d)
	}
	window, ends := r.Quota.Quota.Window(c.Now())
	mark := int64(0)
	for _, l := range []*ratelimit.Local{local, restarted} { // what another process lent does not come back here
		g, err := l.LeaseQuota(t.Context(), ratelimit.QuotaLease{ID: "sa", Window: window, Ends: ends, Limit: 1000, Back: 100, Began: mark})
		if err != nil || g.Used != 300 {
			t.Errorf("%+v, %v", g, err)
		}
		mark = g.Began
	}
}

// tooSmall hands out nothing and asks for exact decisions.
type tooSmall struct {
	ratelimit.Limiter
	asked, decided atomic.Int64
}

func (s *tooSmall) LeaseBucket(context.Context, ratelimit.BucketLease) (ratelimit.Granted, error) {
	s.asked.Add(1)
	return ratelimit.Granted{Exact: 5 * time.Second}, nil
}

func (s *tooSmall) LeaseQuota(context.Context, ratelimit.QuotaLease) (ratelimit.Granted, error) {
	return ratelimit.Granted{Exact: 5 * time.Second}, nil
}

func (s *tooSmall) Take(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	s.decided.Add(1)
	return s.Limiter.Take(ctx, r)
}

// Where shares are too small the counters decide, and shares are asked for again later.
func TestSharesThatAreTooSmallAreNotAskedFor(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	from := &tooSmall{Limiter: newLocal(t, c, nil)}
	l := newLeased(t, from, c)
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: rule(3, time.Hour, 3)}, Cost: 1}
	for i := range 6 {
		if d := ratelimittest.Take(t, l, r); d.Allowed != (i < 3) {
			t.Errorf("%d: %+v", i, d)
		}
	}
	if from.asked.Load() != 1 || from.decided.Load() != 6 {
		t.Errorf("a share was asked for %d times, and %d requests were decided", from.asked.Load(), from.decided.Load())
	}
	c.Advance(6 * time.Second)
	ratelimittest.Take(t, l, r)
	if from.asked.Load() != 2 {
		t.Errorf("a share was asked for %d times after a while", from.asked.Load())
	}
}

// Beyond the bound on shares the counters decide.
func TestSharesAreBounded(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	l, err := ratelimit.NewLeased(ratelimit.LeasedConfig{From: newLocal(t, c, nil), Timeout: time.Second, Now: c.Now, MaxShares: 64})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		r := ratelimit.Request{Key: ratelimit.Bucket{ID: fmt.Sprint(i), Rule: rule(1000, time.Hour, 1000)}, Cost: 1}
		if d := ratelimittest.Take(t, l, r); !d.Allowed || d.Key.Remaining != 999 {
			t.Fatalf("%d: %+v", i, d)
		}
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// cut are counters that cannot be reached for a while.
type cut struct {
	*ratelimit.Local
	off     atomic.Bool
	refused atomic.Int64
}

func (c *cut) LeaseQuota(ctx context.Context, q ratelimit.QuotaLease) (ratelimit.Granted, error) {
	if c.off.Load() {
		c.refused.Add(1)
		return ratelimit.Granted{}, ratelimit.ErrNotAsked
	}
	return c.Local.LeaseQuota(ctx, q)
}

// Cut off, a quota allows what is held of it and no more, and what is not spent is
// returned afterwards.
func TestAloneAQuotaAllowsWhatIsHeld(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	from, alone := &cut{Local: newLocal(t, c, nil)}, newLocal(t, c, nil)
	l := newLeased(t, from, c)
	r := ratelimit.Request{
		Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: rule(10_000, time.Second, 10_000)},
		Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 10_000, Per: ratelimit.Day}}, Cost: 1,
	}
	const connected = 500
	for range connected {
		ratelimittest.Take(t, l, r)
	}
	from.off.Store(true)
	c.Advance(time.Second) // it is idle, and has nowhere to return anything to
	parts.Await(t, 10*time.Second, "what is idle to be offered", func(context.Context) error {
		if from.refused.Load() == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	passed := int64(0)
	for {
		d, err := l.Alone(t.Context(), r, alone)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Allowed {
			if d.Refused != ratelimit.PartUnreachable || d.RetryAfter <= 0 {
				t.Errorf("%+v", d)
			}
			break
		}
		if d.Cluster || !d.HasKey || d.Key.Remaining != 10_000-passed-1 {
			t.Fatalf("the rate counts elsewhere: %+v", d)
		}
		passed++
	}
	if passed == 0 || passed > 100 {
		t.Errorf("%d passed", passed)
	}
	from.off.Store(false)
	if d := ratelimittest.Take(t, from, r); d.Quota.Remaining != 10_000-connected-passed-1 {
		t.Errorf("%d passed alone, then: %+v", passed, d)
	}
}
