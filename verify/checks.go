package verify

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// check is one rule that a verification holds a grant against. refuse returns
// "" where the rule is kept, else what is wrong and what would have to change.
type check struct {
	name   string
	code   Code
	refuse func(g *Grant, q *Question, now time.Time) (detail, change string)
}

// checks returns the rules in the order in which they are decided.
func checks() []check {
	return []check{
		{"revoked", Revoked, refuseRevoked},
		{"expiry", Expired, refuseExpired},
		{"not_before", NotYetValid, refuseEarly},
		{"enabled", Disabled, refuseDisabled},
		{"network", AddressNotAllowed, refuseAddress},
		{"scopes", InsufficientScope, refuseScopes},
	}
}

func refuseRevoked(g *Grant, _ *Question, _ time.Time) (detail, change string) {
	if g.tokenEnded {
		return "the token was revoked", "get a new token"
	}
	at := g.rare.revokedAt
	if at.IsZero() {
		return "", ""
	}
	return "the key was revoked at " + at.Format(time.RFC3339), "a revoke is final: issue a new key"
}

func refuseExpired(g *Grant, _ *Question, now time.Time) (detail, change string) {
	if g.endsAt == 0 || now.UnixMilli() < g.endsAt {
		return "", ""
	}
	end := g.EndsAt()
	if g.token {
		return "the token expired at " + end.Format(time.RFC3339), "get a new token"
	}
	if g.rare.rotatedTo != "" && end.Equal(g.rare.graceUntil) {
		return "the key was rotated and its grace ended at " + end.Format(time.RFC3339), "use its successor " + g.rare.rotatedTo
	}
	return "the key expired at " + end.Format(time.RFC3339), "issue a new key"
}

func refuseEarly(g *Grant, _ *Question, now time.Time) (detail, change string) {
	if !now.Before(g.rare.notBefore) {
		return "", ""
	}
	at := g.rare.notBefore.Format(time.RFC3339)
	return "the key is not valid before " + at, "wait until " + at + ", or set not_before to an earlier time"
}

func refuseDisabled(g *Grant, _ *Question, _ time.Time) (detail, change string) {
	switch {
	case g.disabled:
		return "the key is disabled", "enable the key"
	case g.Account.Disabled:
		return "the service account is disabled", "enable the service account"
	case g.Organization.Disabled:
		return "the organization is disabled", "the provider's staff can enable the organization"
	default:
		return "", ""
	}
}

func refuseAddress(g *Grant, q *Question, _ time.Time) (detail, change string) {
	if within(g.rare.networks, q.Address) && within(g.Account.AllowedNetworks, q.Address) {
		return "", ""
	}
	if !q.Address.IsValid() {
		return "the key is bound to networks and the address is not known", `send the caller's address as "ip"`
	}
	return "the address " + q.Address.String() + " is not in an allowed network", "call from an allowed network, or add one that holds " +
		q.Address.String()
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

func refuseScopes(g *Grant, q *Question, _ time.Time) (detail, change string) {
	for _, scope := range q.Scopes {
		if !keys.CoveredBy(g.scopes.list, scope) {
			lacking := strings.Join(g.missing(q.Scopes), ", ")
			return "the key lacks " + lacking, fmt.Sprintf("grant %s to the service account %s and the key", lacking, g.Account.ID)
		}
	}
	return "", ""
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
