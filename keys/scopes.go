package keys

import (
	"slices"
	"strings"
)

// MaxScopes bounds the scopes of one object or question; MaxScopeLength bounds each
// scope's name, in bytes.
const (
	MaxScopes      = 200
	MaxScopeLength = 128
)

// AnyScope is the grant that covers every scope except those that staff grant by
// name: VerifyAllKeys, ReadMetrics, EdgeKeys and EdgeAllKeys.
const AnyScope = "*"

// ValidScope reports whether name has the form resource:action, where the action may
// have further parts: two or more parts of [a-z0-9][a-z0-9_.-]*, joined by colons.
// Catalogue entries and verifications use this form. Every verification asks, so it is
// no regular expression, which takes as long as the rest of the decision.
func ValidScope(name string) bool {
	if len(name) > MaxScopeLength {
		return false
	}
	parts, first := 0, true
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			if first {
				parts++
			}
			first = false
		case first:
			return false
		case c == ':':
			first = true
		case c != '_' && c != '.' && c != '-':
			return false
		}
	}
	return parts > 1 && !first
}

// ValidGrant reports whether name is a scope or a wildcard, "*" or "resource:*".
func ValidGrant(name string) bool {
	if name == AnyScope || ValidScope(name) {
		return true
	}
	resource, ok := strings.CutSuffix(name, ":*")
	return ok && ValidScope(resource+":x")
}

// Covers reports whether the grant includes scope, which may itself be a wildcard:
// "invoices:*" covers "invoices:read" and "invoices:*", never "*".
func Covers(grant, scope string) bool {
	if grant == scope {
		return true
	}
	switch Action(scope) {
	case VerifyAllKeys, ReadMetrics, EdgeKeys, EdgeAllKeys:
		return false
	}
	if grant == AnyScope {
		return true
	}
	n := len(grant) - 1
	return n > 0 && grant[n] == '*' && scope != AnyScope && strings.HasPrefix(scope, grant[:n])
}

// CoveredBy reports whether any of the grants covers scope.
func CoveredBy(grants []string, scope string) bool {
	for _, g := range grants {
		if Covers(g, scope) {
			return true
		}
	}
	return false
}

// grantsOf returns all grants that cover the scope.
func grantsOf(scope string) []string {
	all := []string{scope}
	for i, r := range scope {
		if wide := scope[:i] + ":*"; r == ':' && Covers(wide, scope) {
			all = append(all, wide)
		}
	}
	if Covers(AnyScope, scope) {
		all = append(all, AnyScope)
	}
	return all
}

// EffectiveScopes returns what a key may do: its own scopes that its account still
// has, or all of its account's if it has none of its own.
func EffectiveScopes(own, account []string) []string {
	if own == nil {
		return account
	}
	both := make([]string, 0, len(own))
	for _, o := range own {
		if CoveredBy(account, o) {
			both = append(both, o)
			continue
		}
		for _, a := range account {
			if Covers(o, a) {
				both = append(both, a)
			}
		}
	}
	slices.Sort(both)
	return slices.Compact(both)
}
