package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// compare loads the service and the floor in turn.
func compare(ctx context.Context, o options, dir string) error {
	return sides{}.drive(ctx, o, dir, func(f filled, service *process) error {
		if err := schemes(ctx, o, f, dir, service); err != nil {
			return err
		}
		resident, err := service.resident()
		fmt.Printf("\nresident memory of the service with %d keys cached: %.0f MiB\n", o.keys, resident)
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
	bottom, err := startFloor(ctx, f, s.arguments...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bottom.stop()) }()
	if err := warm(ctx, service, f); err != nil {
		return err
	}
	for _, method := range []string{"POST", "GET"} {
		if err := pair(ctx, o, f, script, method, service, bottom); err != nil {
			return err
		}
	}
	return more(f, service)
}

func startService(ctx context.Context, o options, f filled, settings ...string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return start(ctx, address, "/readyz", append([]string{
		"LATCHKEY_ADDR=" + address, "LATCHKEY_DATABASE_URL=" + f.url, "LATCHKEY_LOG=warn", "LATCHKEY_ADMIN_PASSWORD=" + adminPassword,
		"LATCHKEY_THROTTLE_ADMIN=off", "LATCHKEY_THROTTLE_SERVICE_ACCOUNT=off",
	}, settings...), o.binary, "serve")
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
	return start(ctx, address, "/", nil, append([]string{self, "-floor", address, "-secrets", f.secretsFile}, arguments...)...)
}

const warmUp = 2 * time.Second

// pair runs the rounds of one method, service and floor in turn, and prints the ratio of
// the medians.
func pair(ctx context.Context, o options, f filled, script, method string, service, bottom *process) error {
	fmt.Printf("\n%s /verify, %d keys at random, %d connections, %d rounds of %s each, in turn\n", method, o.keys, o.connections,
		o.rounds, o.duration)
	for _, p := range []*process{service, bottom} {
		if _, err := drive(ctx, o, p.address, method, f.secretsFile, f.verifier, script, warmUp); err != nil {
			return err
		}
	}
	var ours, floors []result
	for range o.rounds {
		for _, side := range []struct {
			p   *process
			all *[]result
		}{{service, &ours}, {bottom, &floors}} {
			before := side.p.cpu()
			r, err := drive(ctx, o, side.p.address, method, f.secretsFile, f.verifier, script, o.duration)
			if err != nil {
				return err
			}
			r.cpu = time.Duration(float64(side.p.cpu()-before) / (r.perSecond * o.duration.Seconds()))
			*side.all = append(*side.all, r)
		}
	}
	a, b := medianOf(ours), medianOf(floors)
	row := "%-9s %9.0f req/s   p50 %8s   p99 %8s   CPU %9s a request   not 2xx %d\n"
	fmt.Printf(row, "latchkey", a.perSecond, a.p50, a.p99, a.cpu, a.refused)
	fmt.Printf(row, "floor", b.perSecond, b.p50, b.p99, b.cpu, b.refused)
	fmt.Printf("ratio     %9.2f           p50 %8.2f   p99 %8.2f   CPU %9.2f\n", a.perSecond/b.perSecond, float64(a.p50)/float64(b.p50),
		float64(a.p99)/float64(b.p99), float64(a.cpu)/float64(b.cpu))
	return nil
}
