package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/edge"
)

// steadyKeys is how many keys are charged: shares of limits pay where keys are used often.
const steadyKeys = 100

// compareInProcess measures decisions in a process of their own, fed by a node: package
// edge, and a floor that does what every such decision must. The decisions charge
// nothing; those of a few keys are also measured with shares of limits.
func compareInProcess(ctx context.Context, o options, dir string) error {
	fmt.Printf("\nin the caller's process, %d keys at random, one core, %d rounds of %s each, in turn\n", o.keys, o.rounds, o.duration)
	f, err := fill(ctx, dir, o.keys)
	if err != nil {
		return err
	}
	service, err := startService(ctx, o, f)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return errors.Join(err, service.stop())
	}
	//nolint:gosec // G204: our own arguments
	cmd := exec.CommandContext(ctx, "taskset", "-c", lastCore(), self, "-as", "edge", "-address", service.address, "-secrets", f.secretsFile,
		"-rounds", strconv.Itoa(o.rounds), "-duration", o.duration.String())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return errors.Join(cmd.Run(), service.stop(), os.RemoveAll(filepath.Dir(f.secretsFile)))
}

// decider decides about a key.
type decider func(key string) bool

// playEdge is what the command does as "edge".
func (r role) playEdge(ctx context.Context, o options) error {
	secrets, err := readLines(r.secrets)
	if err != nil {
		return err
	}
	e, err := edge.New(ctx, edge.Config{
		Upstream: []string{"http://" + r.address}, Key: edge.Credential(secrets[0]), CacheSize: 2 * len(secrets),
	})
	if err != nil {
		return err
	}
	asking := func(cost int64) decider {
		question := client.Question{Scopes: scopesAsked, Cost: client.Set(cost)}
		return func(key string) bool {
			question.Key = key
			v, err := e.Verify(ctx, question)
			return err == nil && v.Valid
		}
	}
	ours := asking(0)
	if err := learn(asking, secrets); err != nil {
		return errors.Join(err, e.Close(ctx))
	}
	bottom := newInProcessFloor(secrets)
	var a, b, c []speed
	few := secrets[:min(len(secrets), steadyKeys)]
	measure(asking(1), few, warmUp) // shares of limits grow
	for range o.rounds {
		a = append(a, measure(ours, secrets, o.duration))
		b = append(b, measure(bottom, secrets, o.duration))
		c = append(c, measure(asking(1), few, o.duration))
	}
	us, floor, charged := medianSpeed(a), medianSpeed(b), medianSpeed(c)
	row := "%-9s %9.0f a second   p50 %6s   p99 %8s   %4.1f allocations\n"
	fmt.Printf(row, "edge", us.perSecond, us.p50, us.p99, us.allocations)
	fmt.Printf(row, "charged", charged.perSecond, charged.p50, charged.p99, charged.allocations)
	fmt.Printf(row, "floor", floor.perSecond, floor.p50, floor.p99, floor.allocations)
	fmt.Printf("ratio     %9.2f            p50 %6.2f   p99 %8.2f\n", us.perSecond/floor.perSecond, float64(us.p50)/float64(floor.p50),
		float64(us.p99)/float64(floor.p99))
	return e.Close(ctx)
}

// learn asks the node for each key.
func learn(asking func(cost int64) decider, secrets []string) error {
	const askers = 32
	var group errgroup.Group
	for asker := range askers {
		decide := asking(0)
		group.Go(func() error {
			for i := asker; i < len(secrets); i += askers {
				if !decide(secrets[i]) {
					return errors.New("a key of the store is not valid at the edge")
				}
			}
			return nil
		})
	}
	return group.Wait()
}

var scopesAsked = []string{"invoices:read"}

// newInProcessFloor returns what no decision can do without: the digest of the key, a
// look-up, the time and a lock.
func newInProcessFloor(secrets []string) decider {
	known := make(map[[sha256.Size]byte]*floorAnswer, len(secrets))
	for _, s := range secrets {
		known[sha256.Sum256([]byte(s))] = &floorAnswer{Valid: true}
	}
	var mu sync.Mutex
	var last time.Time
	return func(key string) bool {
		answer := known[sha256.Sum256([]byte(key))]
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		last = now
		return answer != nil && answer.Valid && !last.IsZero()
	}
}

// speed is one round of decisions.
type speed struct {
	perSecond   float64
	p50, p99    time.Duration
	allocations float64 // for each decision
}

const timedEvery = 8 // decisions: reading the clock takes a tenth of one

// measure decides about random keys.
func measure(decide decider, secrets []string, duration time.Duration) speed {
	var before, after runtime.MemStats
	took := make([]time.Duration, 0, 1<<20)
	runtime.GC()
	runtime.ReadMemStats(&before)
	began, n := time.Now(), 0
	for ; time.Since(began) < duration; n += timedEvery {
		for range timedEvery - 1 {
			decide(secrets[rand.IntN(len(secrets))]) //nolint:gosec // G404: not a secret
		}
		key := secrets[rand.IntN(len(secrets))] //nolint:gosec // G404: not a secret
		at := time.Now()
		decide(key)
		if took = append(took, time.Since(at)); len(took) == cap(took) {
			took = took[:0]
		}
	}
	elapsed := time.Since(began)
	runtime.ReadMemStats(&after)
	slices.Sort(took)
	return speed{
		perSecond: float64(n) / elapsed.Seconds(), p50: took[len(took)/2], p99: took[len(took)*99/100],
		allocations: float64(after.Mallocs-before.Mallocs) / float64(n),
	}
}

func medianSpeed(all []speed) speed {
	middle := func(of func(speed) float64) float64 {
		values := make([]float64, len(all))
		for i, s := range all {
			values[i] = of(s)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return speed{
		perSecond:   middle(func(s speed) float64 { return s.perSecond }),
		p50:         time.Duration(middle(func(s speed) float64 { return float64(s.p50) })),
		p99:         time.Duration(middle(func(s speed) float64 { return float64(s.p99) })),
		allocations: middle(func(s speed) float64 { return s.allocations }),
	}
}
