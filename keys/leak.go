package keys

import "slices"

// LeakPolicy is what happens to a key of a tier that is reported as leaked.
type LeakPolicy string

// The policies. The zero value revokes, as in a store of an earlier version.
const (
	LeakRevoke  LeakPolicy = ""
	LeakDisable LeakPolicy = "disable" // its owner may enable it again
	LeakTell    LeakPolicy = "tell"    // people are told, and the key goes on working
)

const leakRevokeName = "revoke"

// LeakPolicies lists the policies.
func LeakPolicies() []LeakPolicy { return []LeakPolicy{LeakRevoke, LeakDisable, LeakTell} }

// ParseLeakPolicy returns the policy with the name; "" is LeakRevoke. The result of
// an unknown name is not Valid.
func ParseLeakPolicy(name string) LeakPolicy {
	if name == leakRevokeName {
		return LeakRevoke
	}
	return LeakPolicy(name)
}

// String returns the name of the policy.
func (p LeakPolicy) String() string {
	if p == LeakRevoke {
		return leakRevokeName
	}
	return string(p)
}

// Valid reports whether p is one of the policies.
func (p LeakPolicy) Valid() bool { return slices.Contains(LeakPolicies(), p) }

// ProviderWide reports whether any of the scopes reaches beyond the key's own
// organization. Revoking such a key may stop the provider's own gateways.
func ProviderWide(scopes []string) bool {
	for _, s := range []Action{VerifyAllKeys, ReadMetrics, EdgeAllKeys} {
		if CoveredBy(scopes, string(s)) {
			return true
		}
	}
	return false
}
