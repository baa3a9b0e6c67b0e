package redislimit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient is a time-out that a loaded machine keeps too.
const patient = 20 * time.Second

func newLimiter(tb testing.TB, c redislimit.Config) *redislimit.Limiter {
	tb.Helper()
	if c.Timeout == 0 {
		c.Timeout = patient
	}
	l, err := redislimit.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

// timed returns a limiter with names of its own that lives by the clock.
func timed(t *testing.T, url string, c *ratelimittest.Clock) *redislimit.Limiter {
	t.Helper()
	return newLimiter(t, redislimit.Config{URL: url, Prefix: fmt.Sprintf("%s %d:", t.Name(), rand.Uint64()), Now: c.Now, OwnTime: true})
}

func TestRedisConforms(t *testing.T) {
	t.Parallel()
	url := parts.Redis(t).URL()
	ratelimittest.Test(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter { return timed(t, url, c) })
}

func TestRedisAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	url := parts.Redis(t).URL()
	ratelimittest.TestModel(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter { return timed(t, url, c) })
}

func TestAClusterConforms(t *testing.T) {
	t.Parallel()
	url := parts.RedisCluster(t).URL()
	ratelimittest.Test(t, func(t *testing.T, c *ratelimittest.Clock) ratelimit.Limiter { return timed(t, url, c) })
}

// The limiter in Redis and the one in memory decide every trace alike, changes
// of rules on the way included.
func TestRedisAgreesWithLocal(t *testing.T) {
	t.Parallel()
	url := parts.Redis(t).URL()
	for seed := range uint64(30) {
		clock := ratelimittest.NewClock()
		local, err := ratelimit.NewLocal(ratelimit.Config{Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = local.Close(context.WithoutCancel(t.Context())) })
		shared := timed(t, url, clock)
		random := rand.New(rand.NewPCG(seed, 7))
		trace := ratelimittest.NewTrace(random)
		for step := range 300 {
			clock.Advance(trace.Pause())
			requests := []ratelimit.Request{}
			switch {
			case step == 0:
				// A full bucket may be kept or forgotten, which a raised burst
				// would tell, so all of them are used once.
				requests = trace.EachKey(1)
			case random.IntN(10) == 0:
				requests = trace.ChangeRules()
			}
			for _, r := range append(requests, trace.Request()) {
				want, got := ratelimittest.Take(t, local, r), ratelimittest.Take(t, shared, r)
				want.Cluster, want.Quota.Began = true, got.Quota.Began
				if diff := cmp.Diff(want, got, cmp.Comparer(almost)); diff != "" {
					t.Fatalf("seed %d, step %d, %+v: local and Redis differ (-local +Redis):\n%s", seed, step, r, diff)
				}
			}
		}
	}
}

// almost leaves room for what floating point loses of a duration.
func almost(a, b time.Duration) bool { return (a - b).Abs() <= 10*time.Microsecond }

// Redis fills buckets by its own time, so nodes whose clocks differ share them.
func TestClocksOfNodesDoNotMatter(t *testing.T) {
	t.Parallel()
	url := parts.Redis(t).URL()
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, time.Hour, 2)}, Cost: 1}
	var passed int
	for _, off := range []time.Duration{-48 * time.Hour, 0, 48 * time.Hour} {
		l := newLimiter(t, redislimit.Config{URL: url, Now: func() time.Time { return time.Now().Add(off) }})
		if ratelimittest.Take(t, l, r).Allowed {
			passed++
		}
	}
	if passed != 2 {
		t.Errorf("%d of 2 passed", passed)
	}
}

// TestTheServersClockIsSetBack: what is spent fills from then on, not once the
// clock is where it was.
func TestTheServersClockIsSetBack(t *testing.T) {
	t.Parallel()
	url := parts.Redis(t).URL()
	for _, jump := range []time.Duration{-20 * time.Second, -24 * time.Hour} {
		c := ratelimittest.NewClock()
		r := ratelimit.Request{
			Key:     ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, time.Second, 1)},
			Account: ratelimit.Bucket{ID: "a", Rule: ratelimittest.Rule(1, time.Second, 1)}, Cost: 1,
		}
		exact := timed(t, url, c)
		ratelimittest.Take(t, exact, r)
		c.Advance(jump)
		if d := ratelimittest.Take(t, exact, r); d.Allowed {
			t.Errorf("%s: a spent bucket lets pass", jump)
		}
		c.Advance(time.Second)
		if d := ratelimittest.Take(t, exact, r); !d.Allowed {
			t.Errorf("%s, a second later: %+v", jump, d)
		}
	}
}

