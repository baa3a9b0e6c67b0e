// Package web is the developer portal: server-rendered pages on which people
// sign in and manage service accounts and keys. Everything works without
// JavaScript; templates and files are embedded in the binary. It calls the
// domain and decides nothing.
package web

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
	"github.com/latchkey/latchkey/webhooks"
)

//go:embed static
var static embed.FS

// Config is what the portal needs. All fields but Throttle are required.
type Config struct {
	Keys        *keys.Service
	Transfers   *transfers.Service
	Verifier    *verify.Verifier
	Usage       *usage.Reports
	Reminders   *reminders.Service
	Leaks       *leaks.Service
	Webhooks    *webhooks.Service
	Audit       *audit.Log
	QuotaUsed   func(ctx context.Context, id, window string) (int64, error)
	People      *auth.People
	Sessions    *auth.SessionAuthenticator
	CSRF        *auth.CSRF
	Providers   *oidc.Providers
	Format      keys.Format
	Idempotency *idempotency.Keeper
	Edge        *httpx.Edge
	Limiter     ratelimit.Limiter
	Staff       Staff
	BaseURL     string         // public URL of the portal without a trailing slash; the request's Host is not trusted
	Throttle    ratelimit.Rule // forms from one address without a session; zero sets no limit
}

// Portal serves the pages.
type Portal struct{ *site }

// site is what all areas of the portal share.
type site struct {
	Config
	pages pages
}

// New returns a Portal.
func New(c Config) (*Portal, error) {
	if c.Keys == nil || c.Transfers == nil || c.People == nil || c.Sessions == nil || c.CSRF == nil || c.Providers == nil ||
		c.Idempotency == nil || c.Edge == nil || c.Limiter == nil ||
		c.Verifier == nil || c.Usage == nil || c.Audit == nil || c.QuotaUsed == nil || c.Reminders == nil || c.Leaks == nil ||
		c.Webhooks == nil || c.BaseURL == "" ||
		!c.Staff.complete() {
		return nil, errors.New("web: every field of the configuration but Throttle is required")
	}
	return &Portal{&site{Config: c, pages: newPages()}}, nil
}

// policy lets pages load the portal's own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

// Mount adds the pages to the engine.
func (p *Portal) Mount(engine *gin.Engine) {
	g := engine.Group("", p.Edge.Enter, p.Edge.Recover(p.fail), safeHeaders)
	g.GET("/static/:file", p.file)
	g.GET(keptPath, p.member(p.showKept))
	for _, area := range p.areas() {
		area.mount(g)
	}
}

// Routes lists the method and path of every page.
func Routes(e *httpx.Edge) gin.RoutesInfo {
	engine := gin.New()
	(&Portal{&site{Config: Config{Edge: e}}}).Mount(engine)
	return engine.Routes()
}

// area is a part of the portal with pages of its own.
type area interface{ mount(g *gin.RouterGroup) }

func (p *Portal) areas() []area {
	return []area{
		&signInPages{p.site},
		&joinPages{p.site},
		&accountPages{p.site},
		&keyPages{p.site},
		&calendarPages{p.site},
		&homePages{p.site},
		&guidePages{p.site},
		&playgroundPages{p.site},
		&usagePages{p.site},
		&mePages{p.site},
		&organizationPages{p.site},
		&auditPages{p.site},
		&staffPages{p.site},
		&incidentPages{p.site},
		&leakPages{p.site},
		&importPages{p.site},
		&webhookPages{p.site},
		&orphanPages{p.site},
		&customerPages{p.site},
		&scopePages{p.site},
		&tierPages{p.site},
	}
}

func safeHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// open handles pages that need no sign-in. They accept only small bodies.
func (p *site) open(handle func(*gin.Context) error) gin.HandlerFunc {
	return failing(p, func(c *gin.Context) error {
		if err := httpx.Bound(c.Request, httpx.MaxAnonymousBody); err != nil {
			return err
		}
		p.reading(c)
		return handle(c)
	})
}

// failing handles a page and renders its errors as pages.
func failing(p *site, handle func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := handle(c); err != nil {
			p.fail(c, err)
		}
	}
}

// member handles pages for signed-in users. Others sign in first and return.
func (p *site) member(handle func(*gin.Context) error) gin.HandlerFunc {
	return failing(p, func(c *gin.Context) error {
		who, err := p.Sessions.Authenticate(c.Request)
		if err != nil {
			return err
		}
		if who == nil {
			return p.signInFirst(c)
		}
		who.Scheme = p.Sessions.Name()
		c.Request = c.Request.WithContext(auth.With(c.Request.Context(), who))
		p.reading(c)
		return handle(c)
	})
}

// openForm is form for people who are not signed in. It checks the CSRF token,
// which member does for the others, and throttles the address.
func (p *site) openForm(c *gin.Context) (url.Values, error) {
	if err := p.throttle(c); err != nil {
		return nil, err
	}
	values, err := form(c)
	if err != nil {
		return nil, err
	}
	return values, p.CSRF.Check(c.Request)
}

// throttle charges the address for a form. The bucket is the one for anonymous
// callers of the management API.
func (p *site) throttle(c *gin.Context) error {
	ctx := c.Request.Context()
	_, err := auth.Throttle(ctx, p.Limiter, string(auth.Anonymous), proxies.Neighbourhood(proxies.ClientOf(ctx).Address), p.Throttle)
	return err
}

// local returns next if it is a path of this portal, else the start page. It
// refuses paths that a browser could take for another host.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func (p *site) file(c *gin.Context) {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	name := c.Param("file")
	content, err := static.ReadFile("static/" + name)
	kind := kinds[path.Ext(name)]
	if err != nil || kind == "" {
		p.fail(c, errs.New(errs.NotFound, "no_file"))
		return
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, kind, content)
}

func principal(c *gin.Context) *auth.Principal { return auth.PrincipalOf(c.Request.Context()) }

// form reads the fields of a posted form.
func form(c *gin.Context) (url.Values, error) {
	if c.Request.PostForm == nil {
		body, err := httpx.Body(c.Request, "application/x-www-form-urlencoded")
		if err != nil {
			return nil, err
		}
		if c.Request.PostForm, err = text.Fields(body); err != nil {
			return nil, err
		}
	}
	text.Form(c.Request.PostForm, secretFields...)
	return c.Request.PostForm, nil
}

// secretFields are fields that are compared exactly as sent.
var secretFields = []string{
	"password", "old_password", "current_password", "otp_password", "token_password", "token", "metadata",
}

// NotFound answers paths that do not exist, in the reader's language.
func (p *Portal) NotFound(c *gin.Context) {
	safeHeaders(c)
	if who, err := p.Sessions.Authenticate(c.Request); err == nil && who != nil {
		c.Request = c.Request.WithContext(auth.With(c.Request.Context(), who))
	}
	p.fail(c, errs.New(errs.NotFound, "no_page"))
}
