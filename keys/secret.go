package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/big"
	"regexp"
)

// The shape of a key: brand_environment_ + randomLength + checksumLength
// characters of base62.
const (
	DefaultBrand   = "lk"
	secretBytes    = 32
	randomLength   = 43 // ⌈256 / log2(62)⌉
	checksumLength = 6  // ⌈32 / log2(62)⌉
	environmentLen = 4  // "live" and "test"
	startRandom    = 4  // random characters that lists may show
	maxBrandLength = 16
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// ErrMalformed is returned for text that cannot be a key of this brand.
var ErrMalformed = errors.New("not a key: wrong shape or checksum")

var brandShape = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)

// Secret is a whole key as its holder has it. It prints as [redacted] except through
// Reveal.
type Secret struct{ text string }

// Reveal returns the key itself, for the one answer that shows it.
func (s Secret) Reveal() string { return s.text }

// String returns [redacted].
func (s Secret) String() string { return "[redacted]" }

// GoString returns [redacted].
func (s Secret) GoString() string { return "[redacted]" }

// LogValue returns [redacted].
func (s Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText fails, so that a secret is never encoded by accident.
func (s Secret) MarshalText() ([]byte, error) {
	return nil, errors.New("a secret is not encoded")
}

// Hash is the SHA-256 digest of a whole key.
type Hash [sha256.Size]byte

// HashOf returns the digest under which the key's text is stored.
func HashOf(text string) Hash {
	var short [128]byte // keys fit, so hashing allocates nothing
	return sha256.Sum256(append(short[:0], text...))
}

// Hex returns the digest in lower-case hex. It is meant for stores only:
// digests belong in no log, answer or event.
func (h Hash) Hex() string { return hex.EncodeToString(h[:]) }

// String returns [redacted].
func (h Hash) String() string { return "[redacted]" }

// LogValue returns [redacted].
func (h Hash) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Format makes and checks keys of one brand, and checks those that were imported.
type Format struct {
	brand   string
	foreign *Foreign
}

// NewFormat returns the format of the brand, 1 to 16 lower-case letters and
// digits that start with a letter.
func NewFormat(brand string) (Format, error) {
	if !brandShape.MatchString(brand) {
		return Format{}, fmt.Errorf("brand %q: must be 1 to %d lower-case letters and digits, a letter first", brand, maxBrandLength)
	}
	return Format{brand, &Foreign{}}, nil
}

// IsZero reports whether the format is the zero Format.
func (f Format) IsZero() bool { return f.brand == "" }

// Brand returns the brand.
func (f Format) Brand() string { return f.brand }

// Knowing returns the format with other shapes of imported keys.
func (f Format) Knowing(foreign *Foreign) Format { return Format{f.brand, foreign} }

// Foreign returns the shapes of imported keys. Copies of a Format share them.
func (f Format) Foreign() *Foreign { return f.foreign }

// Prefix returns what keys of the environment start with, "lk_live_".
func (f Format) Prefix(env Environment) string { return f.brand + "_" + string(env) + "_" }

// New returns a new random key of the environment.
func (f Format) New(env Environment) Secret {
	var random [secretBytes]byte
	rand.Read(random[:])
	return f.of(env, random)
}

func (f Format) of(env Environment, random [secretBytes]byte) Secret {
	body := f.Prefix(env) + padded62(new(big.Int).SetBytes(random[:]), randomLength)
	return Secret{text: body + checksum(body)}
}

// user replaces the environment in users' tokens.
const user Environment = "user"

// NewToken returns a new random token of a user. It has the form of a key, so scanners
// find it with the same expression, but no service account has it.
func (f Format) NewToken() Secret { return f.New(user) }

// DerivedToken returns a user's token made from the bytes, which must be unguessable.
func (f Format) DerivedToken(random [secretBytes]byte) Secret { return f.of(user, random) }

// CheckToken is Check for a user's token.
func (f Format) CheckToken(text string) error { return f.check(text, user, user) }

// Looks reports whether text starts as a key of the brand does, or may be an imported
// key, so that a bearer token can be told from a key.
func (f Format) Looks(text string) bool { return f.Own(text) || f.foreign.Matches(text) }

// Own reports whether text starts as a key or token of the brand does.
func (f Format) Own(text string) bool {
	n := len(f.brand)
	return len(text) > n+1 && text[:n] == f.brand && text[n] == '_' &&
		len(text) >= n+2+environmentLen && text[n+1+environmentLen] == '_'
}

// Within returns the first part of text that is a key or token of the brand, or enough
// of one that it must not be shown: people paste keys with quotes, a header or a
// sentence around them. It returns "" if there is none.
func (f Format) Within(text string) string {
	for at := range len(text) {
		rest := text[at:]
		if !f.Own(rest) {
			continue
		}
		n := len(f.brand) + 1 + environmentLen + 1
		end := n
		for end < len(rest) && isBase62(rest[end]) {
			end++
		}
		if end > n+startRandom {
			return rest[:end]
		}
	}
	return ""
}

// Check returns ErrMalformed unless text has the shape and checksum of a key of the
// brand, or the shape of imported keys. It reads no store and allocates nothing.
func (f Format) Check(text string) error {
	err := f.check(text, Live, Test)
	if err != nil && !f.Own(text) && f.foreign.Matches(text) {
		return nil
	}
	return err
}

func (f Format) check(text string, one, other Environment) error {
	n := len(f.brand) + 1 + environmentLen + 1
	if len(text) != n+randomLength+checksumLength || !f.Own(text) {
		return ErrMalformed
	}
	if env := Environment(text[len(f.brand)+1 : n-1]); env != one && env != other {
		return ErrMalformed
	}
	for i := n; i < len(text); i++ {
		if !isBase62(text[i]) {
			return ErrMalformed
		}
	}
	body := text[:len(text)-checksumLength]
	sum := checksumDigits(body)
	if string(sum[:]) != text[len(body):] {
		return ErrMalformed
	}
	return nil
}

// shown returns the parts of a key that lists may show.
func (f Format) shown(s Secret) (start, last4 string) {
	n := len(f.brand) + 1 + environmentLen + 1 + startRandom
	return s.text[:n], s.text[len(s.text)-4:]
}

func checksum(body string) string {
	digits := checksumDigits(body)
	return string(digits[:])
}

func checksumDigits(body string) [checksumLength]byte {
	n := crcOf(body)
	var digits [checksumLength]byte
	for i := checksumLength - 1; i >= 0; i-- {
		digits[i] = base62[n%62]
		n /= 62
	}
	return digits
}

// crcOf returns the CRC-32 (IEEE 802.3). crc32.ChecksumIEEE would need a []byte,
// which escapes to the heap.
func crcOf(body string) uint32 {
	sum := ^uint32(0)
	for i := range len(body) {
		sum = crc32.IEEETable[byte(sum&0xff)^body[i]] ^ sum>>8
	}
	return ^sum
}

func padded62(n *big.Int, width int) string {
	digits := make([]byte, width)
	base, digit := big.NewInt(int64(len(base62))), new(big.Int)
	for i := width - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		digits[i] = base62[digit.Int64()]
	}
	return string(digits)
}

func isBase62(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
