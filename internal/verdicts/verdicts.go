// Package verdicts writes verdicts to the wire: as a decision and as headers.
package verdicts

import (
	"math"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// Decision is a decision together with what its pointers point to, so that hot paths
// can reuse it.
type Decision struct {
	client.VerifyResponse
	account client.VerifiedAccount
	limit   client.LimitState
	quota   client.QuotaState
}

// Set makes the decision the verdict as the verifier sees it.
func (out *Decision) Set(v *verify.Verdict) {
	out.VerifyResponse = client.VerifyResponse{
		Valid: v.Code == verify.Valid, Code: string(v.Code), Detail: v.Detail.String(), MissingScopes: v.Missing,
	}
	if g := &v.Grant; g.Known() {
		out.KeyID, out.Name, out.Environment = g.KeyID(), g.Name(), string(g.Environment())
		out.account = client.VerifiedAccount{
			ID: g.Account.ID, Name: g.Account.Name, ExternalID: g.Account.ExternalID, Metadata: client.Metadata(g.Account.Metadata),
		}
		out.ServiceAccount = &out.account
		out.OrganizationID, out.Tier, out.Scopes = g.Account.OrganizationID, g.Tier.Name, g.Scopes()
		out.ExpiresAt, out.Metadata = g.EndsAt(), client.Metadata(g.Metadata())
	}
	if v.HasLimits {
		out.setLimits(&v.Limits)
	}
	for _, s := range v.Steps {
		out.Steps = append(out.Steps, client.VerifyStep{
			Check: s.Check, Outcome: string(s.Outcome), Code: string(s.Code),
			Detail: s.Detail.String(), Change: s.Change.String(),
		})
	}
}

// ForHolder removes what the provider noted about the key, which its holder is not told.
func (out *Decision) ForHolder() { out.Name, out.ServiceAccount, out.Metadata = "", nil, nil }

func (out *Decision) setLimits(d *ratelimit.Decision) {
	if b, ok := narrowest(d); ok {
		out.limit = client.LimitState{Limit: b.Limit, Remaining: b.Remaining, ResetAfter: client.Duration(b.ResetAfter), Scope: scopeOf(d)}
		out.RateLimit = &out.limit
	}
	if d.HasQuota {
		out.quota = client.QuotaState{Limit: d.Quota.Limit, Remaining: d.Quota.Remaining, ResetsAt: d.Quota.ResetsAt}
		out.Quota = &out.quota
	}
}

// narrowest returns the bucket that is closest to refusing.
func narrowest(d *ratelimit.Decision) (ratelimit.BucketState, bool) {
	if d.HasAccount && (!d.HasKey || d.Account.Remaining < d.Key.Remaining || d.Refused == ratelimit.PartAccount) {
		return d.Account, true
	}
	return d.Key, d.HasKey
}

func scopeOf(d *ratelimit.Decision) string {
	if d.Cluster {
		return client.ScopeCluster
	}
	return client.ScopeNode
}

// WholeSeconds rounds up, so that whoever waits that long waits long enough.
func WholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
