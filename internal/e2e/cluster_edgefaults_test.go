//go:build cluster

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// edgeFault is one way in which what an edge needs fails. It returns how it ends.
type edgeFault struct {
	name    string
	prepare func(*testing.T) // before there is a cluster; nil: there is nothing to do
	begin   func(c *edgeCluster) (end func())

	unseen   bool          // an edge is cut off, which nobody knows at first
	beyond   bool          // it lasts until all revokes are effective everywhere
	starts   int           // full buckets of the low limit
	limiters int           // that count apart while it lasts
	silent   time.Duration // the longest that any edge may leave questions unanswered, beside what the fault lasts
	stops    bool          // an edge stands still or is gone meanwhile
}

// edgeFaults are all of them, or those that the short form has time for.
func edgeFaults() []edgeFault {
	quick := []edgeFault{
		killedFeeder(), edgeStopped(), feederStopped(),
		{
			name: "an edge cut off from all nodes, beyond `LATCHKEY_MAX_STALE`", unseen: true, beyond: true, starts: 3, limiters: 2, stops: true,
			begin: func(c *edgeCluster) func() { return c.onLinks(0, (*link).cut) },
		},
		{
			name: "each answer of nodes to edges 2 s late", unseen: true, starts: 3, limiters: 3, silent: 6 * time.Second,
			begin: func(c *edgeCluster) func() { return c.onAllLinks(func(l *link) { l.slow(2 * time.Second) }) },
		},
		{
			name: "Redis cut off from all nodes", starts: 3, limiters: 3, silent: time.Second,
			begin: func(c *edgeCluster) func() {
				c.links(redisLink, cut)
				return func() { c.links(redisLink, heal) }
			},
		},
	}
	if !clusterLong() {
		return quick
	}
	return append(quick, []edgeFault{
		{
			name: "an edge hears no answers of any node, which hear it, beyond `LATCHKEY_MAX_STALE`", unseen: true,
			beyond: true, starts: 3, limiters: 2,
			stops: true, begin: func(c *edgeCluster) func() { return c.onLinks(0, (*link).deafen) },
		},
		{
			name: "each answer of nodes to edges 100 ms late", starts: 1, limiters: 1, silent: time.Second,
			begin: func(c *edgeCluster) func() { return c.onAllLinks(func(l *link) { l.slow(100 * time.Millisecond) }) },
		},
		{
			name: "the node that feeds ends in order, and starts again", starts: 1, limiters: 1, silent: 2 * time.Second,
			begin: func(c *edgeCluster) func() {
				feeds, other := c.feeder(c.edges[0])
				c.revoker = other
				if err := feeds.process.Stop(); err != nil {
					c.t.Error(err)
				}
				return func() { feeds.restart(parts.Binary(c.t)) }
			},
		},
		edgeClockOff("ahead", time.Hour), edgeClockOff("behind", -time.Hour),
	}...)
}

func killedFeeder() edgeFault {
	return edgeFault{
		name: "the node that feeds killed (`kill -9`), started again", starts: 1, limiters: 1, silent: 3 * time.Second,
		begin: func(c *edgeCluster) func() {
			feeds, other := c.feeder(c.edges[0])
			c.revoker = other
			feeds.process.Kill()
			return func() { feeds.restart(parts.Binary(c.t)) }
		},
	}
}

// edgeStopped wakes an edge when it must not say VALID any more: it did not hear of the
// revokes.
func edgeStopped() edgeFault {
	return edgeFault{
		name: "an edge stopped (`SIGSTOP`) until after the revokes were to be effective everywhere", beyond: true, starts: 1, limiters: 1,
		stops: true, begin: func(c *edgeCluster) func() {
			e := c.edges[0]
			e.process.Signal(syscall.SIGSTOP)
			return func() { e.process.Signal(syscall.SIGCONT) }
		},
	}
}

func feederStopped() edgeFault {
	return edgeFault{
		name: "the node that feeds stopped (`SIGSTOP`) until after the revokes were to be effective everywhere", beyond: true, starts: 1,
		limiters: 3, silent: 4 * time.Second,
		begin: func(c *edgeCluster) func() {
			feeds, other := c.feeder(c.edges[0])
			c.revoker = other
			feeds.process.Signal(syscall.SIGSTOP)
			return func() { feeds.process.Signal(syscall.SIGCONT) }
		},
	}
}

// edgeClockOff has one edge go on with another clock.
func edgeClockOff(where string, by time.Duration) edgeFault {
	binary := ""
	return edgeFault{
		name: "an edge's clock an hour " + where, starts: 1, limiters: 1, stops: true,
		prepare: func(t *testing.T) { binary = parts.BinaryAhead(t, by) },
		begin: func(c *edgeCluster) func() {
			e := c.edges[0]
			anew := func(binary string) {
				if err := e.process.Stop(); err != nil {
					c.t.Error(err)
				}
				e.restart(binary)
			}
			anew(binary)
			return func() { anew(parts.Binary(c.t)) }
		},
	}
}

// onLinks does it to the network between one edge and all nodes.
func (c *edgeCluster) onLinks(edge int, do func(*link)) (heal func()) {
	links := c.edges[edge].links
	for _, l := range links {
		do(l)
	}
	return func() {
		for _, l := range links {
			l.heal()
		}
	}
}

func (c *edgeCluster) onAllLinks(do func(*link)) (heal func()) {
	var all []func()
	for i := range c.edges {
		all = append(all, c.onLinks(i, do))
	}
	return func() {
		for _, heal := range all {
			heal()
		}
	}
}

