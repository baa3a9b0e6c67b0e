// Package gate counts the connections of a listener, so that whoever stops the
// service knows when nobody is connected any more.
package gate

import (
	"net"
	"sync"
	"sync/atomic"
)

// Listener is a net.Listener that counts its open connections.
type Listener struct {
	net.Listener
	open    atomic.Int64
	emptied chan struct{}
}

// New returns a Listener around inner.
func New(inner net.Listener) *Listener {
	return &Listener{Listener: inner, emptied: make(chan struct{}, 1)}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &conn{Conn: c, leave: sync.OnceFunc(l.left)}, nil
}

func (l *Listener) left() {
	if l.open.Add(-1) > 0 {
		return
	}
	select {
	case l.emptied <- struct{}{}:
	default: // somebody is told already
	}
}

// Open returns how many connections are open.
func (l *Listener) Open() int { return int(l.open.Load()) }

// Emptied tells that no connection may be open any more; ask Open.
func (l *Listener) Emptied() <-chan struct{} { return l.emptied }

type conn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.leave() // first: a client who sees the end can rely on it
	return c.Conn.Close()
}
