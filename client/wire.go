// Package client is the Go client of Latchkey: it verifies keys with
// Client.Verify, and covers the whole management API. Make one Client with New and
// share it. The service encodes its answers with the same types. The package is a
// separate module that needs only the standard library; middleware for HTTP
// servers is in package guard.
package client

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Duration is a duration that JSON encodes as a string such as "10s", "1.5h" or
// "720h".
type Duration time.Duration

// String returns the duration without the zero parts that time.Duration writes:
// "10m", not "10m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New("a duration is written as 10s or 720h")
	}
	*d = Duration(v)
	return nil
}

// JSONFault is the code of the fault if a value is not a duration.
func (Duration) JSONFault() string { return "not_a_duration" }

// Metadata is a JSON object with the user's own data.
type Metadata json.RawMessage

// String returns the JSON.
func (m Metadata) String() string { return string(m) }

// MarshalJSON writes {} for no metadata.
func (m Metadata) MarshalJSON() ([]byte, error) {
	if len(m) == 0 {
		return []byte("{}"), nil
	}
	return m, nil
}

// UnmarshalJSON accepts any JSON. A later check requires an object.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	*m = append((*m)[:0], b...)
	return nil
}

// JSONFault is the code of the fault if a value is not an object.
func (Metadata) JSONFault() string { return "not_an_object" }

// Rule is a token bucket: Requests every Per, at most Burst at once.
type Rule struct {
	Requests int64    `json:"requests"`
	Per      Duration `json:"per"`
	Burst    int64    `json:"burst"` // Requests if 0
}

// Quota allows Requests in each calendar Per, "day" or "month", in UTC.
type Quota struct {
	Requests int64  `json:"requests"`
	Per      string `json:"per"`
}

