package auth

import (
	"context"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// Throttle charges a caller for one request to the management API or to a public
// page. Callers of one kind and id share a bucket. A zero rule allows everything.
// The error of a caller over the limit is of kind errs.Limited and says when to
// retry.
func Throttle(ctx context.Context, l ratelimit.Limiter, kind, id string, r ratelimit.Rule) (ratelimit.Decision, error) {
	if r.IsZero() {
		return ratelimit.Decision{Allowed: true}, nil
	}
	d, err := l.Take(ctx, ratelimit.Request{Key: ratelimit.Bucket{ID: "throttle " + kind + " " + id, Rule: r}, Cost: 1})
	if err != nil || d.Allowed {
		return d, err
	}
	e := errs.WithCode(errs.Limited, "throttled", "throttled", "kind", kind)
	e.RetryAfter = d.RetryAfter
	return d, e
}
