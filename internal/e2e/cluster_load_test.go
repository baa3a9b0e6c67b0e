//go:build cluster

package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// question is what the load asks, and what the answer has to be.
type question struct {
	secret, query, want string
}

// doomed is a key that is revoked while the load runs.
type doomed struct {
	id, secret string
	by         atomic.Int64 // Unix nanoseconds after which no question may be answered VALID; 0 while it is good
}

// counts are what came of a load.
type counts struct {
	asked, refused, letIn, broken, unanswered atomic.Int64

	mu    sync.Mutex
	first map[string]string // an example of each
}

func (n *counts) note(counter *atomic.Int64, kind, example string) {
	counter.Add(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.first == nil {
		n.first = map[string]string{}
	}
	if n.first[kind] == "" {
		n.first[kind] = example
	}
}

// load asks through nginx at a steady pace, whatever happens.
type load struct {
	counts
	stop func()

	began   time.Time
	narrow  atomic.Int64 // accepted of the key with a low limit
	running sync.WaitGroup
}

// loadPace is how often each of the four connections asks.
const loadPace = 12 * time.Millisecond

// drive starts a load of the questions, of the key that will be revoked and of
// the one with a low limit.
func (c *cluster) drive(questions []question, d *doomed, narrow string) *load {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	l := &load{began: time.Now()}
	l.stop = func() { stop(); l.running.Wait() }
	var turn atomic.Int64
	ask := func(a *asker, pace time.Duration, do func(a *asker)) {
		l.running.Go(func() { every(ctx, pace, func() { do(a) }) })
	}
	// Answers are waited for after the end as well: a question that is given up counts for nothing.
	asked := context.WithoutCancel(ctx)
	for range 4 {
		ask(newAsker(c.t), loadPace, func(a *asker) {
			q := questions[turn.Add(1)%int64(len(questions))]
			l.judge(q, func() (int, string) { return a.ask(asked, c.front+"/verify"+q.query, q.secret) })
		})
	}
	ask(newAsker(c.t), 2*loadPace, func(a *asker) { l.judgeDoomed(d, asked, a, c.front) })
	ask(newAsker(c.t), 8*loadPace/narrowLoad, func(a *asker) {
		if status, _ := a.ask(asked, c.front+"/verify", narrow); status == 200 {
			l.narrow.Add(1)
		}
	})
	return l
}

// narrowLoad is how many times its limit the narrow key is asked for.
const narrowLoad = 3

func (l *load) judge(q question, ask func() (int, string)) {
	status, decision := ask()
	l.asked.Add(1)
	said := fmt.Sprintf("%d %s, not %s", status, decision, q.want)
	switch {
	case status == 0:
		l.note(&l.unanswered, "unanswered", said)
	case status >= 500:
		l.note(&l.broken, "5xx", said)
	case status == 200 && q.want != "VALID":
		l.note(&l.letIn, "let in", said)
	case status != 200 && q.want == "VALID":
		l.note(&l.refused, "refused", said)
	}
}

// judgeDoomed asks at the address about the key that is revoked meanwhile.
func (l *load) judgeDoomed(d *doomed, ctx context.Context, a *asker, base string) {
	sent := time.Now()
	by := d.by.Load()
	want := "VALID"
	if by != 0 {
		want = "REVOKED"
	}
	status, decision := a.ask(ctx, base+"/verify", d.secret)
	switch {
	case by != 0 && sent.UnixNano() < by && status == 200: // it may
	case by == 0 && status == 401: // the revoke was done while this was on its way
	default:
		l.judge(question{want: want}, func() (int, string) { return status, decision })
	}
}

// narrowRule is the low limit, and mostNarrow what of it may pass in the span
// where so many limiters count apart, after so many fresh starts each.
const (
	narrowPerSecond = 10
	narrowBurst     = 10
)

func mostNarrow(span time.Duration, limiters, starts int) float64 {
	return float64(limiters*starts*narrowBurst) + float64(limiters)*span.Seconds()*narrowPerSecond + 1
}

func logCounts(t *testing.T, n *counts) {
	t.Helper()
	for kind, example := range n.first {
		t.Logf("  first %s: %s", kind, example)
	}
}
