package verify

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// Source is where a Verifier reads what is known of keys, and learns what
// changed: a store, or another Latchkey. Objects that are not there are
// errs.NotFound; where the source cannot be asked the error is of another kind.
type Source interface {
	// ByHash returns the key with the hash.
	ByHash(ctx context.Context, h keys.Hash) (Found, error)

	// These return what the key with the hash belongs to. They are called after
	// ByHash, in this order. What Found named as well may be answered, for all
	// three, by one read that began after the first of these calls; anything else
	// by a read that began after its own call.
	ServiceAccount(ctx context.Context, id string, of keys.Hash) (keys.ServiceAccount, error)
	Organization(ctx context.Context, id string, of keys.Hash) (keys.Organization, error)
	Tier(ctx context.Context, name string, of keys.Hash) (keys.Tier, error)

	// Changes returns what others wrote at since or later.
	Changes(ctx context.Context, since time.Time) (News, error)
}

// Found is a key and what it belongs to, as far as the source knows that.
type Found struct {
	Key            keys.Key
	OrganizationID string // "": not known yet
	Tier           string // "": not known yet
}

// News is what changed.
type News struct {
	Changes []keys.Change
	All     bool // too much to tell: anything may have changed
	// Age is for how long before the call the source may not have known what
	// others wrote: 0 for a store.
	Age time.Duration
}

// storeSource is a store that this process opened.
type storeSource struct{ store keys.Store }

func (s storeSource) ByHash(ctx context.Context, h keys.Hash) (Found, error) {
	k, err := s.store.Keys().ByHash(ctx, h)
	return Found{Key: k}, err
}

func (s storeSource) ServiceAccount(ctx context.Context, id string, _ keys.Hash) (keys.ServiceAccount, error) {
	return s.store.ServiceAccounts().Get(ctx, id)
}

func (s storeSource) Organization(ctx context.Context, id string, _ keys.Hash) (keys.Organization, error) {
	return s.store.Organizations().Get(ctx, id)
}

func (s storeSource) Tier(ctx context.Context, name string, _ keys.Hash) (keys.Tier, error) {
	return s.store.Tiers().Get(ctx, name)
}

func (s storeSource) Changes(ctx context.Context, since time.Time) (News, error) {
	changes, err := s.store.ChangedSince(ctx, keys.Moment(since), pollLimit)
	return News{Changes: changes, All: len(changes) >= pollLimit}, err
}
