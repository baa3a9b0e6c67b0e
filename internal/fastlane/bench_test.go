package fastlane

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// endless is a connection whose client sends the same request until n were answered.
type endless struct {
	net.Conn
	request []byte
	n       int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n--; e.n < 0 {
		return 0, io.EOF
	}
	return copy(p, e.request), nil
}

func (e *endless) Write(p []byte) (int, error)      { return len(p), nil }
func (e *endless) Close() error                     { return nil }
func (e *endless) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (e *endless) SetDeadline(time.Time) error      { return nil }
func (e *endless) SetReadDeadline(time.Time) error  { return nil }
func (e *endless) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkLane is what the lane adds to a verification: everything but the system
// calls and the handler.
func BenchmarkLane(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 560)
	one := []string{"a value"}
	l := &Listener{Config: Config{
		Paths: []string{"/verify"}, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		HeaderTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			for _, name := range []string{
				"Content-Type", "Cache-Control", "X-Content-Type-Options", "RateLimit-Policy", "RateLimit", "X-RateLimit-Limit",
				"X-RateLimit-Remaining", "X-RateLimit-Reset",
			} {
				h[name] = one
			}
			_, _ = w.Write(body)
		}),
	}, open: map[*lane]struct{}{}, life: context.Background()}
	request := "POST /verify HTTP/1.1\r\nHost: bench:8080\r\nContent-Type: application/json\r\nX-API-Key: " + strings.Repeat("k", 58) +
		"\r\nContent-Length: 95\r\n\r\n" + strings.Repeat("x", 95)
	b.ReportAllocs()
	newLane(l, &endless{request: []byte(request), n: b.N}).serve()
}
