// Command bench measures whole processes over loopback: Latchkey's /verify and an honest
// floor, in turn, with the same load generator (wrk). Its results are ratios of medians:
// absolute numbers say more about the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

type options struct {
	keys        int
	rounds      int
	duration    time.Duration
	connections int
	binary      string
	large       int
	redis       bool
	pages       int
	strangers   bool
	edges       int
	grpc        bool
}

func main() {
	var o options
	flag.IntVar(&o.keys, "keys", 100_000, "live keys, asked for at random; 0: leave the comparison out")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each, in turn")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "length of one round")
	flag.IntVar(&o.connections, "connections", 32, "kept-alive connections")
	flag.StringVar(&o.binary, "binary", "build/latchkey", "the service to measure")
	flag.IntVar(&o.large, "large", 1_000_000, "measure a store with so many keys as well; 0: none")
	flag.BoolVar(&o.redis, "redis", true, "measure limits in Redis as well")
	flag.IntVar(&o.pages, "pages", 100_000, "measure the portal's pages over so many keys as well; 0: leave them out")
	flag.BoolVar(&o.strangers, "strangers", true, "measure what requests without a credential cost as well")
	flag.IntVar(&o.edges, "edges", 2000, "measure a node that feeds so many edges as well; 0: leave it out")
	flag.BoolVar(&o.grpc, "grpc", true, "measure Envoy's gRPC as well")
	check := flag.String("check", "", "load Check at this address with the keys of -secrets (used by the command itself)")
	floorAddress := flag.String("floor", "", "serve the floor at this address, with the keys of -secrets (used by the command itself)")
	secrets := flag.String("secrets", "", "file of keys, one a line")
	redisAddress := flag.String("redis-address", "", "Redis that the floor asks for each request (used by the command itself)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if *check != "" {
		err = loadCheck(ctx, o, *check, *secrets)
	} else {
		err = run(ctx, o, *floorAddress, *secrets, *redisAddress)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, floorAddress, secrets, redisAddress string) error {
	if floorAddress != "" {
		all, err := readLines(secrets)
		if err != nil {
			return err
		}
		server := &http.Server{Addr: floorAddress, Handler: newFloor(all, redisAddress), ReadHeaderTimeout: 5 * time.Second}
		defer context.AfterFunc(ctx, func() { _ = server.Close() })() // nobody waits for an answer
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "latchkey-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if o.keys > 0 {
		if err := compare(ctx, o, filepath.Join(dir, "compare")); err != nil {
			return err
		}
	}
	if o.redis {
		if err := compareRedis(ctx, o, filepath.Join(dir, "redis")); err != nil {
			return err
		}
	}
	if o.pages > 0 {
		if err := pages(ctx, o, filepath.Join(dir, "pages")); err != nil {
			return err
		}
	}
	if o.strangers {
		if err := strangers(ctx, o, filepath.Join(dir, "strangers")); err != nil {
			return err
		}
	}
	if o.edges > 0 {
		if err := edges(ctx, o, filepath.Join(dir, "edges")); err != nil {
			return err
		}
	}
	if o.grpc {
		if err := compareGRPC(ctx, o, filepath.Join(dir, "grpc")); err != nil {
			return err
		}
	}
	if o.large == 0 {
		return nil
	}
	return large(ctx, o, filepath.Join(dir, "large"))
}
