package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// compare loads the service, a socket program, nginx and the floor in turn.
func compare(ctx context.Context, o options, dir string) error {
	return sides{}.drive(ctx, o, dir, func(f filled, service *process) error {
		if err := schemes(ctx, o, f, dir, service); err != nil {
			return err
		}
		resident, err := service.resident()
		fmt.Printf("\nresident memory of the service after the load, with %d keys cached: %.0f MiB\n", o.keys, resident)
		return err
	})
}

// sides holds what the service and the floor are started with in addition to the defaults.
type sides struct {
	settings  []string // of the service
	arguments []string // of the floor
}

// drive fills a store, loads the service on it and the floor in turn, and then runs any
// further measurements.
func (s sides) drive(ctx context.Context, o options, dir string, more func(filled, *process) error) (err error) {
	fmt.Printf("filling a store with %d keys\n", o.keys)
	f, err := fill(ctx, dir, o.keys)
	if err != nil {
		return err
	}
	script := filepath.Join(dir, "load.lua")
	if err := os.WriteFile(script, []byte(wrkScript), 0o600); err != nil {
		return err
	}
	service, err := startService(ctx, o, f, s.settings...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	others, err := s.startOthers(ctx, f, dir)
	defer func() {
		for _, c := range others {
			err = errors.Join(err, c.stop())
		}
	}()
	if err != nil {
		return err
	}
	if err := weigh(ctx, service, f); err != nil {
		return err
	}
	for _, method := range []string{"POST", "GET"} {
		if err := pair(ctx, o, f, script, method, service, others...); err != nil {
			return err
		}
	}
	return more(f, service)
}

// weigh warms the service and prints what a cached key adds to its memory.
func weigh(ctx context.Context, service *process, f filled) error {
	before, err := service.memory(ctx)
	if err != nil {
		return err
	}
	if err := warm(ctx, service, f); err != nil {
		return err
	}
	after, err := service.memory(ctx)
	if err != nil {
		return err
	}
	n, err := readLines(f.secretsFile)
	if err != nil {
		return err
	}
	each := func(before, after float64) float64 { return (after - before) / float64(len(n)) }
	fmt.Printf("each of %d keys just used adds %.0f bytes of live heap and %.0f of resident memory\n", len(n),
		each(before.live, after.live), each(before.resident, after.resident))
	return nil
}

// startOthers starts what the service is compared with. The first is what bounds it.
func (s sides) startOthers(ctx context.Context, f filled, dir string) (all []*contender, _ error) {
	starts := []struct {
		name  string
		start func() (*process, error)
	}{
		{"socket", func() (*process, error) { return startSocket(ctx) }},
		{"nginx", func() (*process, error) { return startNginx(ctx, dir) }},
		{"floor", func() (*process, error) { return startFloor(ctx, f) }},
	}
	if len(s.arguments) > 0 { // the others make no round trip
		starts = starts[2:]
		starts[0].start = func() (*process, error) { return startFloor(ctx, f, s.arguments...) }
	}
	for _, one := range starts {
		p, err := one.start()
		if err != nil {
			return all, err
		}
		all = append(all, &contender{name: one.name, process: p})
	}
	return all, nil
}

func startService(ctx context.Context, o options, f filled, settings ...string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	operators, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, address, "/readyz", append([]string{
		"LATCHKEY_ADDR=" + address, "LATCHKEY_ADMIN_ADDR=" + operators, "LATCHKEY_DATABASE_URL=" + f.url, "LATCHKEY_LOG=warn",
		"LATCHKEY_ADMIN_PASSWORD=" + adminPassword,
		"LATCHKEY_THROTTLE_ADMIN=off", "LATCHKEY_THROTTLE_SERVICE_ACCOUNT=off",
	}, settings...), o.binary, "serve")
	if err == nil {
		p.operators = operators
	}
	return p, err
}

func startFloor(ctx context.Context, f filled, arguments ...string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := []string{self, "-as", "floor", "-address", address, "-secrets", f.secretsFile}
	return start(ctx, address, "/", nil, append(command, arguments...)...)
}

const warmUp = 2 * time.Second

// contender is a server under load.
type contender struct {
	name string
	*process
	all []result
}

// pair runs the rounds of one method, the service and what it is compared with in turn,
// and prints the ratios of the medians.
func pair(ctx context.Context, o options, f filled, script, method string, service *process, others ...*contender) error {
	fmt.Printf("\n%s /verify, %d keys at random, %d connections, %d rounds of %s each, in turn\n", method, o.keys, o.connections,
		o.rounds, o.duration)
	us := &contender{name: "latchkey", process: service}
	all := append([]*contender{us}, others...)
	for _, c := range all {
		c.all = nil
		if _, err := drive(ctx, o, c.address, method, f.secretsFile, f.verifier, script, warmUp); err != nil {
			return err
		}
	}
	for range o.rounds {
		for _, c := range all {
			before := c.cpu()
			r, err := drive(ctx, o, c.address, method, f.secretsFile, f.verifier, script, o.duration)
			if err != nil {
				return err
			}
			r.cpu = time.Duration(float64(c.cpu()-before) / (r.perSecond * o.duration.Seconds()))
			c.all = append(c.all, r)
		}
	}
	a := medianOf(us.all)
	for _, c := range all {
		b := medianOf(c.all)
		fmt.Printf("%-9s %9.0f req/s   p50 %8s   p99 %8s   CPU %9s a request   not 2xx %d\n", c.name, b.perSecond, b.p50, b.p99, b.cpu,
			b.refused)
	}
	for _, c := range others {
		b := medianOf(c.all)
		fmt.Printf("to %-9s %6.2f           p50 %8.2f   p99 %8.2f   CPU %9.2f\n", c.name, a.perSecond/b.perSecond,
			float64(a.p50)/float64(b.p50), float64(a.p99)/float64(b.p99), float64(a.cpu)/float64(b.cpu))
	}
	return steadily(ctx, o, f, method, us, others[0])
}

// steadily loads the service and what bounds it with half of the service's highest rate,
// in turn, and prints the ratio of their latencies.
func steadily(ctx context.Context, o options, f filled, method string, us, bound *contender) error {
	requests, err := verifications(method, f)
	if err != nil {
		return err
	}
	perSecond := medianOf(us.all).perSecond / 2
	var ours, bounds []result
	for range o.rounds {
		for _, side := range []struct {
			c   *contender
			all *[]result
		}{{us, &ours}, {bound, &bounds}} {
			r, err := atRate(ctx, o, side.c.address, requests, perSecond)
			if err != nil {
				return err
			}
			*side.all = append(*side.all, r)
		}
	}
	a, b := medianOf(ours), medianOf(bounds)
	fmt.Printf("at %.0f req/s, from when each was due: latchkey p50 %s p99 %s, %s p50 %s p99 %s, ratio of p99 %.2f\n", perSecond,
		a.p50, a.p99, bound.name, b.p50, b.p99, float64(a.p99)/float64(b.p99))
	return nil
}
