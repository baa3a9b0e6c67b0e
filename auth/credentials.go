package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// Token is an opaque credential of a user, as Django REST Framework's
// TokenAuthentication has it. Only its digest is stored.
type Token struct {
	keys.Stamp
	ID         string    `json:"id"`
	Hash       TokenHash `json:"-"`
	UserID     string    `json:"user_id"`
	Name       string    `json:"name"`
	Last4      string    `json:"last4"`
	LastUsedAt time.Time `json:"-"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"` // zero: never
	// Parent is what the token ends with: the id of the session, token or family
	// that made it, or "password". The one sign-in token of a user has
	// "password:" and the count that it was derived from. "" for a token that
	// stands by itself.
	Parent string `json:"parent,omitempty"`
}

// Family is one sign-in by refresh tokens: each use spends the token and makes
// the next one of the family. One spent token that is used again ends it.
type Family struct {
	keys.Stamp
	ID        string    `json:"id"`
	UserID    string    `json:"user_id"`
	Current   string    `json:"-"` // id (jti) of the token that is good
	Previous  string    `json:"-"` // of the one before it
	RotatedAt time.Time `json:"rotated_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"` // zero while it is open
	Address   string    `json:"address,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
}

// Identity ties a user to an account at a provider of sign-ins.
type Identity struct {
	keys.Stamp
	Provider string `json:"provider"`
	Subject  string `json:"subject"` // the provider's id of the account
	UserID   string `json:"user_id"`
	Email    string `json:"email,omitempty"` // as the provider told it at the last sign-in
}

// ID names the identity in a Collection.
func (i *Identity) ID() string { return IdentityID(i.Provider, i.Subject) }

// IdentityID returns the id of the account with the subject at the provider.
func IdentityID(provider, subject string) string {
	digest := sha256.Sum256([]byte(subject))
	return provider + ":" + hex.EncodeToString(digest[:16])
}

// Purpose is what a link in a mail lets its holder do.
type Purpose string

// The purposes.
const (
	ConfirmEmail  Purpose = "confirm"
	ResetPassword Purpose = "reset"
	Invitation    Purpose = "invite"
	Calendar      Purpose = "calendar" // the address of a feed, which no mail holds
	SignedUpAgain Purpose = "exists"   // opens nothing: it notes that its user was told of it
)

// Link is a secret that was mailed to somebody. It works once, until it
// expires. Only its digest is stored.
type Link struct {
	keys.Stamp
	ID             string    `json:"id"`
	Hash           TokenHash `json:"-"`
	Purpose        Purpose   `json:"purpose"`
	Email          string    `json:"email"`
	UserID         string    `json:"user_id,omitempty"`         // "" for someone who is not a user yet
	OrganizationID string    `json:"organization_id,omitempty"` // of an invitation
	Role           Role      `json:"role,omitempty"`            // of an invitation
	CreatedBy      string    `json:"created_by,omitempty"`
	CreatedWith    string    `json:"created_with,omitempty"` // id of the key, of a service account that invites
	ExpiresAt      time.Time `json:"expires_at"`
	UsedAt         time.Time `json:"used_at,omitzero"`
	// Address is where the link leads, with its token. It is known only to who
	// invites somebody, and there only where no mail can tell it.
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
	// ExpiresAt is when the certificate counts no more here, whatever it says
	// itself; zero for never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// OwnedFilter selects what belongs to users; zero fields do not restrict.
type OwnedFilter struct {
	UserID        string
	ExpiresBefore time.Time // what expires at all, and before it
}

// LinkFilter selects links; zero fields do not restrict.
type LinkFilter struct {
	OrganizationID string
	UserID         string
	Purpose        Purpose
	ExpiresBefore  time.Time
}

// SealedKey is a key of the service itself, which is of use under its secret
// alone.
type SealedKey struct {
	keys.Stamp
	ID     string // what it is for
	Sealed []byte
}

// CertificateFilter selects certificates; zero fields do not restrict.
type CertificateFilter struct {
	ServiceAccountID string
}

// TokenCollection is a Collection of tokens with their look-up.
type TokenCollection interface {
	keys.Collection[Token, OwnedFilter]
	// ByHash returns the token with the digest.
	ByHash(ctx context.Context, hash TokenHash) (Token, error)
	// TouchToken notes when the token was last used, and changes nothing else.
	TouchToken(ctx context.Context, id string, at time.Time) error
}

// LinkCollection is a Collection of links with their look-up.
type LinkCollection interface {
	keys.Collection[Link, LinkFilter]
	// ByHash returns the link with the digest.
	ByHash(ctx context.Context, hash TokenHash) (Link, error)
}

// CertificateCollection is a Collection of certificates with their look-up.
type CertificateCollection interface {
	keys.Collection[Certificate, CertificateFilter]
	// ByMatch returns the certificate with the Match.
	ByMatch(ctx context.Context, match string) (Certificate, error)
}

// Credentials stores what users and service accounts prove themselves by,
// beside passwords, sessions and keys.
type Credentials interface {
	Tokens() TokenCollection
	Families() keys.Collection[Family, OwnedFilter]
	Identities() keys.Collection[Identity, OwnedFilter]
	Links() LinkCollection
	Certificates() CertificateCollection
	SealedKeys() keys.Collection[SealedKey, keys.NoFilter]
}
