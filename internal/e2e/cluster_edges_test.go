//go:build cluster

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/parts"
)

// fedEdge is one edge of the proof, and what came of the questions to it.
type fedEdge struct {
	name    string
	ask     func(ctx context.Context, secret string) (code string, err error)
	links   []*link        // to each node
	process *parts.Process // nil: it runs in the process of the test
	restart func(binary string)

	mu      sync.Mutex
	last    time.Time // when it last answered
	longest time.Duration
}

// answered keeps the longest time without an answer.
func (e *fedEdge) answered(at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.longest, e.last = max(e.longest, at.Sub(e.last)), at
}

// since returns the longest time without an answer, and starts anew.
func (e *fedEdge) since(at time.Time) time.Duration {
	e.answered(at)
	e.mu.Lock()
	defer e.mu.Unlock()
	longest := e.longest
	e.longest = 0
	return longest
}

// edgeCluster is a cluster with three edges: two processes and one in the test.
type edgeCluster struct {
	*cluster
	edges          []*fedEdge
	good           []string
	narrow, quota  string
	counts         *counts // of the fault that lasts
	counting       sync.RWMutex
	passed, metred atomic.Int64 // under the low limit, and of the quota

	mu   sync.Mutex
	doom []*doomed // revoked ones first
	next int       // the first that is not revoked

	revoker *member // the node that can be asked to revoke
}

const (
	edgeRate  = 60 // per second and at once: 20 for each edge, so that it is shared
	edgePace  = 25 * time.Millisecond
	edgeQuota = 1_500
)

// TestClusterEdges breaks one part after another under three edges. Once a revoke was
// to be effective everywhere, no edge says VALID to that key again, whatever happens.
func TestClusterEdges(t *testing.T) {
	all := edgeFaults()
	for _, f := range all {
		if f.prepare != nil {
			f.prepare(t)
		}
	}
	c := newEdgeCluster(t, len(all))
	stop := c.load()
	var rows []string
	for _, f := range all {
		rows = append(rows, c.suffer(f))
		t.Log(rows[len(rows)-1])
	}
	stop()
	c.askAllRevoked()
	c.spendQuota()
	if clusterLong() {
		writeTable(t, "edge faults", edgeFaultsHead, "three nodes, three edges, store, Redis and the load", rows)
	}
}

func newEdgeCluster(t *testing.T, faults int) *edgeCluster {
	t.Helper()
	whole := newCluster(t, "", "LATCHKEY_MAX_STALE="+edgeStale().String(), "LATCHKEY_REDIS_TIMEOUT=250ms")
	c := &edgeCluster{cluster: whole, counts: &counts{}}
	s := c.nodes[0]
	_, feeder := s.issue(c.tier, "latchkey:edge-all")
	id, good := s.issue(c.tier, "invoices:read")
	_, another := c.issueOn(id, nil)
	c.good = []string{good, another}
	rule := map[string]any{"requests": edgeRate, "per": "1s", "burst": edgeRate}
	_, c.narrow = c.issueOn(id, map[string]any{"rate_limit": rule})
	c.quota = c.limited("metered", map[string]any{"quota": map[string]any{"requests": edgeQuota, "per": "month"}})
	for range faults * revokesEach() {
		d := &doomed{}
		d.id, d.secret = c.issueOn(id, nil)
		c.doom = append(c.doom, d)
	}
	parts.Await(t, 20*time.Second, "polling to have told of the new keys", func(context.Context) error { return settled(t, s.service) })
	c.warm()
	for _, name := range []string{"gateway-1", "gateway-2"} {
		c.edges = append(c.edges, c.process(name, feeder))
	}
	e := &fedEdge{name: "in-process"}
	inside := s.edgeOf(feeder, c.linked(e)...)
	e.ask = func(ctx context.Context, secret string) (string, error) {
		v, err := inside.Verify(ctx, client.Question{Key: secret})
		return v.Code, err
	}
	c.edges = append(c.edges, e)
	return c
}

