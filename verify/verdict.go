package verify

import (
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/errs"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// Code is the one outcome of a verification.
type Code string

// The codes, in the order they are decided. The first that applies wins.
const (
	Missing           Code = "MISSING" // no key was sent
	Malformed         Code = "MALFORMED"
	NotFound          Code = "NOT_FOUND"
	Revoked           Code = "REVOKED"
	Expired           Code = "EXPIRED"
	NotYetValid       Code = "NOT_YET_VALID"
	Disabled          Code = "DISABLED"
	PlainHTTP         Code = "PLAIN_HTTP" // the key arrived without TLS
	AddressNotAllowed Code = "IP_NOT_ALLOWED"
	InsufficientScope Code = "INSUFFICIENT_SCOPE"
	RateLimited       Code = "RATE_LIMITED"
	QuotaExceeded     Code = "QUOTA_EXCEEDED"
	Valid             Code = "VALID"
)

// Codes lists every code in the order of decision.
func Codes() []Code {
	return []Code{
		Missing, Malformed, NotFound, Revoked, Expired, NotYetValid, Disabled, PlainHTTP,
		AddressNotAllowed, InsufficientScope, RateLimited, QuotaExceeded, Valid,
	}
}

// MaxCost bounds the cost of one verification.
const MaxCost = 1_000_000_000

// Question is what a verification asks.
type Question struct {
	Key       string
	Scopes    []string   // all required; exact scopes, no wildcards
	Cost      int64      // tokens and quota to use up, 0 to MaxCost
	Address   netip.Addr // of the key's user, the zero Addr if unknown
	UserAgent string     // of the key's user, "" if unknown
	Original  Original   // the key's use, nil if nobody tells
	Asker     keys.Actor // the caller; nil for the key itself, or in an open network
	// Charged names what an unknown key is charged to: the caller's credential. It
	// is "" for the key itself, which is charged to its address.
	Charged string
	// DryCharged charges an unknown key in a dry run, too.
	DryCharged bool
	DryRun     bool // charge nothing, explain every step
	Fresh      bool // read the store, not the cache

	// Unmetered asks only whether the key is valid; no limit is checked.
	Unmetered bool

	Several bool // the request carries another key, too
	// Plain is set if the key arrived without TLS, and PlainRefused if it must not.
	Plain, PlainRefused bool
	feeds               bool // the asker needs EdgeKeys to see the key, else VerifyKeys
}

// Verdict is the outcome of a verification.
type Verdict struct {
	Code      Code
	Detail    errs.Text // why, for people; zero for Valid
	Grant     Grant     // not Known for Malformed, NotFound and throttled guesses
	Missing   []string
	At        time.Time // when it was decided; zero if nothing is known of the key
	Limits    ratelimit.Decision
	HasLimits bool // whether the limits were checked
	Steps     []Step
}

// Refusal returns the verdict on a key that is not Valid as an error of the kind.
func (v *Verdict) Refusal(kind errs.Kind) *errs.Error {
	return &errs.Error{Kind: kind, Code: string(v.Code), Text: v.Detail}
}

// Outcome is the result of one check of a dry run.
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
	Code    Code      // the verdict's code if the check failed
	Detail  errs.Text // what was found
	Change  errs.Text // what would have to change, zero unless failed
}
