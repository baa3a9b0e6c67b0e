package api

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
)

// Sidecar serves the paths of an edge: /verify, as on a node, and health.
type Sidecar struct{ api *API }

// NewSidecar returns a Sidecar. It uses only these fields of the configuration:
// Verifier, Chain, Edge, Format, KeyHeaders, VerifyOpen, Original, PlainHTTP,
// ArrivedPlain (required with PlainHTTP), Verified, Health and Build.
func NewSidecar(c Config) *Sidecar { return &Sidecar{&API{Config: c}} }

// Mount adds the routes to the engine.
func (s *Sidecar) Mount(engine *gin.Engine) {
	a := s.api
	a.mountVerify(engine)
	rest := engine.Group("", a.Edge.Enter, a.Edge.Recover(a.render))
	a.table = (&serviceHandlers{edge: a.Edge, build: a.Build, health: a.Health}).routes()
	a.methods = allowed(a.table)
	for _, r := range a.table {
		both(rest, r.method, r.path, a.guard(r))
	}
	engine.NoRoute(a.Edge.Enter, func(c *gin.Context) { a.render(c, errs.New(errs.NotFound, "edge_path")) })
	engine.NoMethod(a.Edge.Enter, a.NoMethod)
}
