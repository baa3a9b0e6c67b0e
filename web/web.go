// Package web is the developer portal: server-rendered pages on which people
// sign in and care for service accounts and keys. Everything works without
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
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
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
	BaseURL     string         // where the outside reaches the portal, without a slash at its end; what a request says of it is not believed
	Throttle    ratelimit.Rule // forms that one address sends without a session; as many as it likes if zero
}

// Portal serves the pages.
type Portal struct {
	Config
	pages  pages
	texts  catalogue
	errors sentences
}

// New returns a Portal.
func New(c Config) (*Portal, error) {
	if c.Keys == nil || c.Transfers == nil || c.People == nil || c.Sessions == nil || c.CSRF == nil || c.Providers == nil || c.Idempotency == nil || c.Edge == nil || c.Limiter == nil ||
		c.Verifier == nil || c.Usage == nil || c.Audit == nil || c.QuotaUsed == nil || c.Reminders == nil || c.BaseURL == "" || !c.Staff.complete() {
		return nil, errors.New("web: every field of the configuration but Throttle is required")
	}
	texts, err := readCatalogue(english)
	if err != nil {
		return nil, err
	}
	return &Portal{Config: c, pages: newPages(texts), texts: texts, errors: readSentences(texts)}, nil
}

// policy lets pages load the portal's own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Mount adds the pages to the engine.
func (p *Portal) Mount(engine *gin.Engine) {
	g := engine.Group("", p.Edge.Enter, p.Edge.Recover(p.fail), safeHeaders)
	g.GET("/static/:file", p.file)
	g.GET("/login", p.open(p.signInPage))
	g.POST("/login", p.open(p.signIn))
	g.GET("/login/:provider", p.open(p.beginExternal))
	g.GET("/login/:provider/callback", p.open(p.finishExternal))
	g.POST("/me/identities/:provider", p.member(p.linkExternal))
	g.POST("/login/code", p.open(p.secondStep))
	g.POST("/logout", p.member(p.signOut))
	g.GET("/signup", p.open(p.signUpPage))
	g.POST("/signup", p.open(p.signUp))
	g.GET("/confirm", p.open(p.confirmPage))
	g.POST("/confirm", p.open(p.confirm))
	g.GET("/invitation", p.open(p.invitationPage))
	g.POST("/invitation", p.member(p.acceptInvitation))
	g.POST("/invitation/signup", p.open(p.joinByInvitation))
	g.GET("/password/forgotten", p.open(p.forgottenPage))
	g.POST("/password/forgotten", p.open(p.forgotten))
	g.GET("/password/new", p.open(p.newPasswordPage))
	g.POST("/password/new", p.open(p.newPassword))
	g.GET("/unsubscribe", p.open(p.unsubscribePage))
	g.POST("/unsubscribe", p.open(p.unsubscribe))
	p.mountMine(g)
	p.mountKeys(g)
	p.mountStaff(g)
	p.mountGuides(g)
	g.GET("/", p.member(p.home))
	g.GET(keptPath, p.member(p.showKept))
	g.POST("/search", p.member(p.search))
	g.POST("/theme", p.open(p.chooseTheme))
	g.GET("/usage", p.member(p.showUsage))
	g.GET("/playground", p.member(p.playgroundPage))
	g.POST("/playground", p.member(p.play))
	g.GET("/calendar", p.member(p.showCalendar))
	g.POST("/calendar/feed", p.member(p.renewFeed))
	g.POST("/calendar/feed/end", p.member(p.endFeed))
	g.GET("/calendar/feed/:token", p.open(p.feed))
	g.GET("/service-accounts", p.member(p.listAccounts))
	g.GET("/service-accounts/new", p.member(p.newAccount))
	g.POST("/service-accounts/new", p.member(p.createAccount))
	g.GET("/service-accounts/:id", p.member(p.showAccount))
	g.GET("/service-accounts/:id/edit", p.member(p.editAccountPage))
	g.POST("/service-accounts/:id/edit", p.member(p.editAccount))
	g.GET("/service-accounts/:id/disable", p.member(p.disablePage))
	g.POST("/service-accounts/:id/limits/reset", p.member(p.resetLimits(func(c *gin.Context, who keys.Actor) error {
		_, err := p.Keys.ResetAccountLimits(c.Request.Context(), who, c.Param("id"), keys.AnyRevision)
		return err
	}, "/service-accounts/")))
	g.POST("/service-accounts/:id/disable", p.member(p.switchAccount(true)))
	g.POST("/service-accounts/:id/enable", p.member(p.switchAccount(false)))
	g.GET("/service-accounts/:id/delete", p.member(p.deleteAccountPage))
	g.POST("/service-accounts/:id/delete", p.member(p.deleteAccount))
	g.GET("/service-accounts/:id/transfer", p.member(p.transferPage))
	g.POST("/service-accounts/:id/transfer", p.member(p.transferAccount))
	g.GET("/service-accounts/:id/keys/new", p.member(p.newKey))
	g.POST("/service-accounts/:id/keys/new", p.member(p.issueKey))
}

