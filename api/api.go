// Package api is the HTTP interface: routes, handlers, the problem renderer,
// and the verification endpoints. It binds, calls the domain and renders; it
// decides nothing.
package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/exports"
	"github.com/latchkey/latchkey/feed"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
	"github.com/latchkey/latchkey/webhooks"
)

// Config is what the API needs. All fields are required except Metrics, Partners,
// PlainHTTP, Verified, MaxUpload and Now.
type Config struct {
	Keys         *keys.Service
	Incidents    *incidents.Service
	Imports      *imports.Service
	Exports      *exports.Service
	Transfers    *transfers.Service
	Verifier     *verify.Verifier
	Feed         *feed.Feed
	Format       keys.Format
	KeyHeaders   []string // that may have keys, as net/http spells them
	People       *auth.People
	Chain        *auth.Chain
	CSRF         *auth.CSRF
	JWT          *auth.JWT
	OAuth        *oauth.Server
	Ring         *signing.Keyring
	Certificates *mtls.Registry
	Audit        *audit.Log
	Nodes        *nodes.Registry
	Usage        *usage.Reports
	Idempotency  *idempotency.Keeper
	Edge         *httpx.Edge
	Build        buildinfo.Build
	Health       health.Checks
	Metrics      http.Handler   // nil if they are served elsewhere
	Document     []byte         // openapi.yaml
	VerifyOpen   bool           // POST /verify needs no credential
	Original     proxies.Family // where trusted proxies tell of their client's request
	Leaks        *leaks.Service
	Webhooks     *webhooks.Service
	Partners     Partners  // those without a value are off
	PlainHTTP    PlainHTTP // what happens to keys that arrive without TLS; "" for nothing
	Limiter      ratelimit.Limiter
	Throttles    Throttles
	MaxUpload    int64            // bytes of an import, imports.MostUpload if 0
	Now          func() time.Time // time.Now if nil

	// Verified, if not nil, is called for each answer of /verify.
	Verified func(method string, status int, took time.Duration)
}

// API serves the management API, verification, health and documentation.
type API struct {
	Config
	table   []route           // set by Mount
	methods map[string]string // methods of each path, as the Allow header lists them
	verify  gin.HandlerFunc
}

