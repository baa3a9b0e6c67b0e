package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// Token is an opaque credential of a user, like those of Django REST Framework's
// TokenAuthentication. Only its digest is stored.
type Token struct {
	keys.Stamp
	ID         string    `json:"id"`
	Hash       TokenHash `json:"-"`
	UserID     string    `json:"user_id"`
	Name       string    `json:"name"`
	Last4      string    `json:"last4"`
	LastUsedAt time.Time `json:"-"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"` // zero: never
	// Parent is what the token depends on and ends with: the id of the session,
	// token or family that created it, or "password". A user's sign-in token has
	// "password:" and the count that it was derived from. "" means that the token
	// is independent.
	Parent string `json:"parent,omitempty"`
}

// Family is one sign-in with refresh tokens: each use spends the token and
// creates the next one of the family. Reuse of a spent token ends the family.
type Family struct {
	keys.Stamp
	ID        string    `json:"id"`
	UserID    string    `json:"user_id"`
	Current   string    `json:"-"` // id (jti) of the valid token
	Previous  string    `json:"-"` // id of the token before it
	RotatedAt time.Time `json:"rotated_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"` // zero while open
	Address   string    `json:"address,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
}

// Identity links a user to an account at a sign-in provider.
type Identity struct {
	keys.Stamp
	Provider string `json:"provider"`
	Subject  string `json:"subject"` // the provider's id for the account
	UserID   string `json:"user_id"`
	Email    string `json:"email,omitempty"` // as of the last sign-in with the provider
}

// ID returns the id of the identity in a Collection.
func (i *Identity) ID() string { return IdentityID(i.Provider, i.Subject) }

// IdentityID returns the id of the account with the subject at the provider.
func IdentityID(provider, subject string) string {
	digest := sha256.Sum256([]byte(subject))
	return provider + ":" + hex.EncodeToString(digest[:16])
}

// Purpose is what a mailed link allows.
type Purpose string

// The purposes.
const (
	ConfirmEmail  Purpose = "confirm"
	ResetPassword Purpose = "reset"
	Invitation    Purpose = "invite"
	Calendar      Purpose = "calendar" // the address of a feed; never mailed
	SignedUpAgain Purpose = "exists"   // opens nothing: records that the user was told
)

// Link is a secret mailed to a person. It works once, until it expires. Only its
// digest is stored.
type Link struct {
	keys.Stamp
	ID             string    `json:"id"`
	Hash           TokenHash `json:"-"`
	Purpose        Purpose   `json:"purpose"`
	Email          string    `json:"email"`
	UserID         string    `json:"user_id,omitempty"`         // "" if the recipient is not a user yet
	OrganizationID string    `json:"organization_id,omitempty"` // for an invitation
	Role           Role      `json:"role,omitempty"`            // for an invitation
	CreatedBy      string    `json:"created_by,omitempty"`
	CreatedWith    string    `json:"created_with,omitempty"` // id of the key, if a service account invites
	ExpiresAt      time.Time `json:"expires_at"`
	UsedAt         time.Time `json:"used_at,omitzero"`
	// Address is the URL of the link with its token. Only the inviter sees it,
	// and only if it is not mailed.
	Address string `json:"-"`
}

// Certificate lets the holder of a client certificate act as a service account.
type Certificate struct {
	keys.Stamp
	ID               string `json:"id"`
	OrganizationID   string `json:"organization_id"`
	ServiceAccountID string `json:"service_account_id"`
	Name             string `json:"name"`
	// Match is "sha256:HEX" of the certificate, or a subject alternative name:
	// "dns:…", "uri:…" or "email:…". It is unique.
	Match     string `json:"match"`
	CreatedBy string `json:"created_by,omitempty"`
	// ExpiresAt is when the service stops accepting the certificate, whatever the
	// certificate itself says; zero for never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// OwnedFilter selects objects of users; zero fields do not restrict.
type OwnedFilter struct {
	UserID        string
	ExpiresBefore time.Time // only objects that expire before this time
}

// LinkFilter selects links; zero fields do not restrict.
type LinkFilter struct {
	OrganizationID string
	UserID         string
	Purpose        Purpose
	ExpiresBefore  time.Time
}

// SealedKey is a key of the service itself, sealed under the service's secret.
type SealedKey struct {
	keys.Stamp
	ID     string // names what it is for
	Sealed []byte
}

// CertificateFilter selects certificates; zero fields do not restrict.
type CertificateFilter struct {
	ServiceAccountID string
}

// TokenCollection is a Collection of tokens with a look-up by digest.
type TokenCollection interface {
	keys.Collection[Token, OwnedFilter]
	// ByHash returns the token with the digest.
	ByHash(ctx context.Context, hash TokenHash) (Token, error)
	// TouchToken sets when the token was last used, and changes nothing else.
	TouchToken(ctx context.Context, id string, at time.Time) error
}

// LinkCollection is a Collection of links with a look-up by digest.
type LinkCollection interface {
	keys.Collection[Link, LinkFilter]
	// ByHash returns the link with the digest.
	ByHash(ctx context.Context, hash TokenHash) (Link, error)
}

// CertificateCollection is a Collection of certificates with a look-up by Match.
type CertificateCollection interface {
	keys.Collection[Certificate, CertificateFilter]
	// ByMatch returns the certificate with the Match.
	ByMatch(ctx context.Context, match string) (Certificate, error)
}

// Credentials stores the credentials of users and service accounts, except
// passwords, sessions and keys.
type Credentials interface {
	Tokens() TokenCollection
	Families() keys.Collection[Family, OwnedFilter]
	Identities() keys.Collection[Identity, OwnedFilter]
	Links() LinkCollection
	Certificates() CertificateCollection
	SealedKeys() keys.Collection[SealedKey, keys.NoFilter]
}
