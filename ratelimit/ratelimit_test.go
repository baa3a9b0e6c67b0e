package ratelimit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
)

// clock is a time that tests set.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }
func rule(n int64, per time.Duration, burst int64) ratelimit.Rule {
	return ratelimit.Rule{Requests: n, Per: per, Burst: burst}
}

// memory is a QuotaStore that can be made to fail.
type memory struct {
	mu   sync.Mutex
	used map[string]int64
	gone bool
}

var errGone = errors.New("gone")

func (m *memory) QuotaUse(_ context.Context, id, window string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return 0, errGone
	}
	return m.used[id+window], nil
}

func (m *memory) AddQuotaUse(_ context.Context, uses []ratelimit.QuotaUse) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return errGone
	}
	for _, u := range uses {
		m.used[u.ID+u.Window] += u.Used
	}
	return nil
}

func (m *memory) setGone(gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = gone
}

func newLocal(t *testing.T, c *clock, store ratelimit.QuotaStore) *ratelimit.Local {
	t.Helper()
	l, err := ratelimit.NewLocal(ratelimit.Config{Now: c.now, Store: store, FlushEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) })
	return l
}

func take(t *testing.T, l ratelimit.Limiter, r ratelimit.Request) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestABucketAsAStoryOfSeconds(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLocal(t, c, nil)
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: rule(10, 10*time.Second, 3)}, Cost: 1}
	for want := int64(2); want >= 0; want-- {
		if d := take(t, l, r); !d.Allowed || d.Key.Remaining != want {
			t.Fatalf("%+v, want %d remaining", d, want)
		}
	}
	d := take(t, l, r)
	if d.Allowed || d.Refused != ratelimit.PartKey || d.RetryAfter != time.Second || d.Never {
		t.Fatalf("an empty bucket: %+v", d)
	}
	c.advance(d.RetryAfter)
	if d := take(t, l, r); !d.Allowed {
		t.Fatalf("after waiting as told: %+v", d)
	}
	c.advance(-time.Hour)
	if d := take(t, l, r); d.Allowed {
		t.Fatalf("a clock that went back minted a token: %+v", d)
	}
	c.advance(2 * time.Hour)
	r.Cost = 4
	if d := take(t, l, r); d.Allowed || !d.Never || d.RetryAfter != 0 {
		t.Fatalf("a cost above the burst: %+v", d)
	}
	r.Cost, r.DryRun = 3, true
	if d := take(t, l, r); !d.Allowed || d.Key.Remaining != 3 {
		t.Fatalf("a dry run charged: %+v", d)
	}
}

func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLocal(t, c, nil)
	r := ratelimit.Request{
		Key: ratelimit.Bucket{ID: "k", Rule: rule(10, time.Hour, 10)}, Account: ratelimit.Bucket{ID: "a", Rule: rule(10, time.Hour, 5)},
		Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 3, Per: ratelimit.Day}}, Cost: 1,
	}
	for range 3 {
		take(t, l, r)
	}
	d := take(t, l, r)
	if d.Refused != ratelimit.PartQuota || d.Key.Remaining != 7 || d.Account.Remaining != 2 || d.RetryAfter != 12*time.Hour {
		t.Fatalf("a used up quota: %+v", d)
	}
	r.Quota = ratelimit.QuotaCharge{}
	take(t, l, r)
	take(t, l, r)
	if d := take(t, l, r); d.Refused != ratelimit.PartAccount || d.Key.Remaining != 5 {
		t.Fatalf("an empty account: %+v", d)
	}
}

func TestConcurrentTakesNeverExceedTheLimit(t *testing.T) {
	t.Parallel()
	l := newLocal(t, newClock(), &memory{used: map[string]int64{}})
	r := ratelimit.Request{
		Key: ratelimit.Bucket{ID: "k", Rule: rule(1, time.Hour, 1000)}, Account: ratelimit.Bucket{ID: "a", Rule: rule(1, time.Hour, 900)},
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

func TestAChangedRuleTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	l := newLocal(t, newClock(), nil)
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: rule(1, time.Hour, 100)}, Cost: 10}
	take(t, l, r)
	r.Key.Rule.Burst = 5
	r.Cost = 1
	if d := take(t, l, r); d.Key.Remaining != 4 || d.Key.Limit != 5 {
		t.Errorf("a lowered burst: %+v", d)
	}
}

func TestQuotaSurvivesRestartAndOutage(t *testing.T) {
	t.Parallel()
	c, store := newClock(), &memory{used: map[string]int64{}}
	r := ratelimit.Request{Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 10, Per: ratelimit.Day}}, Cost: 4}
	first := newLocal(t, c, store)
	take(t, first, r)
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	store.setGone(true)
	second := newLocal(t, c, store)
	if d := take(t, second, r); !d.Allowed || d.Quota.Remaining != 6 {
		t.Errorf("while the store is gone: %+v", d)
	}
	if err := second.Flush(t.Context()); !errors.Is(err, errGone) {
		t.Errorf("a flush without a store: %v", err)
	}
	store.setGone(false)
	if err := second.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := take(t, second, r); d.Allowed || d.Quota.Remaining != 2 {
		t.Errorf("what was used before and during the outage counts: %+v", d)
	}
	c.advance(24 * time.Hour)
	if d := take(t, second, r); !d.Allowed || d.Quota.Remaining != 6 {
		t.Errorf("a new day: %+v", d)
	}
}

func TestHostileIDsAreBounded(t *testing.T) {
	t.Parallel()
	l, err := ratelimit.NewLocal(ratelimit.Config{MaxBuckets: 640})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) })
	for i := range 10_000 {
		take(t, l, ratelimit.Request{Key: ratelimit.Bucket{ID: string(rune(i)) + "x", Rule: rule(1, time.Hour, 2)}, Cost: 1})
	}
	if l.Len() > 640 {
		t.Errorf("%d buckets are held", l.Len())
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("100/10s")
	f.Add("1/744h burst 7")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ratelimit.ParseRule(text)
		if err != nil {
			return
		}
		if again, err := ratelimit.ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%q became %q, which is %v, %v", text, r, again, err)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	l, err := ratelimit.NewLocal(ratelimit.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close(b.Context()) //nolint:errcheck // nothing is saved
	r := ratelimit.Request{
		Key: ratelimit.Bucket{ID: "k", Rule: rule(1e9, time.Second, 1e9)}, Account: ratelimit.Bucket{ID: "a", Rule: rule(1e9, time.Second, 1e9)},
		Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 1e15, Per: ratelimit.Month}}, Cost: 1,
	}
	b.ReportAllocs()
	for b.Loop() {
		if d, err := l.Take(b.Context(), r); err != nil || !d.Allowed {
			b.Fatal(d, err)
		}
	}
}
