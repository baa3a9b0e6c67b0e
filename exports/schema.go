// Package exports writes everything that an operator needs to leave, or to move to another
// store, as JSON Lines, and reads it back. docs/leaving.md describes the lines.
package exports

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// Version is the version of the schema. A reader refuses files of a later one.
const Version = 1

// Kind says what a line is about. The first line is of the kind Head, the last one of the
// kind Tail; others come in the order of Kinds.
type Kind string

// The kinds.
const (
	Head           Kind = "latchkey_export"
	Tiers          Kind = "tier"
	Scopes         Kind = "scope"
	Organizations  Kind = "organization"
	Users          Kind = "user"
	Memberships    Kind = "membership"
	Accounts       Kind = "service_account"
	Certificates   Kind = "certificate"
	Shapes         Kind = "key_shapes"
	Keys           Kind = "key"
	Tail           Kind = "end"
	mostLineLength      = 1 << 20
)

// Kinds are the kinds of objects, in the order of the file: an object comes after those
// that it refers to.
func Kinds() []Kind {
	return []Kind{Tiers, Scopes, Organizations, Users, Memberships, Accounts, Certificates, Shapes, Keys}
}

// line is one line of the file.
type line struct {
	Type   Kind            `json:"type"`
	Object json.RawMessage `json:"object"`
}

// head is the object of the first line.
type head struct {
	Version    int       `json:"version"`
	Brand      string    `json:"brand"` // of the keys
	ExportedAt time.Time `json:"exported_at"`
	Hashes     bool      `json:"hashes"` // whether keys and users have their digests
}

// tail is the object of the last line, without which the file is not whole.
type tail struct {
	Count map[Kind]int `json:"count"`
}

type rule struct {
	Requests int64  `json:"requests"`
	Per      string `json:"per"`
	Burst    int64  `json:"burst"`
}

type quota struct {
	Requests int64  `json:"requests"`
	Per      string `json:"per"`
}

