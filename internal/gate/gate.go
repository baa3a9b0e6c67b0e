// Package gate counts the connections of a listener, so that a shutdown knows when
// nobody is connected any more.
package gate

import (
	"net"
	"sync"
	"sync/atomic"
)

// Listener is a net.Listener that counts its open connections, and turns away those beyond
// its limit at once.
type Listener struct {
	net.Listener
	most    int
	refusal []byte
	open    atomic.Int64
	refused atomic.Int64
	emptied chan struct{}
}

// New returns a Listener on inner for at most that many connections, 0 for no limit.
// It sends the refusal, which is short, to each further one before it closes it.
func New(inner net.Listener, most int, refusal string) *Listener {
	return &Listener{Listener: inner, most: most, refusal: []byte(refusal), emptied: make(chan struct{}, 1)}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.most == 0 || l.open.Load() < int64(l.most) {
			l.open.Add(1)
			return &conn{Conn: c, leave: sync.OnceFunc(l.left)}, nil
		}
		l.refused.Add(1)
		_, _ = c.Write(l.refusal) // the buffer of a new connection has room for it
		_ = c.Close()
	}
}

// Refused returns how many connections were turned away.
func (l *Listener) Refused() int64 { return l.refused.Load() }

func (l *Listener) left() {
	if l.open.Add(-1) > 0 {
		return
	}
	select {
	case l.emptied <- struct{}{}:
	default: // a notice is already pending
	}
}

// Open returns how many connections are open.
func (l *Listener) Open() int { return int(l.open.Load()) }

// Emptied signals that there may be no open connection any more; check Open.
func (l *Listener) Emptied() <-chan struct{} { return l.emptied }

type conn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.leave() // first, so that a client who sees the close can rely on it
	return c.Conn.Close()
}
