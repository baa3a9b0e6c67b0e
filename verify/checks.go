package verify

import (
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/errs"

	"github.com/latchkey/latchkey/keys"
)

// check is one rule that a verification applies to a grant.
type check struct {
	name string
	code Code
}

// refusal says what is wrong and what would have to change.
type refusal struct{ detail, change errs.Text }

// because returns the refusal with texts that have no arguments.
func because(detail, change string) *refusal { return &refusal{errs.Say(detail), errs.Say(change)} }

// checks are the rules in the order they are applied.
var checks = [...]check{
	{"revoked", Revoked},
	{"expiry", Expired},
	{"not_before", NotYetValid},
	{"enabled", Disabled},
	{"transport", PlainHTTP},
	{"network", AddressNotAllowed},
	{"scopes", InsufficientScope},
}

// refuse returns nil if the grant passes. Calling the rules by name, not through
// function values, keeps grants and questions on the stack.
func (c check) refuse(g *Grant, q *Question, now time.Time) *refusal {
	switch c.code {
	case Revoked:
		return refuseRevoked(g)
	case Expired:
		return refuseExpired(g, now)
	case NotYetValid:
		return refuseEarly(g, now)
	case Disabled:
		return refuseDisabled(g)
	case PlainHTTP:
		return refusePlain(q)
	case AddressNotAllowed:
		return refuseAddress(g, q)
	case InsufficientScope:
		return refuseScopes(g, q)
	default:
		panic("verify: " + c.name + " has no rule")
	}
}

func refuseRevoked(g *Grant) *refusal {
	if g.tokenEnded {
		return because("token_revoked", "get_token")
	}
	at := g.rare.revokedAt
	if at.IsZero() {
		return nil
	}
	return &refusal{errs.Say("key_revoked", "at", at), errs.Say("revoke_final")}
}

func refuseExpired(g *Grant, now time.Time) *refusal {
	if g.endsAt == 0 || now.UnixMilli() < g.endsAt {
		return nil
	}
	end := g.EndsAt()
	if g.token {
		return &refusal{errs.Say("token_expired", "at", end), errs.Say("get_token")}
	}
	if g.rare.rotatedTo != "" && end.Equal(g.rare.graceUntil) {
		return &refusal{errs.Say("key_grace_over", "at", end), errs.Say("use_successor", "key", g.rare.rotatedTo)}
	}
	return &refusal{errs.Say("key_expired", "at", end), errs.Say("issue_key")}
}

func refuseEarly(g *Grant, now time.Time) *refusal {
	if !now.Before(g.rare.notBefore) {
		return nil
	}
	return &refusal{errs.Say("key_too_early", "at", g.rare.notBefore), errs.Say("wait_until", "at", g.rare.notBefore)}
}

func refuseDisabled(g *Grant) *refusal {
	switch {
	case g.disabled:
		return because("key_disabled", "enable_key")
	case g.Account.Disabled:
		return because("account_disabled", "enable_account")
	case g.Organization.Disabled:
		return because("organization_disabled", "staff_enable_organization")
	default:
		return nil
	}
}

func refusePlain(q *Question) *refusal {
	if !q.PlainRefused {
		return nil
	}
	return because("key_came_plain", "send_by_https")
}

func refuseAddress(g *Grant, q *Question) *refusal {
	if within(g.rare.networks, q.Address) && within(g.Account.AllowedNetworks, q.Address) {
		return nil
	}
	if !q.Address.IsValid() {
		return because("key_bound_no_address", "send_address")
	}
	return &refusal{errs.Say("address_not_allowed", "address", q.Address), errs.Say("allow_address", "address", q.Address)}
}

// within reports whether the address is in one of the networks; no networks
// allow every address.
func within(networks []netip.Prefix, address netip.Addr) bool {
	if len(networks) == 0 {
		return true
	}
	for _, n := range networks {
		if n.Contains(address) {
			return true
		}
	}
	return false
}

func refuseScopes(g *Grant, q *Question) *refusal {
	for _, scope := range q.Scopes {
		if !keys.CoveredBy(g.scopes.list, scope) {
			lacking := g.missing(q.Scopes)
			return &refusal{
				errs.Say("key_lacks", "scopes", lacking), errs.Say("grant_scopes", "scopes", lacking, "account", g.Account.ID),
			}
		}
	}
	return nil
}

func (g *Grant) missing(scopes []string) []string {
	var missing []string
	for _, scope := range scopes {
		if !keys.CoveredBy(g.scopes.list, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}
