package edge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// limits charges the limits of keys to shares of the node's counters, and everything
// else to counters of its own. While no node can be reached, rates count here alone and
// quotas allow what is held of them, because their use by others is unknown. It
// implements ratelimit.Limiter.
type limits struct {
	counters *counters
	leased   *ratelimit.Leased
	local    *ratelimit.Local
	deny     bool // while no node can be reached, refuse instead
	logger   *slog.Logger
}

// partsOfKey is how many shares a key may have: its own, its account's and the quota's.
const partsOfKey = 3

// newLimits returns limits of as many keys as are cached. Beyond that the node decides.
func newLimits(up *upstream, edgeID string, c *Config, now func() time.Time) (*limits, error) {
	l := &limits{counters: &counters{up: up, edgeID: edgeID}, deny: c.DenyLimits, logger: c.Logger}
	var err error
	if l.local, err = ratelimit.NewLocal(ratelimit.Config{Logger: c.Logger, Now: now}); err != nil {
		return nil, err
	}
	l.leased, err = ratelimit.NewLeased(ratelimit.LeasedConfig{
		From: l.counters, Timeout: limitTimeout, Now: now, MaxShares: partsOfKey * cmp.Or(c.CacheSize, verify.DefaultCacheSize),
	})
	return l, err
}

// connected records that a node answers again.
func (l *limits) connected() { l.counters.cut.Store(false) }

// close returns what was not spent.
func (l *limits) close(ctx context.Context) error {
	if err := l.leased.Close(ctx); err != nil {
		l.logger.WarnContext(ctx, "shares of limits were not given back", "err", err)
	}
	l.counters.running.Wait()
	return l.local.Close(ctx)
}

// Take implements ratelimit.Limiter.
func (l *limits) Take(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	if r.Digest == nil || (r.Key.Rule.IsZero() && r.Account.Rule.IsZero() && r.Quota.Quota.IsZero()) {
		return l.local.Take(ctx, r)
	}
	if !l.counters.cut.Load() {
		d, err := l.leased.Take(ctx, r)
		switch {
		case err == nil:
			return d, nil
		case !errors.Is(err, errs.Unavailable):
			return d, fmt.Errorf("%w: %w", errs.Unavailable, err) // the node refused this edge, or knows no such key
		case ctx.Err() != nil:
			return d, err
		case errors.Is(err, errNoShare): // which says nothing about other limits
			return l.alone(ctx, r)
		}
		l.counters.cut.Store(true) // until a poll is answered
	}
	return l.alone(ctx, r)
}

// alone decides while no node can be reached.
func (l *limits) alone(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	if l.deny {
		return ratelimit.Decision{Refused: ratelimit.PartUnreachable, RetryAfter: time.Second}, nil
	}
	return l.leased.Alone(ctx, r, l.local)
}
