package signing

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// Type is the media type in a token's header, which says what kind of token it
// is. A token of one type is never accepted as another.
type Type string

// The types.
const (
	UserToken    Type = "JWT"    // access and refresh tokens of users
	AccountToken Type = "at+jwt" // access tokens of service accounts (RFC 9068)
)

// Uses of a UserToken, in the claim token_type as in Django's SimpleJWT.
const (
	UseAccess  = "access"
	UseRefresh = "refresh"
)

// Claims is the content of a token (RFC 7519, RFC 9068).
type Claims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"` // id of the user or service account
	Audience  jwt.Audience `json:"aud"`
	ExpiresAt Seconds      `json:"exp"`
	NotBefore Seconds      `json:"nbf"`
	IssuedAt  Seconds      `json:"iat"`
	ID        string       `json:"jti"`

	UserID   string `json:"user_id,omitempty"`    // of a UserToken: the Subject under SimpleJWT's name
	Use      string `json:"token_type,omitempty"` // of a UserToken: UseAccess or UseRefresh
	Family   string `json:"family,omitempty"`     // of a UserToken: the sign-in it belongs to
	ClientID string `json:"client_id,omitempty"`  // of an AccountToken
	Scope    string `json:"scope,omitempty"`      // of an AccountToken, separated by spaces
	KeyID    string `json:"key_id,omitempty"`     // of an AccountToken: the key that obtained it
}

// Seconds is a time as tokens encode it: whole seconds since 1970 (NumericDate).
type Seconds struct{ time.Time }

// At returns the time without its fraction of a second.
func At(t time.Time) Seconds { return Seconds{t.UTC().Truncate(time.Second)} }

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) { return json.Marshal(s.Unix()) }

// maxSeconds is 31 December 9999; later dates make no sense.
const maxSeconds = 253402300799

// UnmarshalJSON implements json.Unmarshaler.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	var n float64
	if err := json.Unmarshal(b, &n); err != nil || n < 0 || n > maxSeconds {
		return fmt.Errorf("%w: a date is no number of seconds", ErrInvalid)
	}
	s.Time = time.Unix(int64(n), 0).UTC()
	return nil
}
