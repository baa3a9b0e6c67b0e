package verify

import (
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// outcomes lists the codes by the numbers under which they are counted and
// stored. Append new codes at the end, whatever their place in the order of
// decision.
var outcomes = [...]Code{
	Valid, Malformed, NotFound, Revoked, Expired, NotYetValid, Disabled,
	AddressNotAllowed, InsufficientScope, RateLimited, QuotaExceeded, Missing, PlainHTTP,
}

// Outcome returns the number under which the code is counted.
func (c Code) Outcome() usage.Outcome {
	for i, known := range outcomes {
		if known == c {
			return usage.Outcome(i)
		}
	}
	panic("verify: " + string(c) + " has no number to be counted under")
}

// CodeOf returns the code counted under the number, or "" if there is none.
func CodeOf(o usage.Outcome) Code {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return ""
}

func (g *Grant) counted() usage.Counted { return usage.Counted{KeyID: g.KeyID(), Holder: &g.holder} }

// used counts a successful verification and the granted scopes it required.
func (v *Verifier) used(q *Question, g *Grant, now time.Time) {
	granted := g.scopes.list
	for _, asked := range q.Scopes {
		for i, scope := range granted {
			if i == len(granted)-1 || keys.Covers(scope, asked) { // one of them does
				v.meter.CountScope(&g.counter, i)
				break
			}
		}
	}
	v.meter.Count(&g.counter, g.counted(), usage.Allowed)
	g.touch(now, q, v.lastUsed)
}

// refused counts a failed verification of a known key, and keeps the reason for
// those who look after the key.
func (v *Verifier) refused(q *Question, verdict *Verdict, now time.Time) {
	o, g := verdict.Code.Outcome(), &verdict.Grant
	v.meter.Count(&g.counter, g.counted(), o)
	method, path := q.shown(v.format)
	v.meter.Refuse(g.KeyID(), usage.Refusal{
		At: now, Outcome: o, Address: q.Address, Detail: verdict.Detail.String(), Said: verdict.Detail, Method: method, Path: path,
	})
}

// countUnknown counts a verification of an unknown key for the caller's
// organization, if they may verify in only one.
func (v *Verifier) countUnknown(q *Question, code Code) {
	organization := ""
	if q.Asker != nil {
		if all := q.Asker.Organizations(keys.VerifyKeys); len(all) == 1 {
			organization = all[0]
		}
	}
	v.meter.CountUnknown(organization, code.Outcome())
}
