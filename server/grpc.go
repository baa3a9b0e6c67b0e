package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/api/extauthz"
	"github.com/latchkey/latchkey/internal/gate"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/proxies"
)

// grpcShare is which part of LATCHKEY_MAX_CONNECTIONS is for gRPC: a gateway has few
// connections, with many calls on each.
const grpcShare = 8

// grpcConnections returns how many clients of gRPC may be connected, 0 for no limit.
func (c *config) grpcConnections() int {
	if c.maxConnections == 0 {
		return 0
	}
	return max(1, c.maxConnections/grpcShare)
}

// envoys is the part of a front that speaks gRPC. It may be nil, and then does nothing.
type envoys struct {
	server  *extauthz.Server
	clients *gate.Listener
	stopped chan struct{} // closed once no call is open any more
}

// listenGRPC listens on LATCHKEY_GRPC_ADDR, if it is set.
func (f *front) listenGRPC(ctx context.Context, secure *tls.Config, self *api.Self, checks health.Checks) error {
	if f.config.grpcAddr == "" {
		return nil
	}
	extauthz.LogTo(f.logger)
	trusted, err := proxies.New(f.config.trustedProxies, f.config.forwardedHeader)
	if err != nil {
		return err
	}
	c := extauthz.Config{
		Self: self, Trusted: trusted, Health: checks, Logger: f.logger, TLS: secure, Verified: f.metrics.Verified,
		Timeouts: extauthz.Timeouts{Handshake: headerTimeout, Call: readTimeout, Idle: idleTimeout},
	}
	if f.tracer != nil {
		c.Trace = f.tracer.Call
	}
	server, err := extauthz.New(c)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.config.grpcAddr)
	if err != nil {
		return fmt.Errorf("listen (LATCHKEY_GRPC_ADDR): %w", err)
	}
	f.logger.InfoContext(ctx, "serving gRPC", "address", listener.Addr().String(), "tls", secure != nil)
	f.envoys = &envoys{server: server, clients: gate.New(listener, f.config.grpcConnections(), ""), stopped: make(chan struct{})}
	return nil
}

// close frees the address if run never came to serve it.
func (e *envoys) close() {
	if e != nil {
		_ = e.clients.Close()
	}
}

// serve reports to failed why it ends before it was told to.
func (e *envoys) serve(failed chan<- error) {
	if e == nil {
		return
	}
	if err := e.server.Serve(e.clients); err != nil {
		failed <- err
	}
}

// leave lets clients notice for half of most that they are not to come back, and then
// sends them away. It does not wait if nobody is connected.
func (e *envoys) leave(ctx context.Context, most time.Duration) {
	if e == nil {
		return
	}
	if e.clients.Open() > 0 {
		pause(ctx, most/2, nil)
	}
	go func() {
		defer close(e.stopped)
		e.server.Leave()
	}()
	pause(ctx, most-most/2, e.stopped)
}

// finish waits for open calls, and cuts off those that are open when ctx ends.
func (e *envoys) finish(ctx context.Context) error {
	if e == nil {
		return nil
	}
	select {
	case <-e.stopped:
		return nil
	case <-ctx.Done():
		e.server.Stop()
		return ctx.Err()
	}
}

// pause waits for that long, or until ctx ends or something is over.
func pause(ctx context.Context, d time.Duration, over <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-over:
	}
}
