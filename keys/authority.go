package keys

import (
	"cmp"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// Bounds is how far a credential reaches, apart from its scopes. The zero value is
// unbounded. People are unbounded: they act as themselves, however they signed in.
type Bounds struct {
	Environment Environment     // "": both. A live credential also reaches test.
	EndsAt      time.Time       // zero: never
	Networks    []netip.Prefix  // nil: everywhere. Empty but not nil: nowhere.
	RateLimit   *ratelimit.Rule // nil: what the tier allows
}

// Power is what an object (a key, a token, a certificate, a service account or a
// role) lets its holder do.
type Power struct {
	Bounds
	Scopes []string // grants; wildcards allowed
	Staff  []string // members being set that only the provider's staff may set
	// Source says that keys get their scopes from the object. Only the provider's
	// staff grant scopes that reach beyond an organization.
	Source bool
	// Member is what errors name if the object has no member for a bound, such as a
	// role, which never ends. It is "" for a key.
	Member string
}

// beyondOrganization lists the scopes that cross the wall between tenants or cover
// the whole service. No wildcard contains them.
var beyondOrganization = []string{string(VerifyAllKeys), string(ReadMetrics), string(EdgeKeys), string(EdgeAllKeys)}

// BeyondOrganization reports whether the scope crosses the wall between tenants, or covers
// the whole service.
func BeyondOrganization(scope string) bool { return slices.Contains(beyondOrganization, scope) }

// MayConfer is the one rule of authority: nobody grants more than they have. It
// returns errs.Forbidden, naming each member at fault, if the actor may not create
// an object with the power after, or change an object's power from before to after.
// before is nil for a new object.
//
// A change that adds nothing is allowed. One that adds only scopes needs those
// scopes; one that reaches further in any other way is judged as if the object were
// new. In both cases the whole object must be within the actor's own bounds, so a
// credential can never extend itself by creating or widening another.
func MayConfer(a Actor, organizationID string, before *Power, after Power) error {
	granted := after.Scopes
	if before != nil && after.Bounds.within(before.Bounds) {
		granted = slices.DeleteFunc(slices.Clone(after.Scopes), func(s string) bool { return CoveredBy(before.Scopes, s) })
		if len(granted) == 0 && len(after.Staff) == 0 {
			return nil
		}
	}
	if len(after.Staff) > 0 && !a.IsAdmin() {
		return staffField(after.Staff...)
	}
	var f errs.Faults
	if lacking := after.lacking(a, organizationID, granted); len(lacking) > 0 {
		f.Add(cmp.Or(after.Member, "scopes"), "lacking", "scopes", lacking)
	}
	after.Bounds.beyond(a.Bounds(), func(member string, text errs.Text) { f.Note(cmp.Or(after.Member, member), text) })
	return beyondActor(&f)
}

func (p *Power) lacking(a Actor, organizationID string, granted []string) (lacking []string) {
	for _, scope := range granted {
		if !a.MayGrant(scope, organizationID) || (p.Source && !a.IsAdmin() && slices.Contains(beyondOrganization, scope)) {
			lacking = append(lacking, scope)
		}
	}
	return lacking
}

// beyondActor returns MayConfer's refusal for the faults, nil if there are none.
func beyondActor(f *errs.Faults) error {
	e, ok := errors.AsType[*errs.Error](f.Err())
	if !ok {
		return nil
	}
	e.Kind, e.Text = errs.Forbidden, errs.Say("beyond_actor")
	return e
}

// beyond lists the ways in which b reaches further than own.
func (b Bounds) beyond(own Bounds, tell func(member string, text errs.Text)) {
	if own.Environment == Test && b.Environment != Test {
		tell("environment", errs.Say("actor_test_only"))
	}
	if !own.EndsAt.IsZero() && (b.EndsAt.IsZero() || b.EndsAt.After(own.EndsAt)) {
		tell("expires_at", errs.Say("actor_ends", "at", own.EndsAt))
	}
	if !networksWithin(b.Networks, own.Networks) {
		tell("allowed_networks", errs.Say("actor_networks", "networks", listOf(own.Networks)))
	}
	if own.RateLimit != nil && (b.RateLimit == nil || exceeds(*b.RateLimit, *own.RateLimit)) {
		tell("rate_limit", errs.Say("actor_limit", "limit", own.RateLimit.String()))
	}
}

// within reports whether b reaches no further than own.
func (b Bounds) within(own Bounds) bool {
	ok := true
	b.beyond(own, func(string, errs.Text) { ok = false })
	return ok
}

// networksWithin reports whether each network lies in one of own. Networks that
// only several of own together cover are refused.
func networksWithin(networks, own []netip.Prefix) bool {
	if own == nil {
		return true
	}
	return networks != nil && !slices.ContainsFunc(networks, func(n netip.Prefix) bool {
		return !slices.ContainsFunc(own, func(o netip.Prefix) bool { return contains(o, n) })
	})
}

func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// Intersect returns the networks in both. An object's empty list allows every
// address; in the result, an empty list allows none and nil allows all.
func Intersect(a, b []netip.Prefix) []netip.Prefix {
	switch {
	case len(a) == 0 && len(b) == 0:
		return nil
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	both := []netip.Prefix{}
	for _, x := range a {
		for _, y := range b {
			if contains(x, y) {
				both = append(both, y)
			} else if contains(y, x) {
				both = append(both, x)
			}
		}
	}
	return slices.Compact(slices.SortedFunc(slices.Values(both), netip.Prefix.Compare))
}

func listOf(networks []netip.Prefix) string {
	const most = 3
	var texts []string
	for _, n := range networks[:min(len(networks), most)] {
		texts = append(texts, n.String())
	}
	if len(networks) > most {
		texts = append(texts, "…")
	}
	return strings.Join(texts, ", ")
}

// power returns what the key lets its holder do, as a key of the account.
func (k *Key) power(account *ServiceAccount) Power {
	return Power{
		Bounds: Bounds{
			Environment: k.Environment, EndsAt: k.EndsAt(), Networks: Intersect(account.AllowedNetworks, k.AllowedNetworks), RateLimit: k.RateLimit,
		},
		Scopes: EffectiveScopes(k.Scopes, account.Scopes),
	}
}

// mayBecome decides about a change of the key. Enabling it, or letting it begin
// earlier, gives all of its power back.
func (k *Key) mayBecome(a Actor, old KeyFields, account *ServiceAccount, now time.Time) error {
	if (old.Disabled && !k.Disabled) || (now.Before(old.NotBefore) && k.NotBefore.Before(old.NotBefore)) {
		return MayConfer(a, k.OrganizationID, nil, k.power(account))
	}
	was := *k
	was.KeyFields = old
	before := was.power(account)
	return MayConfer(a, k.OrganizationID, &before, k.power(account))
}

// power returns what the account gives to all of its keys, and the members that
// only staff set and that differ from old.
func (account *ServiceAccount) power(old AccountFields) Power {
	p := Power{Scopes: account.Scopes, Source: true, Bounds: Bounds{Networks: Intersect(account.AllowedNetworks, nil)}}
	if account.Tier != old.Tier {
		p.Staff = append(p.Staff, "tier")
	}
	if !reflect.DeepEqual(account.RateLimit, old.RateLimit) {
		p.Staff = append(p.Staff, "rate_limit")
	}
	if !reflect.DeepEqual(account.Quota, old.Quota) {
		p.Staff = append(p.Staff, "quota")
	}
	return p
}

// MayMake decides about a new account. An account is not a credential, so it may
// have everything that its creator has.
func (account *ServiceAccount) MayMake(a Actor, standard AccountFields) error {
	p := account.power(standard)
	p.Bounds = a.Bounds()
	return MayConfer(a, account.OrganizationID, nil, p)
}

// mayBecome decides about a change. What it adds reaches all keys of the account,
// however long they live.
func (account *ServiceAccount) mayBecome(a Actor, old AccountFields) error {
	was := ServiceAccount{AccountFields: old}
	before, after := was.power(old), account.power(old)
	switch {
	case old.Disabled && !account.Disabled:
		after.Member = "disabled"
		return MayConfer(a, account.OrganizationID, nil, after)
	case !after.Bounds.within(before.Bounds):
		after.Member = "allowed_networks"
	default:
		after.Member = "scopes"
	}
	return MayConfer(a, account.OrganizationID, &before, after)
}

// defaultTo gives a new key the actor's own bounds if the input leaves them out.
func (in *IssueInput) defaultTo(own Bounds) {
	if in.Environment == "" {
		in.Environment = Live
		if own.Environment == Test {
			in.Environment = Test
		}
	}
	if in.ExpiresAt.IsZero() {
		in.ExpiresAt = own.EndsAt
	}
	if in.AllowedNetworks == nil {
		in.AllowedNetworks = own.Networks
	}
	if in.RateLimit == nil {
		in.RateLimit = own.RateLimit
	}
}
