package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
)

// unsubscribePage asks for a click, because mail scanners follow links.
func (p *mePages) unsubscribePage(c *gin.Context) error {
	return p.show(c, http.StatusOK, "unsubscribe", view{Title: p.say(c, "unsubscribe.title"), Data: c.Query("token")})
}

// unsubscribe turns the mails off for the holder of the secret in the URL. They
// need not sign in, and there is no CSRF token: mail programs post here by
// themselves (RFC 8058), and the secret takes its place.
func (p *mePages) unsubscribe(c *gin.Context) error {
	if err := p.throttle(c); err != nil {
		return err
	}
	token := c.Query("token")
	if token == "" {
		values, err := form(c)
		if err != nil {
			return err
		}
		token = values.Get("token")
	}
	err := p.Reminders.Unsubscribe(c.Request.Context(), token)
	if errs.KindOf(err) == errs.NotFound {
		return p.overOr(c, err, way{"/me", p.say(c, "unsubscribe.me")})
	}
	if err != nil {
		return err
	}
	return p.told(c, p.say(c, "unsubscribe.done"), p.say(c, "unsubscribe.again"), way{"/me", p.say(c, "unsubscribe.me")})
}

// setReminders turns mails before keys expire on or off.
func (p *mePages) setReminders(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	on := values.Get("reminders") == "on"
	what := "reminders_off"
	if on {
		what = "reminders_on"
	}
	return p.after(c, p.Reminders.SetWanted(c.Request.Context(), principal(c).ID(), on), what, nil)
}
