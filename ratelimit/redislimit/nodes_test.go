package redislimit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
)

// quotaStore is the store that all nodes share.
type quotaStore struct {
	mu   sync.Mutex
	used map[string]int64
}

func newStore() *quotaStore { return &quotaStore{used: map[string]int64{}} }

func (s *quotaStore) QuotaUse(_ context.Context, id, window string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used[id+window], nil
}

func (s *quotaStore) AddQuotaUse(_ context.Context, uses []ratelimit.QuotaUse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range uses {
		s.used[u.ID+u.Window] += u.Used
	}
	return nil
}

// node is what each node of the service has.
type node struct {
	*ratelimit.Failover
	local  *ratelimit.Local
	leased *ratelimit.Leased
	redis  *redislimit.Limiter
	prefix string
	once   sync.Once
}

type nodeConfig struct {
	url     string
	prefix  string
	store   *quotaStore
	timeout time.Duration        // patient if 0
	clock   *ratelimittest.Clock // the time that there is if nil
	leased  bool
}

func newNode(tb testing.TB, c nodeConfig) *node {
	tb.Helper()
	if c.timeout == 0 {
		c.timeout = patient
	}
	n := &node{prefix: c.prefix}
	var now func() time.Time
	if c.clock != nil {
		now = c.clock.Now
	}
	var err error
	if n.local, err = ratelimit.NewLocal(ratelimit.Config{Store: c.store, Now: now}); err != nil {
		tb.Fatal(err)
	}
	if n.redis, err = redislimit.New(redislimit.Config{
		URL: c.url, Prefix: c.prefix, Timeout: c.timeout, Used: n.local.QuotaUsed, Now: now,
		OwnTime: now != nil,
	}); err != nil {
		tb.Fatal(err)
	}
	var shared ratelimit.Shared = n.redis
	if c.leased {
		if n.leased, err = ratelimit.NewLeased(ratelimit.LeasedConfig{From: n.redis, Timeout: c.timeout, Now: now}); err != nil {
			tb.Fatal(err)
		}
		shared = struct {
			*ratelimit.Leased
			ratelimit.Settler
		}{n.leased, n.redis}
	}
	n.Failover, err = ratelimit.NewFailover(ratelimit.FailoverConfig{
		Shared: shared, Local: n.local, Timeout: c.timeout, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { n.end(context.WithoutCancel(tb.Context())) })
	return n
}

// end ends the node as the service does. What Redis does not take any more is
// not the matter here.
func (n *node) end(ctx context.Context) {
	n.once.Do(func() {
		n.Close()
		if n.leased != nil {
			_ = n.leased.Close(ctx)
		}
		_ = n.redis.Close()
		_ = n.local.Close(ctx)
	})
}

func three(tb testing.TB, c nodeConfig) []*node {
	tb.Helper()
	c.prefix, c.store = fmt.Sprintf("%d:", rand.Uint64()), newStore()
	return []*node{newNode(tb, c), newNode(tb, c), newNode(tb, c)}
}

// where runs the test on one Redis and on a cluster, exact and leased.
func where(t *testing.T, test func(*testing.T, nodeConfig)) {
	t.Helper()
	for _, place := range []struct {
		name string
		url  func(*testing.T) string
	}{
		{"one server", func(t *testing.T) string { return parts.Redis(t).URL() }},
		{"a cluster", func(t *testing.T) string { return parts.RedisCluster(t).URL() }},
	} {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			url := place.url(t)
			for _, leased := range []bool{false, true} {
				t.Run(map[bool]string{false: "exact", true: "leased"}[leased], func(t *testing.T) {
					test(t, nodeConfig{url: url, leased: leased})
				})
			}
		})
	}
}

