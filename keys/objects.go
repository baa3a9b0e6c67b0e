package keys

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/ratelimit"
)

// Stamp is what every stored object has in addition to its own fields. Times are UTC
// and whole milliseconds. Revision is 1 for a new object and grows by one with every
// change.
type Stamp struct {
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Revision  int64     `json:"revision"`
}

// Metadata is a JSON object that the caller defines: at most MaxMetadataBytes as
// compact JSON, with at most MaxMetadataEntries members at the top level. Nil means
// {}.
type Metadata = json.RawMessage

// Organization is a third-party company or team: the wall between tenants.
type Organization struct {
	Stamp
	ID string `json:"id"`
	OrganizationFields
}

// OrganizationFields are the fields of an organization that can be set.
type OrganizationFields struct {
	Name     string   `json:"name"`
	Disabled bool     `json:"disabled"`
	Metadata Metadata `json:"metadata,omitempty"`
}

// ServiceAccount is the non-human identity of one integration. It owns keys.
type ServiceAccount struct {
	Stamp
	ID             string    `json:"id"`
	OrganizationID string    `json:"organization_id"`
	CreatedBy      string    `json:"created_by,omitempty"` // id of the user or service account
	Override       *Override `json:"override,omitempty"`   // nil: none
	Move           *Move     `json:"-"`                    // nil: no transfer is under way
	// LimitResets counts resets of its limits and quota and of its keys' limits; see
	// Service.ResetAccountLimits.
	LimitResets int64 `json:"limit_resets,omitempty"`
	AccountFields
}

// AccountFields are the fields of a service account that can be set.
type AccountFields struct {
	Name            string           `json:"name"`
	Description     string           `json:"description,omitempty"`
	Tier            string           `json:"tier"`
	Scopes          []string         `json:"scopes"`
	AllowedNetworks []netip.Prefix   `json:"allowed_networks,omitempty"`
	RateLimit       *ratelimit.Rule  `json:"rate_limit,omitempty"` // nil: the tier's AccountRateLimit
	Quota           *ratelimit.Quota `json:"quota,omitempty"`      // nil: the tier's
	ExternalID      string           `json:"external_id,omitempty"`
	OwnerID         string           `json:"owner_id,omitempty"` // id of the member who looks after it, "" for nobody
	Metadata        Metadata         `json:"metadata,omitempty"`
	Disabled        bool             `json:"disabled"`
}

// Override sets other limits for one account for a time. Nil fields change nothing.
type Override struct {
	KeyRateLimit *ratelimit.Rule  `json:"key_rate_limit,omitempty"` // of each key that has none of its own
	RateLimit    *ratelimit.Rule  `json:"rate_limit,omitempty"`     // shared by the account's keys
	Quota        *ratelimit.Quota `json:"quota,omitempty"`
	Until        time.Time        `json:"until"`
	Note         string           `json:"note,omitempty"` // why
}

// Move is the last transfer of an account to another organization.
type Move struct {
	From    string // the organization that it left
	OwnerID string // who owned it there
	At      time.Time
	By      audit.Subject
}

// Environment is part of the key's text: live or test.
type Environment string

// The environments.
const (
	Live Environment = "live"
	Test Environment = "test"
)

// Status is a key's state, derived from its fields and the time.
type Status string

// The statuses, in the order they are decided.
const (
	StatusRevoked     Status = "revoked"
	StatusExpired     Status = "expired" // or rotated and past its grace period
	StatusNotYetValid Status = "not_yet_valid"
	StatusDisabled    Status = "disabled"
	StatusActive      Status = "active"
)

// HashAlgorithm says how the stored digest of a key was made.
type HashAlgorithm string

// SHA256 is the digest of every key that Latchkey issues.
const SHA256 HashAlgorithm = "sha256"

// Key is one API-key credential of a service account. It holds the digest of the
// secret, never the secret. A zero time means never, or not yet.
type Key struct {
	Stamp
	ID               string        `json:"id"`
	OrganizationID   string        `json:"organization_id"`
	ServiceAccountID string        `json:"service_account_id"`
	Environment      Environment   `json:"environment"`
	Hash             Hash          `json:"-"`
	HashAlgorithm    HashAlgorithm `json:"-"`
	Digest           Digest        `json:"-"`                   // of an imported key whose SHA-256 is not known, else ""
	ImportID         string        `json:"import_id,omitempty"` // the import that brought it, "" for a key that was issued
	Start            string        `json:"start"`               // brand, environment and the first 4 random characters
	Last4            string        `json:"last4"`
	RevokedAt        time.Time     `json:"revoked_at,omitzero"`
	RevokeReason     RevokeReason  `json:"revoke_reason,omitempty"`
	RevokeNote       string        `json:"revoke_note,omitempty"`
	RotatedFrom      string        `json:"rotated_from,omitempty"`
	RotatedTo        string        `json:"rotated_to,omitempty"`
	GraceUntil       time.Time     `json:"grace_until,omitzero"` // set once rotated
	LastUsedAt       time.Time     `json:"-"`
	LastUsedIP       string        `json:"-"`
	LastUsedAgent    string        `json:"-"`
	CreatedBy        string        `json:"created_by,omitempty"`
	LimitResets      int64         `json:"limit_resets,omitempty"` // number of resets of its limit
	KeyFields
}

