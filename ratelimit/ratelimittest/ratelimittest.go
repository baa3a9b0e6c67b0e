// Package ratelimittest is the conformance suite for limiters: they decide alike,
// wherever they keep their counters.
package ratelimittest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
)

// Clock is a clock that tests set.
type Clock struct{ at atomic.Int64 }

// NewClock returns a Clock set to noon of a fixed day.
func NewClock() *Clock {
	c := &Clock{}
	c.Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	return c
}

// Now returns the current time of the clock.
func (c *Clock) Now() time.Time { return time.Unix(0, c.at.Load()) }

// Set sets the time.
func (c *Clock) Set(at time.Time) { c.at.Store(at.UnixNano()) }

// Advance moves the time forward.
func (c *Clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

// Rule returns a rule.
func Rule(n int64, per time.Duration, burst int64) ratelimit.Rule {
	return ratelimit.Rule{Requests: n, Per: per, Burst: burst}
}

// Take decides the request and fails the test if it cannot be decided.
func Take(tb testing.TB, l ratelimit.Limiter, r ratelimit.Request) ratelimit.Decision {
	tb.Helper()
	d, err := l.Take(tb.Context(), r)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// Test checks the promises of limiters. Each call of fresh returns a limiter with its
// own counters that uses the clock. See TestModel too.
func Test(t *testing.T, fresh func(*testing.T, *Clock) ratelimit.Limiter) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, *Clock, ratelimit.Limiter)
	}{
		{"a bucket as a story of seconds", bucketStory},
		{"all parts are charged or none", allOrNothing},
		{"concurrent takes never exceed the limit", concurrentTakes},
		{"a lowered burst takes effect at once", loweredBurst},
		{"a raised rule helps a live bucket", raisedRule},
		{"a raised rule fills by the new one since the last use", raisedMeanwhile},
		{"a lowered rule fills by the old one until then", changedRule},
		{"an almost whole token is taken once", almostWhole},
		{"a cost of nothing passes an empty bucket", noCost},
		{"quota windows end at their edge", windowEdge},
		{"a request without limits passes", noLimits},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			c.test(t, clock, fresh(t, clock))
		})
	}
	t.Run("waiting as told is enough, and less is not", func(t *testing.T) {
		t.Parallel()
		for _, r := range []ratelimit.Rule{
			Rule(7, 3*time.Second, 5), Rule(1, 31*24*time.Hour, 5), Rule(1000, time.Millisecond, 5),
			Rule(100, 10*time.Second, 5),
		} {
			clock := NewClock()
			retryAfter(t, clock, fresh(t, clock), r)
		}
	})
}

func bucketStory(t *testing.T, c *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: Rule(10, 10*time.Second, 3)}, Cost: 1}
	for want := int64(2); want >= 0; want-- {
		if d := Take(t, l, r); !d.Allowed || d.Key.Remaining != want {
			t.Fatalf("%+v, want %d remaining", d, want)
		}
	}
	d := Take(t, l, r)
	if d.Allowed || d.Refused != ratelimit.PartKey || d.RetryAfter != time.Second || d.Never {
		t.Fatalf("an empty bucket: %+v", d)
	}
	c.Advance(d.RetryAfter)
	if d := Take(t, l, r); !d.Allowed {
		t.Fatalf("after waiting as told: %+v", d)
	}
	c.Advance(-time.Hour)
	if d := Take(t, l, r); d.Allowed {
		t.Fatalf("a clock that went back minted a token: %+v", d)
	}
	c.Advance(2 * time.Hour)
	r.Cost = 4
	if d := Take(t, l, r); d.Allowed || !d.Never || d.RetryAfter != 0 {
		t.Fatalf("a cost above the burst: %+v", d)
	}
	r.Cost, r.DryRun = 3, true
	if d := Take(t, l, r); !d.Allowed || d.Key.Remaining != 3 {
		t.Fatalf("a dry run charged: %+v", d)
	}
}

func allOrNothing(t *testing.T, _ *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{
		Group: "a",
		Key:   ratelimit.Bucket{ID: "k", Rule: Rule(10, time.Hour, 10)}, Account: ratelimit.Bucket{ID: "a", Rule: Rule(10, time.Hour, 5)},
		Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 3, Per: ratelimit.Day}}, Cost: 1,
	}
	for range 3 {
		Take(t, l, r)
	}
	d := Take(t, l, r)
	if d.Refused != ratelimit.PartQuota || d.Key.Remaining != 7 || d.Account.Remaining != 2 || d.RetryAfter != 12*time.Hour {
		t.Fatalf("a used up quota: %+v", d)
	}
	if d := Take(t, l, withCost(r, 4)); d.Refused != ratelimit.PartAccount || d.Never {
		t.Fatalf("more than the account has left comes before the quota: %+v", d)
	}
	r.Quota = ratelimit.QuotaCharge{}
	Take(t, l, r)
	Take(t, l, r)
	if d := Take(t, l, r); d.Refused != ratelimit.PartAccount || d.Key.Remaining != 5 {
		t.Fatalf("an empty account: %+v", d)
	}
}

func withCost(r ratelimit.Request, cost int64) ratelimit.Request {
	r.Cost = cost
	return r
}

