package keys

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// MaxOverride is the longest that an override may last.
const MaxOverride = 366 * 24 * time.Hour

// Holds reports whether the override applies at the time now; a nil one never does.
// Callers ask each time they use a cached account, so an override ends without a
// write.
func (o *Override) Holds(now time.Time) bool { return o != nil && now.Before(o.Until) }

// forgetOverride drops an override that has ended. It stays in the stored account.
func (account *ServiceAccount) forgetOverride(now time.Time) {
	if !account.Override.Holds(now) {
		account.Override = nil
	}
}

// ReviseAccount is Revise for service accounts. The accounts that it returns have no
// override that has ended.
func (s *base) ReviseAccount(ctx context.Context, id string, revision int64, edit func(*ServiceAccount) error) (before,
	after ServiceAccount, err error,
) {
	before, after, err = Revise(ctx, s.store.ServiceAccounts(), id, revision, s.now, edit)
	before.forgetOverride(s.now())
	after.forgetOverride(s.now())
	return before, after, err
}

// SetOverride sets an override until a time, or ends it if nil. Only the provider's
// staff may.
func (s *accounts) SetOverride(ctx context.Context, a Actor, accountID string, revision int64, o *Override) (ServiceAccount, error) {
	if err := StaffOnly(a); err != nil {
		return ServiceAccount{}, err
	}
	action := "service_account.override"
	if o == nil {
		action = "service_account.override_end"
	} else if err := o.check(s.now()); err != nil {
		return ServiceAccount{}, err
	}
	before, after, err := s.ReviseAccount(ctx, accountID, revision, func(account *ServiceAccount) error {
		account.Override = o
		return nil
	})
	if err != nil {
		return ServiceAccount{}, Missing(err, noAccount)
	}
	return after, s.Record(ctx, a, action, after.Object(), before, after)
}

func (o *Override) check(now time.Time) error {
	o.Until = Moment(o.Until)
	var f errs.Faults
	checkRule(&f, "key_rate_limit", o.KeyRateLimit)
	checkRule(&f, "rate_limit", o.RateLimit)
	checkQuota(&f, "quota", o.Quota)
	checkText(&f, "note", o.Note, MaxTextLength, true)
	f.Check(o.KeyRateLimit != nil || o.RateLimit != nil || o.Quota != nil, "key_rate_limit", "no_limit")
	f.Check(o.Until.After(now) && !o.Until.After(now.Add(MaxOverride)), "until", "not_in_near_future", "days", int(MaxOverride.Hours()/24))
	return f.Err()
}
