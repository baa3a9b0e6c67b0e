package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/verdicts"
	"github.com/latchkey/latchkey/keys"
)

// serviceHandlers report the state of the service.
type serviceHandlers struct {
	edge    *httpx.Edge
	build   buildinfo.Build
	health  health.Checks
	metrics http.Handler // nil if they are served elsewhere
}

func (h *serviceHandlers) routes() []route {
	anybody := auth.AllowAny()
	all := []route{
		{"GET", "/healthz", anybody, h.healthz, free, nil},
		{"GET", "/readyz", anybody, h.readyz, free, nil},
	}
	if h.metrics != nil {
		all = append(all, route{"GET", "/metrics", auth.HasScope(keys.ReadMetrics), h.showMetrics, guarded, nil})
	}
	return all
}

// alive is the answer of /healthz.
type alive struct {
	Status  health.State `json:"status"`
	Version string       `json:"version"`
	Commit  string       `json:"commit,omitempty"`
	Date    string       `json:"date,omitempty"`
}

// healthz reports that the process is alive, and its build.
func (h *serviceHandlers) healthz(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return answer(c, http.StatusOK, alive{Status: health.OK, Version: h.build.Version, Commit: h.build.Commit, Date: h.build.Date})
}

const checkTimeout = 2 * time.Second

// readyz reports whether this node can take requests, and the state of each part
// that it depends on. Only a part that is down makes the node unready.
func (h *serviceHandlers) readyz(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), checkTimeout)
	defer cancel()
	r := h.health.Report(ctx)
	r.Log(ctx, h.edge.Logger)
	status := http.StatusOK
	if r.Status == health.Down {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", strconv.FormatInt(verdicts.WholeSeconds(httpx.ComeAgain), 10))
	}
	return answer(c, status, r)
}

// showMetrics serves the metrics to callers who may see the whole service.
func (h *serviceHandlers) showMetrics(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	h.metrics.ServeHTTP(c.Writer, c.Request)
	return nil
}
