// Package verdicts writes verdicts to the wire: as a decision and as headers.
package verdicts

import (
	"math"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// Decision returns the verdict as the verifier sees it.
func Decision(v *verify.Verdict) client.VerifyResponse {
	out := client.VerifyResponse{Valid: v.Code == verify.Valid, Code: string(v.Code), Detail: v.Detail.String(), MissingScopes: v.Missing}
	if g := &v.Grant; g.Known() {
		out.KeyID, out.Name, out.Environment = g.KeyID(), g.Name(), string(g.Environment())
		out.ServiceAccount = &client.VerifiedAccount{
			ID: g.Account.ID, Name: g.Account.Name, ExternalID: g.Account.ExternalID, Metadata: client.Metadata(g.Account.Metadata),
		}
		out.OrganizationID, out.Tier, out.Scopes = g.Account.OrganizationID, g.Tier.Name, g.Scopes()
		out.ExpiresAt, out.Metadata = g.EndsAt(), client.Metadata(g.Metadata())
	}
	if v.HasLimits {
		out.RateLimit, out.Quota = limitState(&v.Limits), quotaState(&v.Limits)
	}
	for _, s := range v.Steps {
		out.Steps = append(out.Steps, client.VerifyStep{
			Check: s.Check, Outcome: string(s.Outcome), Code: string(s.Code),
			Detail: s.Detail.String(), Change: s.Change.String(),
		})
	}
	return out
}

// narrowest returns the bucket that is closest to refusing.
func narrowest(d *ratelimit.Decision) (ratelimit.BucketState, bool) {
	if d.HasAccount && (!d.HasKey || d.Account.Remaining < d.Key.Remaining || d.Refused == ratelimit.PartAccount) {
		return d.Account, true
	}
	return d.Key, d.HasKey
}

func limitState(d *ratelimit.Decision) *client.LimitState {
	b, ok := narrowest(d)
	if !ok {
		return nil
	}
	return &client.LimitState{Limit: b.Limit, Remaining: b.Remaining, ResetAfter: client.Duration(b.ResetAfter), Scope: scopeOf(d)}
}

func scopeOf(d *ratelimit.Decision) string {
	if d.Cluster {
		return client.ScopeCluster
	}
	return client.ScopeNode
}

func quotaState(d *ratelimit.Decision) *client.QuotaState {
	if !d.HasQuota {
		return nil
	}
	return &client.QuotaState{Limit: d.Quota.Limit, Remaining: d.Quota.Remaining, ResetsAt: d.Quota.ResetsAt}
}

// WholeSeconds rounds up, so that whoever waits that long waits long enough.
func WholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
