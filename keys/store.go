package keys

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/usage"
)

// Page bounds a list. After is the last id (or name) already seen, "" for the
// first page; Limit is at least 1.
type Page struct {
	After string
	Limit int
}

// Collection stores the objects of one kind. Every write is one atomic
// operation on one object. Errors: errs.NotFound, errs.Conflict (the id or a
// unique field is taken), errs.Stale (the revision moved), errs.Unavailable
// (the store cannot be reached).
type Collection[T, F any] interface {
	// Insert stores a new object as it is.
	Insert(ctx context.Context, object T) error
	// Get returns the object with the id (tiers and scopes: the name).
	Get(ctx context.Context, id string) (T, error)
	// Replace stores object, whose Revision is one more than the stored one
	// must be; otherwise it fails with errs.Stale and changes nothing.
	Replace(ctx context.Context, object T) error
	// Delete removes the object if its stored revision is the given one.
	Delete(ctx context.Context, id string, revision int64) error
	// List returns the objects that pass the filter, newest id first (tiers
	// and scopes: by name), at most page.Limit of them.
	List(ctx context.Context, filter F, page Page) ([]T, error)
}

// OrganizationFilter selects organizations; zero fields do not restrict.
type OrganizationFilter struct {
	IDs  []string // nil: all; empty: none
	Text string   // in the name, case folded
}

// AccountFilter selects service accounts; zero fields do not restrict.
type AccountFilter struct {
	OrganizationIDs []string // nil: all; empty: none
	Tier            string
	ExternalID      string
	Text            string // in name, description and id, case folded
	OwnerID         string
	Ownerless       bool // has no owner
	Moving          bool // has a Move
}

// KeyFilter selects keys; zero fields do not restrict. Statuses are expressed
// by conditions, so that what makes a status is decided in one place.
type KeyFilter struct {
	OrganizationIDs  []string // nil: all; empty: none
	ServiceAccountID string
	Environment      Environment
	Text             string // in name, note, id, start and last4, case folded

	Revoked  *bool
	Disabled *bool
	// EndsBy keeps keys whose EndsAt is set and not after it; EndsAfter keeps
	// those that never end or end after it.
	EndsBy, EndsAfter time.Time
	// StartsAfter keeps keys whose NotBefore is after it; StartsBy the others.
	StartsBy, StartsAfter time.Time
	// UnusedSince keeps keys that were made before it and not used since.
	UnusedSince time.Time
	Rotated     *bool // whether the key has a successor
	// ServiceAccountIDs and Grants select together what may do something: keys
	// of these accounts (nil: all) that have whatever their account has, or any of
	// the grants by themselves (nil: whatever they have).
	ServiceAccountIDs []string
	Grants            []string
	IDs               []string // nil: all; empty: none
	// Through is the cursor, in the order, of the last key that is looked at; ""
	// for no end.
	Through string
	Order   KeyOrder

	Starts    []string // nil: all
	Last4     string
	CreatedBy string
	Endless   bool // has no end, and is not revoked
	NeverUsed bool // and is not revoked
	OwnScopes bool // has scopes of its own, and is not revoked
	// ExceptAccounts leaves out keys of these service accounts.
	ExceptAccounts []string
}

// NoFilter is the filter of collections that are always listed whole.
type NoFilter struct{}

// KeyCollection is a Collection of keys with the look-ups that only keys have.
type KeyCollection interface {
	Collection[Key, KeyFilter]
	// ReplaceAll is Replace for many keys, each guarded by its own revision, and
	// returns the ids of those that moved or are gone. An error may leave any
	// of them replaced.
	ReplaceAll(ctx context.Context, all []Key) (left []string, err error)
	// ByHash returns the key with the digest: the hot path's only look-up. When
	// it was last used may be missing.
	ByHash(ctx context.Context, hash Hash) (Key, error)
	// TouchLastUsed notes uses that are later than the stored ones, without
	// touching UpdatedAt or Revision.
	TouchLastUsed(ctx context.Context, used map[string]usage.Use) error
	// Ahead returns the cursor of the key that is n places behind the cursor
	// after, of those that the filter's OrganizationIDs, ServiceAccountID and
	// Order alone select; "" where there are not that many.
	Ahead(ctx context.Context, filter KeyFilter, after string, n int) (string, error)
	// WholeByUse reports whether a List in the order UsedLast puts all keys in
	// order that the filter's OrganizationIDs and ServiceAccountID select. Where
	// it does not, it does so for the MostLooked oldest, and leaves out the others.
	WholeByUse(ctx context.Context, filter KeyFilter) (bool, error)
	// WithText returns the ids of all keys, of whatever organization, whose
	// SearchText may hold the folded text, where these are at most most; of ids
	// the text must be the beginning. ok is false where there are more, or where
	// the store has no index to tell.
	WithText(ctx context.Context, text string, most int) (ids []string, ok bool, err error)
}

// WriteBound is the most that a store lets a write take that it then
// acknowledges, and TombstoneLife how long it remembers a deletion at least.
const (
	WriteBound    = 10 * time.Second
	TombstoneLife = 24 * time.Hour
)

// Deleted is the Revision of a Change that says that the object is gone.
const Deleted int64 = -1

// Change says that an object changed or was deleted.
type Change struct {
	ID       string // tiers and scopes: the name
	Hash     Hash   // of a key, zero for other objects
	Revision int64  // the revision written, or Deleted
}

// Changes lets a node learn what other nodes wrote.
type Changes interface {
	// ChangedSince returns the organizations, service accounts, keys and tiers
	// whose UpdatedAt is not before since, and those deleted not before it: at
	// most limit of each kind.
	ChangedSince(ctx context.Context, since time.Time, limit int) ([]Change, error)
	// PutTombstone notes that whatever has the id is no more, as a deletion would, for
	// at least TombstoneLife. It ends signed tokens, which are stored nowhere.
	PutTombstone(ctx context.Context, id string) error
	// HasTombstone reports whether what has the id was deleted, or given a tombstone, lately.
	HasTombstone(ctx context.Context, id string) (bool, error)
}

// Tombstones forgets deletions.
type Tombstones interface {
	// DeleteTombstonesBefore removes at most limit tombstones of what was
	// deleted before, which is at least TombstoneLife ago.
	DeleteTombstonesBefore(ctx context.Context, before time.Time, limit int) (int, error)
}

// Creator is who made keys of an organization.
type Creator struct {
	OrganizationID string
	ID             string // of the user or service account, "" for Latchkey itself
}

// Creators tells who made keys.
type Creators interface {
	// Creators returns the creators of keys behind after, by organization, then
	// id, at most limit of them.
	Creators(ctx context.Context, after Creator, limit int) ([]Creator, error)
}

// Owner is who looks after service accounts of an organization.
type Owner struct {
	OrganizationID string
	ID             string // of the user, "" for nobody
}

// Owners tells who owns service accounts.
type Owners interface {
	// Owners returns the owners of service accounts behind after, by
	// organization, then id, at most limit of them.
	Owners(ctx context.Context, after Owner, limit int) ([]Owner, error)
}

// Store is what the domain needs of a database.
type Store interface {
	Organizations() Collection[Organization, OrganizationFilter]
	ServiceAccounts() Collection[ServiceAccount, AccountFilter]
	Keys() KeyCollection
	Tiers() Collection[Tier, NoFilter]
	Scopes() Collection[Scope, NoFilter]
	Changes
}
