package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/httpx"
)

// health is the answer of /healthz and /readyz.
type health struct {
	Status string `json:"status"`
}

// healthz says that the process is alive.
func (a *API) healthz(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return answer(c, http.StatusOK, health{Status: "ok"})
}

const pingTimeout = 2 * time.Second

// readyz says whether the process can answer everything: the store as well.
func (a *API) readyz(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), pingTimeout)
	defer cancel()
	if err := a.Ping(ctx); err != nil {
		a.Edge.Logger.WarnContext(ctx, "store does not answer", "err", err)
		return errs.New(errs.Unavailable, "the store does not answer")
	}
	return answer(c, http.StatusOK, health{Status: "ok"})
}
