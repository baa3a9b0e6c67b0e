package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
)

// signInPages let people sign in and out.
type signInPages struct{ *site }

func (p *signInPages) mount(g *gin.RouterGroup) {
	g.GET("/login", p.open(p.signInPage))
	g.POST("/login", p.open(p.signIn))
	g.GET("/login/:provider", p.open(p.beginExternal))
	g.GET("/login/:provider/callback", p.open(p.finishExternal))
	g.POST("/me/identities/:provider", p.member(p.linkExternal))
	g.POST("/login/code", p.open(p.secondStep))
	g.POST("/logout", p.member(p.signOut))
}

// signInForm is the sign-in form, without the password.
type signInForm struct {
	Email     string
	Next      string
	Providers []oidc.Provider
	Open      bool // anyone can sign up
}

func (p *signInPages) signInForm(email, next string) signInForm {
	return signInForm{Email: email, Next: next, Providers: p.Providers.List(), Open: p.People.Signup == auth.SignupOpen}
}

func (p *signInPages) signInPage(c *gin.Context) error {
	who, err := p.Sessions.Authenticate(c.Request)
	if err != nil {
		return err
	}
	if who != nil {
		c.Redirect(http.StatusSeeOther, local(c.Query("next")))
		return nil
	}
	return p.show(c, http.StatusOK, "login", view{Title: p.say(c, "title.sign_in"), Data: p.signInForm("", local(c.Query("next")))})
}

func (p *signInPages) signIn(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	typed := p.signInForm(values.Get("email"), local(values.Get("next")))
	token, _, u, err := p.People.Sessions.SignIn(c.Request.Context(), auth.Login{
		Name: typed.Email, Password: values.Get("password"),
		Code: values.Get("code"),
	})
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Code == auth.CodeRequired {
		return p.askCode(c, &u, typed.Next)
	}
	if err != nil {
		return p.signInRefused(c, typed, err)
	}
	return p.begin(c, token, typed.Next)
}

// begin sets the cookies of a new session, which replaces any earlier one, and
// redirects to next.
func (p *site) begin(c *gin.Context, token, next string) error {
	if err := p.People.Sessions.EndReplaced(c.Request); err != nil {
		return err
	}
	http.SetCookie(c.Writer, auth.NewSessionCookie(token, proxies.ClientOf(c.Request.Context()).Secure))
	p.CSRF.Renew(c.Writer, c.Request)
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// pendingCookie holds a sign-in between its two steps. It is sent only to the
// second step and is hidden from scripts.
const pendingCookie = "latchkey_pending"

func (p *signInPages) keepPending(c *gin.Context, kept string, life time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // G124: Secure if the client uses TLS; a first start has none
		Name: pendingCookie, Value: kept, Path: "/login/code", MaxAge: int(life / time.Second), HttpOnly: true,
		Secure: proxies.ClientOf(c.Request.Context()).Secure, SameSite: http.SameSiteStrictMode,
	})
}

// codeForm is the form of a sign-in's second step.
type codeForm struct{ Next string }

// askCode asks a user whose password was right for the code on their device.
func (p *signInPages) askCode(c *gin.Context, u *auth.User, next string) error {
	kept, err := p.People.Sessions.Pending(u)
	if err != nil {
		return err
	}
	p.keepPending(c, kept, auth.PendingLife)
	return p.show(c, http.StatusOK, "code", view{Title: p.say(c, "title.one_time_code"), Data: codeForm{next}})
}

func (p *signInPages) secondStep(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	kept := ""
	if cookie, err := c.Request.Cookie(pendingCookie); err == nil {
		kept = cookie.Value
	}
	next := local(values.Get("next"))
	token, err := p.People.Sessions.SecondStep(c.Request.Context(), kept, values.Get("code"))
	if kind := errs.KindOf(err); kind == errs.Unauthenticated || kind == errs.Limited {
		status, public := httpx.Public(err)
		retryAfter(c, public)
		return p.show(c, status, "code", view{
			Title: p.say(c, "title.one_time_code"), Faults: faults{"code": public.Text.In(p.onPage(c))},
			Data: codeForm{next},
		})
	}
	if err != nil {
		return err
	}
	p.keepPending(c, "", -time.Second)
	return p.begin(c, token, next)
}

func (p *signInPages) signInRefused(c *gin.Context, typed signInForm, err error) error {
	kind := errs.KindOf(err)
	if kind != errs.Unauthenticated && kind != errs.Limited {
		return err
	}
	status, public := httpx.Public(err)
	retryAfter(c, public)
	return p.show(c, status, "login", view{Title: p.say(c, "title.sign_in"), Faults: faults{"": public.Text.In(p.onPage(c))}, Data: typed})
}

// signOut ends the session and shows the sign-in page. Someone who opened another
// user's link returns to the link.
func (p *signInPages) signOut(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	if err := p.People.Sessions.SignOut(c.Request.Context(), principal(c)); err != nil {
		return err
	}
	http.SetCookie(c.Writer, auth.NewSessionCookie("", proxies.ClientOf(c.Request.Context()).Secure))
	c.Header("Clear-Site-Data", `"cache"`)
	next := "/login"
	if asked := local(values.Get("next")); asked != "/" {
		next = asked
	}
	c.Redirect(http.StatusSeeOther, next)
	return nil
}
