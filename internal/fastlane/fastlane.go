// Package fastlane serves the plainest HTTP/1.1 requests for a few paths with less
// work than net/http, and leaves all others to net/http. If the next request of a
// connection is in any way unusual, the connection goes to net/http with that request
// unread, and stays there.
//
// "Plain" is narrow on purpose. Request smuggling happens when two servers read the same
// bytes differently, so anything that the two could read differently (chunked bodies,
// upgrades, folded or repeated lines, bare line feeds, unusual characters) is not read here
// at all. See docs/decisions/0010.
package fastlane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what a Listener needs. Every field is required but Now.
type Config struct {
	Handler http.Handler
	Paths   []string // without a query, exactly as sent
	Under   string   // prefix of further paths to serve, if they are plain; none if ""
	Logger  *slog.Logger
	Now     func() time.Time // time.Now if nil

	HeaderTimeout time.Duration // from the first byte of a request to the end of its header
	ReadTimeout   time.Duration // from the first byte of a request to its last
	WriteTimeout  time.Duration // of an answer
	IdleTimeout   time.Duration // between requests
}

// Listener accepts connections and serves their ordinary requests itself. Accept returns
// the connections that net/http must continue.
type Listener struct {
	Config
	inner    net.Listener
	passedOn chan net.Conn
	closed   chan struct{}
	closing  sync.Once
	failed   error // why Accept ended; set before closed is closed

	draining atomic.Bool
	mu       sync.Mutex // orders the start of lanes and of draining
	open     map[*lane]struct{}
	lanes    sync.WaitGroup
	life     context.Context // of requests; ends with draining
	abort    context.CancelFunc
}

// Listen returns a Listener on inner, which it closes together with itself.
func Listen(inner net.Listener, c Config) *Listener {
	if c.Now == nil {
		c.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Listener{
		Config: c, inner: inner, passedOn: make(chan net.Conn), closed: make(chan struct{}),
		open: map[*lane]struct{}{}, life: ctx, abort: cancel,
	}
	go l.accept()
	return l
}

func (l *Listener) accept() {
	for {
		conn, err := l.inner.Accept()
		switch {
		case err == nil:
			l.start(conn)
		case isTemporary(err):
			time.Sleep(5 * time.Millisecond) // out of file descriptors; some will be closed
		case l.draining.Load():
			return
		default:
			l.end(err)
			return
		}
	}
}

func (l *Listener) end(err error) {
	l.closing.Do(func() {
		l.failed = err
		close(l.closed)
	})
}

func isTemporary(err error) bool {
	var timeout net.Error
	//nolint:staticcheck // SA1019: what net/http asks too
	return !errors.Is(err, net.ErrClosed) && errors.As(err, &timeout) && timeout.Temporary()
}

func (l *Listener) start(conn net.Conn) {
	n := newLane(l, conn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining.Load() {
		n.close() // no request yet
		return
	}
	l.open[n] = struct{}{}
	l.lanes.Go(n.serve)
}

func (l *Listener) leave(n *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, n)
}

// cut closes the connections of requests that did not end in time.
func (l *Listener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.open {
		n.close()
	}
}

// Accept returns the next connection that has a request for net/http.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.passedOn:
		return conn, nil
	case <-l.closed:
		return nil, l.failed
	}
}

// passOn gives the connection to net/http, or closes it if Accept has ended.
func (l *Listener) passOn(conn net.Conn) {
	select {
	case l.passedOn <- conn:
	case <-l.closed:
		_ = conn.Close()
	}
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close ends Accept. Connections continue; for an orderly shutdown call Drain first.
func (l *Listener) Close() error {
	defer l.end(net.ErrClosed)
	return l.closeInner()
}

func (l *Listener) closeInner() error {
	if err := l.inner.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the listener: %w", err)
	}
	return nil
}

// Drain accepts no new connections, closes those that wait for a request, and lets the
// others finish theirs or move to net/http. It returns when none is left. If ctx ends
// first, it closes the remaining ones.
func (l *Listener) Drain(ctx context.Context) error {
	l.mu.Lock()
	l.draining.Store(true)
	for n := range l.open {
		n.wake()
	}
	l.mu.Unlock()
	if err := l.closeInner(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { defer close(done); l.lanes.Wait() }()
	defer l.abort()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		l.cut()
		return fmt.Errorf("drain connections: %w", ctx.Err())
	}
}