// suffer has the edges go through the fault and returns the row that tells how it went.
func (c *edgeCluster) suffer(f edgeFault) string {
	c.t.Helper()
	c.calm(f.name)
	c.anew()
	began, passed := time.Now(), c.passed.Load()
	c.revoker = c.nodes[rand.IntN(len(c.nodes))]
	end := f.begin(c)
	over := time.Now().Add(shortOr(2*time.Second, 10*time.Second))
	for i := range revokesEach() {
		// The first at once: nobody knows yet that a node or an edge is silent.
		by := c.revokeOne(c.revoker, f.unseen)
		c.t.Logf("%s: a revoke, effective everywhere in %s", f.name, time.Until(by).Round(time.Millisecond))
		if over = later(over, time.Now().Add(time.Second)); f.beyond {
			over = later(over, by.Add(500*time.Millisecond))
		}
		if i == 0 && !f.unseen {
			<-time.After(2 * time.Second)
		} else {
			<-time.After(rand.N(time.Second))
		}
	}
	<-time.After(time.Until(over))
	end()
	<-time.After(shortOr(time.Second, 2*time.Second))
	return c.told(f, time.Since(began), c.passed.Load()-passed)
}

// anew starts the counts of another fault.
func (c *edgeCluster) anew() {
	now := time.Now()
	for _, e := range c.edges {
		e.since(now)
	}
	c.counting.Lock()
	defer c.counting.Unlock()
	c.counts = &counts{}
}

// warm has all nodes load all keys: the store of these tests takes long to tell of them.
func (c *edgeCluster) warm() {
	c.t.Helper()
	secrets := append([]string{c.narrow, c.quota}, c.good...)
	for _, d := range c.lately() {
		secrets = append(secrets, d.secret)
	}
	parts.Await(c.t, time.Minute, "the nodes to know all keys", func(context.Context) error {
		for _, m := range c.nodes {
			for _, secret := range secrets {
				if answer, body := get(c.t, m.base+"/verify?cost=0", secret); answer.StatusCode >= http.StatusInternalServerError {
					return fmt.Errorf("%s: %d %s", m.base, answer.StatusCode, body)
				}
			}
		}
		return nil
	})
}

// calm waits until all nodes and edges are well.
func (c *edgeCluster) calm(before string) {
	c.t.Helper()
	c.recovered("what was before: " + before)
	c.warm()
	well := time.Now()
	parts.Await(c.t, 30*time.Second, "the edges to be well before "+before, func(context.Context) error {
		for _, e := range c.edges {
			for _, secret := range append(c.good, c.narrow) {
				if code, ok := c.put(e, secret); !ok || code != "VALID" && code != "RATE_LIMITED" {
					well = time.Now()
					return fmt.Errorf("%s says %q", e.name, code)
				}
			}
		}
		if quiet := time.Since(well); quiet < shortOr(time.Second/2, time.Second) {
			return fmt.Errorf("they are since %s", quiet)
		}
		return nil
	})
}

// told judges what came of the questions and returns the row of the table.
func (c *edgeCluster) told(f edgeFault, span time.Duration, passed int64) string {
	c.t.Helper()
	now, longest := time.Now(), make([]string, len(c.edges))
	var worst time.Duration
	for i, e := range c.edges {
		silent := e.since(now)
		longest[i] = fmt.Sprintf("%.1f s", silent.Seconds())
		if f.stops && i == 0 { // that one is not there to answer
			continue
		}
		worst = max(worst, silent)
		if limit := max(f.silent, time.Second) + shortOr(time.Second, 0); silent > limit {
			c.t.Errorf("%s: %s left questions unanswered for %s, more than %s", f.name, e.name, silent, limit)
		}
	}
	c.counting.RLock()
	n := c.counts
	c.counting.RUnlock()
	allowed := edgeRate * (1 + span.Seconds())
	row := fmt.Sprintf("| %s | %.0f s | %d | %d | %d | %d | %s | %.2f |", f.name, span.Seconds(), n.asked.Load(), n.refused.Load(),
		n.letIn.Load(), n.unanswered.Load(), strings.Join(longest, ", "), float64(passed)/allowed)
	if n.letIn.Load() != 0 || n.refused.Load() != 0 {
		c.t.Errorf("%s: let in or refused: %s", f.name, row)
	}
	logCounts(c.t, n)
	most := 1.02 * float64(edgeRate) * (float64(f.limiters*f.starts) + float64(f.limiters)*span.Seconds())
	if float64(passed) > most {
		c.t.Errorf("%s: %d passed a limit that allows %.0f", f.name, passed, most)
	}
	return row
}

// askAllRevoked asks all edges about all keys: none is let in again.
func (c *edgeCluster) askAllRevoked() {
	c.t.Helper()
	c.anew()
	for _, d := range c.doom {
		for _, e := range c.edges {
			c.judge(e, d.secret, d)
		}
	}
	if n := c.counts; n.letIn.Load() != 0 {
		c.t.Errorf("%d of all revoked keys are let in: %v", n.letIn.Load(), n.first)
	}
}

// spendQuota asks all edges for what is left of the quota. All faults together must not
// have let more pass. While nodes count alone, each would let pass what is left.
func (c *edgeCluster) spendQuota() {
	c.t.Helper()
	c.recovered("the faults")
	before := c.metred.Load()
	for refusals := 0; refusals < 10*len(c.edges) && c.metred.Load() <= 2*edgeQuota; {
		was := c.metred.Load()
		for _, e := range c.edges {
			c.count(e, c.quota, &c.metred, "QUOTA_EXCEEDED")
		}
		if c.metred.Load() == was {
			refusals += len(c.edges)
		}
	}
	c.t.Logf("of a quota of %d, %d passed during the faults and %d in all", edgeQuota, before, c.metred.Load())
	if got := c.metred.Load(); got > edgeQuota || got < edgeQuota*95/100 {
		c.t.Errorf("of a quota of %d, %d passed", edgeQuota, got)
	}
}
