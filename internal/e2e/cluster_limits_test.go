//go:build cluster

package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// Three nodes under three times the load that a limit allows let pass what one
// would, and a quota is spent once, however the nodes count together.
func TestClusterLimits(t *testing.T) {
	for _, place := range []string{"one Redis", "a Redis Cluster of three"} {
		url := ""
		if place != "one Redis" {
			url = parts.RedisCluster(t).URL()
		}
		for _, mode := range []string{"exact", "leased"} {
			t.Run(place+", "+mode, func(t *testing.T) {
				// Redis has its time: what a node counts by itself is another proof.
				c := newCluster(t, url, "LATCHKEY_LIMIT_MODE="+mode, "LATCHKEY_REDIS_TIMEOUT=2s")
				c.bucketsHold()
				c.quotaHolds(mode)
			})
		}
	}
}

// bucketsHold offers every bucket all of its burst and then three times its
// rate, all buckets at once.
func (c *cluster) bucketsHold() {
	c.t.Helper()
	var all sync.WaitGroup
	for _, b := range []struct{ burst, perSecond int }{{10, 20}, {100, 40}, {1_000, 80}, {10_000, 120}} {
		if !clusterLong() {
			b.burst = min(b.burst, 3_000) // asking 10,000 times takes a busy machine too long
		}
		secret := c.limited(fmt.Sprintf("burst%d", b.burst), map[string]any{"rate_limit": map[string]any{
			"requests": b.perSecond, "per": "1s",
			"burst": b.burst,
		}})
		a := newAsker(c.t)
		all.Go(func() {
			accepted, span := c.offer(a, secret, b.burst, 3*b.perSecond, shortOr(6*time.Second, 20*time.Second))
			allowed := float64(b.burst) + span.Seconds()*float64(b.perSecond)
			ratio := float64(accepted) / allowed
			c.t.Logf("burst %6d: accepted %6d of %8.1f allowed in %s, ratio %.4f", b.burst, accepted, allowed, span.Round(time.Millisecond), ratio)
			// Above, the token that is not whole at the end. Below, in the few that the short form offers, what
			// runs over the rim of a small bucket while the machine does not ask.
			if float64(accepted) > allowed+1 || ratio < 0.98-shortOr(5.0, 0)/allowed {
				c.t.Errorf("burst %d: accepted over allowed is %.4f", b.burst, ratio)
			}
		})
	}
	all.Wait()
}

// offer asks so many times as fast as it goes, then at the pace for the span,
// and returns how many were accepted from the first question to the last answer.
func (c *cluster) offer(a *asker, secret string, burst, perSecond int, span time.Duration) (accepted int64, took time.Duration) {
	var passed atomic.Int64
	ask := func() {
		switch status, decision := a.ask(c.t.Context(), c.front+"/verify", secret); status {
		case 200:
			passed.Add(1)
		case 429:
		default:
			c.t.Errorf("%d %s", status, decision)
		}
	}
	began := time.Now()
	several(16, burst, ask)
	ctx, stop := context.WithTimeout(c.t.Context(), span)
	defer stop()
	const askers = 8
	var paced sync.WaitGroup
	for range askers {
		paced.Go(func() { every(ctx, askers*time.Second/time.Duration(perSecond), ask) })
	}
	paced.Wait()
	return passed.Load(), time.Since(began)
}

// several calls do times in all from so many at once.
func several(atOnce, times int, do func()) {
	var left atomic.Int64
	left.Store(int64(times))
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				do()
			}
		})
	}
	all.Wait()
}

// quotaHolds tries 5,000 times at once to spend a quota of 1,000.
func (c *cluster) quotaHolds(mode string) {
	c.t.Helper()
	const quota, tries = 1_000, 5_000
	secret := c.limited("quota", map[string]any{"quota": map[string]any{"requests": quota, "per": "month"}})
	a := newAsker(c.t)
	var passed atomic.Int64
	several(64, tries, func() {
		if status, _ := a.ask(c.t.Context(), c.front+"/verify", secret); status == 200 {
			passed.Add(1)
		}
	})
	c.t.Logf("quota: %d of %d passed of %d tries", passed.Load(), quota, tries)
	// Leased shares that are not spent go back, for those who ask later.
	if got := passed.Load(); got > quota || mode == "exact" && got != quota || got < quota*98/100 {
		c.t.Errorf("of a quota of %d, %d passed", quota, got)
	}
}
