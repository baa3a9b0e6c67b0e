package verify

import (
	"context"
	"errors"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// Elsewhere decides questions that this process cannot.
type Elsewhere interface {
	// Looks reports whether the text is a credential that is only decided elsewhere.
	Looks(text string) bool
	// Verify decides the question, charges its limits and counts it. The error is
	// errs.Unavailable if nobody can be asked.
	Verify(ctx context.Context, q *Question) (Verdict, error)
}

// ErrElsewhere is wrapped by the error of a Load that found a key with checks or limits
// that this version does not know.
var ErrElsewhere = errors.New("verify: it is decided elsewhere")

// askElsewhere passes the question on. The answer is not cached: nothing would take it
// back.
func (v *Verifier) askElsewhere(ctx context.Context, q *Question) (Verdict, error) {
	passedOn := *q // so that other questions stay on the stack
	verdict, err := v.elsewhere.Verify(ctx, &passedOn)
	if err != nil {
		return Verdict{}, err
	}
	if verdict.Grant.Known() && !v.visible(q, &verdict.Grant) {
		return v.unknown(q, NotFound, "no_key", "use_known_key"), nil
	}
	if q.PlainRefused && verdict.Grant.Known() && verdict.afterTransport() { // the one who decided is of an earlier version
		verdict = Verdict{Code: PlainHTTP, Detail: refusePlain(q).detail, Grant: verdict.Grant, At: verdict.At, Steps: verdict.Steps}
	}
	return verdict, nil
}

// afterTransport reports whether the checks up to that of the transport were passed.
func (v *Verdict) afterTransport() bool {
	switch v.Code {
	case Valid, AddressNotAllowed, InsufficientScope, RateLimited, QuotaExceeded:
		return true
	default:
		return false
	}
}

// VerifyFed decides a question that an edge passes on. The Asker needs EdgeKeys where
// others need VerifyKeys.
func (v *Verifier) VerifyFed(ctx context.Context, q *Question) (Verdict, error) {
	q.feeds = true
	return v.Verify(ctx, q)
}

// GrantOf returns the grant of a key and what it belongs to, as another process knows
// them. It is for verdicts, not for the cache.
func GrantOf(k *keys.Key, a *keys.ServiceAccount, o *keys.Organization, t *keys.Tier) (Grant, error) {
	if k.ID == "" || a.ID != k.ServiceAccountID || o.ID != a.OrganizationID || t.Name != a.Tier {
		return Grant{}, errs.New(errs.Invalid, "edge_message")
	}
	list := keys.EffectiveScopes(k.Scopes, a.Scopes)
	scopes := &scopeSet{list: list, text: strings.Join(list, " ")}
	shared := &terms{
		Account: a, Organization: o, Tier: t, scopes: scopes, limitID: a.LimitID(),
		holder: usage.Holder{AccountID: a.ID, OrganizationID: a.OrganizationID, Scopes: scopes.list},
	}
	return newGrant(k, credential{}, shared, &fact{hash: k.Hash}), nil
}
