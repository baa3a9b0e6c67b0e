package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
)

// signInForm is what was typed, without the password.
type signInForm struct {
	Email     string
	Next      string
	Providers []oidc.Provider
}

func (p *Portal) signInForm(email, next string) signInForm {
	return signInForm{Email: email, Next: next, Providers: p.Providers.List()}
}

func (p *Portal) signInPage(c *gin.Context) error {
	return p.show(c, http.StatusOK, "login", view{Title: "Sign in", Data: p.signInForm("", local(c.Query("next")))})
}

func (p *Portal) signIn(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	typed := p.signInForm(values.Get("email"), local(values.Get("next")))
	if err := p.CSRF.Check(c.Request); err != nil {
		return err
	}
	token, _, _, err := p.People.SignIn(c.Request.Context(), auth.Login{Name: typed.Email, Password: values.Get("password"), Code: values.Get("code")})
	if err != nil {
		return p.signInRefused(c, typed, err)
	}
	p.begin(c, token)
	c.Redirect(http.StatusSeeOther, typed.Next)
	return nil
}

// begin gives the browser the cookies of a new session.
func (p *Portal) begin(c *gin.Context, token string) {
	http.SetCookie(c.Writer, auth.NewSessionCookie(token, proxies.ClientOf(c.Request.Context()).Secure))
	p.CSRF.Renew(c.Writer, c.Request)
}

func (p *Portal) signInRefused(c *gin.Context, typed signInForm, err error) error {
	kind := errs.KindOf(err)
	if kind != errs.Unauthenticated && kind != errs.Limited {
		return err
	}
	status, public := httpx.Public(err)
	if public.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(public.RetryAfter/time.Second)+1))
	}
	return p.show(c, status, "login", view{Title: "Sign in", Faults: faults{"": public.Detail}, Data: typed})
}

func (p *Portal) signOut(c *gin.Context) error {
	if err := p.People.SignOut(c.Request.Context(), principal(c)); err != nil {
		return err
	}
	http.SetCookie(c.Writer, auth.NewSessionCookie("", proxies.ClientOf(c.Request.Context()).Secure))
	c.Header("Clear-Site-Data", `"cache"`)
	c.Redirect(http.StatusSeeOther, "/login")
	return nil
}
