package ratelimit_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/latchkey/latchkey/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A token is due a moment before it is whole, so that rounding of floating
// point refuses nobody; whoever takes it early must still pay for it.
func TestAnAlmostWholeTokenIsTakenOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLocal(t, c, nil)
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: rule(1, time.Hour, 1)}, Cost: 1}
	take(t, l, r)
	c.advance(time.Hour - time.Millisecond)
	passed := 0
	for range 10 {
		if take(t, l, r).Allowed {
			passed++
		}
	}
	if passed > 1 {
		t.Errorf("one token let %d requests pass", passed)
	}
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

// model is the limiter as one would write it without a thought for speed.
type model struct {
	tokens map[string]float64
	at     map[string]time.Time
	used   map[string]int64
}

func (m *model) fill(b ratelimit.Bucket, now time.Time) float64 {
	tokens, known := m.tokens[b.ID]
	if !known {
		return float64(b.Rule.Burst)
	}
	added := now.Sub(m.at[b.ID]).Seconds() * float64(b.Rule.Requests) / b.Rule.Per.Seconds()
	return min(float64(b.Rule.Burst), tokens+added)
}

// refuses names the part that refuses; it charges all parts or none. near says
// that floating point may see it either way.
func (m *model) refuses(r ratelimit.Request, now time.Time) (part ratelimit.Part, near bool) {
	cost := float64(r.Cost)
	key, account := m.fill(r.Key, now), m.fill(r.Account, now)
	label, _ := r.Quota.Quota.Window(now)
	left := r.Quota.Quota.Requests - m.used[label]
	near = math.Abs(key-cost) < 1e-3 || math.Abs(account-cost) < 1e-3
	switch {
	case key < cost:
		return ratelimit.PartKey, near
	case account < cost:
		return ratelimit.PartAccount, near
	case left < r.Cost:
		return ratelimit.PartQuota, near
	}
	if !r.DryRun {
		m.tokens[r.Key.ID], m.at[r.Key.ID] = key-cost, now
		m.tokens[r.Account.ID], m.at[r.Account.ID] = account-cost, now
		m.used[label] += r.Cost
	}
	return ratelimit.PartNone, near
}

func TestTakeAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		c := newClock()
		l := newLocal(t, c, nil)
		m := &model{tokens: map[string]float64{}, at: map[string]time.Time{}, used: map[string]int64{}}
		account := ratelimit.Bucket{ID: "a", Rule: rule(1+random.Int64N(20), time.Duration(1+random.Int64N(60))*time.Second, 1+random.Int64N(40))}
		keys := []ratelimit.Bucket{
			{ID: "k1", Rule: rule(1+random.Int64N(20), time.Duration(1+random.Int64N(60))*time.Second, 1+random.Int64N(20))},
			{ID: "k2", Rule: rule(1+random.Int64N(20), time.Duration(1+random.Int64N(60))*time.Second, 1+random.Int64N(20))},
		}
		quota := ratelimit.Quota{Requests: 20 + random.Int64N(200), Per: ratelimit.Day}
		for step := range 300 {
			c.advance(time.Duration(random.Int64N(int64(20*time.Second))) + time.Duration(random.Int64N(200)/199)*7*time.Hour)
			r := ratelimit.Request{
				Key: keys[random.IntN(2)], Account: account, Quota: ratelimit.QuotaCharge{ID: "a", Quota: quota},
				Cost: 1 + random.Int64N(6), DryRun: random.IntN(4) == 0,
			}
			want, near := m.refuses(r, c.now())
			d := take(t, l, r)
			if d.Refused != want && near {
				break // a tie that only rounding decides: the two go on differently
			}
			if d.Refused != want || d.Allowed != (want == ratelimit.PartNone) {
				t.Fatalf("round %d, step %d: refused by %q, the model says %q: %+v", round, step, d.Refused, want, d)
			}
			if left := m.used[labelOf(quota, c.now())]; d.Quota.Remaining != quota.Requests-left {
				t.Fatalf("round %d, step %d: %d of the quota remain, the model says %d", round, step, d.Quota.Remaining, quota.Requests-left)
			}
		}
	}
}

func labelOf(q ratelimit.Quota, now time.Time) string {
	label, _ := q.Window(now)
	return label
}

// Waiting as told is enough, and a moment less is not.
func TestRetryAfterIsExact(t *testing.T) {
	t.Parallel()
	for _, r := range []ratelimit.Rule{rule(7, 3*time.Second, 5), rule(1, 31*24*time.Hour, 5), rule(1000, time.Millisecond, 5), rule(100, 10*time.Second, 5)} {
		c := newClock()
		l := newLocal(t, c, nil)
		ask := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: r}, Cost: 5}
		take(t, l, ask)
		d := take(t, l, ask)
		if d.Allowed || d.RetryAfter <= 0 || d.Key.ResetAfter < d.RetryAfter {
			t.Fatalf("%s: an empty bucket: %+v", r, d)
		}
		c.advance(d.RetryAfter * 9 / 10)
		if early := take(t, l, ask); early.Allowed {
			t.Errorf("%s: passed before its time", r)
		}
		c.advance(d.RetryAfter - d.RetryAfter*9/10)
		if late := take(t, l, ask); !late.Allowed {
			t.Errorf("%s: waited as told and was refused: %+v", r, late)
		}
	}
}

func TestARaisedRuleHelpsALiveBucket(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLocal(t, c, nil)
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: rule(1, time.Hour, 2)}, Cost: 2}
	take(t, l, r)
	r.Key.Rule, r.Cost = rule(3600, time.Hour, 10), 1
	take(t, l, r)
	c.advance(5 * time.Second)
	if d := take(t, l, r); !d.Allowed || d.Key.Limit != 10 || d.Key.Remaining != 4 {
		t.Errorf("five seconds after the rule became one a second: %+v", d)
	}
}

func TestQuotaWindowsEndAtTheirEdge(t *testing.T) {
	t.Parallel()
	c := newClock()
	c.at.Store(time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, time.UTC).UnixNano())
	for _, per := range []ratelimit.Period{ratelimit.Day, ratelimit.Month} {
		label, end := ratelimit.Quota{Requests: 1, Per: per}.Window(c.now())
		next, _ := ratelimit.Quota{Requests: 1, Per: per}.Window(end)
		if !end.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) || label == next {
			t.Errorf("the %s %s ends at %s, where %s begins", per, label, end, next)
		}
		// Everywhere on earth the windows are those of UTC.
		if there, _ := (ratelimit.Quota{Requests: 1, Per: per}).Window(c.now().In(time.FixedZone("east", 14*60*60))); there != label {
			t.Errorf("in another zone the window is %s, not %s", there, label)
		}
	}
	l := newLocal(t, c, nil)
	r := ratelimit.Request{Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 1, Per: ratelimit.Month}}, Cost: 1}
	take(t, l, r)
	if d := take(t, l, r); d.Allowed || d.RetryAfter != time.Nanosecond {
		t.Errorf("in the last nanosecond of a month: %+v", d)
	}
	c.advance(time.Nanosecond)
	if d := take(t, l, r); !d.Allowed {
		t.Errorf("in the first of the next: %+v", d)
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
