package verify

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// explain decides as decide does, charges nothing and reports every step,
// including those after the first refusal.
func (v *Verifier) explain(ctx context.Context, q *Question, g *Grant, now time.Time) (Verdict, error) {
	verdict := Verdict{Code: Valid, Grant: *g, At: now}
	verdict.Steps = append(verdict.Steps, step("format", Malformed, nil), step("known", NotFound, nil))
	for _, c := range checks {
		if c.code == PlainHTTP && !q.PlainRefused { // whoever asks for steps sends no key of their own
			continue
		}
		no := c.refuse(g, q, now)
		verdict.Steps = append(verdict.Steps, step(c.name, c.code, no))
		if no != nil {
			verdict.refuse(c.code, no.detail)
		}
	}
	verdict.Missing = g.missing(q.Scopes)
	reached := verdict.Code == Valid
	limits := Verdict{Code: Valid, Grant: *g, At: now}
	if err := v.charge(ctx, q, &limits); err != nil {
		return Verdict{}, err
	}
	verdict.Steps = append(verdict.Steps, limitStep("rate_limit", RateLimited, &limits), limitStep("quota", QuotaExceeded, &limits))
	if reached {
		verdict.Limits, verdict.HasLimits = limits.Limits, true
	}
	if limits.Code != Valid {
		verdict.refuse(limits.Code, limits.Detail)
	}
	return verdict, nil
}

// refuse sets the verdict's code unless an earlier check refused.
func (v *Verdict) refuse(code Code, detail errs.Text) {
	if v.Code == Valid {
		v.Code, v.Detail = code, detail
	}
}

func step(name string, code Code, no *refusal) Step {
	if no == nil {
		return Step{Check: name, Outcome: Passed, Code: code}
	}
	return Step{Check: name, Outcome: Failed, Code: code, Detail: no.detail, Change: no.change}
}

func limitStep(name string, code Code, limits *Verdict) Step {
	if limits.Code != code {
		// The quota is checked last: after a refused rate limit it is not known.
		if code == QuotaExceeded && limits.Code == RateLimited {
			return Step{Check: name, Outcome: Skipped, Code: code}
		}
		return step(name, code, nil)
	}
	change := errs.Say("wait_or_raise", "time", limits.Limits.RetryAfter.Round(time.Millisecond))
	if limits.Limits.Never {
		change = errs.Say("lower_cost")
	}
	return step(name, code, &refusal{limits.Detail, change})
}

// unknown returns the verdict on a key that is unknown or that the caller may not see.
func (v *Verifier) unknown(q *Question, code Code, detail, change string) Verdict {
	no := because(detail, change)
	verdict := Verdict{Code: code, Detail: no.detail}
	if !q.DryRun {
		v.countUnknown(q, code)
		return verdict
	}
	if code == Malformed || code == Missing {
		verdict.Steps = []Step{step("format", code, no), {Check: "known", Outcome: Skipped, Code: NotFound}}
	} else {
		verdict.Steps = []Step{step("format", Malformed, nil), step("known", code, no)}
	}
	for _, c := range checks {
		if c.code == PlainHTTP && !q.PlainRefused { // whoever asks for steps sends no key of their own
			continue
		}
		verdict.Steps = append(verdict.Steps, Step{Check: c.name, Outcome: Skipped, Code: c.code})
	}
	verdict.Steps = append(verdict.Steps,
		Step{Check: "rate_limit", Outcome: Skipped, Code: RateLimited},
		Step{Check: "quota", Outcome: Skipped, Code: QuotaExceeded})
	return verdict
}
