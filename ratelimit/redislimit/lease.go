package redislimit

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/ratelimit"
)

// LeaseBucket grants tokens of a bucket to a node, and takes back others.
func (l *Limiter) LeaseBucket(ctx context.Context, b ratelimit.BucketLease) (ratelimit.Granted, error) {
	kind := "key"
	if b.Account {
		kind = "account"
	}
	name := l.bucketName(b.Group, kind, b.Bucket.ID)
	rule := b.Bucket.Rule
	reply, err := l.run(ctx, l.lease, []string{name, name + ":held"}, []any{
		l.time(l.now()), rule.Requests, int64(rule.Per), rule.Burst, b.Node, b.Back, b.Holds, b.Want, b.Life.Microseconds(), b.Need,
	})
	if err != nil {
		return ratelimit.Granted{}, fmt.Errorf("lease from Redis: %w", err)
	}
	if len(reply) != 2 {
		return ratelimit.Granted{}, fmt.Errorf("lease from Redis: %d values came back", len(reply))
	}
	return ratelimit.Granted{Amount: int64(reply[0]), Left: reply[1]}, nil
}

// LeaseQuota grants a share of a quota, and takes back what is left of an earlier one.
func (l *Limiter) LeaseQuota(ctx context.Context, q ratelimit.QuotaLease) (ratelimit.Granted, error) {
	keys := []string{l.quotaName(q.ID, q.Window)}
	args := []any{l.time(l.now()), q.Limit, life(l.now(), q.Ends), -1, q.Back, q.Began, q.Want, q.Need}
	reply, err := l.run(ctx, l.reserve, keys, args)
	if errors.Is(err, errUnknown) {
		const used = 3
		if args[used], err = l.used(ctx, q.ID, q.Window); err == nil {
			reply, err = l.run(ctx, l.reserve, keys, args)
		}
	}
	if err != nil {
		return ratelimit.Granted{}, fmt.Errorf("lease from Redis: %w", err)
	}
	if len(reply) != 3 {
		return ratelimit.Granted{}, fmt.Errorf("lease from Redis: %d values came back", len(reply))
	}
	return ratelimit.Granted{Amount: int64(reply[0]), Used: int64(reply[1]), Began: int64(reply[2])}, nil
}