// Three nodes under three times the load that a limit allows let pass what one
// would: never more, and little less. Time passes with each request, so that
// the load is the same on a slow machine.
func TestOneLimitOverThreeNodes(t *testing.T) {
	t.Parallel()
	where(t, func(t *testing.T, c nodeConfig) {
		for _, burst := range []int64{10, 100, 1000, 10_000} {
			c.clock = ratelimittest.NewClock()
			accepted, allowed := overload(t, three(t, c), c.clock, ratelimittest.Rule(burst, 2*time.Second, burst))
			t.Logf("leased=%t, burst %d: %d of %.0f passed, %.4f", c.leased, burst, accepted, allowed, float64(accepted)/allowed)
			if float64(accepted) > allowed+1 || float64(accepted) < 0.98*allowed-1 {
				t.Errorf("burst %d: %d passed, %.0f are allowed", burst, accepted, allowed)
			}
		}
	})
}

// Nodes that lease and nodes that do not share one limit: what is held counts for both.
func TestExactAndLeasedNodesShareOneLimit(t *testing.T) {
	t.Parallel()
	c := nodeConfig{url: parts.Redis(t).URL(), leased: true}
	for _, burst := range []int64{100, 1000, 10_000} {
		c.clock = ratelimittest.NewClock()
		nodes := three(t, c)
		exact := c
		exact.prefix, exact.store, exact.leased = nodes[0].prefix, newStore(), false
		nodes = append(nodes, newNode(t, exact))
		rule := ratelimittest.Rule(burst, 2*time.Second, burst)
		accepted, allowed := overload(t, nodes, c.clock, rule)
		t.Logf("burst %d: %d of %.0f passed, %.4f", burst, accepted, allowed, float64(accepted)/allowed)
		if float64(accepted) > allowed+1 || float64(accepted) < 0.98*allowed-1 {
			t.Errorf("burst %d: %d passed, %.0f are allowed", burst, accepted, allowed)
		}
	}
}

// What is leased is missing from a full bucket, also for a node that decides exactly.
func TestAFullBucketExcludesWhatIsLeased(t *testing.T) {
	t.Parallel()
	c := ratelimittest.NewClock()
	l := timed(t, parts.Redis(t).URL(), c)
	bucket := ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(100, time.Second, 100)}
	r := ratelimit.Request{Group: "sa", Key: bucket, Cost: 0, DryRun: true}
	if g, err := l.LeaseBucket(t.Context(), ratelimit.BucketLease{
		Group: "sa", Bucket: bucket, Node: "a", Want: 20, Life: time.Second,
	}); err != nil || g.Amount != 20 {
		t.Fatalf("%+v, %v", g, err)
	}
	for _, tt := range []struct {
		after time.Duration
		left  int64
	}{{0, 80}, {900 * time.Millisecond, 80}, {200 * time.Millisecond, 90}, {time.Second, 100}} {
		c.Advance(tt.after)
		if d := ratelimittest.Take(t, l, r); d.Key.Remaining != tt.left {
			t.Errorf("%s later: %d are left, want %d", tt.after, d.Key.Remaining, tt.left)
		}
	}
}

// overload asks all nodes three times as often as the rule allows, for so long
// that the burst is the smaller part of what is allowed. It returns what passed
// and what was allowed. Requests that are made at once have one time, so that
// none reaches Redis with a time that was before another's.
func overload(t *testing.T, nodes []*node, clock *ratelimittest.Clock, rule ratelimit.Rule) (int64, float64) {
	t.Helper()
	r := ratelimit.Request{
		Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: rule}, Account: ratelimit.Bucket{
			ID: "sa", Rule: ratelimittest.Rule(1e9, time.Second, 1e9),
		}, Cost: 1,
	}
	const perNode = 4
	atOnce := perNode * len(nodes)
	pause := time.Duration(atOnce) * rule.Per / time.Duration(3*rule.Requests)
	start := clock.Now()
	accepted := int64(0)
	for asked := 0; asked < int(4*rule.Burst+3000) && !t.Failed(); asked += atOnce {
		clock.Advance(pause)
		accepted += spendAtOnce(t, nodes, r, atOnce)
	}
	return accepted, float64(rule.Burst) + clock.Now().Sub(start).Seconds()*float64(rule.Requests)/rule.Per.Seconds()
}

