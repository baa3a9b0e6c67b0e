//go:build cluster

package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// soakFor is how long the soak lasts: SOAK, as `make test-cluster` passes it on.
func soakFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SOAK")
	if text == "" {
		return shortOr(12*time.Second, time.Minute)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sample is what a node takes at one moment.
type sample struct{ resident, goroutines float64 }

// TestClusterSoak has three nodes verify at half of what they can. Their
// memory and their goroutines do not grow.
func TestClusterSoak(t *testing.T) {
	c := newCluster(t, "")
	_, secret := c.nodes[0].issue(c.tier, "invoices:read")
	limited := c.limited("soak", map[string]any{"rate_limit": map[string]any{"requests": 50, "per": "1s", "burst": 50}})
	c.known(secret, limited)
	whole := c.throughput(0, shortOr(2*time.Second, 5*time.Second), nil, secret, limited)
	span := soakFor(t)
	samples := make([][]sample, len(c.nodes))
	half := c.throughput(whole/2, span, func() {
		for i, m := range c.nodes {
			samples[i] = append(samples[i], c.sample(m))
		}
	}, secret, limited)
	t.Logf("at most %.0f verifications a second through nginx, then %.0f for %s", whole, half, span)
	for i, all := range samples {
		if len(all) < 6 {
			t.Fatalf("node %d: only %d samples", i+1, len(all))
		}
		warm, late := middle(all[len(all)/4:len(all)/2]), middle(all[len(all)*3/4:])
		growth := late.resident/warm.resident - 1
		t.Logf("node %d: %.1f MiB after warm-up, %.1f at the end (%+.1f %%); goroutines %.0f and %.0f", i+1, warm.resident/(1<<20),
			late.resident/(1<<20), 100*growth, warm.goroutines, late.goroutines)
		if late.goroutines > 1.2*warm.goroutines+20 {
			t.Errorf("node %d: goroutines grew from %.0f to %.0f", i+1, warm.goroutines, late.goroutines)
		}
		if span >= 10*time.Minute && growth > 0.05 {
			t.Errorf("node %d: memory grew by %.1f %%", i+1, 100*growth)
		}
	}
}

// middle returns the medians.
func middle(all []sample) sample {
	pick := func(of func(sample) float64) float64 {
		values := make([]float64, len(all))
		for i, s := range all {
			values[i] = of(s)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return sample{pick(func(s sample) float64 { return s.resident }), pick(func(s sample) float64 { return s.goroutines })}
}

// throughput asks at so many a second, 0 for as fast as it goes, and returns
// what came of it. watch is called forty times meanwhile.
func (c *cluster) throughput(perSecond float64, span time.Duration, watch func(), secrets ...string) float64 {
	c.t.Helper()
	const askers = 16
	began := time.Now()
	over := began.Add(span)
	var asked atomic.Int64
	var all sync.WaitGroup
	for range askers {
		a := newAsker(c.t)
		all.Go(func() {
			for i := 0; time.Now().Before(over); i++ {
				status, decision := a.ask(c.t.Context(), c.front+"/verify", secrets[i%len(secrets)])
				if status != 200 && status != 429 {
					c.t.Errorf("%d %s", status, decision)
				}
				n := asked.Add(1)
				if perSecond > 0 {
					<-time.After(time.Until(began.Add(time.Duration(float64(n) / perSecond * float64(time.Second)))))
				}
			}
		})
	}
	for watch != nil && time.Now().Before(over) {
		<-time.After(span / 40)
		watch()
	}
	all.Wait()
	return float64(asked.Load()) / time.Since(began).Seconds()
}

// sample reads the node's own metrics.
func (c *cluster) sample(m *member) (s sample) {
	c.t.Helper()
	answer, err := http.Get("http://" + m.ops + "/metrics")
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		into := map[string]*float64{"process_resident_memory_bytes": &s.resident, "go_goroutines": &s.goroutines}[name]
		if into == nil {
			continue
		}
		if *into, err = strconv.ParseFloat(value, 64); err != nil {
			c.t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
	if s.resident == 0 || s.goroutines == 0 {
		c.t.Fatalf("the metrics of %s tell %+v", m.name(), s)
	}
	return s
}

func (m *member) name() string { return strings.TrimPrefix(m.settings[0], "LATCHKEY_NODE_NAME=") }
