package edge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

const patient = 30 * time.Second

// world is what the nodes of one service know of keys: the limits of the latest request
// for each.
type world struct {
	mu    sync.Mutex
	known map[keys.Hash]ratelimit.Request
	marks []*keys.Marks
	used  map[string]int64 // of quotas, as the store has it
}

func newWorld() *world {
	return &world{known: map[keys.Hash]ratelimit.Request{}, used: map[string]int64{}}
}

// key returns the request as an edge makes it. The nodes know its limits from now on.
func (w *world) key(r ratelimit.Request) ratelimit.Request {
	r.Key.ID, r.Account.ID = cmp.Or(r.Key.ID, "key"), cmp.Or(r.Account.ID, r.Quota.ID, r.Group, "account")
	r.Group, r.Quota.ID = r.Account.ID, r.Account.ID
	h := keys.Hash(sha256.Sum256([]byte(r.Key.ID + " " + r.Account.ID)))
	r.Digest = (*[32]byte)(&h)
	w.mu.Lock()
	defer w.mu.Unlock()
	is := r
	is.Cost, is.DryRun = 0, false
	if was, ok := w.known[h]; !ok || was.Key != is.Key || was.Account != is.Account || was.Quota != is.Quota {
		w.known[h] = is
		for _, m := range w.marks {
			m.BumpAll()
		}
	}
	return r
}

// Load implements verify.Source.
func (w *world) Load(h keys.Hash) verify.Load {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, ok := w.known[h]
	return &loaded{h, r, ok}
}

// Changes implements verify.Source.
func (w *world) Changes(context.Context, time.Time) (verify.News, error) { return verify.News{}, nil }

func (w *world) QuotaUse(_ context.Context, id, window string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.used[id+" "+window], nil
}

func (w *world) AddQuotaUse(_ context.Context, uses []ratelimit.QuotaUse) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range uses {
		w.used[u.ID+" "+u.Window] += u.Used
	}
	return nil
}

type loaded struct {
	hash  keys.Hash
	is    ratelimit.Request
	known bool
}

func (l *loaded) Key(context.Context) (verify.Found, error) {
	if !l.known {
		return verify.Found{}, errs.NotFound
	}
	k := keys.Key{ID: l.is.Key.ID, OrganizationID: "org_1", ServiceAccountID: l.is.Group, Environment: keys.Live, Hash: l.hash}
	if !l.is.Key.Rule.IsZero() {
		k.RateLimit = &l.is.Key.Rule
	}
	return verify.Found{Key: k, OrganizationID: "org_1", Tier: l.is.Group}, nil
}

func (l *loaded) ServiceAccount(context.Context, string) (keys.ServiceAccount, error) {
	a := keys.ServiceAccount{ID: l.is.Group, OrganizationID: "org_1"}
	a.Tier = l.is.Group
	return a, nil
}

func (l *loaded) Organization(context.Context, string) (keys.Organization, error) {
	return keys.Organization{ID: "org_1"}, nil
}

func (l *loaded) Tier(context.Context, string) (keys.Tier, error) {
	t := keys.Tier{Name: l.is.Group}
	if !l.is.Key.Rule.IsZero() {
		t.RateLimit = new(ratelimittest.Rule(ratelimit.MostRequests, time.Millisecond, ratelimit.MostRequests))
	}
	if !l.is.Account.Rule.IsZero() {
		t.AccountRateLimit = &l.is.Account.Rule
	}
	if !l.is.Quota.Quota.IsZero() {
		t.Quota = &l.is.Quota.Quota
	}
	return t, nil
}

// records are the records of nodes and edges.
type records struct {
	nodes.Store
	mu   sync.Mutex
	byID map[string]nodes.Node
}

func (r *records) PutNode(_ context.Context, n nodes.Node) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[n.ID].Beat < n.Beat {
		r.byID[n.ID] = n
	}
	return nil
}

func (r *records) Nodes(context.Context) ([]nodes.Node, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.byID)), nil
}

func (r *records) DeleteNode(_ context.Context, id string, _ int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
	return nil
}

// member may feed edges with the keys of one organization.
type member struct {
	keys.Actor
	organization string
}

func (m member) May(action keys.Action, organization string) bool {
	return action == keys.EdgeKeys && organization == m.organization
}