func concurrentTakes(t *testing.T, _ *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{
		Group: "a",
		Key:   ratelimit.Bucket{ID: "k", Rule: Rule(1, time.Hour, 1000)}, Account: ratelimit.Bucket{ID: "a", Rule: Rule(1, time.Hour, 900)},
		Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 800, Per: ratelimit.Month}}, Cost: 1,
	}
	var allowed atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			for range 20 {
				if d, err := l.Take(t.Context(), r); err == nil && d.Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if allowed.Load() != 800 {
		t.Errorf("%d of 800 passed", allowed.Load())
	}
}

func loweredBurst(t *testing.T, _ *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: Rule(1, time.Hour, 100)}, Cost: 10}
	Take(t, l, r)
	r.Key.Rule.Burst = 5
	r.Cost = 1
	if d := Take(t, l, r); d.Key.Remaining != 4 || d.Key.Limit != 5 {
		t.Errorf("a lowered burst: %+v", d)
	}
}

func raisedRule(t *testing.T, c *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: Rule(1, time.Hour, 2)}, Cost: 2}
	Take(t, l, r)
	r.Key.Rule, r.Cost = Rule(3600, time.Hour, 10), 1
	Take(t, l, r)
	c.Advance(5 * time.Second)
	if d := Take(t, l, r); !d.Allowed || d.Key.Limit != 10 || d.Key.Remaining != 4 {
		t.Errorf("five seconds after the rule became one a second: %+v", d)
	}
}

// A raised limit applies at once, without a request in between.
func raisedMeanwhile(t *testing.T, c *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: Rule(3, time.Hour, 3)}, Cost: 3}
	Take(t, l, r)
	c.Advance(3 * time.Second)
	r.Key.Rule, r.Cost = Rule(3600, time.Hour, 3600), 1
	if d := Take(t, l, r); !d.Allowed || d.Key.Remaining != 2 {
		t.Errorf("three seconds after a use, raised to one a second: %+v", d)
	}
}

func changedRule(t *testing.T, c *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: Rule(10, 10*time.Second, 10)}, Cost: 10}
	Take(t, l, r)
	c.Advance(5 * time.Second)
	r.Key.Rule = Rule(1, time.Hour, 10)
	if d := Take(t, l, r); d.Allowed || d.Key.Remaining != 5 {
		t.Errorf("what the old rule has filled: %+v", d)
	}
	c.Advance(5 * time.Second)
	if d := Take(t, l, r); d.Allowed || d.Key.Remaining != 5 {
		t.Errorf("a refusal left the old rule in force: %+v", d)
	}
}

// A token is due a moment before it is whole, so that floating-point rounding
// refuses nobody. Whoever takes it early still pays for it.
func almostWhole(t *testing.T, c *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: Rule(1, time.Hour, 1)}, Cost: 1}
	Take(t, l, r)
	c.Advance(time.Hour - time.Millisecond)
	passed := 0
	for range 10 {
		if Take(t, l, r).Allowed {
			passed++
		}
	}
	if passed > 1 {
		t.Errorf("one token let %d requests pass", passed)
	}
}

func noCost(t *testing.T, _ *Clock, l ratelimit.Limiter) {
	r := ratelimit.Request{
		Key: ratelimit.Bucket{ID: "k", Rule: Rule(1, time.Hour, 1)}, Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{
			Requests: 1,
			Per:      ratelimit.Day,
		}}, Cost: 1,
	}
	Take(t, l, r)
	if d := Take(t, l, withCost(r, 0)); !d.Allowed || d.Key.Remaining != 0 || d.Quota.Remaining != 0 {
		t.Errorf("a cost of nothing: %+v", d)
	}
}

func windowEdge(t *testing.T, c *Clock, l ratelimit.Limiter) {
	c.Set(time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, time.UTC))
	r := ratelimit.Request{Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 1, Per: ratelimit.Month}}, Cost: 1}
	Take(t, l, r)
	if d := Take(t, l, r); d.Allowed || d.RetryAfter != time.Nanosecond {
		t.Errorf("in the last nanosecond of a month: %+v", d)
	}
	c.Advance(time.Nanosecond)
	if d := Take(t, l, r); !d.Allowed || !d.Quota.ResetsAt.Equal(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("in the first of the next: %+v", d)
	}
}

func noLimits(t *testing.T, _ *Clock, l ratelimit.Limiter) {
	d := Take(t, l, ratelimit.Request{
		Key: ratelimit.Bucket{ID: "k"}, Account: ratelimit.Bucket{ID: "a"},
		Quota: ratelimit.QuotaCharge{ID: "a"},
		Cost:  1e9,
	})
	if !d.Allowed || d.HasKey || d.HasAccount || d.HasQuota || d.RetryAfter != 0 {
		t.Errorf("nothing limits it: %+v", d)
	}
}

func retryAfter(t *testing.T, c *Clock, l ratelimit.Limiter, r ratelimit.Rule) {
	ask := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: r}, Cost: 5}
	Take(t, l, ask)
	d := Take(t, l, ask)
	if d.Allowed || d.RetryAfter <= 0 || d.Key.ResetAfter < d.RetryAfter {
		t.Fatalf("%s: an empty bucket: %+v", r, d)
	}
	c.Advance(d.RetryAfter * 9 / 10)
	if early := Take(t, l, ask); early.Allowed {
		t.Errorf("%s: passed before its time", r)
	}
	c.Advance(d.RetryAfter - d.RetryAfter*9/10)
	if late := Take(t, l, ask); !late.Allowed {
		t.Errorf("%s: waited as told and was refused: %+v", r, late)
	}
}
