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
	requests    bool
	inProcess   bool
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
	revokes     bool
}

func main() {
	var o options
	flag.IntVar(&o.keys, "keys", 100_000, "live keys, asked for at random")
	flag.BoolVar(&o.requests, "requests", true, "measure verifications by request")
	flag.BoolVar(&o.inProcess, "in-process", true, "measure verifications in the caller's process as well")
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
	flag.BoolVar(&o.revokes, "revokes", true, "measure how soon three nodes refuse a key that was reported or revoked")
	var r role
	flag.StringVar(&r.as, "as", "", "be a floor, socket, generator, edge or check (these and what follows are used by the command itself)")
	flag.StringVar(&r.address, "address", "", "where to serve, or what to load")
	flag.Float64Var(&r.perSecond, "rate", 0, "requests per second of the generator")
	flag.StringVar(&r.secrets, "secrets", "", "file of the floor's keys, one a line")
	flag.StringVar(&r.redis, "redis-address", "", "Redis that the floor asks for each request")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if r.as != "" {
		err = r.play(ctx, o)
	} else {
		err = run(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// role is what the command does when it starts itself.
type role struct {
	as, address    string
	secrets, redis string
	perSecond      float64
}

func (r role) play(ctx context.Context, o options) error {
	switch r.as {
	case "floor":
		return r.serveFloor(ctx)
	case "socket":
		return serveSocket(ctx, r.address)
	case "edge":
		return r.playEdge(ctx, o)
	case "check":
		return loadCheck(ctx, o, r.address, r.secrets)
	case "generator":
		return generate(ctx, openLoop{address: r.address, connections: o.connections, perSecond: r.perSecond, duration: o.duration})
	default:
		return fmt.Errorf("-as %s: unknown", r.as)
	}
}

func (r role) serveFloor(ctx context.Context) error {
	all, err := readLines(r.secrets)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: r.address, Handler: newFloor(all, r.redis), ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // nobody waits for an answer
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "latchkey-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if o.requests {
		if err := compare(ctx, o, filepath.Join(dir, "compare")); err != nil {
			return err
		}
	}
	if o.inProcess {
		if err := compareInProcess(ctx, o, filepath.Join(dir, "inprocess")); err != nil {
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
	if o.revokes {
		if err := compareRevokes(ctx, o, filepath.Join(dir, "revokes")); err != nil {
			return err
		}
	}
	if o.large == 0 {
		return nil
	}
	return large(ctx, o, filepath.Join(dir, "large"))
}
