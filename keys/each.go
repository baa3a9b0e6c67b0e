package keys

import (
	"context"
	"fmt"
	"time"
)

const (
	eachBatch = 500 // objects read at once
	// eachPause lets others run between two batches. runtime.Gosched is not enough:
	// the scheduler polls the network only when nothing else can run.
	eachPause = 500 * time.Microsecond
)

// Each calls do for every object that passes the filter, in list order, until a call
// fails or the context ends. what names the objects in errors.
func Each[T, F any](ctx context.Context, what string, in Collection[T, F], f F, id func(*T) string, do func(*T) error) error {
	for after := ""; ; {
		some, err := in.List(ctx, f, Page{After: after, Limit: eachBatch})
		if err != nil {
			return fmt.Errorf("list %s: %w", what, err)
		}
		for i := range some {
			if err := do(&some[i]); err != nil {
				return err
			}
		}
		if len(some) < eachBatch {
			return nil
		}
		after = id(&some[len(some)-1])
		select {
		case <-ctx.Done():
			return fmt.Errorf("list %s: %w", what, ctx.Err())
		case <-time.After(eachPause):
		}
	}
}

// EachAccount calls do for the accounts that pass the filter, newest first, until a
// call fails.
func EachAccount(ctx context.Context, s Store, f AccountFilter, do func(*ServiceAccount) error) error {
	return Each(ctx, "service accounts", s.ServiceAccounts(), f, func(a *ServiceAccount) string { return a.ID }, do)
}

// EachKey calls do for the keys that pass the filter, newest first, until a call
// fails.
func (s *base) EachKey(ctx context.Context, f KeyFilter, do func(*Key) error) error {
	return Each(ctx, "keys", s.store.Keys(), f, func(k *Key) string { return k.ID }, do)
}

// EachAlive calls do for the account's keys that are neither revoked nor expired.
func (s *base) EachAlive(ctx context.Context, accountID string, do func(*Key) error) error {
	no := false
	return s.EachKey(ctx, KeyFilter{ServiceAccountID: accountID, Revoked: &no, EndsAfter: Moment(s.now())}, do)
}

// eachScoped calls do for the keys that have scopes of their own and are not
// revoked.
func (s *base) eachScoped(ctx context.Context, do func(*Key) error) error {
	return s.EachKey(ctx, KeyFilter{OwnScopes: true}, do)
}
