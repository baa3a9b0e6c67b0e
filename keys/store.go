package keys

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/usage"
)

// Page bounds a list. After is the last id (or name) already seen, "" for the first
// page. Limit is at least 1.
type Page struct {
	After string
	Limit int
}

// Collection stores the objects of one kind. Every write is one atomic
// operation on one object. Errors: errs.NotFound, errs.Conflict (the id or a
// unique field is taken), errs.Stale (the revision moved), errs.Unavailable
// (the store cannot be reached).
type Collection[T, F any] interface {
	// Insert stores a new object without changes.
	Insert(ctx context.Context, object T) error
	// InsertAll is Insert for many objects. It returns the ids of those that are not
	// stored because their id or a unique field is taken. After an error, any of them
	// may have been stored.
	InsertAll(ctx context.Context, all []T) (taken []string, err error)
	// Get returns the object with the id (tiers and scopes: the name).
	Get(ctx context.Context, id string) (T, error)
	// Replace stores object if its Revision is one more than the stored one;
	// otherwise it fails with errs.Stale and changes nothing.
	Replace(ctx context.Context, object T) error
	// Delete removes the object if its stored revision is the given one.
	Delete(ctx context.Context, id string, revision int64) error
	// List returns at most page.Limit of the objects that pass the filter, newest id
	// first (tiers and scopes: by name).
	List(ctx context.Context, filter F, page Page) ([]T, error)
}

// OrganizationFilter selects organizations; zero fields do not restrict.
type OrganizationFilter struct {
	IDs  []string // nil: all; empty: none
	Text string   // in the name, case-folded
}

// AccountFilter selects service accounts; zero fields do not restrict.
type AccountFilter struct {
	OrganizationIDs []string // nil: all; empty: none
	Tier            string
	ExternalID      string
	Text            string // in name, description and id, case-folded
	OwnerID         string
	Ownerless       bool // has no owner
	Moving          bool // a transfer is under way
}

// KeyFilter selects keys; zero fields do not restrict. A status is expressed by
// conditions, so that one place defines what each status means.
type KeyFilter struct {
	OrganizationIDs  []string // nil: all; empty: none
	ServiceAccountID string
	Environment      Environment
	Text             string // in name, note, id, start and last4, case-folded

	Revoked  *bool
	Disabled *bool
	// EndsBy keeps keys whose EndsAt is set and not after it; EndsAfter keeps keys
	// that never end or end after it.
	EndsBy, EndsAfter time.Time
	// StartsAfter keeps keys whose NotBefore is after it; StartsBy keeps the others.
	StartsBy, StartsAfter time.Time
	// UnusedSince keeps keys that were created before it and not used since.
	UnusedSince time.Time
	Rotated     *bool // whether the key has a successor
	// ServiceAccountIDs and Grants together select what may do something: keys of
	// these accounts (nil: all) that have all scopes of their account, or any of the
	// grants of their own (nil: any scopes).
	ServiceAccountIDs []string
	Grants            []string
	IDs               []string // nil: all; empty: none
	// Through is the cursor, in the order, of the last key to look at; "" for no
	// end.
	Through string
	Order   KeyOrder

	Starts    []string // nil: all
	Last4     string
	CreatedBy string
	Endless   bool   // never ends, and is not revoked
	NeverUsed bool   // and not revoked
	OwnScopes bool   // has scopes of its own, and is not revoked
	ImportID  string // brought by this import
	Imported  bool   // brought by any import
	// ExceptAccounts leaves out keys of these service accounts.
	ExceptAccounts []string
}

// NoFilter is the filter of collections that are always listed in full.
type NoFilter struct{}

