// Command mongowire serves the MongoDB wire protocol on SQLite files, for tests that
// must reach their store through the real driver and a real socket.
//
// It lives in a module of its own so that its dependencies stay out of the service's.
// It is right for correctness and wrong for speed: it has no transactions, no change
// streams and no TTL or partial indexes.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// stopGrace is how long the server may take to stop after SIGTERM.
const stopGrace = 100 * time.Millisecond

func main() {
	addr := flag.String("addr", "127.0.0.1:27017", "TCP address to listen on")
	data := flag.String("data", "", "directory of the database files, made when missing (required)")
	flag.Parse()

	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, logger, *addr, *data)
	stop()
	if err != nil {
		logger.Error("mongowire stopped", "err", err)
		os.Exit(1)
	}
}

// serve answers on addr, with its files in the directory data, until ctx ends.
// Embedding disables telemetry, so the process talks to nobody else.
func serve(ctx context.Context, logger *slog.Logger, addr, data string) error {
	if data == "" {
		return errors.New("flag -data is required")
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{TCP: addr},
		Logger:   logger,
		Handler:  "sqlite",
		// Without fsync a killed process still loses nothing. Only a power loss
		// could, and a test's data does not outlive it anyway.
		SQLiteURL: "file:" + filepath.ToSlash(data) + "/?_pragma=synchronous(off)",
	})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// It would wait three seconds for idle clients. What it has answered is already in the
	// files, so only an answer in progress is worth waiting for.
	select {
	case err := <-ended:
		return err
	case <-time.After(stopGrace):
		return nil
	}
}
