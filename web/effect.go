package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/keys"
)

// endings are the changes that stop keys from working. Their pages must say how
// far the change has taken effect.
var endings = []string{"revoked", "disabled", "revoke", "disable", "account_disabled", "organization_disabled"}

// notice describes the change that led to this page. If the change stops keys, it
// also says from when on it applies and which nodes may not know of it yet.
func (p *site) notice(c *gin.Context) string {
	done := c.Query("done")
	text := p.say(c, "done."+done)
	if !slices.Contains(endings, done) || text == "" {
		return text
	}
	effect := p.Keys.Effect(c.Request.Context())
	if len(effect.Waiting) == 0 {
		return text + " " + p.with(c, "effect.everywhere", effect.By.Format(time.TimeOnly))
	}
	var names []string
	for _, n := range effect.Waiting {
		names = append(names, n.Name)
	}
	return text + " " + p.with(c, "effect.waiting", strings.Join(names, ", "), effect.By.Format(time.TimeOnly))
}

// resetLimits handles the reset of a limit of a key or service account.
func (p *site) resetLimits(reset func(c *gin.Context, who keys.Actor) error, back string) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if _, err := form(c); err != nil {
			return err
		}
		if err := reset(c, principal(c)); err != nil {
			return err
		}
		c.Redirect(http.StatusSeeOther, back+c.Param("id")+"?done=limits")
		return nil
	}
}