// KeyFields are the fields of a key that can be set.
type KeyFields struct {
	Name            string          `json:"name"`
	Note            string          `json:"note,omitempty"`
	Scopes          []string        `json:"scopes"` // nil: all of the account's scopes
	AllowedNetworks []netip.Prefix  `json:"allowed_networks,omitempty"`
	RateLimit       *ratelimit.Rule `json:"rate_limit,omitempty"` // nil: the tier's
	ExpiresAt       time.Time       `json:"expires_at,omitzero"`
	NotBefore       time.Time       `json:"not_before,omitzero"`
	Metadata        Metadata        `json:"metadata,omitempty"`
	Disabled        bool            `json:"disabled"`
}

// RevokeReason says why a key was revoked.
type RevokeReason string

// The reasons.
const (
	ReasonUnspecified RevokeReason = "unspecified"
	ReasonLeaked      RevokeReason = "leaked"
	ReasonSuperseded  RevokeReason = "superseded"
	ReasonUnused      RevokeReason = "unused"
	ReasonAbuse       RevokeReason = "abuse"
	ReasonHolder      RevokeReason = "holder" // whoever held the key revoked it with the key itself
)

// EndsAt returns when the key ends by itself: the earlier of its expiry and the end
// of its grace period. It is zero for a key that never ends.
func (k *Key) EndsAt() time.Time {
	if k.GraceUntil.IsZero() || (!k.ExpiresAt.IsZero() && k.ExpiresAt.Before(k.GraceUntil)) {
		return k.ExpiresAt
	}
	return k.GraceUntil
}

// Status returns the status of the key at the time now. It does not consider the
// key's account and organization, which may be disabled.
func (k *Key) Status(now time.Time) Status {
	switch end := k.EndsAt(); {
	case !k.RevokedAt.IsZero():
		return StatusRevoked
	case !end.IsZero() && !now.Before(end):
		return StatusExpired
	case now.Before(k.NotBefore):
		return StatusNotYetValid
	case k.Disabled:
		return StatusDisabled
	default:
		return StatusActive
	}
}

// Alive reports whether the key still counts against its tier's MaxKeys: it is
// neither revoked nor expired at the time now.
func (k *Key) Alive(now time.Time) bool {
	s := k.Status(now)
	return s != StatusRevoked && s != StatusExpired
}

// Tier is a named plan.
type Tier struct {
	Stamp
	Name string `json:"name"`
	TierFields
}

// TierFields are the fields of a tier that can be set.
type TierFields struct {
	Title            string           `json:"title"`
	RateLimit        *ratelimit.Rule  `json:"rate_limit,omitempty"`         // of each key; nil: none
	AccountRateLimit *ratelimit.Rule  `json:"account_rate_limit,omitempty"` // shared by an account's keys
	Quota            *ratelimit.Quota `json:"quota,omitempty"`
	MaxKeys          int              `json:"max_keys"`             // live keys per service account
	MaxKeyAge        time.Duration    `json:"max_key_age,omitzero"` // 0: keys may live forever
	// KeyRetention is how long keys are kept after they were revoked or expired; 0
	// means the service's default.
	KeyRetention time.Duration `json:"key_retention,omitzero"`
	LeakPolicy   LeakPolicy    `json:"leak_policy,omitempty"`
}

// Scope is one entry of the catalogue.
type Scope struct {
	Stamp
	Name         string    `json:"name"`
	RetiredAt    time.Time `json:"retired_at,omitzero"`    // from then on it is no longer granted
	RenamedTo    string    `json:"renamed_to,omitempty"`   // holders get this scope as well
	RenamedUntil time.Time `json:"renamed_until,omitzero"` // then holders lose the old name
	RenameOpen   bool      `json:"-"`                      // some holders do not have the new name yet
	ScopeFields
}

// ScopeFields are the fields of a scope that can be set.
type ScopeFields struct {
	Description string `json:"description"`
}
