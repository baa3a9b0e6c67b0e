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

// redacted is written in place of a secret.
const redacted = "[redacted]"

// Credential authenticates requests. It never reveals its secret: formatting,
// logging or encoding it gives [redacted].
type Credential struct {
	// This is a function because fmt calls no methods on unexported fields: for a
	// struct around a Credential it prints the function's address.
	held func() held
}

type held struct {
	scheme, name, secret string
}

func hold(scheme, name, secret string) Credential {
	h := held{scheme: scheme, name: name, secret: secret}
	return Credential{held: func() held { return h }}
}

// Schemes of credentials.
const (
	schemeKey     = "key"
	schemeToken   = "token"
	schemeBearer  = "bearer"
	schemeBasic   = "basic"
	schemeSession = "session"
)

// APIKey returns the credential for a key of a service account, sent as
// X-API-Key. Verifiers need a key with the scope latchkey:verify.
func APIKey(secret string) Credential { return hold(schemeKey, "", secret) }

// UserToken returns the credential for a user's personal token, sent as
// Authorization: Token.
func UserToken(secret string) Credential { return hold(schemeToken, "", secret) }

// BearerToken returns the credential for a signed token of a user or service
// account, sent as Authorization: Bearer.
func BearerToken(secret string) Credential { return hold(schemeBearer, "", secret) }

// Password returns the credential for a user's password with their username or
// e-mail address, sent by HTTP Basic.
func Password(user, password string) Credential { return hold(schemeBasic, user, password) }

// session returns the credential for a session and its CSRF token.
func session(id, csrf string) Credential { return hold(schemeSession, csrf, id) }

// IsZero reports whether the credential is empty.
func (c Credential) IsZero() bool { return c.held == nil }

// String returns [redacted].
func (c Credential) String() string { return redacted }

// GoString returns [redacted].
func (c Credential) GoString() string { return redacted }

// Format writes [redacted], for every verb.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns [redacted].
func (c Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (c Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

var errCredential = errors.New("latchkey: the credential is empty or has characters that no header can carry")

// check refuses credentials that cannot be sent, without quoting them.
func (c Credential) check() error {
	if c.IsZero() {
		return nil
	}
	switch h := c.held(); {
	case h.secret == "" || h.scheme != schemeBasic && strings.ContainsFunc(h.secret+h.name, unprintable):
		return errCredential
	case h.scheme == schemeBasic && strings.Contains(h.name, ":"):
		return errors.New("latchkey: no user of HTTP Basic has a colon in their name")
	}
	return nil
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// authorize adds the credential to the request's headers.
func (c Credential) authorize(h http.Header) {
	if c.held == nil {
		return
	}
	switch c := c.held(); c.scheme {
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