// KeyCollection is a Collection of keys with lookups that only keys have.
type KeyCollection interface {
	Collection[Key, KeyFilter]
	// ReplaceAll is Replace for many keys, each guarded by its own revision. It
	// returns the ids of keys that changed or were deleted meanwhile. After an error,
	// any of them may have been replaced.
	ReplaceAll(ctx context.Context, all []Key) (left []string, err error)
	// ByHash returns the key with the digest: the only lookup on the hot path. The
	// time of last use may be missing.
	ByHash(ctx context.Context, hash Hash) (Key, error)
	// Rehash is Replace for a key whose Hash changes; was is the stored one. Errors:
	// also errs.Conflict, if another key has the new one.
	Rehash(ctx context.Context, k Key, was Hash) error
	// TouchLastUsed records uses that are later than the stored ones. It leaves
	// UpdatedAt and Revision alone.
	TouchLastUsed(ctx context.Context, used map[string]usage.Use) error
	// Ahead returns the cursor of the key n places after the cursor after, among the
	// keys that the filter's OrganizationIDs, ServiceAccountID and Order alone
	// select; "" if there are fewer.
	Ahead(ctx context.Context, filter KeyFilter, after string, n int) (string, error)
	// WholeByUse reports whether a List in the order UsedLast sorts all keys that the
	// filter's OrganizationIDs and ServiceAccountID select. If not, it sorts only the
	// MostLooked oldest and leaves out the others.
	WholeByUse(ctx context.Context, filter KeyFilter) (bool, error)
	// WithText returns the ids of all keys, in any organization, whose SearchText may
	// contain the folded text, or whose id begins with it, if there are at most most
	// of them. ok is false if there are more, or if the store has no index for this.
	WithText(ctx context.Context, text string, most int) (ids []string, ok bool, err error)
}

// WriteBound is the longest that a store may take for a write that it then
// acknowledges. TombstoneLife is the shortest time it remembers a deletion.
const (
	WriteBound    = 10 * time.Second
	TombstoneLife = 24 * time.Hour
)

// Deleted is the Revision of a Change that reports a deletion.
const Deleted int64 = -1

// Change reports that an object changed or was deleted.
type Change struct {
	ID       string // tiers and scopes: the name
	Hash     Hash   // of a key, zero for other objects
	Revision int64  // the revision written, or Deleted
}

// Changes reports what other nodes wrote.
type Changes interface {
	// ChangedSince returns the organizations, service accounts, keys and tiers whose
	// UpdatedAt is not before since, and those deleted since then: at most limit of
	// each kind.
	ChangedSince(ctx context.Context, since time.Time, limit int) ([]Change, error)
	// PutTombstone records that the object with the id is gone, as a deletion would,
	// for at least TombstoneLife. It ends signed tokens, which are not stored.
	PutTombstone(ctx context.Context, id string) error
	// HasTombstone reports whether the id was deleted, or given a tombstone, lately.
	HasTombstone(ctx context.Context, id string) (bool, error)
}

// Tombstones deletes old tombstones.
type Tombstones interface {
	// DeleteTombstonesBefore deletes at most limit tombstones of what was deleted
	// before the given time, which is at least TombstoneLife ago.
	DeleteTombstonesBefore(ctx context.Context, before time.Time, limit int) (int, error)
}

// Creator identifies who created keys of an organization.
type Creator struct {
	OrganizationID string
	ID             string // of the user or service account, "" for Latchkey itself
}

// Creators lists who created keys.
type Creators interface {
	// Creators returns the creators of keys after the one given, by organization, then
	// id, at most limit of them.
	Creators(ctx context.Context, after Creator, limit int) ([]Creator, error)
}

// Owner identifies who owns service accounts of an organization.
type Owner struct {
	OrganizationID string
	ID             string // of the user, "" for nobody
}

// Owners lists who owns service accounts.
type Owners interface {
	// Owners returns the owners of service accounts after the one given, by
	// organization, then id, at most limit of them.
	Owners(ctx context.Context, after Owner, limit int) ([]Owner, error)
}

// Store is what the domain needs from a database.
type Store interface {
	Organizations() Collection[Organization, OrganizationFilter]
	ServiceAccounts() Collection[ServiceAccount, AccountFilter]
	Keys() KeyCollection
	Tiers() Collection[Tier, NoFilter]
	Scopes() Collection[Scope, NoFilter]
	Changes
}
