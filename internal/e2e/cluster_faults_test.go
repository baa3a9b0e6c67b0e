//go:build cluster

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// fault is one way in which a part fails and comes back.
type fault struct {
	name       string
	prepare    func(*testing.T) // before there is a cluster, as it takes the machine; nil: there is nothing to do
	begin, end func(*cluster)
	span       time.Duration
	limiters   int // that count apart while it lasts
	starts     int // full buckets that each may begin with: a moment without Redis is worth one
	noRevoke   bool
	direct     int // the node that is also asked by itself about the revoked key, from 1
}

func (c *cluster) links(of func(*member) *link, do func(*link)) {
	for _, m := range c.nodes {
		do(of(m))
	}
}

func storeLink(m *member) *link { return m.store }
func redisLink(m *member) *link { return m.redis }

func cut(l *link)  { l.cut() }
func heal(l *link) { l.heal() }

func faults() []fault {
	brief := shortOr(4*time.Second, 10*time.Second)
	slowed := func(of func(*member) *link, by time.Duration) func(*cluster) {
		return func(c *cluster) { c.links(of, func(l *link) { l.slow(by) }) }
	}
	healed := func(of func(*member) *link) func(*cluster) { return func(c *cluster) { c.links(of, heal) } }
	return []fault{
		{
			name: "a node killed (`kill -9`), started again", span: brief, limiters: 1, starts: 2,
			begin: func(c *cluster) { c.nodes[2].process.Kill() }, end: func(c *cluster) { c.nodes[2].restart(parts.Binary(c.t)) },
		},
		{
			name: "store cut off from all nodes", span: shortOr(5*time.Second, time.Minute), limiters: 1, starts: 2, noRevoke: true,
			begin: func(c *cluster) { c.links(storeLink, cut) }, end: healed(storeLink),
		},
		{
			name: "store cut off from one node, beyond `LATCHKEY_MAX_STALE`", span: clusterStale() + 4*time.Second, limiters: 1,
			starts: 2, direct: 3,
			begin: func(c *cluster) { c.nodes[2].store.cut() }, end: func(c *cluster) { c.nodes[2].store.heal() },
		},
		{
			name: "store slow, 500 ms", span: brief, limiters: 1, starts: 2, direct: 3, begin: slowed(storeLink, 500*time.Millisecond),
			end: healed(storeLink),
		},
		{
			name: "Redis cut off from all nodes", span: brief, limiters: 3, starts: 2,
			begin: func(c *cluster) { c.links(redisLink, cut) }, end: healed(redisLink),
		},
		{name: "Redis slow, 500 ms", span: brief, limiters: 3, starts: 2, begin: slowed(redisLink, 500*time.Millisecond), end: healed(redisLink)},
		{
			name: "Redis restarted empty", span: brief, limiters: 3, starts: 2,
			begin: func(c *cluster) { c.redis.Kill(); c.redis.Start() }, end: func(*cluster) {},
		},
		clockOff("ahead", 3*time.Second, brief),
		clockOff("behind", -3*time.Second, brief),
	}
}

// clockOff has one node go on with another clock, by which it also decides
// whether the key that is revoked meanwhile is good.
func clockOff(where string, by, span time.Duration) fault {
	anew := func(c *cluster, binary string) { c.nodes[2].process.Kill(); c.nodes[2].restart(binary) }
	binary := ""
	return fault{
		name: "a node's clock 3 s " + where, span: span, limiters: 1, starts: 2, direct: 3,
		prepare: func(t *testing.T) { binary = parts.BinaryAhead(t, by) },
		begin:   func(c *cluster) { anew(c, binary); c.nodes[2].isOff(by) }, end: func(c *cluster) { anew(c, parts.Binary(c.t)) },
	}
}

// isOff fails the test unless the node's clock is off by that much.
func (m *member) isOff(by time.Duration) {
	m.t.Helper()
	answer, _ := get(m.t, m.base+"/healthz", "")
	told, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		m.t.Fatal(err)
	}
	if off := time.Until(told); (off - by).Abs() > 1500*time.Millisecond { // a Date is in whole seconds
		m.t.Errorf("the clock of %s is %s off, not %s", m.name(), off.Round(time.Millisecond), by)
	}
}

// clusterStale is LATCHKEY_MAX_STALE of the cluster: longer than the store is
// gone for all.
func clusterStale() time.Duration { return shortOr(14*time.Second, 65*time.Second) }

// TestClusterFaults breaks one part after another under load. Nobody may be let
// in who should not be, and nobody is answered 5xx or refused through nginx.
func TestClusterFaults(t *testing.T) {
	all := faults()
	for _, f := range all {
		if f.prepare != nil {
			f.prepare(t)
		}
	}
	// A machine that does many things at once must not pass for a slow Redis.
	c := newCluster(t, "", "LATCHKEY_MAX_STALE="+clusterStale().String(), "LATCHKEY_REDIS_TIMEOUT=250ms")
	questions, id := c.questions()
	_, narrow := c.issueOn(id, map[string]any{"rate_limit": map[string]any{"requests": narrowPerSecond, "per": "1s", "burst": narrowBurst}})
	doom := make([]*doomed, len(all))
	secrets := make([]string, 0, len(all)+len(questions))
	for i := range all {
		doom[i] = &doomed{}
		doom[i].id, doom[i].secret = c.issueOn(id, nil)
		secrets = append(secrets, doom[i].secret)
	}
	for _, q := range questions {
		secrets = append(secrets, q.secret)
	}
	var rows []string
	for i, f := range all {
		c.known(secrets...)
		rows = append(rows, c.suffer(f, questions, doom[i], narrow))
		t.Log(rows[i])
	}
	if clusterLong() {
		writeTable(t, "faults", faultsHead, "three nodes, store, Redis, nginx and the load", rows)
	}
}

