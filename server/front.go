package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/internal/fastlane"
	"github.com/latchkey/latchkey/internal/gate"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/metrics"
	"github.com/latchkey/latchkey/internal/tlsfiles"
	"github.com/latchkey/latchkey/internal/tracing"
)

// front accepts the connections of clients, for the service or an edge.
type front struct {
	config   *config
	logger   *slog.Logger
	metrics  *metrics.Set
	tracer   *tracing.Tracer // nil if traces are off
	files    []reloaded
	stopping *stopping
	envoys   *envoys // nil without gRPC
}

func (a *app) front() *front {
	return &front{config: a.config, logger: a.logger, metrics: a.metrics, tracer: a.tracer, files: a.files, stopping: &a.stopping}
}

// secure returns the TLS configuration, nil without TLS, and the files that
// SIGHUP reloads.
func (c *config) secure() (*tls.Config, []reloaded, error) {
	if c.tlsCert == "" {
		return nil, nil, nil
	}
	pair, err := tlsfiles.NewPair(c.tlsCert, c.tlsKey, time.Now)
	if err != nil {
		return nil, nil, err
	}
	return pair.Config(c.clientCA != ""), []reloaded{pair}, nil
}

// gated limits how many clients may be connected.
func gated(listener net.Listener, c *config, secure *tls.Config) *gate.Listener {
	refusal := busy
	if secure != nil {
		refusal = "" // TLS would have to encrypt it
	}
	most := c.maxConnections
	if c.grpcAddr != "" {
		most -= c.grpcConnections()
	}
	return gate.New(listener, most, refusal)
}

// serveAdmin serves the operators' pages, if an address for them is set.
func (f *front) serveAdmin(ctx context.Context) (stop func(), err error) {
	if f.config.adminAddr == "" {
		return func() {}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.config.adminAddr)
	if err != nil {
		return nil, fmt.Errorf("listen (LATCHKEY_ADMIN_ADDR): %w", err)
	}
	server, ended := adminServer(f.metrics, f.logger), make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			f.logger.ErrorContext(ctx, "serve on LATCHKEY_ADMIN_ADDR", "err", err)
		}
	}()
	return func() {
		_ = server.Close() // no request there is worth waiting for
		<-ended
	}, nil
}

// run serves until ctx ends, then calls ending and finishes open requests. A
// second signal stops at once.
func (f *front) run(ctx context.Context, clients *gate.Listener, secure *tls.Config, handler http.Handler, ending func()) error {
	handler = f.stopping.lastAnswers(handler)
	server := newServer(httpx.Heads(handler), f.logger)
	listener, drain := f.listen(clients, secure, handler)
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	go f.envoys.serve(failed)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	f.logger.InfoContext(ctx, "stopping")
	hurry, stop := hurried(ctx)
	defer stop()
	ending()
	var leaving sync.WaitGroup
	leaving.Go(func() { f.envoys.leave(hurry, f.config.drain) })
	f.stopping.leave(hurry, f.config.drain, clients)
	leaving.Wait()
	draining, cancel := context.WithTimeout(hurry, drainTimeout)
	defer cancel()
	server.SetKeepAlivesEnabled(false)
	if err := errors.Join(drain(draining), server.Shutdown(draining), f.envoys.finish(draining)); err != nil {
		f.logger.WarnContext(ctx, "requests were cut off", "err", err)
		return server.Close()
	}
	return nil
}

// listen returns the listener for net/http, and a function that waits for
// requests that net/http never sees.
func (f *front) listen(clients net.Listener, secure *tls.Config, handler http.Handler) (l net.Listener, drain func(context.Context) error) {
	drain = func(context.Context) error { return nil }
	switch {
	case secure != nil:
		return tls.NewListener(clients, secure), drain
	case !f.config.fastLane:
		return clients, drain
	}
	lane := fastlane.Listen(clients, fastlane.Config{
		Handler: handler, Paths: api.HotPaths(), Under: api.HotUnder, Logger: f.logger,
		HeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
	})
	return lane, lane.Drain
}
