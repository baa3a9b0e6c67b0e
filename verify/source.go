package verify

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// Source is where a Verifier reads what is known of keys and learns of changes: a
// store, or another Latchkey.
type Source interface {
	// Load begins to read the key with the hash.
	Load(h keys.Hash) Load
	// Changes returns what others wrote at since or later.
	Changes(ctx context.Context, since time.Time) (News, error)
}

// Load reads one key and what it belongs to. For an object that does not exist the
// error is errs.NotFound; if the source cannot be asked it is another kind.
type Load interface {
	// Key is called first, unless the key is known already.
	Key(ctx context.Context) (Found, error)

	// These are called at most once each, in this order. One read that began after
	// the first of these calls may answer all of them for what Found named.
	// Anything else is read after its own call began.
	ServiceAccount(ctx context.Context, id string) (keys.ServiceAccount, error)
	Organization(ctx context.Context, id string) (keys.Organization, error)
	Tier(ctx context.Context, name string) (keys.Tier, error)
}

// Found is a key and what it belongs to, as far as the source knows.
type Found struct {
	Key            keys.Key
	OrganizationID string // "": not known yet
	Tier           string // "": not known yet
}

// News reports changes.
type News struct {
	Changes []keys.Change
	All     bool // too much to report: anything may have changed
	// Age is how long before the call the source may have missed what others
	// wrote: 0 for a store.
	Age time.Duration
}

// storeSource is a store that this process opened.
type storeSource struct{ store keys.Store }

func (s storeSource) Load(h keys.Hash) Load { return &storeLoad{s.store, h} }

func (s storeSource) Changes(ctx context.Context, since time.Time) (News, error) {
	changes, err := s.store.ChangedSince(ctx, keys.Moment(since), pollLimit)
	return News{Changes: changes, All: len(changes) >= pollLimit}, err
}

type storeLoad struct {
	store keys.Store
	hash  keys.Hash
}

func (l *storeLoad) Key(ctx context.Context) (Found, error) {
	k, err := keys.Whole(ctx, l.store.Keys(), l.hash)
	return Found{Key: k}, err
}

func (l *storeLoad) ServiceAccount(ctx context.Context, id string) (keys.ServiceAccount, error) {
	return l.store.ServiceAccounts().Get(ctx, id)
}

func (l *storeLoad) Organization(ctx context.Context, id string) (keys.Organization, error) {
	return l.store.Organizations().Get(ctx, id)
}

func (l *storeLoad) Tier(ctx context.Context, name string) (keys.Tier, error) {
	return l.store.Tiers().Get(ctx, name)
}