// List is one page; NextCursor is nil on the last.
type List[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// Problem is an error in the format of RFC 9457.
type Problem struct {
	Type          string       `json:"type"`
	Title         string       `json:"title"`
	Status        int          `json:"status"`
	Detail        string       `json:"detail"`
	Instance      string       `json:"instance,omitempty"`
	Code          string       `json:"code"`
	Errors        []FieldError `json:"errors,omitempty"`
	MissingScopes []string     `json:"missing_scopes,omitempty"` // with INSUFFICIENT_SCOPE
}

// Error returns title, code and detail.
func (p *Problem) Error() string { return p.Title + " (" + p.Code + "): " + p.Detail }

// FieldError is one fault of a request.
type FieldError struct {
	Field  string `json:"field"`
	Code   string `json:"code,omitempty"` // identifies the fault in every language, and never changes
	Detail string `json:"detail"`
}

// Stamps are the times when an object was created and last changed.
type Stamps struct {
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// ETag is the object's revision, for IfMatch. It comes from a header, so it
	// is empty in lists and for objects without one.
	ETag string `json:"-"`
}

func (s *Stamps) setETag(tag string) { s.ETag = tag }

// OrganizationSettings are the fields of an organization that can be set.
type OrganizationSettings struct {
	Name     string   `json:"name"`
	Disabled bool     `json:"disabled"`
	Metadata Metadata `json:"metadata"`
}

// Organization is a third-party company or team.
type Organization struct {
	ID string `json:"id"`
	OrganizationSettings
	Stamps
}

// ServiceAccountSettings are the fields of a service account that can be set.
type ServiceAccountSettings struct {
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	Tier            string   `json:"tier,omitempty"`
	Scopes          []string `json:"scopes"`
	AllowedNetworks []string `json:"allowed_networks"`
	RateLimit       *Rule    `json:"rate_limit"`
	Quota           *Quota   `json:"quota"`
	ExternalID      string   `json:"external_id"`
	OwnerID         *string  `json:"owner_id"` // the member who looks after it; nil: nobody or, when created, the caller if a member
	Metadata        Metadata `json:"metadata"`
	Disabled        bool     `json:"disabled"`
}

// CreateServiceAccount asks for a new service account.
type CreateServiceAccount struct {
	OrganizationID string `json:"organization_id"`
	ServiceAccountSettings
}

// ServiceAccount is the non-human identity of one integration.
type ServiceAccount struct {
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
	ServiceAccountSettings
	Override  *Override `json:"override"` // other limits for a time
	CreatedBy string    `json:"created_by"`
	Stamps
}

// KeySettings are the fields of a key that can be set.
type KeySettings struct {
	Name            string     `json:"name"`
	Note            string     `json:"note"`
	Scopes          []string   `json:"scopes"` // nil: all scopes of the account
	AllowedNetworks []string   `json:"allowed_networks"`
	RateLimit       *Rule      `json:"rate_limit"`
	ExpiresAt       *time.Time `json:"expires_at"`
	NotBefore       *time.Time `json:"not_before"`
	Metadata        Metadata   `json:"metadata"`
	Disabled        bool       `json:"disabled"`
}

// CreateKey asks for a new key.
type CreateKey struct {
	ServiceAccountID string `json:"service_account_id"`
	Environment      string `json:"environment,omitempty"` // live if ""
	KeySettings
}

// Key is one API-key credential.
type Key struct {
	ID               string `json:"id"`
	OrganizationID   string `json:"organization_id"`
	ServiceAccountID string `json:"service_account_id"`
	Environment      string `json:"environment"`
	Start            string `json:"start"`
	Last4            string `json:"last4"`
	Status           string `json:"status"`
	KeySettings
	RevokedAt         *time.Time `json:"revoked_at"`
	RevokeReason      *string    `json:"revoke_reason"`
	RevokeNote        *string    `json:"revoke_note"`
	RotatedFrom       *string    `json:"rotated_from"`
	RotatedTo         *string    `json:"rotated_to"`
	GraceUntil        *time.Time `json:"grace_until"`
	LastUsedAt        *time.Time `json:"last_used_at"`
	LastUsedIP        *string    `json:"last_used_ip"`
	LastUsedUserAgent *string    `json:"last_used_user_agent"`
	CreatedBy         string     `json:"created_by"`
	Stamps
}

// IssuedKey is a new key with its secret, which is shown only once. Key is empty
// when an Idempotency-Key was repeated.
type IssuedKey struct {
	Key
	Secret string `json:"key,omitempty"`
}

// RotateKey asks for a successor of a key.
type RotateKey struct {
	Grace Duration `json:"grace"`
	// ExpiresAt is when the successor ends; nil gives it the same lifetime as the
	// old key.
	ExpiresAt *time.Time `json:"expires_at"`
}

// RevokeKey ends a key for good.
type RevokeKey struct {
	Reason string `json:"reason,omitempty"` // unspecified, leaked, superseded, unused, abuse or holder
	Note   string `json:"note"`
}

// RevokedKey is a revoked key and the moment after which no node answers VALID to
// a new request. If that moment is more than a second away, WaitingFor lists the
// nodes that may not know of the revocation yet.
type RevokedKey struct {
	Key
	EffectiveEverywhereBy time.Time     `json:"effective_everywhere_by"`
	WaitingFor            []WaitingNode `json:"waiting_for"`
}

// WaitingNode is a node that shows no sign of life. It may only be cut off; if
// so, it may serve from its cache until StopsAt.
type WaitingNode struct {
	Node     string    `json:"node"`
	Name     string    `json:"name"`
	LastPoll time.Time `json:"last_poll"`
	StopsAt  time.Time `json:"stops_at"`
}

// Node is one process that serves from the store.
type Node struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Version    string    `json:"version"`
	StartedAt  time.Time `json:"started_at"`
	LastPollAt time.Time `json:"last_poll_at"`
	MaxStale   Duration  `json:"max_stale"`
	State      string    `json:"state"`  // fresh, or silent
	Self       bool      `json:"self"`   // the node that answers
	Kind       string    `json:"kind"`   // node, or edge
	FedBy      string    `json:"fed_by"` // for an edge: id of the node that feeds it, "" if none does
}