// TestAClockSlightlyBehindFillsNothing: a replica that takes over, or a clock that
// is being corrected, goes back and forth without giving tokens away.
func TestAClockSlightlyBehindFillsNothing(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	r := ratelimit.Request{
		Key:     ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(2, time.Second, 1)},
		Account: ratelimit.Bucket{ID: "a", Rule: ratelimittest.Rule(10, time.Second, 10)}, Cost: 1,
	}
	exact := timed(t, parts.Redis(t).URL(), c)
	ratelimittest.Take(t, exact, r)
	for range 10 {
		for _, step := range []time.Duration{-900 * time.Millisecond, 900 * time.Millisecond} {
			c.Advance(step)
			if d := ratelimittest.Take(t, exact, r); d.Allowed {
				t.Fatalf("after a step of %s: a spent bucket lets pass", step)
			}
		}
	}
}

// A server that has forgotten the scripts, as a restarted one has, is given
// them again.
func TestForgottenScriptsAreSentAgain(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	l := newLimiter(t, redislimit.Config{URL: server.URL()})
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, time.Hour, 5)}, Cost: 1}
	ratelimittest.Take(t, l, r)
	server.Command("SCRIPT", "FLUSH")
	if d := ratelimittest.Take(t, l, r); !d.Allowed || d.Key.Remaining != 3 {
		t.Errorf("after the scripts were forgotten: %+v", d)
	}
}

// Every counter has an end, so what is not used vanishes.
func TestIdleCountersVanish(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	l := newLimiter(t, redislimit.Config{URL: server.URL()})
	ratelimittest.Take(t, l, ratelimit.Request{
		Key:     ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, 10*time.Second, 100)},
		Account: ratelimit.Bucket{ID: "a", Rule: ratelimittest.Rule(1, 10*time.Second, 100)},
		Quota:   ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 10, Per: ratelimit.Day}}, Cost: 6,
	})
	names := strings.Fields(server.Command("KEYS", "*"))
	if len(names) != 3 {
		t.Fatalf("the counters are %q", names)
	}
	for _, name := range names {
		var left int64
		if _, err := fmt.Sscan(server.Command("PTTL", name), &left); err != nil || left <= 0 {
			t.Errorf("%s has no end: %d, %v", name, left, err)
		}
		if strings.Contains(name, "quota") {
			continue
		}
		if left < 55_000 || left > 62_000 {
			t.Errorf("%s, full after a minute, ends in %d ms", name, left)
		}
	}
	ratelimittest.Take(t, l, ratelimit.Request{
		Key:  ratelimit.Bucket{ID: "dry", Rule: ratelimittest.Rule(1, time.Second, 1)},
		Cost: 1, DryRun: true,
	})
	if names := strings.Fields(server.Command("KEYS", "*")); len(names) != 3 {
		t.Errorf("a dry run left something: %q", names)
	}
}

// A counter begins with what was used before it was in Redis.
func TestAQuotaGoesOnFromWhatIsStored(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	var asked int
	var fault error
	l := newLimiter(t, redislimit.Config{URL: parts.Redis(t).URL(), Used: func(_ context.Context, id, window string) (int64, error) {
		asked++
		if id != "sa" || window != time.Now().UTC().Format("2006-01") {
			t.Errorf("asked for %s in %s", id, window)
		}
		return 7, fault
	}})
	r := ratelimit.Request{Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 10, Per: ratelimit.Month}}, Cost: 2}
	fault = gone
	if _, err := l.Take(t.Context(), r); !errors.Is(err, gone) {
		t.Errorf("while it cannot be told what was used: %v", err)
	}
	fault = nil
	if d := ratelimittest.Take(t, l, r); !d.Allowed || d.Quota.Remaining != 1 || d.Quota.Began == 0 {
		t.Errorf("after 7 of 10: %+v", d)
	}
	if d := ratelimittest.Take(t, l, r); d.Allowed || asked != 2 {
		t.Errorf("asked %d times: %+v", asked, d)
	}
}