// A quota is spent to its last and not beyond.
func TestOneQuotaOverThreeNodes(t *testing.T) {
	t.Parallel()
	where(t, func(t *testing.T, c nodeConfig) {
		nodes := three(t, c)
		r := ratelimit.Request{
			Group: "sa", Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 1000, Per: ratelimit.Month}},
			Cost: 1,
		}
		accepted := spendAtOnce(t, nodes, r, 5000)
		if accepted > 1000 || (accepted < 1000 && !c.leased) {
			t.Errorf("%d of 1000 passed", accepted)
		}
		for _, n := range nodes {
			n.end(t.Context())
		}
		c.prefix, c.store, c.leased = nodes[0].prefix, newStore(), false
		after := newNode(t, c)
		r.DryRun = true
		d := ratelimittest.Take(t, after, r)
		t.Logf("%d of 1000 passed, %d are left", accepted, d.Quota.Remaining)
		if d.Quota.Remaining != 1000-accepted {
			t.Errorf("%d passed, and %d are left: shares that were not spent are lost", accepted, d.Quota.Remaining)
		}
	})
}

func spendAtOnce(t *testing.T, nodes []*node, r ratelimit.Request, tries int) int64 {
	t.Helper()
	var accepted atomic.Int64
	var all sync.WaitGroup
	for i := range tries {
		all.Go(func() {
			d, err := nodes[i%len(nodes)].Take(t.Context(), r)
			if err != nil || !d.Cluster {
				t.Errorf("%+v, %v", d, err)
			}
			if d.Allowed {
				accepted.Add(1)
			}
		})
	}
	all.Wait()
	return accepted.Load()
}

// A Redis that is lost with all that it knew costs no quota: what was used is
// in the store and in the nodes.
func TestRedisKilledAndRestartedEmpty(t *testing.T) {
	t.Parallel()
	for _, leased := range []bool{false, true} {
		t.Run(fmt.Sprintf("leased=%t", leased), func(t *testing.T) {
			t.Parallel()
			server := parts.Redis(t)
			nodes := three(t, nodeConfig{url: server.URL(), leased: leased})
			r := ratelimit.Request{
				Group: "sa", Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 100, Per: ratelimit.Month}},
				Cost: 1,
			}
			passed := int64(0)
			rounds := func(times int) {
				for i := range times {
					if ratelimittest.Take(t, nodes[i%3], r).Allowed {
						passed++
					}
				}
			}
			rounds(30)
			server.Kill()
			rounds(30)
			for _, n := range nodes {
				if s := n.State(); s.Shared || s.Faults == 0 {
					t.Errorf("while Redis is away: %+v", s)
				}
			}
			server.Start()
			for _, n := range nodes {
				recovered(t, n)
			}
			if passed != 60 {
				t.Errorf("%d of 60 passed", passed)
			}
			rounds(300)
			if passed > 100 || (passed < 100 && !leased) {
				t.Errorf("%d of 100 passed in all", passed)
			}
		})
	}
}

