package client

import "time"

// SignIn holds the credentials of a user, who is identified by username or e-mail
// address.
type SignIn struct {
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
	Password string `json:"password"`
	Code     string `json:"code,omitempty"` // one-time or recovery code
}

// ObtainedToken is the answer of Django REST Framework's obtain_auth_token.
type ObtainedToken struct {
	Token string `json:"token"`
}

// TokenPair is the answer of Django's SimpleJWT.
type TokenPair struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
}

// RefreshToken asks to exchange or end a refresh token.
type RefreshToken struct {
	Refresh string `json:"refresh"`
}

// VerifyToken asks whether a signed token is valid.
type VerifyToken struct {
	Token string `json:"token"`
}

// CreateToken creates a token for the calling user.
type CreateToken struct {
	Name      string     `json:"name"`
	ExpiresAt *time.Time `json:"expires_at"` // null: never
}

// Token is an opaque credential of a user.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Last4      string     `json:"last4"`
	LastUsedAt *time.Time `json:"last_used_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	Stamps
}

// CreatedToken is a new token with its secret, which is shown only once.
type CreatedToken struct {
	Token
	Secret string `json:"token"`
}

// Session is one sign-in by a browser.
type Session struct {
	ID         string    `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Address    string    `json:"address"`
	UserAgent  string    `json:"user_agent"`
	Current    bool      `json:"current"` // the session of the request
}

// AddCertificate lets a client certificate act as a service account. The
// certificate is given in full, by its fingerprint or by an alternative name.
type AddCertificate struct {
	Name        string `json:"name"`
	Certificate string `json:"certificate,omitempty"` // PEM
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256 in hex
	SAN         string `json:"san,omitempty"`         // "dns:…", "uri:…" or "email:…"
	// ExpiresAt is when the service stops accepting the certificate; nil for the
	// end of the credential that adds it.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Certificate is a client certificate that acts as a service account.
type Certificate struct {
	ID               string     `json:"id"`
	OrganizationID   string     `json:"organization_id"`
	ServiceAccountID string     `json:"service_account_id"`
	Name             string     `json:"name"`
	Match            string     `json:"match"` // "sha256:…", "dns:…", "uri:…" or "email:…"
	CreatedBy        string     `json:"created_by"`
	ExpiresAt        *time.Time `json:"expires_at"` // nil: never
	Stamps
}
