package ratelimit_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

func newClock() *ratelimittest.Clock { return ratelimittest.NewClock() }

func rule(n int64, per time.Duration, burst int64) ratelimit.Rule {
	return ratelimittest.Rule(n, per, burst)
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

func newLocal(t *testing.T, c *ratelimittest.Clock, store ratelimit.QuotaStore) *ratelimit.Local {
	t.Helper()
	l, err := ratelimit.NewLocal(ratelimit.Config{Now: c.Now, Store: store, FlushEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) })
	return l
}

func take(t *testing.T, l ratelimit.Limiter, r ratelimit.Request) ratelimit.Decision {
	t.Helper()
	return ratelimittest.Take(t, l, r)
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
	c.Advance(24 * time.Hour)
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

// Buckets give what those of golang.org/x/time/rate do, which hold pointers.
func TestBucketsAgreeWithThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		random, c := rand.New(rand.NewPCG(seed, 1)), newClock()
		l, err := ratelimit.NewLocal(ratelimit.Config{Now: c.Now, IdleAfter: math.MaxInt64})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) })
		newRule := func() ratelimit.Rule {
			return rule(1+random.Int64N(1000), time.Duration(1+random.Int64N(int64(time.Hour))), 1+random.Int64N(100))
		}
		r := newRule()
		reference, charged := rate.NewLimiter(perSecond(r), int(r.Burst)), c.Now()
		for i := range 500 {
			c.Advance(time.Duration(random.Int64N(int64(r.Per))))
			if i > 0 && random.IntN(20) == 0 {
				old := r
				r = newRule()
				at := c.Now()
				if perSecond(r) > perSecond(old) { // the faster pace holds since the last charge
					at = charged
				}
				reference.SetBurstAt(charged, int(r.Burst))
				reference.SetLimitAt(at, perSecond(r))
				take(t, l, ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: r}})
			}
			cost := 1 + random.Int64N(r.Burst)
			for onEdge(reference.TokensAt(c.Now())) {
				c.Advance(r.Per/7 + 1)
			}
			before := reference.TokensAt(c.Now())
			d := take(t, l, ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: r}, Cost: cost})
			allowed := reference.AllowN(c.Now(), int(cost))
			if allowed {
				charged = c.Now()
			}
			if left := int64(reference.TokensAt(c.Now())); d.Allowed != allowed || d.Key.Remaining != left {
				t.Fatalf("%s with %g tokens, asked for %d: allowed %t, left %d; the library: %t, %d", r, before, cost, d.Allowed,
					d.Key.Remaining, allowed, left)
			}
		}
	}
}

// onEdge reports that one more of the tokens is about to be there, where each
// may round in its own way.
func onEdge(tokens float64) bool {
	whole := math.Round(tokens)
	return tokens != whole && math.Abs(tokens-whole) < 1e-6
}

func perSecond(r ratelimit.Rule) rate.Limit { return rate.Limit(float64(r.Requests) / r.Per.Seconds()) }

// Ids are distinct, whatever their length.
func TestLongIDsHaveBucketsOfTheirOwn(t *testing.T) {
	t.Parallel()
	l := newLocal(t, newClock(), nil)
	for _, id := range []string{
		"", "\x00", strings.Repeat("a", 46), strings.Repeat("a", 47), strings.Repeat("a", 48), strings.Repeat("a", 49),
		strings.Repeat("a", 48) + "b",
	} {
		r := ratelimit.Request{Key: ratelimit.Bucket{ID: id, Rule: rule(1, time.Hour, 1)}, Cost: 1}
		if first, second := take(t, l, r), take(t, l, r); !first.Allowed || second.Allowed {
			t.Errorf("an id of %d bytes shares its bucket, or has none: %t, then %t", len(id), first.Allowed, second.Allowed)
		}
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
