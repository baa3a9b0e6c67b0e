package fastlane

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

var paths = []string{"/verify", "/verify/"}

const under = "/verify/"

// echo answers with all that it can see of the request.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s path=%q raw=%q force=%v uri=%q host=%q proto=%s length=%d body=%q err=%v close=%v te=%v trailer=%v\n",
		r.Method, r.URL, r.URL.Path, r.URL.RawQuery, r.URL.ForceQuery, r.RequestURI, r.Host, r.Proto, r.ContentLength, body, err, r.Close,
		r.TransferEncoding, r.Trailer)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s=%q\n", name, r.Header[name])
	}
	w.Header()["X-Echo"] = []string{"one", "two"}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", fmt.Sprint(b.Len()))
	_, _ = io.WriteString(w, b.String())
}

// limits of both servers; no test waits for them but those that say so.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelWarn), MaxHeaderBytes: 64 << 10,
	}
}

// pair is net/http by itself and behind a lane, with one handler.
type pair struct{ plain, lane string }

func newPair(t testing.TB, h http.Handler) pair {
	t.Helper()
	return pair{plain: serve(t, h, false), lane: serve(t, h, true)}
}

func serve(t testing.TB, h http.Handler, fast bool) string {
	t.Helper()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, server := inner, newServer(h)
	if fast {
		listener = newListener(inner, h)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return inner.Addr().String()
}

func newListener(inner net.Listener, h http.Handler) *Listener {
	return Listen(inner, Config{
		Handler: h, Paths: paths, Under: under, Logger: slog.New(slog.DiscardHandler),
		HeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
	})
}

// exchange sends the bytes in the pieces, says that no more come, and returns
// all that comes back.
func exchange(t testing.TB, address string, pieces ...string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(2 * time.Millisecond) // so that they come apart
		}
		_, _ = io.WriteString(conn, piece) // a server that refused may have closed
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	got, _ := io.ReadAll(conn) // it may be reset after the answer
	return string(got)
}
