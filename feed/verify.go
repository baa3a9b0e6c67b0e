package feed

import (
	"context"
	"net/netip"
	"slices"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// within is an actor who sees fewer organizations.
type within struct {
	keys.Actor
	organizations []string
}

// May implements keys.Actor.
func (w within) May(action keys.Action, organizationID string) bool {
	return slices.Contains(w.organizations, organizationID) && w.Actor.May(action, organizationID)
}

// Verify decides a question for an edge. What the edge may not see does not exist.
func (f *Feed) Verify(ctx context.Context, by keys.Actor, charged string, asked edgewire.Question) (edgewire.Verdict, error) {
	q := &verify.Question{
		Key: asked.Key, Scopes: asked.Scopes, Cost: asked.Cost, UserAgent: asked.UserAgent, Asker: by, Charged: "edge " + charged,
		DryRun: asked.DryRun, Fresh: asked.Fresh, Unmetered: asked.Unmetered, PlainRefused: asked.PlainRefused,
	}
	var faults errs.Faults
	faults.Check(verify.ValidCost(q.Cost), "cost", "cost_out_of_range")
	verify.CheckScopes(q.Scopes, "scopes", faults.Add)
	if asked.Address != "" {
		var err error
		q.Address, err = netip.ParseAddr(asked.Address)
		faults.Check(err == nil, "address", "address_invalid")
	}
	if err := faults.Err(); err != nil {
		return edgewire.Verdict{}, err
	}
	if asked.Within != nil {
		q.Asker = within{by, asked.Within}
	}
	v, err := f.c.Verifier.VerifyFed(ctx, q)
	if err != nil {
		return edgewire.Verdict{}, err
	}
	return verdictOut(&v), nil
}

func verdictOut(v *verify.Verdict) edgewire.Verdict {
	out := edgewire.Verdict{Code: string(v.Code), Detail: v.Detail, Missing: v.Missing, At: v.At}
	if g := &v.Grant; g.Known() {
		grant := edgewire.NewGrant(g.Key(), *g.Account, *g.Organization, *g.Tier)
		grant.Key.Scopes = g.Scopes() // a token's may be none of the account's
		out.Grant = &grant
	}
	if v.HasLimits {
		out.Limits = &v.Limits
	}
	for _, s := range v.Steps {
		out.Steps = append(out.Steps, edgewire.Step{
			Check: s.Check, Outcome: string(s.Outcome), Code: string(s.Code), Detail: s.Detail, Change: s.Change,
		})
	}
	return out
}
