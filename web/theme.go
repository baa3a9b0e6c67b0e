package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/proxies"
)

const (
	themeCookie = "latchkey_theme"
	themeLife   = 365 * 24 * 60 * 60 // seconds
)

// theme returns the theme that the reader chose, or "" to follow the system.
func theme(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

func (p *homePages) chooseTheme(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	cookie := &http.Cookie{ //nolint:gosec // G124: Secure if the client uses TLS; it holds no secret
		Name: themeCookie, Value: values.Get("theme"), Path: "/", MaxAge: themeLife, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: proxies.ClientOf(c.Request.Context()).Secure,
	}
	if cookie.Value != "light" && cookie.Value != "dark" {
		cookie.Value, cookie.MaxAge = "", -1
	}
	http.SetCookie(c.Writer, cookie)
	c.Redirect(http.StatusSeeOther, local(values.Get("next")))
	return nil
}
