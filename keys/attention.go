package keys

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/ratelimit"
)

// Bounds of what needs attention.
const (
	ExpiresSoon = 30 * 24 * time.Hour
	UnusedLong  = 90 * 24 * time.Hour
	oldLooked   = 20 // keys
)

// Attention lists keys that need attention, at most the requested number of each
// kind. It contains no revoked or expired key.
type Attention struct {
	Expiring []Key // end within ExpiresSoon, earliest first, except rotated ones
	Unused   []Key // created more than UnusedLong ago and not used since
	Rotated  []Key // have a successor and still work
	Old      []Key // active, created more than UnusedLong ago and used since: do they need all of their scopes?
}

// Attention returns the keys that need attention and that the actor may see. Each
// kind is one page of an index, or the first matches among MostLooked keys: the
// least recently used, or the newest of the old ones.
func (s *search) Attention(ctx context.Context, a Actor, most int) (all Attention, err error) {
	now, no := Moment(s.now()), false
	alive := KeyFilter{OrganizationIDs: visible(a, ReadKeys, ""), Revoked: &no, EndsAfter: now}
	if alive.ExceptAccounts, err = s.Elsewhere(ctx, a, ReadKeys); err != nil {
		return all, fmt.Errorf("list transferred accounts: %w", err)
	}
	ending := alive
	ending.Order, ending.EndsBy, ending.Rotated = EndFirst, now.Add(ExpiresSoon), &no
	if all.Expiring, err = s.listKeys(ctx, ending, Page{Limit: most}); err != nil {
		return all, fmt.Errorf("list expiring keys: %w", err)
	}
	yes := true
	rotated := ending
	rotated.EndsBy, rotated.Rotated = now.Add(MaxGrace), &yes
	if all.Rotated, err = s.listKeys(ctx, rotated, Page{Limit: most}); err != nil {
		return all, fmt.Errorf("list rotated keys: %w", err)
	}
	unused := alive
	unused.Order, unused.UnusedSince, unused.StartsBy = UsedLast, now.Add(-UnusedLong), now.Add(-UnusedLong)
	if all.Unused, err = s.look(ctx, unused, Page{Limit: most}); err != nil {
		return all, fmt.Errorf("list unused keys: %w", err)
	}
	old, err := s.look(ctx, alive, Page{After: ids.At(ids.Key, now.Add(-UnusedLong)), Limit: oldLooked})
	if err != nil {
		return all, fmt.Errorf("list old keys: %w", err)
	}
	for _, k := range old {
		if k.LastUsedAt.After(now.Add(-UnusedLong)) {
			all.Old = append(all.Old, k)
		}
	}
	return all, nil
}

// look lists keys and reads no more than MostLooked of them.
func (s *search) look(ctx context.Context, f KeyFilter, p Page) ([]Key, error) {
	if err := s.bound(ctx, &f, p.After); err != nil {
		return nil, err
	}
	return s.listKeys(ctx, f, p)
}

// QuotaState is how much an account has used of its quota.
type QuotaState struct {
	Account  ServiceAccount
	Quota    ratelimit.Quota
	Used     int64
	ResetsAt time.Time
}

// Percent returns how much of the quota is used, at most 100.
func (q *QuotaState) Percent() int64 { return min(100, q.Used*100/max(1, q.Quota.Requests)) }

// Quotas returns the newest accounts that the actor may see and that have a quota,
// with their use of it.
func (s *search) Quotas(ctx context.Context, a Actor, used func(ctx context.Context, id, window string) (int64, error),
	most int,
) ([]QuotaState, error) {
	accounts, err := s.accounts.Accounts(ctx, a, "", AccountFilter{}, Page{Limit: most})
	if err != nil {
		return nil, err
	}
	var all []QuotaState
	tiers := map[string]Tier{}
	for i := range accounts {
		one := QuotaState{Account: accounts[i]}
		tier, known := tiers[one.Account.Tier]
		if !known {
			if tier, err = s.catalogue.Tier(ctx, one.Account.Tier); err != nil {
				return nil, err
			}
			tiers[one.Account.Tier] = tier
		}
		if one.Quota = one.Account.QuotaAt(&tier, s.now()); one.Quota.IsZero() {
			continue
		}
		var window string
		window, one.ResetsAt = one.Quota.Window(s.now())
		if one.Used, err = used(ctx, one.Account.ID, window); err != nil {
			return nil, fmt.Errorf("read what is used of the quota: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}