// questions makes keys of every kind that the load asks about, and returns the
// id of one whose account others can be of.
func (c *cluster) questions() (all []question, id string) {
	c.t.Helper()
	s := c.nodes[0]
	id, good := s.issue(c.tier, "invoices:read")
	_, another := c.issueOn(id, nil)
	for _, secret := range []string{good, another} {
		all = append(all, question{secret, "?scope=invoices:read", "VALID"})
	}
	all = append(all, question{good, "?scope=customers:read", "INSUFFICIENT_SCOPE"})
	ended, secret := c.issueOn(id, nil)
	s.call("POST", "/api/keys/"+ended+"/revoke", map[string]any{}, 200)
	all = append(all, question{secret, "", "REVOKED"})
	spent := c.limited("spent", map[string]any{"quota": map[string]any{"requests": 3, "per": "month"}})
	a := newAsker(c.t)
	for range 3 {
		if status, decision := a.ask(c.t.Context(), c.front+"/verify", spent); status != 200 {
			c.t.Fatalf("%d %s", status, decision)
		}
	}
	return append(all, question{spent, "", "QUOTA_EXCEEDED"}), id
}

// suffer has the load run through the fault and returns the row that tells how
// it went.
func (c *cluster) suffer(f fault, questions []question, d *doomed, narrow string) string {
	c.t.Helper()
	l := c.drive(questions, d, narrow)
	if f.direct != 0 {
		a, base := newAsker(c.t), c.nodes[f.direct-1].base
		ctx, stop := context.WithCancel(c.t.Context())
		apart := &load{}
		apart.running.Go(func() {
			every(ctx, 2*loadPace, func() { apart.judgeDoomed(d, context.WithoutCancel(ctx), a, base) })
		})
		defer func() {
			stop()
			apart.running.Wait()
			if apart.letIn.Load() != 0 {
				c.t.Errorf("%s: node %d itself let %d in", f.name, f.direct, apart.letIn.Load())
			}
		}()
	}
	<-time.After(time.Second)
	f.begin(c)
	over := time.Now().Add(f.span)
	if !f.noRevoke {
		<-time.After(2 * time.Second) // by then it is known who does not poll
		answer := c.revoked(d.id)
		by := moment(c.t, answer["effective_everywhere_by"])
		d.by.Store(by.UnixNano())
		c.t.Logf("%s: revoked, effective everywhere in %s, waiting for %v", f.name, time.Until(by).Round(time.Millisecond), answer["waiting_for"])
	}
	<-time.After(time.Until(over))
	healed := time.Now()
	f.end(c)
	c.recovered(f.name)
	took := time.Since(healed)
	<-time.After(time.Second)
	l.stop()
	return c.told(f, l, took)
}

// revoked revokes on the first node. It tries again where the store of the
// tests is too busy to answer in time.
func (c *cluster) revoked(id string) (answer map[string]any) {
	c.t.Helper()
	parts.Await(c.t, 20*time.Second, "a revoke", func(context.Context) error {
		var ok bool
		if answer, ok = post(c.nodes[0].base+"/api/keys/"+id+"/revoke", `{}`, 200); !ok {
			c.t.Log("a revoke was not answered 200")
			return errors.New("it was not answered 200")
		}
		return nil
	})
	return answer
}

// told judges the load and returns its row of the table.
func (c *cluster) told(f fault, l *load, recovery time.Duration) string {
	c.t.Helper()
	span := time.Since(l.began)
	over := float64(l.narrow.Load()) / (narrowBurst + span.Seconds()*narrowPerSecond)
	row := fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %.2f | %.1f s |", f.name, f.span, l.asked.Load(), l.refused.Load(), l.letIn.Load(),
		l.broken.Load()+l.unanswered.Load(), over, recovery.Seconds())
	if l.letIn.Load() != 0 || l.refused.Load() != 0 || l.broken.Load() != 0 || l.unanswered.Load() != 0 {
		c.t.Errorf("%s: let in, refused or not answered: %s", f.name, row)
		logCounts(c.t, &l.counts)
	}
	if most := mostNarrow(span, f.limiters, f.starts); float64(l.narrow.Load()) > most {
		c.t.Errorf("%s: %d passed a limit that allows %.0f", f.name, l.narrow.Load(), most)
	}
	return row
}

// recovered waits until every node says that all is well and decides a key
// that it has not loaded.
func (c *cluster) recovered(after string) {
	c.t.Helper()
	parts.Await(c.t, 90*time.Second, "the nodes to recover from "+after, func(ctx context.Context) error {
		for _, m := range c.nodes {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base+"/readyz", nil)
			if err != nil {
				return err
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			var body strings.Builder
			_, err = copyAll(&body, answer)
			if err != nil || !strings.Contains(body.String(), `"status":"ok"`) {
				return errors.Join(err, errors.New(body.String()))
			}
		}
		return nil
	})
}
