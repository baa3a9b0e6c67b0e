package retention

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// walkEvery is how long after one pass over all keys the next one starts. What keeps a key
// may change at any time: its tier, or the tier of its account.
const walkEvery = time.Hour

// walk is the position in a pass over the keys: first those that end by themselves, in that
// order, then those that were revoked.
type walk struct {
	next    time.Time // no step before it
	revoked bool
	after   string
}

// KeysStep looks at some of the keys that have ended, and deletes those that ended too long
// ago. It returns Batch while there are more to look at.
func (k *Keeper) KeysStep(ctx context.Context) (int, error) {
	now := k.Now()
	if now.Before(k.walk.next) {
		return 0, nil
	}
	plan, err := k.plan(ctx)
	if err != nil || plan.shortest == 0 {
		return 0, err
	}
	filter := keys.KeyFilter{EndsBy: now.Add(-plan.shortest), Order: keys.EndFirst}
	if k.walk.revoked {
		yes := true
		filter = keys.KeyFilter{Revoked: &yes}
	}
	some, err := k.Store.Keys().List(ctx, filter, keys.Page{After: k.walk.after, Limit: Batch})
	if err != nil {
		return 0, err
	}
	over, err := plan.over(ctx, some, now)
	if err != nil {
		return 0, err
	}
	if err := k.remove(ctx, over); err != nil {
		return 0, err
	}
	if k.advance(some, filter.Order, now); k.walk.next.IsZero() {
		return Batch, nil
	}
	return 0, nil
}

func (k *Keeper) advance(seen []keys.Key, order keys.KeyOrder, now time.Time) {
	switch {
	case len(seen) == Batch:
		k.walk.after = order.Cursor(&seen[len(seen)-1])
	case !k.walk.revoked:
		k.walk = walk{revoked: true}
	default:
		k.walk = walk{next: now.Add(walkEvery)}
	}
}

// plan says how long the keys of each tier are kept.
type plan struct {
	store    Store
	standard time.Duration
	byTier   map[string]time.Duration
	shortest time.Duration // 0: all are kept forever
	accounts map[string]time.Duration
}

func (k *Keeper) plan(ctx context.Context) (*plan, error) {
	p := &plan{
		store: k.Store, standard: k.Policy.Keys, byTier: map[string]time.Duration{}, shortest: k.Policy.Keys,
		accounts: map[string]time.Duration{},
	}
	for after := ""; ; {
		some, err := k.Store.Tiers().List(ctx, keys.NoFilter{}, keys.Page{After: after, Limit: Batch})
		if err != nil {
			return nil, err
		}
		for i := range some {
			kept := some[i].KeyRetention
			if after = some[i].Name; kept == 0 {
				continue
			}
			p.byTier[after] = kept
			if p.shortest == 0 || kept < p.shortest {
				p.shortest = kept
			}
		}
		if len(some) < Batch {
			return p, nil
		}
	}
}

// over returns the keys that ended too long ago.
func (p *plan) over(ctx context.Context, all []keys.Key, now time.Time) (over []keys.Key, err error) {
	for i := range all {
		ended := endOf(&all[i])
		if ended.IsZero() || now.Sub(ended) < p.shortest {
			continue
		}
		kept, err := p.of(ctx, all[i].ServiceAccountID)
		if err != nil {
			return nil, err
		}
		if kept > 0 && now.Sub(ended) >= kept {
			over = append(over, all[i])
		}
	}
	return over, nil
}

// of returns how long keys of the account are kept.
func (p *plan) of(ctx context.Context, account string) (time.Duration, error) {
	if kept, known := p.accounts[account]; known {
		return kept, nil
	}
	kept := p.standard
	switch found, err := p.store.ServiceAccounts().Get(ctx, account); {
	case err == nil:
		if own, has := p.byTier[found.Tier]; has {
			kept = own
		}
	case !errors.Is(err, errs.NotFound):
		return 0, err
	}
	p.accounts[account] = kept
	return kept, nil
}

// endOf returns when the key stopped, or will stop, for good.
func endOf(k *keys.Key) time.Time {
	end := k.EndsAt()
	if end.IsZero() || (!k.RevokedAt.IsZero() && k.RevokedAt.Before(end)) {
		return k.RevokedAt
	}
	return end
}
