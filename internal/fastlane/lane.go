package fastlane

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"
)

const (
	bufferSize = 4 << 10  // size per connection until something larger arrives
	maxRequest = 16 << 10 // header and body; larger requests go to net/http
	maxHeaders = 32

	// usualHeaders is what a map of Go holds in one piece, which is quick to clear.
	usualHeaders = 8
)

// lane is one connection. It reuses its request and answer, so handlers must not keep them
// after they return, which net/http forbids too.
type lane struct {
	owner *Listener
	conn  net.Conn

	answered bool // a request

	buffer []byte // from read on: received and not used yet
	read   int
	parsed parsed
	values [maxHeaders]string // one per header field

	blank   http.Request // shared by all requests of the connection
	request http.Request
	header  http.Header
	url     url.URL
	body    body
	answer  answer

	// Deadlines set on conn; moving them for each request would cost more than it is
	// worth.
	readUntil, writeUntil time.Time
}

func newLane(l *Listener, conn net.Conn) *lane {
	n := &lane{owner: l, conn: conn, buffer: make([]byte, 0, bufferSize), header: make(http.Header, usualHeaders)}
	n.blank = *(&http.Request{
		Method: http.MethodGet, URL: &n.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: n.header, Body: http.NoBody, RemoteAddr: conn.RemoteAddr().String(),
	}).WithContext(l.life)
	n.answer.header = make(http.Header, usualHeaders)
	return n
}

// serve answers requests until one is not for this lane.
func (n *lane) serve() {
	defer n.owner.leave(n)
	for {
		state, err := n.next()
		switch {
		case err != nil:
			n.close()
			return
		case state == foreign:
			n.passOn()
			return
		}
		if !n.respond() {
			n.close()
			return
		}
	}
}

func (n *lane) close() { _ = n.conn.Close() } // the client may be gone already

// wake ends the wait for the next request.
func (n *lane) wake() { _ = n.conn.SetReadDeadline(time.Unix(1, 0)) }

func (n *lane) pending() int { return len(n.buffer) - n.read }

// passOn gives the connection to net/http, which sets its own deadlines.
func (n *lane) passOn() {
	if n.conn.SetDeadline(time.Time{}) != nil {
		n.close()
		return
	}
	n.owner.passOn(&resumed{Conn: n.conn, unread: n.buffer[n.read:]})
}

// next reads until there is one whole request, or the beginning of one for net/http.
func (n *lane) next() (state, error) {
	var began time.Time
	for {
		if !n.hasBegun() {
			if err := n.wait(); err != nil {
				return incomplete, err
			}
		} else {
			if s := n.parsed.parse(n.buffer[n.read:], n.owner.Paths, n.owner.Under); s != incomplete {
				return s, nil
			}
			if began.IsZero() {
				began = n.owner.Now()
			}
			if err := n.hurry(began); err != nil {
				return incomplete, err
			}
		}
		switch err := n.fill(); {
		case errors.Is(err, io.EOF) && n.hasBegun():
			return foreign, nil // net/http knows how to answer half a request
		case err != nil:
			return incomplete, err
		}
	}
}

// hasBegun reports whether the next request has begun. After another request, net/http
// counts from the fourth byte on.
func (n *lane) hasBegun() bool {
	if n.answered {
		return n.pending() >= 4
	}
	return n.pending() > 0
}

var errStopping = errors.New("the service is stopping")

// wait waits for the next request to begin.
func (n *lane) wait() error {
	now := n.owner.Now()
	if left := n.readUntil.Sub(now); left <= n.owner.IdleTimeout*3/4 || left > n.owner.IdleTimeout {
		if err := n.readBefore(now.Add(n.owner.IdleTimeout)); err != nil {
			return err
		}
	}
	if n.owner.draining.Load() { // checked last: a wake since then ends the wait
		return errStopping
	}
	return nil
}

// hurry limits how long a request that has begun may take.
func (n *lane) hurry(began time.Time) error {
	limit := n.owner.HeaderTimeout
	if n.parsed.bodyAt > 0 {
		limit = n.owner.ReadTimeout
	}
	return n.readBefore(began.Add(limit))
}

func (n *lane) readBefore(t time.Time) error {
	n.readUntil = t
	return n.conn.SetReadDeadline(t)
}

func (n *lane) fill() error {
	if n.read > 0 {
		n.buffer = n.buffer[:copy(n.buffer, n.buffer[n.read:])]
		n.read = 0
	}
	if len(n.buffer) == cap(n.buffer) {
		grown := make([]byte, len(n.buffer), 2*cap(n.buffer))
		copy(grown, n.buffer)
		n.buffer = grown
	}
	got, err := n.conn.Read(n.buffer[len(n.buffer):cap(n.buffer)])
	n.buffer = n.buffer[:len(n.buffer)+got]
	if got > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// respond lets the handler answer, and reports whether the connection can continue.
func (n *lane) respond() (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			ok = false
			if v != http.ErrAbortHandler { //nolint:errorlint // a sentinel that is panicked with, never wrapped
				n.owner.Logger.Error("panic", "err", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
		}
	}()
	n.prepare()
	n.answer.reset()
	n.owner.Handler.ServeHTTP(&n.answer, &n.request)
	n.read += n.parsed.end
	n.answered = true
	return n.write()
}

func (n *lane) write() bool {
	now := n.owner.Now()
	if left := n.writeUntil.Sub(now); left < n.owner.WriteTimeout*3/4 || left > n.owner.WriteTimeout {
		n.writeUntil = now.Add(n.owner.WriteTimeout)
		if n.conn.SetWriteDeadline(n.writeUntil) != nil {
			return false
		}
	}
	b, last := n.answer.wire(now, n.owner.draining.Load())
	_, err := n.conn.Write(b)
	return err == nil && !last
}

// resumed is a connection that was already partly read.
type resumed struct {
	net.Conn
	unread []byte
}

// Read implements net.Conn.
func (r *resumed) Read(p []byte) (int, error) {
	if len(r.unread) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.unread)
	if r.unread = r.unread[n:]; len(r.unread) == 0 {
		r.unread = nil
	}
	return n, nil
}