// edgeStale is LATCHKEY_MAX_STALE: how long an edge may go on while it is cut off.
func edgeStale() time.Duration { return shortOr(3*time.Second, 8*time.Second) }

// revokesEach is how many keys are revoked during a fault.
func revokesEach() int { return shortOr(2, 3) }

// linked makes a network between the edge and each node.
func (c *edgeCluster) linked(e *fedEdge) (upstream []string) {
	for _, m := range c.nodes {
		l := newLink(c.t, strings.TrimPrefix(m.base, "http://"))
		e.links, upstream = append(e.links, l), append(upstream, "http://"+l.addr())
	}
	return upstream
}

// process starts an edge of its own process.
func (c *edgeCluster) process(name, feeder string) *fedEdge {
	e, addr := &fedEdge{name: name}, parts.FreeAddr(c.t)
	settings := parts.Environ("LATCHKEY_ADDR="+addr, "LATCHKEY_EDGE_KEY="+feeder, "LATCHKEY_EDGE_UPSTREAM="+strings.Join(c.linked(e), ","),
		"LATCHKEY_NODE_NAME="+name, "LATCHKEY_DRAIN=0s", "LATCHKEY_LOG=warn")
	a := newAsker(c.t)
	e.ask = func(ctx context.Context, secret string) (string, error) {
		status, code := a.ask(ctx, "http://"+addr+"/verify", secret)
		if status == 0 || status >= 500 {
			return "", fmt.Errorf("%d %s", status, code)
		}
		return code, nil
	}
	e.restart = func(binary string) {
		cmd := exec.Command(binary, "edge")
		cmd.Env = settings
		e.process = parts.Start(c.t, cmd)
		e.process.AwaitListening(addr)
	}
	e.restart(parts.Binary(c.t))
	return e
}

// load asks all edges at a steady pace until it is stopped.
func (c *edgeCluster) load() (stop func()) {
	ctx, end := context.WithCancel(c.t.Context())
	var running sync.WaitGroup
	for _, e := range c.edges {
		ask := func(pace time.Duration, do func()) { running.Go(func() { every(ctx, pace, do) }) }
		for range 2 {
			ask(edgePace, func() { c.judge(e, c.good[rand.IntN(len(c.good))], nil) })
			ask(edgePace, func() {
				d := c.anyDoomed()
				c.judge(e, d.secret, d)
			})
		}
		ask(edgePace, func() { c.count(e, c.narrow, &c.passed, "RATE_LIMITED") })
		ask(3*edgePace, func() { c.count(e, c.quota, &c.metred, "QUOTA_EXCEEDED") })
	}
	return func() { end(); running.Wait() }
}

// anyDoomed returns one of the keys that are revoked now or were lately.
func (c *edgeCluster) anyDoomed() *doomed {
	some := c.lately()
	return some[rand.IntN(len(some))]
}

// lately returns the keys of this fault and of the two before. The store of these tests
// does not keep up with the uses of many more.
func (c *edgeCluster) lately() []*doomed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doom[max(0, c.next-2*revokesEach()):min(len(c.doom), c.next+revokesEach())]
}

const edgeAnswers = 3 * time.Second // then the question counts as not answered

// put asks the edge, and reports no answer as such.
func (c *edgeCluster) put(e *fedEdge, secret string) (code string, answered bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), edgeAnswers)
	defer cancel()
	code, err := e.ask(ctx, secret)
	c.counting.RLock()
	defer c.counting.RUnlock()
	c.counts.asked.Add(1)
	if err != nil {
		c.counts.note(&c.counts.unanswered, "unanswered", e.name+": "+err.Error())
		return "", false
	}
	e.answered(time.Now())
	return code, true
}

func (c *edgeCluster) wrong(counter func(*counts) *atomic.Int64, kind, example string) {
	c.counting.RLock()
	defer c.counting.RUnlock()
	c.counts.note(counter(c.counts), kind, example)
}

func letIn(n *counts) *atomic.Int64   { return &n.letIn }
func refused(n *counts) *atomic.Int64 { return &n.refused }

