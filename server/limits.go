package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/journal"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
)

// limits decides rates and quotas: with counters in Redis if configured, else in
// this process. A part that is not configured is nil.
type limits struct {
	ratelimit.Counters
	config   *config
	logger   *slog.Logger
	local    *ratelimit.Local
	redis    *redislimit.Limiter
	leased   *ratelimit.Leased
	failover *ratelimit.Failover
}

// The values of LATCHKEY_LIMIT_FALLBACK and LATCHKEY_LIMIT_MODE.
const (
	fallbackLocal = "local"
	fallbackDeny  = "deny"
	modeExact     = "exact"
	modeLeased    = "leased"
)

// limitStore keeps what must outlive the process.
type limitStore interface {
	ratelimit.QuotaStore
	journal.Store
}

// newLimits makes the configured limiters. If Redis is unavailable, it logs that
// and retries. watch returns an observer of the calls to Redis.
func newLimits(c *config, store limitStore, watch func() (calls.Watch, error), logger *slog.Logger) (_ *limits, err error) {
	l := &limits{logger: logger, config: c}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close(context.Background()))
		}
	}()
	local := ratelimit.Config{Store: store, Logger: logger}
	if c.redisURL == "" { // buckets in Redis outlive the process by themselves
		local.Journals = store
	}
	if l.local, err = ratelimit.NewLocal(local); err != nil {
		return nil, err
	}
	l.Counters = l.local
	if c.redisURL == "" {
		return l, nil
	}
	watched, err := watch()
	if err != nil {
		return nil, err
	}
	if l.redis, err = redislimit.New(redislimit.Config{
		URL: c.redisURL, Timeout: c.redisTimeout, Used: l.local.QuotaUsed,
		Watch: watched,
	}); err != nil {
		return nil, fmt.Errorf("LATCHKEY_REDIS_URL: %w", err)
	}
	var shared ratelimit.Shared = l.redis
	if c.limitMode == modeLeased {
		if l.leased, err = ratelimit.NewLeased(ratelimit.LeasedConfig{From: l.redis, Timeout: c.redisTimeout}); err != nil {
			return nil, err
		}
		shared = leasing{l.leased, l.redis}
	}
	l.failover, err = ratelimit.NewFailover(ratelimit.FailoverConfig{
		Shared: shared, Lessor: l.redis, Local: l.local, Timeout: c.redisTimeout, Deny: c.limitFallback == fallbackDeny, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	l.Counters = l.failover
	return l, nil
}

// leasing spends shares, and probes and settles the counters that they come from.
type leasing struct {
	*ratelimit.Leased
	ratelimit.Settler
}

// restore loads the slow limits that an earlier process saved. If the store
// fails, the error is logged and a retry runs in the background.
func (l *limits) restore(ctx context.Context) { _ = l.local.Flush(ctx) }

// mode returns the configured way to decide limits.
func (l *limits) mode() string {
	if l.failover == nil {
		return fallbackLocal
	}
	return l.config.limitMode
}

// deciding returns how limits are decided now.
func (l *limits) deciding(shared bool) string {
	if shared {
		return l.mode()
	}
	return l.config.limitFallback
}

// giveBackTimeout bounds how long the shutdown waits for Redis: shares that
// cannot be given back are lost for one window at most.
const giveBackTimeout = saveTimeout / 4

// close ends background work, gives shares back and saves the use of quotas.
func (l *limits) close(ctx context.Context) error {
	if l.failover != nil {
		l.failover.Close()
	}
	var faults []error
	if l.leased != nil {
		l.giveBack(ctx)
	}
	if l.redis != nil {
		faults = append(faults, l.redis.Close())
	}
	if l.local != nil {
		faults = append(faults, l.local.Close(ctx))
	}
	return errors.Join(faults...)
}

func (l *limits) giveBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, giveBackTimeout)
	defer cancel()
	if err := l.leased.Close(ctx); err != nil {
		l.logger.WarnContext(ctx, "shares of quotas were not given back", "err", err)
	}
}