// realNode is a node with its engine, limiter and feed, behind HTTP.
type realNode struct {
	*httptest.Server
	feed    *feed.Feed
	limiter ratelimit.Counters
	shared  ratelimit.Limiter // the counters themselves, where the node takes shares of them
	local   *ratelimit.Local
	actor   keys.Actor
	count   atomic.Int64 // of questions about limits
	leases  atomic.Int64 // of messages about shares
	old     atomic.Bool  // it is of a version that hands out no shares
	slow    atomic.Int64 // how long each answer takes
	off     atomic.Bool  // it does not answer
	mute    atomic.Bool  // it does what it is asked, and its answers about shares are lost
}

type nodeConfig struct {
	world       *world
	clock       *ratelimittest.Clock
	redis       string // "": counters in the process
	prefix      string
	leased      bool // the node takes shares itself
	leastShared int
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRealNode(t *testing.T, c nodeConfig) *realNode {
	t.Helper()
	var err error
	var now func() time.Time
	if c.clock != nil {
		now = c.clock.Now
	}
	n := &realNode{actor: member{organization: "org_1"}}
	n.local, err = ratelimit.NewLocal(ratelimit.Config{Now: now, Store: c.world})
	must(t, err)
	n.limiter = n.local
	quiet := slog.New(slog.DiscardHandler)
	if c.redis != "" {
		shared, err := redislimit.New(redislimit.Config{
			URL: c.redis, Prefix: c.prefix, Timeout: patient, Used: n.local.QuotaUsed, Now: now, OwnTime: now != nil,
		})
		must(t, err)
		t.Cleanup(func() { _ = shared.Close() })
		n.shared = shared
		var decides ratelimit.Shared = shared
		if c.leased {
			leased, err := ratelimit.NewLeased(ratelimit.LeasedConfig{From: shared, Timeout: patient, Now: now})
			must(t, err)
			t.Cleanup(func() { _ = leased.Close(context.WithoutCancel(t.Context())) })
			decides = struct {
				*ratelimit.Leased
				ratelimit.Settler
			}{leased, shared}
		}
		failover, err := ratelimit.NewFailover(ratelimit.FailoverConfig{
			Shared: decides, Lessor: shared, Local: n.local, Timeout: patient, Logger: quiet,
		})
		must(t, err)
		t.Cleanup(failover.Close)
		n.limiter = failover
	}
	t.Cleanup(func() { _ = n.local.Close(context.WithoutCancel(t.Context())) })
	marks := keys.NewMarks()
	c.world.mu.Lock()
	c.world.marks = append(c.world.marks, marks)
	c.world.mu.Unlock()
	format, err := keys.NewFormat("lk")
	must(t, err)
	engine, err := verify.New(verify.Config{Source: c.world, Limiter: n.limiter, Marks: marks, Format: format, Logger: quiet, CacheSize: 1000})
	must(t, err)
	t.Cleanup(engine.Close)
	registry, err := nodes.New(nodes.Config{Store: &records{byID: map[string]nodes.Node{}}, MaxStale: time.Minute, Logger: quiet})
	must(t, err)
	must(t, registry.Join(t.Context()))
	n.feed, err = feed.New(feed.Config{
		Marks: marks, Verifier: engine, Limiter: n.limiter, Nodes: registry, MaxStale: time.Minute, LeastShared: c.leastShared,
		Recorder: &usage.Recorder{}, Meter: usage.NewMeter(), LastUsed: func(string, usage.Use) {}, Plain: func(string) {}, Now: now,
		Key: func(context.Context, string) (keys.Key, error) { return keys.Key{}, errs.NotFound },
	})
	must(t, err)
	n.Server = httptest.NewServer(n)
	t.Cleanup(n.end)
	return n
}

func (n *realNode) end() {
	n.CloseClientConnections()
	n.Close()
	n.feed.Stop()
}

func (n *realNode) address() string { return n.URL }

// link is an address behind which a node is replaced.
type link struct {
	*httptest.Server
	to atomic.Pointer[realNode]
}

func (l *link) serve(t *testing.T) *link {
	t.Helper()
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.to.Load().ServeHTTP(w, r) }))
	return l
}

func (l *link) address() string { return l.URL }

