package auth

import (
	"net/http"
	"strings"

	"github.com/latchkey/latchkey/keys"
)

// Carrier finds keys in requests: in X-API-Key, in Authorization with the scheme Api-Key,
// Bearer or, for imported keys, Token, and in other headers by choice.
type Carrier struct {
	Format  keys.Format
	Headers []string // that may have keys, too, as net/http spells them
}

// Credential returns the key or signed token that the request carries, or "".
// several is true if the request has two different keys: a proxy that passes it
// on might read the other one.
func (c Carrier) Credential(r *http.Request) (text string, several bool) {
	if key, several := c.Key(r); key != "" {
		return key, several
	}
	if text, ok := credentials(r, "Bearer"); ok {
		return text, false
	}
	return "", false
}

// Key returns the key that the request carries, or "", and whether it also
// carries a different one. A bearer token that does not look like a key is
// ignored.
func (c Carrier) Key(r *http.Request) (key string, several bool) {
	for _, text := range r.Header["X-Api-Key"] {
		key, several = other(key, text, several)
	}
	for _, name := range c.Headers {
		for _, text := range r.Header[name] {
			key, several = other(key, text, several)
		}
	}
	for _, value := range r.Header["Authorization"] {
		key, several = other(key, c.keyIn(value), several)
	}
	return key, several
}

// InAuthorization reports whether the credential that Credential reads, or
// something like a key, is in Authorization. A proxy does not pass that on.
func (c Carrier) InAuthorization(r *http.Request) bool {
	values := r.Header["Authorization"]
	for _, value := range values {
		if c.keyIn(value) != "" || c.Format.Within(value) != "" {
			return true
		}
	}
	if len(values) == 0 {
		return false
	}
	if key, _ := c.Key(r); key != "" {
		return false
	}
	_, bearer := credentials(r, "Bearer")
	return bearer
}

// other returns the first key, and whether there are two different ones.
func other(key, next string, several bool) (first string, two bool) {
	if key == "" {
		return next, several
	}
	return key, several || next != "" && next != key
}

// keyIn returns the key in a value of Authorization, or "". The scheme Token is that of
// users, except for what only an imported key looks like.
func (c Carrier) keyIn(value string) string {
	scheme, text, _ := strings.Cut(value, " ")
	text = strings.TrimSpace(text)
	switch {
	case strings.EqualFold(scheme, "Api-Key"):
		return text
	case strings.EqualFold(scheme, "Bearer") && c.Format.Looks(text),
		strings.EqualFold(scheme, "Token") && c.Format.Foreign().Matches(text) && !c.Format.Own(text):
		return text
	default:
		return ""
	}
}
