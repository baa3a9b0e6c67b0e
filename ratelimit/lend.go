package ratelimit

import (
	"context"
	"errors"
	"time"
)

// askAgain is how long requests are decided exactly while shares are refused.
const askAgain = time.Second

// LeaseBucket implements Lessor: it hands out tokens of the shared counters, or of this
// node's own while those cannot be reached.
func (f *Failover) LeaseBucket(ctx context.Context, b BucketLease) (Granted, error) {
	return f.lend(ctx, func(ctx context.Context, from Lessor) (Granted, error) { return from.LeaseBucket(ctx, b) })
}

// LeaseQuota implements Lessor, as LeaseBucket does.
func (f *Failover) LeaseQuota(ctx context.Context, q QuotaLease) (Granted, error) {
	return f.lend(ctx, func(ctx context.Context, from Lessor) (Granted, error) {
		g, err := from.LeaseQuota(ctx, q)
		if err != nil || from == Lessor(f.Local) {
			return g, err
		}
		behind, err := f.Local.observeLease(ctx, &q, g)
		if behind {
			w, _ := windowNamed(q.Window) // observeLease has parsed it
			f.catchUp(ctx, q.ID, w)
		}
		return g, err
	})
}

func (f *Failover) lend(ctx context.Context, lease func(context.Context, Lessor) (Granted, error)) (Granted, error) {
	if !f.down.Load() {
		// As in ask, what was granted must not be lost because a client disconnects.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Timeout)
		defer cancel()
		g, err := lease(ctx, f.Lessor)
		if err == nil {
			return g, nil
		}
		if !errors.Is(err, ErrQuotaUnknown) {
			f.trip(err)
		}
	}
	if f.Deny {
		return Granted{Exact: askAgain}, nil
	}
	return lease(ctx, f.Local)
}
