package httpx

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
)

// Edge determines where requests come from and gives each an id.
type Edge struct {
	Trusted *proxies.Trusted
	Logger  *slog.Logger
	// Observe, if not nil, is called for each answered request that Enter admitted, with
	// the pattern of its route ("" for none).
	Observe func(method, route string, status int, took time.Duration)
	prefix  string
	count   atomic.Uint64
}

// NewEdge returns an Edge.
func NewEdge(t *proxies.Trusted, logger *slog.Logger) *Edge {
	return &Edge{Trusted: t, Logger: logger, prefix: rand.Text()[:10]}
}

// RequestIDHeader carries the id of a request, in both directions.
const RequestIDHeader = "X-Request-Id"

const (
	maxRequestID = 64
	maxUserAgent = 255
)

// RequestID returns the client's id if it is short and plain, or a new one.
func (e *Edge) RequestID(r *http.Request) string {
	if given := r.Header.Get(RequestIDHeader); plain(given) {
		return given
	}
	return e.prefix + "-" + strconv.FormatUint(e.count.Add(1), 36)
}

func plain(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// Enter is middleware for all routes but the hot path: it determines the client, gives the
// request its id and writes the one access line.
func (e *Edge) Enter(c *gin.Context) {
	started := time.Now()
	client := e.Trusted.Client(c.Request)
	id := e.RequestID(c.Request)
	origin := audit.Origin{UserAgent: clip(c.Request.UserAgent()), RequestID: id}
	if client.Address.IsValid() {
		origin.Address = client.Address.String()
	}
	ctx := audit.WithOrigin(proxies.With(traced(c.Request), client), origin)
	c.Request = c.Request.WithContext(ctx)
	c.Header(RequestIDHeader, id)
	c.Next()
	took := time.Since(started)
	if e.Observe != nil {
		e.Observe(c.Request.Method, c.FullPath(), c.Writer.Status(), took)
	}
	// Log the route, not the path: somebody may put a key in the path.
	e.Logger.InfoContext(ctx, "request",
		"method", c.Request.Method, "route", c.FullPath(), "status", c.Writer.Status(), "bytes", max(0, c.Writer.Size()),
		"took_ms", float64(took.Microseconds())/1000, "address", origin.Address, "principal", auth.PrincipalOf(c.Request.Context()).ID())
}

func clip(s string) string {
	if len(s) > maxUserAgent {
		return s[:maxUserAgent]
	}
	return s
}

// Recover turns a panic into an error for render, and logs the stack.
func (e *Edge) Recover(render func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is panicked with, never wrapped
				panic(v)
			}
			e.Logger.ErrorContext(c.Request.Context(), "panic", "err", fmt.Sprint(v), "stack", string(debug.Stack()))
			render(c, errs.WithCode("", InternalCode, "panic"))
			c.Abort()
		}()
		c.Next()
	}
}

// Log logs an internal error.
func (e *Edge) Log(c *gin.Context, status int, err error, requestID string) {
	if status < http.StatusInternalServerError {
		return
	}
	e.LogFailed(c.Request, c.FullPath(), status, err, requestID)
}

// LogFailed logs an internal error of a request to the route.
func (e *Edge) LogFailed(r *http.Request, route string, status int, err error, requestID string) {
	ctx := traced(r)
	if audit.OriginOf(ctx).RequestID == "" { // on the hot path
		ctx = audit.WithOrigin(ctx, audit.Origin{RequestID: requestID})
	}
	facts := []any{"method", r.Method, "route", route, "status", status, "err", err}
	if status == http.StatusServiceUnavailable {
		// A call site of its own, so that an unavailable store hides no other error when
		// repeated lines are dropped.
		e.Logger.ErrorContext(ctx, "request failed", facts...)
		return
	}
	e.Logger.ErrorContext(ctx, "request failed", facts...)
}
