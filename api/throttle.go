package api

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/verdicts"
	"github.com/latchkey/latchkey/ratelimit"
)

// Throttles limits how often each kind of caller may use the management API; a
// zero rule sets no limit. They are separate from the limits of keys, which apply
// to the provider's own API.
type Throttles struct {
	Anonymous      ratelimit.Rule // by client address; wrong credentials count here
	User           ratelimit.Rule
	Admin          ratelimit.Rule
	ServiceAccount ratelimit.Rule            // for tiers without a rule of their own
	Tiers          map[string]ratelimit.Rule // by the service account's tier
}

// of returns the principal's rule and the kind and id to charge.
func (t *Throttles) of(p *auth.Principal, client proxies.Client) (kind, id string, rule ratelimit.Rule) {
	switch {
	case p.Kind == auth.ServiceAccountKind:
		rule, own := t.Tiers[p.Tier]
		if !own {
			rule = t.ServiceAccount
		}
		return "service-account", p.AccountID, rule
	case p.IsAdmin():
		return "admin", p.ID(), t.Admin
	case p.Authenticated():
		return "user", p.ID(), t.User
	default:
		return string(auth.Anonymous), proxies.Neighbourhood(client.Address), t.Anonymous
	}
}

// throttle charges the principal for one request.
func (a *API) throttle(c *gin.Context, p *auth.Principal) error {
	kind, id, rule := a.Throttles.of(p, proxies.ClientOf(c.Request.Context()))
	d, err := auth.Throttle(c.Request.Context(), a.Limiter, kind, id, rule)
	if !errors.Is(err, errs.Limited) {
		return err
	}
	verdicts.WriteThrottle(c.Writer.Header(), kind, rule, &d.Key)
	return err
}
