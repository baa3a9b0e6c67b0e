package keys

import (
	"context"
	"strconv"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
)

// ResetLimits resets the key's own limit: its bucket is full, on this node at once
// and on the others within PollBound. A reset lifts the limit, so only the
// provider's staff may.
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

// ResetAccountLimits resets the account's bucket and quota, and the buckets of all of
// its keys. Only the provider's staff may.
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

// LimitID returns the id of the account's bucket and quota counter. It changes with
// each reset, so earlier use no longer counts in memory, in the store or in Redis.
func (account *ServiceAccount) LimitID() string {
	if account.LimitResets == 0 {
		return account.ID
	}
	return account.ID + "~" + strconv.FormatInt(account.LimitResets, 36)
}

// LimitID returns the id of the bucket of the account's key, "" if that is the key's
// own id.
func (k *Key) LimitID(account *ServiceAccount) string {
	if k.LimitResets == 0 && account.LimitResets == 0 {
		return ""
	}
	return k.ID + "~" + strconv.FormatInt(k.LimitResets, 36) + "." + strconv.FormatInt(account.LimitResets, 36)
}

// KeyRuleAt returns the most that each key of the account may draw at the time now:
// its override's rule, else its tier's; zero if there is no limit.
func (account *ServiceAccount) KeyRuleAt(t *Tier, now time.Time) ratelimit.Rule {
	if o := account.Override; o.Holds(now) && o.KeyRateLimit != nil {
		return *o.KeyRateLimit
	}
	return orNone(t.RateLimit)
}

// orNone returns the rule, or the zero rule, which allows everything.
func orNone(r *ratelimit.Rule) ratelimit.Rule {
	if r == nil {
		return ratelimit.Rule{}
	}
	return *r
}

// RuleAt returns the token bucket that all keys of the account share at the time now:
// its override's, else its own, else its tier's; zero if there is no limit.
func (account *ServiceAccount) RuleAt(t *Tier, now time.Time) ratelimit.Rule {
	switch o := account.Override; {
	case o.Holds(now) && o.RateLimit != nil:
		return *o.RateLimit
	case account.RateLimit != nil:
		return *account.RateLimit
	default:
		return orNone(t.AccountRateLimit)
	}
}

// QuotaAt returns the quota of the account at the time now: its override's, else its
// own, else its tier's; zero if there is no quota.
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
