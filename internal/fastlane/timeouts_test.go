package fastlane

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of connections in memory, which keep a test's time.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.ended:
		return net.ErrClosed
	default:
		close(p.ended)
		return nil
	}
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// bubble runs the test in a time of its own over a lane with the handler.
func bubble(t *testing.T, h http.HandlerFunc, test func(t *testing.T, l *Listener, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := newListener(p, h)
		server := newServer(h)
		go func() { _ = server.Serve(l) }()
		test(t, l, p)
		_ = server.Close()
		l.abort()
		l.cut()
	})
}

// closedAfter reads to the end and returns how long that took.
func closedAfter(t *testing.T, c net.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	_, _ = io.Copy(io.Discard, c)
	return time.Since(began)
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, c net.Conn) string {
	t.Helper()
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent string
		want time.Duration
	}{
		"nothing comes":           {"", idleTimeout},
		"the line stops":          {get[:7], headerTimeout},
		"the header stops":        {get[:30], headerTimeout},
		"the body stops":          {post[:len(post)-1], readTimeout},
		"nothing more comes":      {get, idleTimeout},
		"hardly more comes":       {get + "GE", idleTimeout},
		"the next request stops":  {get + get[:30], headerTimeout},
		"a foreign header stops":  {"DELETE /verify HTTP/1.1\r\nHos", headerTimeout},
		"a line that grows slows": {"POST /verify?" + strings.Repeat("a", 5000), headerTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, echo, func(t *testing.T, _ *Listener, p *pipes) {
				conn := p.dial()
				if c.sent != "" {
					go func() { _, _ = io.WriteString(conn, c.sent) }()
				}
				if got := closedAfter(t, conn); got != c.want {
					t.Errorf("closed after %s, want %s", got, c.want)
				}
			})
		})
	}
}

// A client that sends a byte now and then does not hold a connection.
func TestSlowHeaderGetsNoMoreTime(t *testing.T) {
	t.Parallel()
	bubble(t, echo, func(t *testing.T, _ *Listener, p *pipes) {
		conn := p.dial()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range get {
				if _, err := io.WriteString(conn, get[i:i+1]); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		if got := closedAfter(t, conn); got != headerTimeout {
			t.Errorf("closed after %s, want %s", got, headerTimeout)
		}
		<-done
	})
}

func TestClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	bubble(t, echo, func(t *testing.T, l *Listener, p *pipes) {
		conn := p.dial()
		send(t, conn, get)
		began := time.Now()
		l.lanes.Wait()
		if got := time.Since(began); got != writeTimeout {
			t.Errorf("given up after %s, want %s", got, writeTimeout)
		}
		_ = conn.Close()
	})
}

// A connection in use for longer than any of the times goes on.
func TestBusyConnectionLives(t *testing.T) {
	t.Parallel()
	bubble(t, echo, func(t *testing.T, _ *Listener, p *pipes) {
		conn := p.dial()
		for range 20 {
			send(t, conn, post)
			if got := receive(t, conn); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") {
				t.Fatal(got)
			}
			time.Sleep(idleTimeout - time.Second)
		}
		_ = conn.Close()
	})
}

func TestDrain(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	slow := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "slow" {
			<-release
		}
		echo(w, r)
	}
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		p := newPipes()
		l := newListener(p, http.HandlerFunc(slow))
		idle, used, busy := p.dial(), p.dial(), p.dial()
		send(t, used, get)
		receive(t, used)
		send(t, busy, strings.Replace(get, "/verify", "/verify?slow", 1))
		drained := make(chan error)
		go func() { drained <- l.Drain(t.Context()) }()
		synctest.Wait()
		if closedAfter(t, idle)+closedAfter(t, used) != 0 {
			t.Error("idle connections were not closed at once")
		}
		close(release)
		if got := receive(t, busy); !strings.Contains(got, "\r\nConnection: close\r\n") {
			t.Errorf("the request that was going on was answered %q", got)
		}
		if err := <-drained; err != nil {
			t.Error(err)
		}
		if _, err := p.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("still accepting: %v", err)
		}
		_ = l.Close()
	})
}

// A handler that does not end is cut off when there is no more time.
func TestDrainEnds(t *testing.T) {
	t.Parallel()
	ended := false
	bubble(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); ended = true }, func(t *testing.T, l *Listener, p *pipes) {
		conn := p.dial()
		send(t, conn, get)
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		if err := l.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drained with %v", err)
		}
		if got := closedAfter(t, conn); got != 0 {
			t.Errorf("closed after %s", got)
		}
		l.lanes.Wait()
		if !ended {
			t.Error("the request's context did not end")
		}
	})
}

// What is for net/http is still answered while the lanes drain.
func TestForeignRequestWhileDraining(t *testing.T) {
	t.Parallel()
	bubble(t, echo, func(t *testing.T, l *Listener, p *pipes) {
		conn := p.dial()
		send(t, conn, "GET /heal")
		send(t, conn, "thz HTTP/1.1\r\nHost: a\r\n\r\n")
		go func() { _ = l.Drain(t.Context()) }()
		if got := receive(t, conn); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") {
			t.Error(got)
		}
		_ = conn.Close()
	})
}

func TestPanics(t *testing.T) {
	t.Parallel()
	bubble(t, func(http.ResponseWriter, *http.Request) { panic("oh") }, func(t *testing.T, _ *Listener, p *pipes) {
		conn := p.dial()
		send(t, conn, get)
		if got := closedAfter(t, conn); got != 0 {
			t.Errorf("closed after %s", got)
		}
	})
}

// A value with a line break must not begin another field.
func TestFieldsAreNotSplit(t *testing.T) {
	t.Parallel()
	servers := newPair(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-One"] = []string{"a\r\nX-Two: b"}
		w.Header()["Content-Type"] = []string{"text/plain"}
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "tea")
	}))
	want, got := undated(exchange(t, servers.plain, get)), undated(exchange(t, servers.lane, get))
	if got != want {
		t.Errorf("answered\n%q\nwant\n%q", got, want)
	}
}
