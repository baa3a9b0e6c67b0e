package verify

import "github.com/latchkey/latchkey/keys"

// ValidCost reports whether a question may have the cost.
func ValidCost(cost int64) bool { return cost >= 0 && cost <= MaxCost }

// CheckScopes reports to fault what is wrong with the scopes of a question, which are in
// that field: there are too many, or one is no exact scope.
func CheckScopes(scopes []string, field string, fault func(field, text string, args ...any)) {
	if len(scopes) > keys.MaxScopes {
		fault(field, "too_many_entries", "most", keys.MaxScopes)
		return
	}
	for _, s := range scopes {
		if !keys.ValidScope(s) {
			fault(field, "scope_with_wildcard")
		}
	}
}
