//go:build cluster

package e2e

import (
	"context"
	"sync"
	"testing"
	"time"
)

// A revoke on any of three nodes under load holds on all of them within the
// second that is promised, with a push through Redis and by polling alone, and
// on the node that answered it at once.
func TestClusterRevoke(t *testing.T) {
	c := newCluster(t, "")
	for _, way := range []string{"pushed through Redis", "by polling alone"} {
		if way == "by polling alone" {
			for _, m := range c.nodes {
				m.redis.cut()
			}
		}
		longest := c.revokes(shortOr(5, 100))
		t.Logf("%s: the last VALID anywhere was asked for at most %s after the answer", way, longest)
		if clusterLong() && longest > time.Second {
			t.Errorf("%s: VALID %s after a revoke's answer", way, longest)
		}
	}
}

// revokes makes keys, a few at a time, and revokes one after another, each on
// the next node. It returns the longest time from an answer to the last
// question that was answered VALID.
func (c *cluster) revokes(times int) (longest time.Duration) {
	c.t.Helper()
	const few = 10 // what the store of these tests takes at once
	first, busy := c.nodes[0].issue(c.tier, "invoices:read")
	for done := 0; done < times; done += few {
		ids, secrets := make([]string, min(few, times-done)), make([]string, min(few, times-done))
		for i := range ids {
			ids[i], secrets[i] = c.issueOn(first, map[string]any{"scopes": []string{"invoices:read"}})
		}
		c.known(append(secrets, busy)...)
		longest = max(longest, c.revokesUnderLoad(ids, secrets, busy))
	}
	return longest
}

// revokesUnderLoad revokes the keys while all nodes are busy with another one.
func (c *cluster) revokesUnderLoad(ids, secrets []string, busy string) (longest time.Duration) {
	ctx, stop := context.WithCancel(c.t.Context())
	var load sync.WaitGroup
	defer load.Wait()
	defer stop()
	other := newAsker(c.t)
	for range 4 {
		load.Go(func() { every(ctx, 5*time.Millisecond, func() { other.ask(ctx, c.front+"/verify", busy) }) })
	}
	for i := range ids {
		longest = max(longest, c.revokeUnderLoad(i%len(c.nodes), ids[i], secrets[i]))
	}
	return longest
}

// revokeUnderLoad revokes on one node while all are asked.
func (c *cluster) revokeUnderLoad(on int, id, secret string) (longest time.Duration) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	defer stop()
	var mu sync.Mutex
	last := make([]time.Time, len(c.nodes)) // when the last question was sent that was answered VALID
	var asking sync.WaitGroup
	for i, m := range c.nodes {
		for range 2 {
			a := newAsker(c.t)
			asking.Go(func() {
				every(ctx, askEvery, func() {
					sent := time.Now()
					if status, _ := a.ask(ctx, m.base+"/verify", secret); status == 200 {
						mu.Lock()
						last[i] = later(last[i], sent)
						mu.Unlock()
					}
				})
			})
		}
	}
	<-time.After(50 * time.Millisecond)
	answer := c.nodes[on].call("POST", "/api/keys/"+id+"/revoke", map[string]any{}, 200)
	answered := time.Now()
	by := moment(c.t, answer["effective_everywhere_by"])
	<-time.After(time.Until(later(by, answered.Add(time.Second))) + 100*time.Millisecond)
	stop()
	asking.Wait()
	for i, at := range last {
		if at.IsZero() {
			c.t.Errorf("node %d never said VALID", i+1)
		}
		took := at.Sub(answered)
		longest = max(longest, took)
		if i == on && took > 0 || at.After(by) {
			c.t.Errorf("revoked on node %d: node %d said VALID to a question asked %s after the answer, which promised %s; stored: %v",
				on+1, i+1, took, by.Sub(answered), c.nodes[on].call("GET", "/api/keys/"+id, nil, 200))
		}
	}
	return longest
}

// askEvery is how often a connection asks about the key that is revoked.
const askEvery = 4 * time.Millisecond

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
