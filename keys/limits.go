package keys

import (
	"context"
	"strconv"
)

// ResetLimits lets the key's own limit begin anew: its bucket is full, on this
// node at once and on the others within PollBound. Only the provider's staff may,
// as whoever resets a limit lifts it.
func (s *Service) ResetLimits(ctx context.Context, a Actor, id string, revision int64) (Key, error) {
	if err := adminOnly(a); err != nil {
		return Key{}, err
	}
	before, after, err := Revise(ctx, s.store.Keys(), id, revision, s.now, func(k *Key) error {
		k.LimitResets++
		return s.locate(ctx, k)
	})
	if err != nil {
		return Key{}, missing(err, keyWord)
	}
	return after, s.recordKey(ctx, a, "key.reset_limits", &after, before, after)
}

// ResetAccountLimits does so for the account: its bucket and its quota, and the
// buckets of all of its keys. Only the provider's staff may.
func (s *Service) ResetAccountLimits(ctx context.Context, a Actor, id string, revision int64) (ServiceAccount, error) {
	if err := adminOnly(a); err != nil {
		return ServiceAccount{}, err
	}
	before, after, err := s.reviseAccount(ctx, id, revision, func(account *ServiceAccount) error {
		account.LimitResets++
		return nil
	})
	if err != nil {
		return ServiceAccount{}, missing(err, accountWord)
	}
	return after, s.record(ctx, a, "service_account.reset_limits", after.object(), before, after)
}

// limitID is the id of the account's bucket and quota counter: another one after
// each reset, so that what was used before counts for nothing, in memory, in the
// store and in Redis alike.
func (account *ServiceAccount) limitID() string {
	if account.LimitResets == 0 {
		return account.ID
	}
	return account.ID + "~" + strconv.FormatInt(account.LimitResets, 36)
}

// limitID is the id of the bucket of the account's key, "" for that of the key
// itself.
func (k *Key) limitID(account *ServiceAccount) string {
	if k.LimitResets == 0 && account.LimitResets == 0 {
		return ""
	}
	return k.ID + "~" + strconv.FormatInt(k.LimitResets, 36) + "." + strconv.FormatInt(account.LimitResets, 36)
}