// recovered waits until the node asks Redis again.
func recovered(t *testing.T, n *node) {
	t.Helper()
	parts.Await(t, patient, "the node to go on with Redis", func(context.Context) error {
		if s := n.State(); !s.Shared {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
}

// The same without the node ever seeing it: Redis is emptied between two calls.
func TestRedisEmptied(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	nodes := three(t, nodeConfig{url: server.URL()})
	r := ratelimit.Request{
		Group: "sa", Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 100, Per: ratelimit.Month}}, Cost: 1,
	}
	for i := range 60 {
		ratelimittest.Take(t, nodes[i%3], r)
	}
	server.Command("FLUSHALL")
	r.Cost = 0
	parts.Await(t, patient, "what was used to be known again", func(context.Context) error {
		ask := r
		ask.Cost = 1 // of which a node learns that the counter is another
		for _, n := range nodes {
			ratelimittest.Take(t, n, ask)
		}
		d := ratelimittest.Take(t, nodes[0], r)
		if used := d.Quota.Limit - d.Quota.Remaining; used < 63 {
			return fmt.Errorf("%d are known of", used)
		}
		return nil
	})
}

// TestRedisIsEmptiedUnderLoad: a quota that is being spent is overrun by the requests
// that were on their way when Redis was emptied and until each node had asked once
// more, at most. It is never spent before its end.
func TestRedisIsEmptiedUnderLoad(t *testing.T) {
	t.Parallel()
	const quota, times = 600, 3
	for _, workers := range []int{1, 24} { // in all
		t.Run(fmt.Sprintf("%d at once", workers), func(t *testing.T) {
			t.Parallel()
			server := parts.Redis(t)
			nodes := three(t, nodeConfig{url: server.URL()})
			r := ratelimit.Request{
				Group: "sa", Quota: ratelimit.QuotaCharge{
					ID: "sa", Quota: ratelimit.Quota{Requests: quota, Per: ratelimit.Month},
				},
				Cost: 1,
			}
			var passed, asked, emptied atomic.Int64
			var all sync.WaitGroup
			for range workers {
				all.Go(func() {
					for n := asked.Add(1); emptied.Load() < times || n <= 3*quota; n = asked.Add(1) {
						d := ratelimittest.Take(t, nodes[n%3], r)
						if !d.Cluster {
							t.Errorf("node %d decides by itself: %+v", n%3, nodes[n%3].State())
							return
						}
						if d.Allowed {
							passed.Add(1)
						}
					}
				})
			}
			for range times {
				parts.Await(t, patient, "some of the quota to be spent", func(context.Context) error {
					if passed.Load() < 150*(emptied.Load()+1) {
						return errors.New("not yet")
					}
					return nil
				})
				server.Command("FLUSHALL")
				emptied.Add(1)
			}
			all.Wait()
			t.Logf("%d of %d passed", passed.Load(), quota)
			if most := int64(quota + times*2*workers); passed.Load() > most || passed.Load() < quota {
				t.Errorf("%d of %d passed, want %d at most", passed.Load(), quota, most)
			}
		})
	}
}

// A Redis that takes calls and answers none is given up by the first of them.
func TestRedisFrozen(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	n := newNode(t, nodeConfig{url: server.URL(), prefix: "frozen:", store: newStore(), timeout: 50 * time.Millisecond})
	r := ratelimit.Request{Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, time.Hour, 1000)}, Cost: 1}
	parts.Await(t, patient, "a decision of Redis", func(context.Context) error {
		if !ratelimittest.Take(t, n, r).Cluster {
			return errors.New("not yet")
		}
		return nil
	})
	server.Freeze()
	faults := n.State().Faults
	for range 100 {
		if d := ratelimittest.Take(t, n, r); !d.Allowed || d.Cluster {
			t.Fatalf("while Redis is frozen: %+v", d)
		}
	}
	// The probe of the start may be on its way too.
	if s := n.State(); s.Shared || s.Faults > faults+2 {
		t.Errorf("more than one call was sent: %+v", s)
	}
	server.Thaw()
	recovered(t, n)
}

func TestAWrongPasswordFallsBackAndIsTold(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	server.Command("CONFIG", "SET", "requirepass", "sesame")
	n := newNode(t, nodeConfig{url: "redis://:barley@" + server.Addr(), prefix: "p:", store: newStore()})
	r := ratelimit.Request{Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1, time.Hour, 1)}, Cost: 1}
	if d := ratelimittest.Take(t, n, r); !d.Allowed || d.Cluster {
		t.Errorf("%+v", d)
	}
	if s := n.State(); s.Shared || s.Err == nil || !strings.Contains(s.Err.Error(), "WRONGPASS") {
		t.Errorf("%+v", s)
	}
}