// mountKeys adds the pages about keys.
func (p *Portal) mountKeys(g *gin.RouterGroup) {
	g.GET("/keys", p.member(p.listKeys))
	g.POST("/keys/bulk", p.member(p.bulk))
	g.GET("/keys/:id/edit", p.member(p.editPage))
	g.POST("/keys/:id/edit", p.member(p.editKey))
	g.GET("/keys/:id", p.member(p.showKey))
	g.GET("/keys/:id/rotate", p.member(p.rotatePage))
	g.POST("/keys/:id/rotate", p.member(p.rotateKey))
	g.GET("/keys/:id/revoke", p.member(p.revokePage))
	g.POST("/keys/:id/revoke", p.member(p.revokeKey))
	g.POST("/keys/:id/limits/reset", p.member(p.resetLimits(func(c *gin.Context, who keys.Actor) error {
		_, err := p.Keys.ResetLimits(c.Request.Context(), who, c.Param("id"), keys.AnyRevision)
		return err
	}, "/keys/")))
	g.POST("/keys/:id/disable", p.member(p.switchKey(true)))
	g.POST("/keys/:id/enable", p.member(p.switchKey(false)))
}

// mountMine adds the pages about oneself and one's organizations.
func (p *Portal) mountMine(g *gin.RouterGroup) {
	g.GET("/me", p.member(p.me))
	g.POST("/me/profile", p.member(p.saveProfile))
	g.POST("/me/password", p.member(p.changePassword))
	g.POST("/me/reminders", p.member(p.setReminders))
	g.POST("/me/otp/begin", p.member(p.beginOTP))
	g.POST("/me/otp/enable", p.member(p.enableOTP))
	g.POST("/me/otp/disable", p.member(p.disableOTP))
	g.POST("/me/sessions/:id/end", p.member(p.endSession))
	g.POST("/me/sessions/end", p.member(p.endOtherSessions))
	g.POST("/me/tokens", p.member(p.createToken))
	g.POST("/me/tokens/:id/revoke", p.member(p.revokeToken))
	g.POST("/me/unlink", p.member(p.unlink))
	g.GET("/organizations", p.member(p.listOrganizations))
	g.GET("/organizations/:id", p.member(p.showOrganization))
	g.POST("/organizations/:id/invite", p.member(p.invite))
	g.GET("/organizations/:id/audit", p.member(p.showAudit))
	g.GET("/organizations/:id/audit.csv", p.member(p.exportAudit))
	g.GET("/organizations/:id/invitations/:invitation/withdraw", p.member(p.withdrawPage))
	g.GET("/organizations/:id/members/:user/remove", p.member(p.removePage))
	g.POST("/organizations/:id/invitations/:invitation/withdraw", p.member(p.withdraw))
	g.POST("/organizations/:id/members/:user/role", p.member(p.changeRole))
	g.POST("/organizations/:id/members/:user/remove", p.member(p.removeMember))
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

// open handles pages for people who have not signed in, and so send little.
func (p *Portal) open(handle func(*gin.Context) error) gin.HandlerFunc {
	return failing(p, func(c *gin.Context) error {
		if err := httpx.Bound(c.Request, httpx.MaxAnonymousBody); err != nil {
			return err
		}
		return handle(c)
	})
}

// failing handles a page whose errors are pages too.
func failing(p *Portal, handle func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := handle(c); err != nil {
			p.fail(c, err)
		}
	}
}

// member handles pages for people who have; others sign in first and come back.
func (p *Portal) member(handle func(*gin.Context) error) gin.HandlerFunc {
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
		return handle(c)
	})
}

// openForm is form for people who have not signed in: it holds the form to the
// token against cross-site forgery, which members' sessions do else, and the
// address to how much a stranger may do.
func (p *Portal) openForm(c *gin.Context) (url.Values, error) {
	if err := p.throttle(c); err != nil {
		return nil, err
	}
	values, err := form(c)
	if err != nil {
		return nil, err
	}
	return values, p.CSRF.Check(c.Request)
}

// throttle charges the address for a form. The bucket is that of strangers who
// use the management API.
func (p *Portal) throttle(c *gin.Context) error {
	ctx := c.Request.Context()
	_, err := auth.Throttle(ctx, p.Limiter, string(auth.Anonymous), proxies.Neighbourhood(proxies.ClientOf(ctx).Address), p.Throttle)
	return err
}

// local returns next if it is a path of this portal, else the start. What a
// browser could read as another host's address is not.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func (p *Portal) file(c *gin.Context) {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	name := c.Param("file")
	content, err := static.ReadFile("static/" + name)
	kind := kinds[path.Ext(name)]
	if err != nil || kind == "" {
		p.fail(c, errs.New(errs.NotFound, "there is no such file"))
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

// secretFields hold what is compared as it was sent.
var secretFields = []string{
	"password", "old_password", "current_password", "otp_password", "token_password", "token", "metadata",
}

// NotFound answers paths that do not exist.
func (p *Portal) NotFound(c *gin.Context) {
	safeHeaders(c)
	p.fail(c, errs.New(errs.NotFound, "There is nothing at this address."))
}