// ServeHTTP answers edges as package api does.
func (n *realNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Duration(n.slow.Load()))
	if n.off.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	out, err := n.answer(r)
	if n.mute.Load() && r.URL.Path == edgewire.LeasePath {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if err != nil {
		status := map[errs.Kind]int{
			errs.NotFound: 404, errs.Invalid: 400, errs.Forbidden: 403, errs.Limited: 429, errs.Unavailable: 503,
		}[errs.KindOf(err)]
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(cmp.Or(status, 500))
		_ = json.NewEncoder(w).Encode(map[string]string{"code": string(errs.KindOf(err)), "detail": err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

func (n *realNode) answer(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	owner := r.Header.Get("X-API-Key")
	switch {
	case r.URL.Path == edgewire.ChangesPath:
		var asked edgewire.AskChanges
		err := json.Unmarshal(body, &asked)
		if err != nil {
			return nil, errs.Invalid
		}
		asked.Wait = 0
		return n.feed.Changes(r.Context(), owner, "", asked)
	case r.URL.Path == edgewire.LimitPath:
		n.count.Add(1)
		var asked edgewire.AskLimit
		if json.Unmarshal(body, &asked) != nil {
			return nil, errs.Invalid
		}
		return n.feed.Limit(r.Context(), n.actor, owner, asked)
	case r.URL.Path == edgewire.LeasePath && !n.old.Load():
		n.leases.Add(1)
		var asked edgewire.AskLease
		if json.Unmarshal(body, &asked) != nil {
			return nil, errs.Invalid
		}
		return n.feed.Lease(r.Context(), n.actor, owner, owner, asked)
	default:
		return nil, errs.NotFound
	}
}

// testEdge is the part of an edge that decides limits. It polls until stop is called.
type testEdge struct {
	*limits
	up     *upstream
	source *source
	world  *world
	stop   context.CancelFunc
	gone   chan struct{}
}

func newTestEdge(t *testing.T, w *world, clock *ratelimittest.Clock, from ...interface{ address() string }) *testEdge {
	t.Helper()
	return newEdgeOf(t, 0, w, clock, from...)
}

// newEdgeOf is newTestEdge of so many cached keys, the default if 0.
func newEdgeOf(t *testing.T, cached int, w *world, clock *ratelimittest.Clock, from ...interface{ address() string }) *testEdge {
	t.Helper()
	var addresses []string
	for _, n := range from {
		addresses = append(addresses, n.address())
	}
	up, err := newUpstream(addresses, "sa_1", nil, "test")
	must(t, err)
	s := &source{up: up, marks: keys.NewDigestMarks(), self: edgewire.Edge{ID: ids.New(ids.Edge), StartedAt: time.Now()}}
	e := &testEdge{up: up, source: s, world: w, gone: make(chan struct{})}
	var now func() time.Time
	if clock != nil {
		now = clock.Now
	}
	e.limits, err = newLimits(up, s.self.ID, &Config{Logger: slog.New(slog.DiscardHandler), CacheSize: cached}, now)
	must(t, err)
	s.answered = e.connected
	_, err = s.changes(t.Context(), 0)
	must(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	e.stop = stop
	go func() {
		defer close(e.gone)
		for ctx.Err() == nil {
			_, _ = s.changes(ctx, 0)
			select {
			case <-time.After(pollEvery):
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() { e.end(t) })
	return e
}

// kill ends the edge without a word to the node.
func (e *testEdge) kill() {
	e.stop()
	<-e.gone
	e.counters.cut.Store(true)
}

// end ends the edge in order.
func (e *testEdge) end(t *testing.T) {
	t.Helper()
	e.stop()
	<-e.gone
	must(t, e.limits.close(context.WithoutCancel(t.Context())))
	e.up.client.CloseIdleConnections()
}

// Take implements ratelimit.Limiter.
func (e *testEdge) Take(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	return e.limits.Take(ctx, e.world.key(r))
}

// mostAtOnce is how many requests tests make at once: more would wait for a slow
// machine for longer than a request waits for a node.
const mostAtOnce = 100

// spend makes requests of all at once, and returns how many passed.
func spend(t *testing.T, all []ratelimit.Limiter, r ratelimit.Request, tries int) int64 {
	t.Helper()
	var accepted atomic.Int64
	var atOnce sync.WaitGroup
	for first := range min(tries, mostAtOnce) {
		atOnce.Go(func() {
			for i := first; i < tries; i += mostAtOnce {
				d, err := all[i%len(all)].Take(t.Context(), r)
				if err != nil {
					t.Errorf("%+v, %v", d, err)
				}
				if d.Allowed {
					accepted.Add(1)
				}
			}
		})
	}
	atOnce.Wait()
	return accepted.Load()
}

func several(n int, make func() *testEdge) (edges []*testEdge, all []ratelimit.Limiter) {
	for range n {
		e := make()
		edges, all = append(edges, e), append(all, e)
	}
	return edges, all
}

// prefix separates tests that share a Redis.
func prefix() string { return fmt.Sprintf("%s:", ids.New(ids.Edge)) }