// judge asks about a key that is good, or about one that is revoked at some time.
func (c *edgeCluster) judge(e *fedEdge, secret string, d *doomed) {
	sent := time.Now()
	by := int64(0)
	if d != nil {
		by = d.by.Load()
	}
	code, answered := c.put(e, secret)
	switch {
	case !answered:
	case by > 0 && sent.UnixNano() >= by && code == "VALID":
		late := sent.Sub(time.Unix(0, by))
		c.wrong(letIn, "let in", fmt.Sprintf("%s: VALID to %s, asked %s after it was to be revoked everywhere", e.name, d.id, late))
	case by == 0 && code != "VALID" && (d == nil || d.by.Load() == 0):
		c.wrong(refused, "refused", e.name+": "+code)
	}
}

// count asks about a key whose limit may refuse it.
func (c *edgeCluster) count(e *fedEdge, secret string, passed *atomic.Int64, or string) {
	switch code, answered := c.put(e, secret); {
	case !answered || code == or:
	case code == "VALID":
		passed.Add(1)
	case code != "RATE_LIMITED": // which is what an edge says of a quota that it does not know
		c.wrong(refused, "refused", e.name+": "+code+" of a key with a limit")
	}
}

// revokeOne revokes the next key on the node, and returns when that was to be
// effective everywhere. An answer does not know of an edge that was cut off just before.
// So where it is to be asked again, what the second answer says counts.
func (c *edgeCluster) revokeOne(on *member, again bool) time.Time {
	c.t.Helper()
	c.mu.Lock()
	d := c.doom[c.next]
	c.next++
	c.mu.Unlock()
	d.by.Store(-1) // under way: either answer is right
	by := c.revokedBy(on, d)
	if again {
		<-time.After(3 * time.Second) // it is known after two, where the store is quick
		by = later(by, c.revokedBy(on, d))
	}
	d.by.Store(by.UnixNano())
	return by
}

func (c *edgeCluster) revokedBy(on *member, d *doomed) time.Time {
	c.t.Helper()
	var answer map[string]any
	parts.Await(c.t, 20*time.Second, "a revoke", func(context.Context) error {
		var ok bool
		if answer, ok = post(on.base+"/api/keys/"+d.id+"/revoke", `{}`, http.StatusOK); !ok {
			return errors.New("it was not answered 200")
		}
		return nil
	})
	return moment(c.t, answer["effective_everywhere_by"])
}

// feeder returns the node that feeds the edge, and another one.
func (c *edgeCluster) feeder(e *fedEdge) (feeds, other *member) {
	c.t.Helper()
	var last string
	parts.Await(c.t, 20*time.Second, "the edge to be fed", func(context.Context) error {
		last = ""
		for _, m := range c.nodes {
			items, err := c.listed(m)
			if err != nil {
				continue
			}
			names := map[any]any{}
			for _, n := range items {
				names[n["id"]] = n["name"]
			}
			for _, n := range items {
				if n["kind"] == "edge" && n["name"] == e.name && n["state"] == "fresh" {
					last, _ = n["fed_by"].(string)
					if name, known := names[last].(string); known {
						last = name
					}
				}
			}
			break
		}
		if last == "" {
			return errors.New("nobody feeds it")
		}
		return nil
	})
	for _, m := range c.nodes {
		if m.name() == last {
			feeds = m
		} else {
			other = m
		}
	}
	if feeds == nil {
		c.t.Fatalf("%s is fed by %q", e.name, last)
	}
	return feeds, other
}

// listed is the list of nodes as the node tells it.
func (c *edgeCluster) listed(m *member) (items []map[string]any, err error) {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, m.base+"/api/nodes", nil)
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth("admin@localhost", adminPassword)
	answer, err := (&http.Client{Timeout: 2 * time.Second}).Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end, or given up
	var body struct{ Items []map[string]any }
	err = json.NewDecoder(answer.Body).Decode(&body)
	return body.Items, err
}