// TierSettings are the fields of a tier that can be set.
type TierSettings struct {
	Title            string    `json:"title"`
	RateLimit        *Rule     `json:"rate_limit"` // of each key; nil: none
	AccountRateLimit *Rule     `json:"account_rate_limit"`
	Quota            *Quota    `json:"quota"`
	MaxKeys          int       `json:"max_keys,omitempty"`
	MaxKeyAge        *Duration `json:"max_key_age"`
	KeyRetention     *Duration `json:"key_retention"` // how long keys are kept after their end
	// LeakPolicy is what happens to keys that are reported as leaked: revoke (the
	// default), disable or tell.
	LeakPolicy string `json:"leak_policy,omitempty"`
}

// Tier is a named plan. It is also the request that creates one.
type Tier struct {
	Name string `json:"name"`
	TierSettings
	Stamps
}

// CreateTier asks for a new tier.
type CreateTier struct {
	Name string `json:"name"`
	TierSettings
}

// ScopeSettings are the fields of a scope that can be set.
type ScopeSettings struct {
	Description string `json:"description"`
}

// CreateScope asks for a new scope.
type CreateScope struct {
	Name string `json:"name"`
	ScopeSettings
}

// Scope is one entry of the provider's catalogue.
type Scope struct {
	Name string `json:"name"`
	ScopeSettings
	RetiredAt    *time.Time `json:"retired_at"`    // no longer granted from then on
	RenamedTo    *string    `json:"renamed_to"`    // the name that replaces it
	RenamedUntil *time.Time `json:"renamed_until"` // when its holders lose it
	Stamps
}

// UserSettings are the fields of a user that can be set.
type UserSettings struct {
	Email    string `json:"email"`
	Username string `json:"username"` // "" for none
	Name     string `json:"name"`
	Language string `json:"language"` // such as de; "" to follow the browser
	IsAdmin  bool   `json:"is_admin"`
	Disabled bool   `json:"disabled"`
}

// SetUser creates or changes a user; an empty password leaves it unchanged.
type SetUser struct {
	UserSettings
	Password string `json:"password,omitempty"`
}

// User is a person who signs in.
type User struct {
	ID string `json:"id"`
	UserSettings
	Stamps
}

// MemberSettings are the fields of a membership that can be set.
type MemberSettings struct {
	Role string `json:"role"`
}

// AddMember makes a user a member of an organization.
type AddMember struct {
	UserID string `json:"user_id"`
	MemberSettings
}

// Member is a user's membership in an organization.
type Member struct {
	OrganizationID string `json:"organization_id"`
	UserID         string `json:"user_id"`
	MemberSettings
	Stamps
}

// Me is the principal of the request.
type Me struct {
	Kind           string            `json:"kind"` // "user" or "service_account"
	ID             string            `json:"id"`
	Scheme         string            `json:"scheme"`
	Email          string            `json:"email,omitempty"`
	Username       string            `json:"username,omitempty"`
	Name           string            `json:"name"`
	Language       string            `json:"language,omitempty"`
	IsAdmin        bool              `json:"is_admin"`
	Roles          map[string]string `json:"roles,omitempty"` // by organization id
	OrganizationID string            `json:"organization_id,omitempty"`
	KeyID          string            `json:"key_id,omitempty"`
	Scopes         []string          `json:"scopes,omitempty"`
	ETag           string            `json:"-"` // of a user, for IfMatch
}

func (m *Me) setETag(tag string) { m.ETag = tag }

// AuditEvent is one entry of the audit log.
type AuditEvent struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Action  string          `json:"action"`
	Subject AuditSubject    `json:"subject"`
	Object  AuditObject     `json:"object"`
	Origin  AuditOrigin     `json:"origin"`
	Before  json.RawMessage `json:"before"`
	After   json.RawMessage `json:"after"`
}

// AuditSubject is who acted.
type AuditSubject struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	KeyID string `json:"key_id"`
}

// AuditObject is the object of the action.
type AuditObject struct {
	Type           string `json:"type"`
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
}

// AuditOrigin is where the request came from.
type AuditOrigin struct {
	Address   string `json:"address"`
	UserAgent string `json:"user_agent"`
	RequestID string `json:"request_id"`
}
