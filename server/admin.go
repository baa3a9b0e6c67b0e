package server

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/latchkey/latchkey/internal/metrics"
)

// profileTimeout is a little more than the longest profile may take.
const profileTimeout = 2 * time.Minute

// adminServer serves metrics and profiles to operators, on an address of its own.
// It needs no credential.
func adminServer(m *metrics.Set, logger *slog.Logger) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler(logger))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	s := newServer(mux, logger)
	s.WriteTimeout = profileTimeout
	return s
}

// newServer returns a server that times out slow clients.
func newServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
