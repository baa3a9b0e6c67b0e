package edge

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/ratelimit"
)

// limits charges the limits of keys at the node, and everything else here. While no node
// can be reached, rates count here alone and quotas allow nothing, because their use by
// others is unknown. It implements ratelimit.Limiter.
type limits struct {
	up    *upstream
	local *ratelimit.Local
	deny  bool // refuse instead
	cut   atomic.Bool
}

// connected records that a node answers again.
func (l *limits) connected() { l.cut.Store(false) }

// limitTimeout is how long a verification waits for the node's counters.
const limitTimeout = time.Second

// Take implements ratelimit.Limiter.
func (l *limits) Take(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	if r.Digest == nil || (r.Key.Rule.IsZero() && r.Account.Rule.IsZero() && r.Quota.Quota.IsZero()) {
		return l.local.Take(ctx, r)
	}
	if !l.cut.Load() {
		d, err := l.ask(ctx, &r)
		switch {
		case err == nil:
			return d, nil
		case !errors.Is(err, errs.Unavailable):
			return d, fmt.Errorf("%w: %w", errs.Unavailable, err) // the node refused this edge, or knows no such key
		case ctx.Err() != nil:
			return d, err
		}
		l.cut.Store(true) // until a poll is answered
	}
	return l.alone(ctx, r)
}

func (l *limits) ask(ctx context.Context, r *ratelimit.Request) (ratelimit.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, limitTimeout)
	defer cancel()
	var told edgewire.Limit
	err := l.up.ask(ctx, edgewire.LimitPath, edgewire.AskLimit{
		Digest: hex.EncodeToString(r.Digest[:]), Cost: r.Cost, DryRun: r.DryRun,
	}, &told)
	if err == nil && told.Decision.Allowed == (told.Decision.Refused != ratelimit.PartNone) {
		err = unavailable("answered a decision that makes no sense", nil)
	}
	told.Decision.Cluster = true
	return told.Decision, err
}

// alone decides while no node can be reached.
func (l *limits) alone(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	if l.deny || !r.Quota.Quota.IsZero() {
		return ratelimit.Decision{Refused: ratelimit.PartUnreachable, RetryAfter: time.Second}, nil
	}
	return l.local.Take(ctx, r)
}
