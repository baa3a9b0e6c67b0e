package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/httpx"
)

// alive is the answer of /healthz.
type alive struct {
	Status health.State `json:"status"`
}

// healthz says that the process is alive.
func (a *API) healthz(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return answer(c, http.StatusOK, alive{Status: health.OK})
}

const checkTimeout = 2 * time.Second

// readyz says whether requests are well sent here, and how all that the
// service leans on fares. Only what is down takes a node out.
func (a *API) readyz(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), checkTimeout)
	defer cancel()
	r := a.Health.Report(ctx)
	r.Log(ctx, a.Edge.Logger)
	status := http.StatusOK
	if r.Status == health.Down {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", strconv.FormatInt(httpx.WholeSeconds(httpx.ComeAgain), 10))
	}
	return answer(c, status, r)
}

// metrics shows the metrics to those who may see the whole service.
func (a *API) metrics(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	a.Metrics.ServeHTTP(c.Writer, c.Request)
	return nil
}