func TestSettlingAddsOrRaises(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, redislimit.Config{URL: parts.Redis(t).URL()})
	r := ratelimit.Request{Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 100, Per: ratelimit.Month}}, Cost: 1}
	first := ratelimittest.Take(t, l, r)
	window, _ := r.Quota.Quota.Window(time.Now())
	r.Cost = 0
	for _, tt := range []struct {
		name string
		s    ratelimit.Settlement
		want int64
	}{
		{"what was let pass is added", ratelimit.Settlement{ID: "sa", Add: 5, Began: first.Quota.Began, Used: 6}, 94},
		{"to a counter begun anew nothing is added that it has", ratelimit.Settlement{ID: "sa", Add: 5, Began: 1, Used: 6}, 94},
		{
			"one that has lost nothing is not raised before it is added to", ratelimit.Settlement{
				ID: "sa", Add: 4, Began: first.Quota.Began,
				Known: 6, Used: 10,
			}, 90,
		},
		{"one that has lost something is", ratelimit.Settlement{ID: "sa", Add: 4, Began: first.Quota.Began, Known: 15, Used: 19}, 81},
		{"what was used of the one before is added", ratelimit.Settlement{ID: "sa", Began: 1, Used: 6, Before: true}, 75},
		{"once, whoever tells", ratelimit.Settlement{ID: "sa", Began: 1, Used: 5, Before: true}, 75},
		{"and what another node knows beyond that", ratelimit.Settlement{ID: "sa", Began: 1, Used: 8, Before: true}, 73},
		{"it is raised to what is known", ratelimit.Settlement{ID: "sa", Add: 5, Began: 1, Used: 50}, 50},
		{"a counter that is not there is left so", ratelimit.Settlement{ID: "other", Add: 5, Began: 1, Used: 50}, 50},
	} {
		tt.s.Window = window
		if err := l.Settle(t.Context(), tt.s); err != nil {
			t.Fatal(err)
		}
		if d := ratelimittest.Take(t, l, r); d.Quota.Remaining != tt.want {
			t.Errorf("%s: %d remain, want %d", tt.name, d.Quota.Remaining, tt.want)
		}
	}
	r.Quota.ID = "other"
	if d := ratelimittest.Take(t, l, r); d.Quota.Remaining != 100 {
		t.Errorf("settling made a counter: %+v", d)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"redis://localhost:6379", "redis://localhost:6379/3", "rediss://:secret@example.com:6380/0", "redis://user:secret@localhost",
		"redis://a:6379,b:6379,c:6379", "redis+cluster://:secret@a:6379", "rediss+cluster://a:6379,b:6379?dial_timeout=1s",
		"redis+sentinel://a:26379,b:26379/0?master_name=main", "redis://[::1]:6379/0",
	} {
		if err := redislimit.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "localhost:6379", "http://localhost", "redis+other://localhost", "redis://", "redis://:sesame@", "redis://localhost/notanumber",
		"redis://localhost:port:sesame", "redis://:ses%ame@localhost", "redis://localhost?no_such=1", "redis+sentinel://a:26379",
		"redis://a:1,,b:2", "redis://a:1,b",
	} {
		err := redislimit.CheckURL(bad)
		if err == nil {
			t.Errorf("%q is accepted", bad)
			continue
		}
		if !strings.Contains(err.Error(), "redis://HOST") {
			t.Errorf("%q: %v does not say what to write", bad, err)
		}
		if strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: the error tells the password: %v", bad, err)
		}
	}
	if _, err := redislimit.New(redislimit.Config{URL: "redis://localhost"}); err == nil {
		t.Error("a limiter without a time-out is made")
	}
}

func TestAWrongPasswordIsAnErrorThatTellsNone(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	server.Command("CONFIG", "SET", "requirepass", "sesame")
	for password, says := range map[string]string{"": "asks for a password", "barley": "WRONGPASS"} {
		l := newLimiter(t, redislimit.Config{URL: "redis://:" + password + "@" + server.Addr()})
		err := l.Probe(t.Context())
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "barley") {
			t.Errorf("with %q: %v", password, err)
		}
	}
	l := newLimiter(t, redislimit.Config{URL: "redis://:sesame@" + server.Addr()})
	if err := l.Probe(t.Context()); err != nil {
		t.Errorf("with the right one: %v", err)
	}
}

func BenchmarkTake(b *testing.B) {
	l := newLimiter(b, redislimit.Config{URL: parts.Redis(b).URL()})
	r := request()
	for _, parallel := range []bool{false, true} {
		b.Run(fmt.Sprintf("parallel=%t", parallel), func(b *testing.B) {
			b.ReportAllocs()
			if !parallel {
				for b.Loop() {
					ratelimittest.Take(b, l, r)
				}
				return
			}
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					ratelimittest.Take(b, l, r)
				}
			})
		})
	}
}

// request is one that has all parts and is never refused.
func request() ratelimit.Request {
	return ratelimit.Request{
		Group: "a",
		Key:   ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1e9, time.Second, 1e9)}, Account: ratelimit.Bucket{
			ID:   "a",
			Rule: ratelimittest.Rule(1e9, time.Second, 1e9),
		},
		Quota: ratelimit.QuotaCharge{ID: "a", Quota: ratelimit.Quota{Requests: 1e15, Per: ratelimit.Month}}, Cost: 1,
	}
}
