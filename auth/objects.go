package auth

import (
	"crypto/sha256"
	"time"

	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// User is a person who signs in. IsAdmin marks the provider's own staff.
type User struct {
	keys.Stamp
	ID           string    `json:"id"`
	Email        string    `json:"email"`              // as typed; unique when case is folded
	Username     string    `json:"username,omitempty"` // another name for sign-in; unique when case is folded
	Name         string    `json:"name,omitempty"`
	Language     string    `json:"language,omitempty"` // tag of a catalogue, "" to follow the browser
	PasswordHash string    `json:"-"`                  // argon2id in PHC string format, "" for no password
	IsAdmin      bool      `json:"is_admin"`
	Disabled     bool      `json:"disabled"`
	LastSignInAt time.Time `json:"-"`
	// ConfirmedAt is when the user confirmed their e-mail address; zero if they
	// have not.
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	OTP         OTP       `json:"-"`
	// TokenCount is the number of the user's sign-in tokens that have ended.
	TokenCount int64 `json:"-"`
}

// OTP is the state of a user's one-time codes (RFC 6238).
type OTP struct {
	Sealed    []byte    // the shared secret, sealed; nil for none
	EnabledAt time.Time // zero until the user has shown that their device works
	LastStep  int64     // latest time step whose code was used: each works once
	Recovery  []string  // SHA-256 in hex of the remaining recovery codes
}

// FoldedEmail is the form of the e-mail address that is unique among users.
func (u *User) FoldedEmail() string { return CanonicalEmail(u.Email) }

// FoldedUsername is the form of the username that is unique among users. For a
// user without a username it is their id, so that every store can use a plain
// unique index.
func (u *User) FoldedUsername() string {
	if u.Username == "" {
		return u.ID
	}
	return text.ASCIILower(u.Username)
}

// SearchText is the text that the Text of a UserFilter is matched against.
func (u *User) SearchText() string {
	return keys.Fold(u.Email + "\n" + u.Name + "\n" + u.ID + "\n" + u.Username)
}

// Role is what a member may do in an organization.
type Role string

// The roles, from the most to the least powerful.
const (
	Owner     Role = "owner"
	Developer Role = "developer"
	Viewer    Role = "viewer"
)

// Membership gives a user a role in an organization.
type Membership struct {
	keys.Stamp
	OrganizationID string `json:"organization_id"`
	UserID         string `json:"user_id"`
	Role           Role   `json:"role"`
}

// ID returns the id of the membership in a Collection. There is one per
// organization and user.
func (m *Membership) ID() string { return MembershipID(m.OrganizationID, m.UserID) }

// MembershipID returns the id of the membership of the user in the organization.
func MembershipID(organizationID, userID string) string { return organizationID + ":" + userID }

// TokenHash is the SHA-256 digest of a session's cookie, a token or a link.
type TokenHash [sha256.Size]byte

// Session is one sign-in of a user. Only the digest of its cookie is stored.
type Session struct {
	ID         string    `json:"id"`
	TokenHash  TokenHash `json:"-"`
	UserID     string    `json:"user_id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"-"`
	// ConfirmedAt is when the user repeated their password; zero for never.
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	ExpiresAt   time.Time `json:"expires_at"` // absolute; the idle limit counts from LastSeenAt
	Address     string    `json:"address,omitempty"`
	UserAgent   string    `json:"user_agent,omitempty"`
}
