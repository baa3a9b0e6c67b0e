package edge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// elsewhere has a node decide what an edge cannot. It implements verify.Elsewhere.
type elsewhere struct{ up *upstream }

// longestToken is the longest text that may be a signed token.
const longestToken = 16 << 10

// Looks implements verify.Elsewhere: it recognizes signed tokens.
func (elsewhere) Looks(text string) bool {
	return len(text) <= longestToken && keys.LikeJWT(text)
}

// Verify implements verify.Elsewhere.
func (e elsewhere) Verify(ctx context.Context, q *verify.Question) (verify.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	asked := edgewire.Question{
		Key: q.Key, Scopes: q.Scopes, Cost: q.Cost, UserAgent: q.UserAgent, DryRun: q.DryRun, Fresh: q.Fresh, Unmetered: q.Unmetered,
		Within: within(q.Asker), PlainRefused: q.PlainRefused,
	}
	if q.Address.IsValid() {
		asked.Address = q.Address.String()
	}
	var told edgewire.Verdict
	err := e.up.ask(ctx, edgewire.VerifyPath, &asked, &told)
	switch {
	case err == nil:
		return verdict(&told)
	case errors.Is(err, errs.Unavailable):
		return verify.Verdict{}, err
	case errors.Is(err, errs.NotFound):
		return verify.Verdict{}, unavailable("decides nothing for edges: it is of an earlier version", nil)
	default: // it refuses this edge
		return verify.Verdict{}, fmt.Errorf("%w: %w", errs.Unavailable, err)
	}
}

// within returns the organizations whose keys the asker may see, nil for all.
func within(asker keys.Actor) []string {
	if asker == nil || asker.May(keys.VerifyKeys, "") {
		return nil
	}
	return append([]string{}, asker.Organizations(keys.VerifyKeys)...)
}

var errVerdict = unavailable("answered a verdict that makes no sense", nil)

// verdict reads the node's verdict. One that says VALID of nothing, or of limits that
// refuse, is none.
func verdict(told *edgewire.Verdict) (verify.Verdict, error) {
	v := verify.Verdict{Code: verify.Code(told.Code), Detail: told.Detail, Missing: told.Missing, At: told.At}
	if !slices.Contains(verify.Codes(), v.Code) {
		return verify.Verdict{}, errVerdict
	}
	if g := told.Grant; g != nil {
		var err error
		if v.Grant, err = verify.GrantOf(&g.Key, &g.Account, &g.Organization, &g.Tier); err != nil {
			return verify.Verdict{}, errVerdict
		}
	}
	if told.Limits != nil {
		v.Limits, v.HasLimits = *told.Limits, true
		v.Limits.Cluster = true
	}
	if v.Code == verify.Valid && (!v.Grant.Known() || v.HasLimits && !v.Limits.Allowed) {
		return verify.Verdict{}, errVerdict
	}
	for _, s := range told.Steps {
		v.Steps = append(v.Steps, verify.Step{
			Check: s.Check, Outcome: verify.Outcome(s.Outcome), Code: verify.Code(s.Code), Detail: s.Detail, Change: s.Change,
		})
	}
	return v, nil
}
