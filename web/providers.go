package web

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
)

// attemptCookie holds a sign-in while its user is at the provider. It is sent
// only to the callback and is hidden from scripts.
const attemptCookie = "latchkey_signin"

func (p *signInPages) keepAttempt(c *gin.Context, kept string, life time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // G124: Secure if the client uses TLS; a first start has none
		Name: attemptCookie, Value: kept, Path: "/login", MaxAge: int(life / time.Second), HttpOnly: true,
		Secure: proxies.ClientOf(c.Request.Context()).Secure, SameSite: http.SameSiteLaxMode,
	})
}

// beginExternal sends the browser to the provider.
func (p *signInPages) beginExternal(c *gin.Context) error {
	return p.sendTo(c, oidc.Intent{Next: local(c.Query("next")), Invitation: c.Query("invitation")})
}

func (p *signInPages) sendTo(c *gin.Context, intent oidc.Intent) error {
	location, kept, err := p.Providers.Begin(c.Request.Context(), c.Param("provider"), intent)
	if err != nil {
		return err
	}
	p.keepAttempt(c, kept, oidc.AttemptLife)
	c.Redirect(http.StatusSeeOther, location)
	return nil
}

// linkExternal starts linking an account to the signed-in user.
func (p *signInPages) linkExternal(c *gin.Context) error {
	return p.sendTo(c, oidc.Intent{Next: "/me", LinkTo: principal(c).ID()})
}

// finishExternal handles the browser's return from the provider.
func (p *signInPages) finishExternal(c *gin.Context) error {
	kept := ""
	if cookie, err := c.Request.Cookie(attemptCookie); err == nil {
		kept = cookie.Value
	}
	p.keepAttempt(c, "", -time.Second)
	ctx := c.Request.Context()
	account, intent, err := p.Providers.Finish(ctx, c.Param("provider"), kept, c.Request.URL.Query())
	if err != nil {
		return p.externalRefused(c, intent, err)
	}
	if intent.LinkTo != "" {
		return p.finishLink(c, intent, account)
	}
	u, err := p.People.Users.ByExternal(ctx, account, intent.Invitation)
	if err != nil {
		return p.externalRefused(c, intent, err)
	}
	if u.OTP.Enabled() { // a provider's sign-in is only one factor, too
		return p.askCode(c, &u, local(intent.Next))
	}
	token, _, err := p.People.Sessions.Begin(ctx, u)
	if err != nil {
		return err
	}
	return p.begin(c, token, local(intent.Next))
}

// finishLink links the account to the user who started it, if they are still
// signed in here.
func (p *signInPages) finishLink(c *gin.Context, intent oidc.Intent, account auth.ExternalAccount) error {
	who, err := p.Sessions.Authenticate(c.Request)
	if err != nil {
		return err
	}
	if who == nil || who.ID() != intent.LinkTo {
		return errs.New(errs.Forbidden, "link_signed_out")
	}
	if err := p.People.Users.LinkExternal(c.Request.Context(), who, account); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, local(intent.Next))
	return nil
}

// externalRefused shows the sign-in page with the error.
func (p *signInPages) externalRefused(c *gin.Context, intent oidc.Intent, err error) error {
	kind := errs.KindOf(err)
	if kind != errs.Unauthenticated && kind != errs.Forbidden && kind != errs.Conflict && kind != errs.Unavailable {
		return err
	}
	status, public := httpx.Public(err)
	p.Edge.Logger.InfoContext(c.Request.Context(), "sign-in by a provider refused", "provider", c.Param("provider"), "err", err)
	return p.show(c, status, "login", view{
		Title: p.say(c, "title.sign_in"), Faults: faults{"": public.Text.In(p.onPage(c))},
		Data: p.signInForm("", local(intent.Next)),
	})
}
