package ratelimit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLocalConforms(t *testing.T) {
	t.Parallel()
	ratelimittest.Test(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter { return newLocal(t, c, nil) })
}

func TestLocalAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	ratelimittest.TestModel(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter { return newLocal(t, c, nil) })
}

// The bound on buckets is held by eviction, which looks at buckets that others
// hold while they wait for the shard.
func TestEvictionDoesNotWaitForThoseThatWaitForIt(t *testing.T) {
	t.Parallel()
	l, err := ratelimit.NewLocal(ratelimit.Config{MaxBuckets: 64})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 20_000 {
					_, _ = l.Take(context.Background(), ratelimit.Request{
						Key:     ratelimit.Bucket{ID: fmt.Sprint("key", rand.IntN(300)), Rule: rule(1, time.Hour, 10)},
						Account: ratelimit.Bucket{ID: fmt.Sprint("account", rand.IntN(300)), Rule: rule(1, time.Hour, 10)},
						Cost:    1,
					})
				}
			})
		}
		all.Wait()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("takes wait for each other for ever")
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func labelOf(q ratelimit.Quota, now time.Time) string {
	label, _ := q.Window(now)
	return label
}

func TestQuotaWindowsEndAtTheirEdge(t *testing.T) {
	t.Parallel()
	c := newClock()
	c.Set(time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, time.UTC))
	for _, per := range []ratelimit.Period{ratelimit.Day, ratelimit.Month} {
		label, end := ratelimit.Quota{Requests: 1, Per: per}.Window(c.Now())
		next, _ := ratelimit.Quota{Requests: 1, Per: per}.Window(end)
		if !end.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) || label == next {
			t.Errorf("the %s %s ends at %s, where %s begins", per, label, end, next)
		}
		// Everywhere on earth the windows are those of UTC.
		if there, _ := (ratelimit.Quota{Requests: 1, Per: per}).Window(c.Now().In(time.FixedZone("east", 14*60*60))); there != label {
			t.Errorf("in another zone the window is %s, not %s", there, label)
		}
	}
}

func TestIdleBucketsAreDroppedAndUsedOnesKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, err := ratelimit.NewLocal(ratelimit.Config{IdleAfter: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close(t.Context()) }()
		quick := ratelimit.Request{Key: ratelimit.Bucket{ID: "quick", Rule: rule(10, time.Second, 10)}, Cost: 1}
		slow := ratelimit.Request{Key: ratelimit.Bucket{ID: "slow", Rule: rule(1, time.Hour, 2)}, Cost: 2}
		take(t, l, quick)
		take(t, l, slow)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if n := l.Len(); n != 1 {
			t.Errorf("%d buckets are held, want the one that is not full", n)
		}
		if d := take(t, l, slow); d.Allowed {
			t.Error("dropping a bucket gave its tokens back")
		}
	})
}

// What a flood of buckets took is given back, and those that stay are moved
// with what they hold, also while they are used.
func TestBucketsMoveTogetherAfterAFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, err := ratelimit.NewLocal(ratelimit.Config{IdleAfter: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close(t.Context()) }()
		kept := func(i int) ratelimit.Request {
			return ratelimit.Request{Key: ratelimit.Bucket{ID: fmt.Sprint("kept", i), Rule: rule(1, 1000*time.Hour, 100)}, Cost: 1}
		}
		const keep, flood = 100, 40_000
		for i := range flood {
			if i < keep {
				take(t, l, kept(i))
			}
			take(t, l, ratelimit.Request{Key: ratelimit.Bucket{ID: fmt.Sprint("flood", i), Rule: rule(10, time.Second, 10)}, Cost: 1})
		}
		var all sync.WaitGroup
		for part := range 4 {
			all.Go(func() {
				for range 10 {
					for i := part; i < keep; i += 4 {
						take(t, l, kept(i))
					}
					time.Sleep(30 * time.Second)
				}
			})
		}
		all.Wait()
		if n := l.Len(); n != keep {
			t.Errorf("%d buckets are held after the flood, want %d", n, keep)
		}
		for i := range keep {
			if d := take(t, l, kept(i)); d.Key.Remaining != 100-12 {
				t.Fatalf("a bucket that was moved has %d tokens, want 88", d.Key.Remaining)
			}
		}
	})
}

func TestQuotaUseIsSavedWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{used: map[string]int64{}}
		l, err := ratelimit.NewLocal(ratelimit.Config{Store: store})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close(t.Context()) }()
		r := ratelimit.Request{Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 10, Per: ratelimit.Day}}, Cost: 4}
		take(t, l, r)
		time.Sleep(time.Second)
		synctest.Wait()
		label := labelOf(r.Quota.Quota, time.Now())
		if used, err := store.QuotaUse(t.Context(), "a", label); err != nil || used != 4 {
			t.Errorf("after a second the store has %d, %v", used, err)
		}
	})
}

// TestTimeDoesNotRunBackwardsInABucket: a time before the last charge neither
// fills it nor makes it wait for longer than its rule does.
func TestTimeDoesNotRunBackwardsInABucket(t *testing.T) {
	t.Parallel()
	began := time.Now() // with the monotonic clock
	var passed time.Duration
	l, err := ratelimit.NewLocal(ratelimit.Config{Now: func() time.Time { return began.Add(passed) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) })
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: rule(1, time.Second, 1)}, Cost: 1}
	take(t, l, r)
	if d := take(t, l, r); d.Allowed {
		t.Error("a spent bucket lets pass")
	}
	passed = time.Second
	if d := take(t, l, r); !d.Allowed {
		t.Errorf("a second later: %+v", d)
	}
	passed = 0 // earlier than the last use
	if d := take(t, l, r); d.Allowed || d.RetryAfter > time.Second {
		t.Errorf("at an earlier time: %+v", d)
	}
}
