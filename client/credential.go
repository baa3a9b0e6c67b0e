package client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// redacted is written in the place of a secret.
const redacted = "[redacted]"

// Credential is who asks. It never prints its secret: every way to format, log
// or encode it gives [redacted].
type Credential struct {
	scheme, name, secret string
}

// Schemes of credentials.
const (
	schemeKey     = "key"
	schemeToken   = "token"
	schemeBearer  = "bearer"
	schemeBasic   = "basic"
	schemeSession = "session"
)

// APIKey is a key of a service account, sent as X-API-Key. Verifiers use one
// with the scope latchkey:verify.
func APIKey(secret string) Credential { return Credential{scheme: schemeKey, secret: secret} }

// UserToken is a personal token of a user, sent as Authorization: Token.
func UserToken(secret string) Credential { return Credential{scheme: schemeToken, secret: secret} }

// BearerToken is a signed token of a user or service account, sent as
// Authorization: Bearer.
func BearerToken(secret string) Credential { return Credential{scheme: schemeBearer, secret: secret} }

// Password is the username or e-mail address and the password of a user, sent
// by HTTP Basic.
func Password(user, password string) Credential {
	return Credential{scheme: schemeBasic, name: user, secret: password}
}

// session is a signed-in session with its token against cross-site requests.
func session(id, csrf string) Credential {
	return Credential{scheme: schemeSession, name: csrf, secret: id}
}

// IsZero reports whether there is no credential.
func (c Credential) IsZero() bool { return c.scheme == "" }

// String returns [redacted].
func (c Credential) String() string { return redacted }

// GoString returns [redacted].
func (c Credential) GoString() string { return redacted }

// Format writes [redacted], whatever the verb.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns [redacted].
func (c Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (c Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

var errCredential = errors.New("latchkey: the credential is empty or has characters that no header can carry")

// check refuses what cannot be sent, without quoting it.
func (c Credential) check() error {
	if c.IsZero() {
		return nil
	}
	if c.secret == "" || c.scheme != schemeBasic && strings.ContainsFunc(c.secret+c.name, unprintable) {
		return errCredential
	}
	return nil
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// authorize puts the credential into the request's headers.
func (c Credential) authorize(h http.Header) {
	switch c.scheme {
	case schemeKey:
		h.Set("X-API-Key", c.secret)
	case schemeToken:
		h.Set("Authorization", "Token "+c.secret)
	case schemeBearer:
		h.Set("Authorization", "Bearer "+c.secret)
	case schemeBasic:
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.name+":"+c.secret)))
	case schemeSession:
		h.Set("Cookie", "sessionid="+c.secret+"; csrftoken="+c.name)
		h.Set("X-CSRFToken", c.name)
	}
}
