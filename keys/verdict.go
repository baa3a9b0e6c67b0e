package keys

import (
	"net/netip"
	"strings"

	"github.com/latchkey/latchkey/ratelimit"
)

// Code is the one outcome of a verification.
type Code string

// The codes, in the order in which they are decided; the first that applies
// wins.
const (
	Malformed         Code = "MALFORMED"
	NotFound          Code = "NOT_FOUND"
	Revoked           Code = "REVOKED"
	Expired           Code = "EXPIRED"
	NotYetValid       Code = "NOT_YET_VALID"
	Disabled          Code = "DISABLED"
	AddressNotAllowed Code = "IP_NOT_ALLOWED"
	InsufficientScope Code = "INSUFFICIENT_SCOPE"
	RateLimited       Code = "RATE_LIMITED"
	QuotaExceeded     Code = "QUOTA_EXCEEDED"
	Valid             Code = "VALID"
)

// Codes lists every code in the order of decision.
func Codes() []Code {
	return []Code{
		Malformed, NotFound, Revoked, Expired, NotYetValid, Disabled,
		AddressNotAllowed, InsufficientScope, RateLimited, QuotaExceeded, Valid,
	}
}

// MaxCost bounds the cost of one verification.
const MaxCost = 1_000_000_000

// Question is what a verification asks.
type Question struct {
	Key     string
	Scopes  []string   // all required; exact scopes, no wildcards
	Cost    int64      // tokens and quota to use up, 0 to MaxCost
	Address netip.Addr // of the key's user, the zero Addr where unknown
	Asker   Actor      // who asks; nil for the key itself, or in an open network
	DryRun  bool       // charge nothing, explain every step
	Fresh   bool       // read the store, not the cache

	// Unmetered asks only whether the key is good; no limit is reached.
	Unmetered bool
}

// Verdict is the outcome of a verification.
type Verdict struct {
	Code      Code
	Detail    string // why, for people; "" for Valid
	Grant     *Grant // nil for Malformed, NotFound and throttled guesses
	Missing   []string
	Limits    ratelimit.Decision
	HasLimits bool // whether the limits were reached
	Steps     []Step
}

// Outcome is how one check of a dry run went.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // could not be decided after an earlier failure
)

// Step is one check of a dry run.
type Step struct {
	Check   string
	Outcome Outcome
	Code    Code   // what a failure ends in
	Detail  string // what was found
	Change  string // what would have to change, "" unless failed
}

// Grant is everything that a verification needs to know of a key: the key,
// its service account, organization and tier as they were at one time, and
// what follows from them. It is immutable and shared.
type Grant struct {
	Key          *Key
	Account      *ServiceAccount
	Organization *Organization
	Tier         *Tier
	Scopes       []string // what the key may do
	ScopeList    string   // the same, separated by spaces
	keyRule      ratelimit.Rule
	accountRule  ratelimit.Rule  // zero: none
	quota        ratelimit.Quota // zero: none
}

func newGrant(k *Key, a *ServiceAccount, o *Organization, t *Tier) *Grant {
	// Ids that the account holds as well are kept in memory once.
	k.ServiceAccountID, k.OrganizationID = a.ID, o.ID
	g := &Grant{Key: k, Account: a, Organization: o, Tier: t, Scopes: effectiveScopes(k.Scopes, a.Scopes), keyRule: t.RateLimit}
	g.ScopeList = strings.Join(g.Scopes, " ")
	if k.RateLimit != nil {
		g.keyRule = *k.RateLimit
	}
	switch {
	case a.RateLimit != nil:
		g.accountRule = *a.RateLimit
	case t.AccountRateLimit != nil:
		g.accountRule = *t.AccountRateLimit
	}
	switch {
	case a.Quota != nil:
		g.quota = *a.Quota
	case t.Quota != nil:
		g.quota = *t.Quota
	}
	return g
}

// KeyRule is the token bucket that the key alone draws from.
func (g *Grant) KeyRule() ratelimit.Rule { return g.keyRule }

// AccountRule is the token bucket that all keys of the account share; it is
// zero where there is none.
func (g *Grant) AccountRule() ratelimit.Rule { return g.accountRule }

func (g *Grant) limits(q *Question) ratelimit.Request {
	return ratelimit.Request{
		Key:     ratelimit.Bucket{ID: g.Key.ID, Rule: g.keyRule},
		Account: ratelimit.Bucket{ID: g.Account.ID, Rule: g.accountRule},
		Quota:   ratelimit.QuotaCharge{ID: g.Account.ID, Quota: g.quota},
		Cost:    q.Cost, DryRun: q.DryRun,
	}
}
