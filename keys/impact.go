package keys

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/ratelimit"
)

// Bounds of what an Impact reads.
const (
	mostImpactAccounts = 1000
	mostImpactKeys     = 1500
)

// Impact is what a change of a tier does to the keys on it that are neither revoked
// nor expired.
type Impact struct {
	Accounts   int
	Keys       int
	Lower      int  // keys that get a lower limit or quota
	Higher     int  // keys that get a higher one, and no lower one
	OwnLimit   int  // keys with a limit of their own, which applies as far as the tier's limit allows
	Exempt     int  // keys of accounts with a limit, quota or override of their own
	OverFull   int  // accounts that have more keys than the tier then allows; they keep them
	TooOld     int  // keys that live longer than the tier then allows; they stay valid
	Incomplete bool // there are more keys than were counted
}

var errEnough = errors.New("enough was looked at")

// TierImpact returns what changing the tier's fields to these would do, without
// doing it. Only admins may.
func (s *catalogue) TierImpact(ctx context.Context, a Actor, name string, fields TierFields) (Impact, error) {
	if err := StaffOnly(a); err != nil {
		return Impact{}, err
	}
	old, err := s.Tier(ctx, name)
	if err != nil {
		return Impact{}, err
	}
	changed := Tier{Stamp: old.Stamp, Name: name, TierFields: fields}
	if err := changed.check(old.Title); err != nil {
		return Impact{}, err
	}
	m := Impact{}
	err = EachAccount(ctx, s.store, AccountFilter{Tier: name}, func(account *ServiceAccount) error {
		if m.Accounts == mostImpactAccounts {
			return errEnough
		}
		m.Accounts++
		keysBefore := m.Keys
		err := s.EachAlive(ctx, account.ID, func(k *Key) error {
			if m.Keys == mostImpactKeys {
				return errEnough
			}
			m.add(k, account, &old.TierFields, &fields)
			return nil
		})
		if m.Keys-keysBefore > fields.MaxKeys {
			m.OverFull++
		}
		return err
	})
	if errors.Is(err, errEnough) {
		m.Incomplete, err = true, nil
	}
	if err != nil {
		return m, fmt.Errorf("look at the keys on tier %s: %w", name, err)
	}
	return m, nil
}

func (m *Impact) add(k *Key, account *ServiceAccount, old, changed *TierFields) {
	m.Keys++
	lower, higher := false, false
	compare := func(before, after ratelimit.Rule) {
		lower = lower || exceeds(before, after)
		higher = higher || exceeds(after, before)
	}
	before, after := orNone(old.RateLimit), orNone(changed.RateLimit)
	if own := k.RateLimit; own != nil {
		before, after = own.Within(before), own.Within(after)
		m.OwnLimit++
	}
	compare(before, after)
	if account.RateLimit == nil {
		compare(orNone(old.AccountRateLimit), orNone(changed.AccountRateLimit))
	}
	if account.Quota == nil {
		lower = lower || lowersQuota(old.Quota, changed.Quota)
		higher = higher || lowersQuota(changed.Quota, old.Quota)
	}
	if account.RateLimit != nil || account.Quota != nil || account.Override != nil {
		m.Exempt++
	}
	switch {
	case lower:
		m.Lower++
	case higher:
		m.Higher++
	}
	if changed.MaxKeyAge > 0 && (k.EndsAt().IsZero() || k.EndsAt().After(k.CreatedAt.Add(changed.MaxKeyAge))) {
		m.TooOld++
	}
}

func lowersQuota(before, after *ratelimit.Quota) bool {
	const daysOfMonth = 30
	switch {
	case after == nil:
		return false
	case before == nil:
		return true
	}
	daily := func(q *ratelimit.Quota) float64 {
		if q.Per == ratelimit.Month {
			return float64(q.Requests) / daysOfMonth
		}
		return float64(q.Requests)
	}
	return daily(after) < daily(before)
}
