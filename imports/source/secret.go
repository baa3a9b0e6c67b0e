package source

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"log/slog"
	"strings"

	"github.com/latchkey/latchkey/errs"
)

const redacted = "[redacted]"

// Secret is a key in clear. It does not print itself.
type Secret string

// Reveal returns the key.
func (s Secret) Reveal() string { return string(s) }

// String returns a constant.
func (s Secret) String() string { return redacted }

// Format writes a constant, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a constant.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a constant.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Algorithm is how a digest was made.
type Algorithm string

// The algorithms that can be taken.
const (
	SHA256       Algorithm = "sha256"
	SHA512       Algorithm = "sha512"
	PBKDF2SHA256 Algorithm = "pbkdf2_sha256"
)

// Digest is what the source stores instead of a key. It does not print itself.
type Digest struct {
	Algorithm  Algorithm // "" for none
	Sum        []byte
	Salt       []byte // of PBKDF2
	Iterations int    // of PBKDF2
}

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d.Algorithm == "" }

// Format writes the algorithm only, whatever the verb.
func (d Digest) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(string(d.Algorithm) + " " + redacted))
}

// LogValue returns the algorithm only.
func (d Digest) LogValue() slog.Value { return slog.StringValue(string(d.Algorithm) + " " + redacted) }

// MarshalText returns the algorithm only.
func (d Digest) MarshalText() ([]byte, error) {
	return []byte(string(d.Algorithm) + " " + redacted), nil
}

// of reports whether the digest is that of the secret, and whether that can be told
// without the work of a slow algorithm.
func (d Digest) of(secret Secret) (same, told bool) {
	switch d.Algorithm {
	case SHA256:
		sum := sha256.Sum256([]byte(secret))
		return bytes.Equal(sum[:], d.Sum), true
	case SHA512:
		sum := sha512.Sum512([]byte(secret))
		return bytes.Equal(sum[:], d.Sum), true
	default:
		return false, false
	}
}

// maxSecret is the longest key in bytes: more does not fit in a header that proxies let
// through.
const maxSecret = 4096

// maxScopes is the most scopes of a row.
const maxScopes = 1000

// check returns what is wrong with a row that could be decoded.
func (r *Row) check() errs.Text {
	if len(r.Scopes) > maxScopes {
		return errs.Say("import_too_many_scopes", "most", maxScopes)
	}
	if r.Secret == "" && r.Digest.IsZero() {
		return errs.Say("import_no_key")
	}
	if r.Secret != "" {
		if fault := r.checkSecret(); !fault.IsZero() {
			return fault
		}
	}
	switch created, expires := r.CreatedAt, r.ExpiresAt; {
	case !expires.IsZero() && expires.Before(created):
		return errs.Say("import_expires_before_creation")
	case !expires.IsZero() && !r.NotBefore.IsZero() && !r.NotBefore.Before(expires):
		return errs.Say("import_never_valid")
	}
	return errs.Text{}
}

func (r *Row) checkSecret() errs.Text {
	if len(r.Secret) > maxSecret {
		return errs.Say("import_key_too_long", "most", maxSecret)
	}
	for i := range len(r.Secret) {
		if c := r.Secret[i]; c <= ' ' || c > '~' {
			return errs.Say("import_key_not_sendable")
		}
	}
	if !strings.HasPrefix(r.Secret.Reveal(), r.Prefix) || !strings.HasPrefix(r.Secret.Reveal(), r.Start) {
		return errs.Say("import_prefix")
	}
	if r.Digest.IsZero() {
		return errs.Text{}
	}
	same, told := r.Digest.of(r.Secret)
	switch {
	case !told:
		return errs.Say("import_key_and_digest")
	case !same:
		return errs.Say("import_digest_of_another_key")
	}
	r.Digest = Digest{}
	return errs.Text{}
}