// New returns an API.
func New(c Config) (*API, error) {
	if c.Keys == nil || c.Incidents == nil || c.Imports == nil || c.Exports == nil ||
		c.Transfers == nil || c.Verifier == nil || c.Feed == nil || c.People == nil || c.Chain == nil ||
		c.CSRF == nil || c.JWT == nil ||
		c.OAuth == nil || c.Ring == nil || c.Certificates == nil || c.Audit == nil || c.Nodes == nil || c.Usage == nil ||
		c.Idempotency == nil || c.Leaks == nil || c.Webhooks == nil || c.Limiter == nil || c.Edge == nil ||
		len(c.Health) == 0 || len(c.Document) == 0 {
		return nil, errors.New("api: every field of the configuration but Metrics, Partners, PlainHTTP, Verified, MaxUpload and Now is required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxUpload == 0 {
		c.MaxUpload = imports.MostUpload
	}
	return &API{Config: c}, nil
}

// Mount adds the routes to the engine, each with and without a trailing slash.
func (a *API) Mount(engine *gin.Engine) {
	a.mountVerify(engine)
	e := &edgeHandlers{chain: a.Chain, edge: a.Edge, feed: a.Feed, render: a.renderHot}
	e.mount(engine.Group("", a.Edge.Recover(a.renderHot)))
	rest := engine.Group("", a.Edge.Enter, a.Edge.Recover(a.render))
	a.table = a.routes()
	all := slices.Concat(a.table, a.djangoRoutes())
	a.methods = allowed(all)
	for _, r := range slices.Concat(all, optionRoutes(all)) {
		both(rest, r.method, r.path, a.guard(r))
	}
	a.mountShadowed(rest)
	a.mountForms(rest)
	a.mountDocs(rest)
}

// mountVerify adds the routes that gateways call on every request.
func (a *API) mountVerify(engine *gin.Engine) {
	hot := engine.Group("")
	if a.Verified != nil {
		hot.Use(a.timed)
	}
	hot.Use(a.Edge.Recover(a.renderHot))
	v := a.verifyHandlers()
	v.mount(hot)
	a.verify = v.verify
}

func (a *API) verifyHandlers() *verifyHandlers {
	return &verifyHandlers{
		chain: a.Chain, edge: a.Edge, carrier: a.carrier(),
		open: a.VerifyOpen, original: a.Original, render: a.renderHot, verifier: a.Verifier,
		plain: a.PlainHTTP, leaks: a.Leaks,
	}
}

// carrier says where requests have keys.
func (a *API) carrier() auth.Carrier { return auth.Carrier{Format: a.Format, Headers: a.KeyHeaders} }

const verifyPath = "/verify"

// HotPaths returns the busiest paths, in wire form: those called on every request
// to the provider's API, and those that edges call several times a second.
func HotPaths() []string {
	return []string{verifyPath, verifyPath + "/", edgewire.ChangesPath, edgewire.GrantPath, edgewire.LimitPath, edgewire.UsagePath}
}

// HotUnder is the prefix of paths that are equally busy: those of gateways that
// append the path of their client's request.
const HotUnder = verifyPath + "/"

// timed reports how long an answer of /verify took.
func (a *API) timed(c *gin.Context) {
	began := time.Now()
	c.Next()
	a.Verified(c.Request.Method, c.Writer.Status(), time.Since(began))
}

func both(g *gin.RouterGroup, method, path string, h gin.HandlerFunc) {
	g.Handle(method, path, h)
	g.Handle(method, path+"/", h)
}

// guard handles the requests of a route. A browser that reads gets a page.
func (a *API) guard(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if isAPI(r.path) {
			c.Header("Allow", a.methods[r.path])
			varies(c)
			if err := speak(c); err != nil {
				a.render(c, err)
				return
			}
		}
		switch {
		case r.method == http.MethodGet && r.path != exportPath && browses(c):
			a.draw(c, r, func() { a.answer(c, r) })
		case r.method == http.MethodPost && r.access == guarded && isForm(c) && browses(c):
			a.submit(c)
		default:
			a.answer(c, r)
		}
	}
}

// answer authenticates the caller, checks whether they may use the route, and
// handles the request. It is the only place that renders errors of handlers.
func (a *API) answer(c *gin.Context, r route) {
	err := a.admit(c, r)
	if err == nil {
		err = r.handle(c)
	}
	if errors.Is(err, errs.TooLarge) && strings.HasPrefix(r.path, "/oauth/") {
		err = answerOAuth(a.Edge, c, nil, tooLargeForOAuth(err))
	}
	if err != nil {
		a.render(c, err)
	}
}

// admit runs the cheap checks first: who is calling, how often, whether they may,
// and how much a caller without a credential sends.
func (a *API) admit(c *gin.Context, r route) error {
	p, err := auth.Nobody(), a.checkForm(c.Request)
	if err == nil && r.access == guarded {
		p, err = a.Chain.Authenticate(c.Request)
	}
	if err != nil {
		return errors.Join(a.throttle(c, auth.Nobody()), err)
	}
	ctx := auth.With(c.Request.Context(), p) // later errors are in the caller's language
	if isAPI(r.path) {
		ctx = auth.WithLanguage(ctx, languageOf(c, p).Language())
	}
	c.Request = c.Request.WithContext(ctx)
	if r.access != free && r.access != asClient && r.access != partner {
		if err := a.throttle(c, p); err != nil {
			return err
		}
	}
	if !r.permission.Permits(p, r.method) {
		return denied(p, r.permission)
	}
	if !p.Authenticated() && r.access != partner {
		if err := httpx.Bound(c.Request, httpx.MaxAnonymousBody); err != nil {
			return err
		}
	}
	return nil
}

func denied(p *auth.Principal, needed auth.Permission) error {
	if !p.Authenticated() {
		return errs.New(errs.Unauthenticated, "credential_needed")
	}
	e := errs.New(errs.Forbidden, "permission_needed", "permission", needed.String())
	if p.Kind == auth.ServiceAccountKind {
		e.Scope = needed.Scope()
	}
	return e
}

func principal(c *gin.Context) *auth.Principal { return auth.PrincipalOf(c.Request.Context()) }
