package keys

import (
	"context"
	"strconv"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
)

// ResetLimits resets the key's own limit: its bucket is full, on this node at once
// and on the others within PollBound. Only the provider's staff may, because a
// reset lifts the limit.
func (s *credentials) ResetLimits(ctx context.Context, a Actor, id string, revision int64) (Key, error) {
	if err := StaffOnly(a); err != nil {
		return Key{}, err
	}
	before, after, err := Revise(ctx, s.store.Keys(), id, revision, s.now, func(k *Key) error {
		k.LimitResets++
		return s.Locate(ctx, k)
	})
	if err != nil {
		return Key{}, Missing(err, noKey)
	}
	return after, s.RecordKey(ctx, a, "key.reset_limits", &after, before, after)
}

// ResetAccountLimits does so for the account: its bucket and its quota, and the
// buckets of all of its keys. Only the provider's staff may.
func (s *accounts) ResetAccountLimits(ctx context.Context, a Actor, id string, revision int64) (ServiceAccount, error) {
	if err := StaffOnly(a); err != nil {
		return ServiceAccount{}, err
	}
	before, after, err := s.ReviseAccount(ctx, id, revision, func(account *ServiceAccount) error {
		account.LimitResets++
		return nil
	})
	if err != nil {
		return ServiceAccount{}, Missing(err, noAccount)
	}
	return after, s.Record(ctx, a, "service_account.reset_limits", after.Object(), before, after)
}

// LimitID is the id of the account's bucket and quota counter: another one after
// each reset, so that what was used before counts for nothing, in memory, in the
// store and in Redis alike.
func (account *ServiceAccount) LimitID() string {
	if account.LimitResets == 0 {
		return account.ID
	}
	return account.ID + "~" + strconv.FormatInt(account.LimitResets, 36)
}

// LimitID is the id of the bucket of the account's key, "" for that of the key
// itself.
func (k *Key) LimitID(account *ServiceAccount) string {
	if k.LimitResets == 0 && account.LimitResets == 0 {
		return ""
	}
	return k.ID + "~" + strconv.FormatInt(k.LimitResets, 36) + "." + strconv.FormatInt(account.LimitResets, 36)
}

// KeyRuleAt is the most that each key of the account may draw at the time now:
// its override's, else what its tier gives.
func (account *ServiceAccount) KeyRuleAt(t *Tier, now time.Time) ratelimit.Rule {
	if o := account.Override; o.Holds(now) && o.KeyRateLimit != nil {
		return *o.KeyRateLimit
	}
	return t.RateLimit
}

// RuleAt is the token bucket that all keys of the account share at the time now:
// its override's, else its own, else its tier's; zero without a limit.
func (account *ServiceAccount) RuleAt(t *Tier, now time.Time) ratelimit.Rule {
	switch o := account.Override; {
	case o.Holds(now) && o.RateLimit != nil:
		return *o.RateLimit
	case account.RateLimit != nil:
		return *account.RateLimit
	case t.AccountRateLimit != nil:
		return *t.AccountRateLimit
	default:
		return ratelimit.Rule{}
	}
}

// QuotaAt is the quota of the account at the time now: its override's, else its
// own, else its tier's; zero without a quota.
func (account *ServiceAccount) QuotaAt(t *Tier, now time.Time) ratelimit.Quota {
	switch o := account.Override; {
	case o.Holds(now) && o.Quota != nil:
		return *o.Quota
	case account.Quota != nil:
		return *account.Quota
	case t.Quota != nil:
		return *t.Quota
	default:
		return ratelimit.Quota{}
	}
}