type stamp struct {
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

type tier struct {
	Name             string `json:"name"`
	Title            string `json:"title"`
	RateLimit        *rule  `json:"rate_limit"`
	AccountRateLimit *rule  `json:"account_rate_limit"`
	Quota            *quota `json:"quota"`
	MaxKeys          int    `json:"max_keys"`
	MaxKeyAge        string `json:"max_key_age,omitempty"`
	KeyRetention     string `json:"key_retention,omitempty"`
	stamp
}

type scope struct {
	Name         string    `json:"name"`
	Description  string    `json:"description"`
	RetiredAt    time.Time `json:"retired_at,omitzero"`
	RenamedTo    string    `json:"renamed_to,omitempty"`
	RenamedUntil time.Time `json:"renamed_until,omitzero"`
	RenameOpen   bool      `json:"rename_open,omitempty"`
	stamp
}

type organization struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Disabled bool            `json:"disabled"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	stamp
}

type user struct {
	ID           string    `json:"id"`
	Email        string    `json:"email"`
	Username     string    `json:"username,omitempty"`
	Name         string    `json:"name,omitempty"`
	Language     string    `json:"language,omitempty"`
	IsAdmin      bool      `json:"is_admin"`
	Disabled     bool      `json:"disabled"`
	ConfirmedAt  time.Time `json:"confirmed_at,omitzero"`
	LastSignInAt time.Time `json:"last_sign_in_at,omitzero"`
	PasswordHash string    `json:"password_hash,omitempty"` // argon2id in PHC string format
	stamp
}

type membership struct {
	OrganizationID string    `json:"organization_id"`
	UserID         string    `json:"user_id"`
	Role           auth.Role `json:"role"`
	stamp
}

type account struct {
	ID              string          `json:"id"`
	OrganizationID  string          `json:"organization_id"`
	Name            string          `json:"name"`
	Description     string          `json:"description,omitempty"`
	Tier            string          `json:"tier"`
	Scopes          []string        `json:"scopes"`
	AllowedNetworks []netip.Prefix  `json:"allowed_networks,omitempty"`
	RateLimit       *rule           `json:"rate_limit,omitempty"`
	Quota           *quota          `json:"quota,omitempty"`
	Override        *override       `json:"override,omitempty"`
	ExternalID      string          `json:"external_id,omitempty"`
	OwnerID         string          `json:"owner_id,omitempty"`
	Metadata        json.RawMessage `json:"metadata,omitempty"`
	Disabled        bool            `json:"disabled"`
	CreatedBy       string          `json:"created_by,omitempty"`
	LimitResets     int64           `json:"limit_resets,omitempty"`
	stamp
}

type override struct {
	KeyRateLimit *rule     `json:"key_rate_limit,omitempty"`
	RateLimit    *rule     `json:"rate_limit,omitempty"`
	Quota        *quota    `json:"quota,omitempty"`
	Until        time.Time `json:"until"`
	Note         string    `json:"note,omitempty"`
}

type certificate struct {
	ID               string    `json:"id"`
	OrganizationID   string    `json:"organization_id"`
	ServiceAccountID string    `json:"service_account_id"`
	Name             string    `json:"name"`
	Match            string    `json:"match"`
	CreatedBy        string    `json:"created_by,omitempty"`
	ExpiresAt        time.Time `json:"expires_at,omitzero"`
	stamp
}

// key has its digest only in an export with hashes: hash is the SHA-256 of the whole key
// in hex, unless digest says otherwise.
type key struct {
	ID               string            `json:"id"`
	OrganizationID   string            `json:"organization_id"`
	ServiceAccountID string            `json:"service_account_id"`
	Environment      keys.Environment  `json:"environment"`
	Name             string            `json:"name"`
	Note             string            `json:"note,omitempty"`
	Start            string            `json:"start"`
	Last4            string            `json:"last4"`
	Scopes           []string          `json:"scopes"` // null: all of the account's
	AllowedNetworks  []netip.Prefix    `json:"allowed_networks,omitempty"`
	RateLimit        *rule             `json:"rate_limit,omitempty"`
	ExpiresAt        time.Time         `json:"expires_at,omitzero"`
	NotBefore        time.Time         `json:"not_before,omitzero"`
	Metadata         json.RawMessage   `json:"metadata,omitempty"`
	Disabled         bool              `json:"disabled"`
	RevokedAt        time.Time         `json:"revoked_at,omitzero"`
	RevokeReason     keys.RevokeReason `json:"revoke_reason,omitempty"`
	RevokeNote       string            `json:"revoke_note,omitempty"`
	RotatedFrom      string            `json:"rotated_from,omitempty"`
	RotatedTo        string            `json:"rotated_to,omitempty"`
	GraceUntil       time.Time         `json:"grace_until,omitzero"`
	LastUsedAt       time.Time         `json:"last_used_at,omitzero"`
	LastUsedIP       string            `json:"last_used_ip,omitempty"`
	LastUsedAgent    string            `json:"last_used_user_agent,omitempty"`
	CreatedBy        string            `json:"created_by,omitempty"`
	LimitResets      int64             `json:"limit_resets,omitempty"`
	ImportID         string            `json:"import_id,omitempty"`
	Hash             string            `json:"hash,omitempty"`
	Digest           string            `json:"digest,omitempty"` // sha512$$hex or pbkdf2_sha256$iterations$salt$base64
	stamp
}

type shapes struct {
	Shapes []keys.Shape `json:"shapes"`
}

func stampOf(s *keys.Stamp) stamp { return stamp{s.CreatedAt, s.UpdatedAt} }

// stored is the stamp in a new store, where the object has its first revision.
func (s stamp) stored() keys.Stamp {
	return keys.Stamp{CreatedAt: keys.Moment(s.CreatedAt), UpdatedAt: keys.Moment(s.UpdatedAt), Revision: 1}
}

func ruleOf(r *ratelimit.Rule) *rule {
	if r == nil {
		return nil
	}
	return &rule{r.Requests, r.Per.String(), r.Burst}
}

func (r *rule) stored() (*ratelimit.Rule, error) {
	if r == nil {
		return nil, nil
	}
	per, err := time.ParseDuration(r.Per)
	return &ratelimit.Rule{Requests: r.Requests, Per: per, Burst: r.Burst}, err
}

func quotaOf(q *ratelimit.Quota) *quota {
	if q == nil {
		return nil
	}
	return &quota{q.Requests, string(q.Per)}
}

func (q *quota) stored() *ratelimit.Quota {
	if q == nil {
		return nil
	}
	return &ratelimit.Quota{Requests: q.Requests, Per: ratelimit.Period(q.Per)}
}

func durationOf(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func storedDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

func tierOf(t *keys.Tier) any {
	return &tier{
		t.Name, t.Title, ruleOf(t.RateLimit), ruleOf(t.AccountRateLimit), quotaOf(t.Quota), t.MaxKeys, durationOf(t.MaxKeyAge),
		durationOf(t.KeyRetention), stampOf(&t.Stamp),
	}
}

func (t *tier) stored() (keys.Tier, error) {
	out := keys.Tier{Stamp: t.stamp.stored(), Name: t.Name}
	out.Title, out.Quota, out.MaxKeys = t.Title, t.Quota.stored(), t.MaxKeys
	var faults [4]error
	out.RateLimit, faults[0] = t.RateLimit.stored()
	out.AccountRateLimit, faults[1] = t.AccountRateLimit.stored()
	out.MaxKeyAge, faults[2] = storedDuration(t.MaxKeyAge)
	out.KeyRetention, faults[3] = storedDuration(t.KeyRetention)
	return out, errors.Join(faults[:]...)
}

func scopeOf(s *keys.Scope) any {
	return &scope{s.Name, s.Description, s.RetiredAt, s.RenamedTo, s.RenamedUntil, s.RenameOpen, stampOf(&s.Stamp)}
}

func (s *scope) stored() (keys.Scope, error) {
	return keys.Scope{
		Stamp: s.stamp.stored(), Name: s.Name, ScopeFields: keys.ScopeFields{Description: s.Description}, RetiredAt: s.RetiredAt,
		RenamedTo: s.RenamedTo, RenamedUntil: s.RenamedUntil, RenameOpen: s.RenameOpen,
	}, nil
}

func organizationOf(o *keys.Organization) any {
	return &organization{o.ID, o.Name, o.Disabled, o.Metadata, stampOf(&o.Stamp)}
}

func (o *organization) stored() (keys.Organization, error) {
	return keys.Organization{
		Stamp: o.stamp.stored(), ID: o.ID, OrganizationFields: keys.OrganizationFields{Name: o.Name, Disabled: o.Disabled, Metadata: o.Metadata},
	}, nil
}

func userOf(u *auth.User, hashes bool) any {
	out := &user{
		u.ID, u.Email, u.Username, u.Name, u.Language, u.IsAdmin, u.Disabled, u.ConfirmedAt, u.LastSignInAt, "", stampOf(&u.Stamp),
	}
	if hashes {
		out.PasswordHash = u.PasswordHash
	}
	return out
}

func (u *user) stored() (auth.User, error) {
	return auth.User{
		Stamp: u.stamp.stored(), ID: u.ID, Email: u.Email, Username: u.Username, Name: u.Name, Language: u.Language, IsAdmin: u.IsAdmin,
		Disabled: u.Disabled, ConfirmedAt: u.ConfirmedAt, LastSignInAt: u.LastSignInAt, PasswordHash: u.PasswordHash,
	}, nil
}

func membershipOf(m *auth.Membership) any {
	return &membership{m.OrganizationID, m.UserID, m.Role, stampOf(&m.Stamp)}
}

func (m *membership) stored() (auth.Membership, error) {
	return auth.Membership{Stamp: m.stamp.stored(), OrganizationID: m.OrganizationID, UserID: m.UserID, Role: m.Role}, nil
}

func certificateOf(c *auth.Certificate) any {
	return &certificate{c.ID, c.OrganizationID, c.ServiceAccountID, c.Name, c.Match, c.CreatedBy, c.ExpiresAt, stampOf(&c.Stamp)}
}

func (c *certificate) stored() (auth.Certificate, error) {
	return auth.Certificate{
		Stamp: c.stamp.stored(), ID: c.ID, OrganizationID: c.OrganizationID, ServiceAccountID: c.ServiceAccountID, Name: c.Name, Match: c.Match,
		CreatedBy: c.CreatedBy, ExpiresAt: c.ExpiresAt,
	}, nil
}

func accountOf(a *keys.ServiceAccount) any {
	out := &account{
		a.ID, a.OrganizationID, a.Name, a.Description, a.Tier, a.Scopes, a.AllowedNetworks, ruleOf(a.RateLimit), quotaOf(a.Quota), nil,
		a.ExternalID, a.OwnerID, a.Metadata, a.Disabled, a.CreatedBy, a.LimitResets, stampOf(&a.Stamp),
	}
	if o := a.Override; o != nil {
		out.Override = &override{ruleOf(o.KeyRateLimit), ruleOf(o.RateLimit), quotaOf(o.Quota), o.Until, o.Note}
	}
	return out
}

func (a *account) stored() (keys.ServiceAccount, error) {
	out := keys.ServiceAccount{
		Stamp: a.stamp.stored(), ID: a.ID, OrganizationID: a.OrganizationID, CreatedBy: a.CreatedBy, LimitResets: a.LimitResets,
		AccountFields: keys.AccountFields{
			Name: a.Name, Description: a.Description, Tier: a.Tier, Scopes: a.Scopes, AllowedNetworks: a.AllowedNetworks, Quota: a.Quota.stored(),
			ExternalID: a.ExternalID, OwnerID: a.OwnerID, Metadata: a.Metadata, Disabled: a.Disabled,
		},
	}
	var faults [3]error
	out.RateLimit, faults[0] = a.RateLimit.stored()
	if o := a.Override; o != nil {
		out.Override = &keys.Override{Quota: o.Quota.stored(), Until: o.Until, Note: o.Note}
		out.Override.KeyRateLimit, faults[1] = o.KeyRateLimit.stored()
		out.Override.RateLimit, faults[2] = o.RateLimit.stored()
	}
	return out, errors.Join(faults[:]...)
}

func keyOf(k *keys.Key, hashes bool) any {
	out := &key{
		ID: k.ID, OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID, Environment: k.Environment, Name: k.Name, Note: k.Note,
		Start: k.Start, Last4: k.Last4, Scopes: k.Scopes, AllowedNetworks: k.AllowedNetworks, RateLimit: ruleOf(k.RateLimit),
		ExpiresAt: k.ExpiresAt, NotBefore: k.NotBefore, Metadata: k.Metadata, Disabled: k.Disabled, RevokedAt: k.RevokedAt,
		RevokeReason: k.RevokeReason, RevokeNote: k.RevokeNote, RotatedFrom: k.RotatedFrom, RotatedTo: k.RotatedTo, GraceUntil: k.GraceUntil,
		LastUsedAt: k.LastUsedAt, LastUsedIP: k.LastUsedIP, LastUsedAgent: k.LastUsedAgent, CreatedBy: k.CreatedBy, LimitResets: k.LimitResets,
		ImportID: k.ImportID, stamp: stampOf(&k.Stamp),
	}
	if hashes {
		out.Hash, out.Digest = k.Hash.Hex(), string(k.Digest)
	}
	return out
}

var errNoHash = errors.New("the key has no hash: export with hashes")

func (k *key) stored() (keys.Key, error) {
	out := keys.Key{
		Stamp: k.stamp.stored(), ID: k.ID, OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID, Environment: k.Environment,
		Start: k.Start, Last4: k.Last4, RevokedAt: k.RevokedAt, RevokeReason: k.RevokeReason, RevokeNote: k.RevokeNote,
		RotatedFrom: k.RotatedFrom, RotatedTo: k.RotatedTo, GraceUntil: k.GraceUntil, LastUsedAt: k.LastUsedAt,
		LastUsedIP: k.LastUsedIP, LastUsedAgent: k.LastUsedAgent,
		CreatedBy: k.CreatedBy, LimitResets: k.LimitResets, ImportID: k.ImportID, HashAlgorithm: keys.SHA256, Digest: keys.Digest(k.Digest),
		KeyFields: keys.KeyFields{
			Name: k.Name, Note: k.Note, Scopes: k.Scopes, AllowedNetworks: k.AllowedNetworks, ExpiresAt: k.ExpiresAt, NotBefore: k.NotBefore,
			Metadata: k.Metadata, Disabled: k.Disabled,
		},
	}
	sum, err := hex.DecodeString(k.Hash)
	if err != nil || len(sum) != len(out.Hash) {
		return out, errNoHash
	}
	copy(out.Hash[:], sum)
	if out.Digest != "" {
		if out.HashAlgorithm, err = out.Digest.Algorithm(); err != nil {
			return out, err
		}
	}
	out.RateLimit, err = k.RateLimit.stored()
	return out, err
}

// Recorded is what the audit log says of an export.
func Recorded(by audit.Subject, hashes bool) audit.Change {
	return audit.Change{Subject: by, Action: "export.write", Object: audit.Object{Type: "export"}, After: map[string]bool{"hashes": hashes}}
}
