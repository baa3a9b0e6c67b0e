package redislimit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

// asked is what the nodes were asked for of one quota, in turn.
type asked struct {
	t      *testing.T
	nodes  []*node
	id     string
	quota  int64
	passed int64
}

// ask asks so often, and tells how many were decided by the shared counters.
func (a *asked) ask(times int) (cluster int) {
	a.t.Helper()
	r := ratelimit.Request{
		Group: a.id, Key: ratelimit.Bucket{ID: a.id, Rule: ratelimittest.Rule(1e6, 1e9, 1e6)},
		Quota: ratelimit.QuotaCharge{ID: a.id, Quota: ratelimit.Quota{Requests: a.quota, Per: ratelimit.Month}}, Cost: 1,
	}
	for i := range times {
		d := ratelimittest.Take(a.t, a.nodes[i%len(a.nodes)], r)
		if d.Allowed {
			a.passed++
		}
		if d.Cluster {
			cluster++
		}
	}
	return cluster
}

// The master behind the sentinels is killed: each node decides by itself until
// the replica is the master, and then they decide together again. The quota
// knows of all that passed, before, meanwhile and after.
func TestTheMasterBehindSentinelsIsKilled(t *testing.T) {
	t.Parallel()
	for _, leased := range []bool{false, true} {
		t.Run(fmt.Sprintf("leased=%t", leased), func(t *testing.T) {
			t.Parallel()
			servers := parts.RedisSentinel(t)
			a := &asked{t: t, nodes: three(t, nodeConfig{url: servers.URL(), leased: leased}), id: "sa", quota: 100}
			if cluster := a.ask(30); cluster != 30 {
				t.Fatalf("%d of 30 were decided together before", cluster)
			}
			servers.Replicated()
			servers.Master.Kill()
			if cluster := a.ask(30); cluster != 0 && !leased {
				t.Errorf("%d were decided by a master that is gone", cluster)
			}
			servers.Promoted()
			for _, n := range a.nodes {
				recovered(t, n)
			}
			if a.passed != 60 {
				t.Errorf("%d of 60 passed", a.passed)
			}
			if cluster := a.ask(300); cluster != 300 {
				t.Errorf("%d of 300 were decided together afterwards", cluster)
			}
			if a.passed > 100 || (a.passed < 100 && !leased) {
				t.Errorf("%d of 100 passed in all", a.passed)
			}
		})
	}
}

// A replica that had not heard of everything becomes the master. What nodes
// know was used is used all the same; of the last calls each knows but its own.
func TestAReplicaThatLagsBecomesTheMaster(t *testing.T) {
	t.Parallel()
	servers := parts.RedisSentinel(t)
	a := &asked{t: t, nodes: three(t, nodeConfig{url: servers.URL()}), id: "busy", quota: 1000}
	idle := &asked{t: t, nodes: a.nodes, id: "idle", quota: 100}
	a.ask(30)
	idle.ask(30)
	servers.Replicated()
	servers.Sever()
	a.ask(300)
	idle.ask(30)
	servers.Master.Kill()
	a.ask(30)
	servers.Promoted()
	for _, n := range a.nodes {
		recovered(t, n)
	}
	for _, one := range []*asked{a, idle} {
		one.ask(2000)
		if unseen := int64(len(a.nodes) - 1); one.passed < one.quota || one.passed > one.quota+unseen {
			t.Errorf("%s: %d of %d passed, and no more than %d may be unknown", one.id, one.passed, one.quota, unseen)
		}
	}
}

// A machine of a cluster is killed that has a replica: the same again.
func TestAMachineOfAClusterIsKilled(t *testing.T) {
	t.Parallel()
	servers := parts.RedisClusterWithReplicas(t)
	a := &asked{t: t, nodes: three(t, nodeConfig{url: servers.URL()}), id: "sa", quota: 100}
	if cluster := a.ask(30); cluster != 30 {
		t.Fatalf("%d of 30 were decided together before", cluster)
	}
	window, _ := ratelimit.Quota{Requests: a.quota, Per: ratelimit.Month}.Window(time.Now())
	holder := servers.Holder(a.nodes[0].prefix + "{sa}quota:" + window)
	holder.Command("WAIT", "1", "20000")
	holder.Kill()
	if cluster := a.ask(3); cluster != 0 {
		t.Errorf("%d were decided by a machine that is gone", cluster)
	}
	again := 0
	parts.Await(t, patient, "all nodes to decide together again", func(context.Context) error {
		if again = a.ask(len(a.nodes)); again < len(a.nodes) && a.passed < 90 {
			return errors.New("not yet")
		}
		return nil
	})
	for _, n := range a.nodes {
		recovered(t, n)
	}
	a.ask(300)
	if a.passed != 100 {
		t.Errorf("%d of 100 passed", a.passed)
	}
}

// The machine that is lost has the sentinel that the node asks, too: nothing of
// it refuses a connection, it is silent. The others are asked.
func TestAMachineIsLostWithItsSentinel(t *testing.T) {
	t.Parallel()
	servers := parts.RedisSentinel(t)
	a := &asked{
		t: t, nodes: []*node{newNode(t, nodeConfig{url: servers.URL(), prefix: "lost:", store: newStore(), timeout: 250 * time.Millisecond})},
		id: "sa", quota: 1000,
	}
	parts.Await(t, patient, "a decision of Redis", func(context.Context) error {
		if a.ask(1) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	servers.Replicated()
	lost := servers.Heard()
	lost.Freeze()
	servers.Master.Freeze()
	silent := time.Now()
	if cluster := a.ask(30); cluster != 0 {
		t.Errorf("%d were decided by a master that is silent", cluster)
	}
	servers.Promoted(lost)
	promoted := time.Now()
	recovered(t, a.nodes[0])
	t.Logf("promoted after %s, asked %s later", promoted.Sub(silent), time.Since(promoted))
	if a.ask(10) != 10 {
		t.Error("it does not ask the new master")
	}
}
