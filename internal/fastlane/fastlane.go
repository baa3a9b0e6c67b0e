// Package fastlane serves the plainest HTTP/1.1 requests for a few paths with
// less work than net/http, and leaves all others to net/http. If the next
// request of a connection is in any way out of the ordinary, the connection is
// passed on with that request unread, and stays there.
//
// "Ordinary" is narrow on purpose. Requests get smuggled when two servers read
// the same bytes differently, so anything on which the two could differ
// (chunked bodies, upgrades, folded or repeated lines, bare line feeds, odd
// characters) is not read here at all. See docs/decisions/0010.
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
	Paths   []string // without a query, exactly as they come on the wire
	Under   string   // paths that begin so are served as well, if they are plain; none if ""
	Logger  *slog.Logger
	Now     func() time.Time // time.Now if nil

	HeaderTimeout time.Duration // from the first byte of a request to the end of its header
	ReadTimeout   time.Duration // from the first byte of a request to its last
	WriteTimeout  time.Duration // of an answer
	IdleTimeout   time.Duration // between requests
}

// Listener accepts connections, serves their ordinary requests itself and
// gives out, by Accept, the connections that net/http must go on with.
type Listener struct {
	Config
	inner    net.Listener
	passedOn chan net.Conn
	closed   chan struct{}
	closing  sync.Once
	failed   error // why Accept ended; set before closed is closed

	draining atomic.Bool
	mu       sync.Mutex // orders the beginning of a lane and that of draining
	open     map[*lane]struct{}
	lanes    sync.WaitGroup
	life     context.Context // of requests; ends when draining does
	abort    context.CancelFunc
}

// Listen returns a Listener in front of inner, which it closes with itself.
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
			time.Sleep(5 * time.Millisecond) // out of file descriptors: some will be closed
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
		n.close() // nothing was asked yet
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

// cut ends the connections of requests that did not end in time.
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

// passOn gives the connection to net/http, or closes it when that is over.
func (l *Listener) passOn(conn net.Conn) {
	select {
	case l.passedOn <- conn:
	case <-l.closed:
		_ = conn.Close()
	}
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close ends Accept. Connections go on; see Drain, which comes first where they
// are to end in order.
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

// Drain takes no new connections, closes those that wait for a request, and
// lets the others finish theirs or go over to net/http. It returns when none is
// left; when ctx ends before, it cuts them off.
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
