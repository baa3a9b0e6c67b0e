package keys

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/latchkey/latchkey/errs"
)

// The digests of imported keys, beside SHA256. A key keeps its digest until it is first
// used; see Key.Proves.
const (
	SHA512       HashAlgorithm = "sha512"        // of the whole key
	PBKDF2SHA256 HashAlgorithm = "pbkdf2_sha256" // of the whole key, salted, as Django makes it
)

// Bounds of imported keys and their digests.
const (
	StrongBits       = 128     // a key with fewer can be guessed from its SHA-256
	MostIterations   = 2000000 // of PBKDF2
	LeastForeign     = 16      // bytes of a key
	MostForeign      = 512     // bytes of a key
	MostPublic       = 64      // bytes of its public part
	mostSalt         = 128
	leastDistinct    = 8 // different characters of a strong key
	sha512Prefix     = "sha512$$"
	pbkdf2Prefix     = "pbkdf2_sha256$"
	sha512Separator  = "latchkey sha512 "
	publicSeparator  = "latchkey public "
	pbkdf2Separators = 3
)

// Digest says what is stored of an imported key whose SHA-256 is not known. It is the
// text that Django stores: "sha512$$hex" or "pbkdf2_sha256$iterations$salt$base64".
type Digest string

// String returns [redacted].
func (Digest) String() string { return "[redacted]" }

// GoString returns [redacted].
func (Digest) GoString() string { return "[redacted]" }

var errDigest = errors.New("not a digest: sha512$$hex or pbkdf2_sha256$iterations$salt$base64")

// SHA512Digest returns the Digest of a key with the SHA-512.
func SHA512Digest(sum [sha512.Size]byte) Digest {
	return Digest(sha512Prefix + hex.EncodeToString(sum[:]))
}

// SaltedDigest returns the Digest of a key with this PBKDF2 of SHA-256.
func SaltedDigest(iterations int, salt string, sum []byte) Digest {
	return Digest(pbkdf2Prefix + strconv.Itoa(iterations) + "$" + salt + "$" + base64.StdEncoding.EncodeToString(sum))
}

// Salt returns the Digest of the key's text with a salt and iterations.
func Salt(text, salt string, iterations int) (Digest, error) {
	sum, err := pbkdf2.Key(sha256.New, text, []byte(salt), iterations, sha256.Size)
	return SaltedDigest(iterations, salt, sum), err
}

type salted struct {
	iterations int
	salt       string
	sum        []byte
}

// Lookup returns the algorithm of the digest, and the hash by which a store finds the
// key: derived from the digest itself, or, if that is salted, from the key's public part.
func (d Digest) Lookup(public string) (HashAlgorithm, Hash, error) {
	if sum, err := d.sha512(); err == nil {
		return SHA512, lookupSHA512(sum), nil
	}
	if _, err := d.salted(); err != nil {
		return "", Hash{}, err
	}
	if public == "" || len(public) > MostPublic {
		return "", Hash{}, errDigest
	}
	return PBKDF2SHA256, lookupPublic(public), nil
}

// Algorithm returns what the digest was made by.
func (d Digest) Algorithm() (HashAlgorithm, error) {
	if _, err := d.sha512(); err == nil {
		return SHA512, nil
	}
	_, err := d.salted()
	return PBKDF2SHA256, err
}

func (d Digest) sha512() (sum [sha512.Size]byte, err error) {
	text, ok := strings.CutPrefix(string(d), sha512Prefix)
	if !ok || len(text) != hex.EncodedLen(len(sum)) {
		return sum, errDigest
	}
	_, err = hex.Decode(sum[:], []byte(text))
	return sum, err
}

func (d Digest) salted() (s salted, err error) {
	parts := strings.Split(string(d), "$")
	if len(parts) != pbkdf2Separators+1 || parts[0]+"$" != pbkdf2Prefix || len(parts[2]) > mostSalt {
		return s, errDigest
	}
	s.salt = parts[2]
	if s.iterations, err = strconv.Atoi(parts[1]); err != nil || s.iterations < 1 || s.iterations > MostIterations {
		return s, errDigest
	}
	if s.sum, err = base64.StdEncoding.DecodeString(parts[3]); err != nil || len(s.sum) != sha256.Size {
		return s, errDigest
	}
	return s, nil
}

// Proves reports whether the text is the key. For PBKDF2SHA256 it takes as long as the
// source of the key chose, up to a second.
func (k *Key) Proves(text string) bool {
	switch k.HashAlgorithm {
	case SHA256:
		h := HashOf(text)
		return subtle.ConstantTimeCompare(h[:], k.Hash[:]) == 1
	case SHA512:
		h := lookupSHA512(sha512.Sum512([]byte(text)))
		return subtle.ConstantTimeCompare(h[:], k.Hash[:]) == 1
	case PBKDF2SHA256:
		s, err := k.Digest.salted()
		if err != nil {
			return false
		}
		sum, err := pbkdf2.Key(sha256.New, text, []byte(s.salt), s.iterations, sha256.Size)
		return err == nil && subtle.ConstantTimeCompare(sum, s.sum) == 1
	default:
		return false
	}
}

// Known returns the key, which the text is, with the SHA-256 of the text in place of its
// imported digest. ok is false for a text that could be guessed from its SHA-256, whose
// digest must stay as it is.
func (k Key) Known(text string) (known Key, ok bool) {
	if !Strong(strings.TrimPrefix(text, k.Start)) { // which lists show
		return k, false
	}
	k.Hash, k.HashAlgorithm, k.Digest = HashOf(text), SHA256, ""
	return k, true
}

// Strong reports whether the secret of the text has at least StrongBits, if it was chosen
// at random from the kinds of characters that it contains. What the text starts with up to
// an underscore or a dot, see Brand, is no secret.
func Strong(text string) bool {
	text = text[len(Brand(text)):]
	if dot := strings.IndexByte(text[:len(text)/2], '.'); dot >= 0 {
		text = text[dot+1:]
	}
	kinds, distinct := 0.0, map[rune]bool{}
	digits, hexes, upper, lower, others := false, true, false, false, false
	for _, c := range text {
		distinct[c] = true
		digit := '0' <= c && c <= '9'
		digits = digits || digit
		upper = upper || 'A' <= c && c <= 'Z'
		lower = lower || 'a' <= c && c <= 'z'
		others = others || !isBase62(byte(c&0x7f)) || c > 0x7f
		hexes = hexes && (digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F')
	}
	switch {
	case hexes:
		kinds = 16
	default:
		for _, kind := range []struct {
			has  bool
			many float64
		}{{digits, 10}, {upper, 26}, {lower, 26}, {others, 2}} {
			if kind.has {
				kinds += kind.many
			}
		}
	}
	return len(distinct) >= leastDistinct && float64(len(text))*math.Log2(kinds) >= StrongBits
}

func lookupSHA512(sum [sha512.Size]byte) Hash {
	return sha256.Sum256(append([]byte(sha512Separator), sum[:]...))
}

func lookupPublic(public string) Hash { return sha256.Sum256([]byte(publicSeparator + public)) }

// Alternate is another hash under which a store may have a key of foreign shape.
type Alternate struct {
	Algorithm HashAlgorithm
	Hash      Hash
}

// Alternates returns where to look for a key that the store does not have under the
// SHA-256 of its text: nowhere for a key of the brand.
func (f Format) Alternates(text string) []Alternate {
	if f.Own(text) {
		return nil
	}
	var found []Alternate
	hashed := false
	for _, s := range f.foreign.Shapes() {
		if !s.Matches(text) {
			continue
		}
		if s.SHA512 && !hashed {
			hashed = true
			found = append(found, Alternate{SHA512, lookupSHA512(sha512.Sum512([]byte(text)))})
		}
		if s.Public == 0 || s.Public >= len(text) {
			continue
		}
		if salted := (Alternate{PBKDF2SHA256, lookupPublic(text[:s.Public])}); !slices.Contains(found, salted) {
			found = append(found, salted)
		}
	}
	return found
}

// Whole returns the key whose text has the SHA-256. A key that is stored under another
// hash is not found: that hash is made of what a stolen database of its source contains,
// which must not do in place of the key.
func Whole(ctx context.Context, all KeyCollection, h Hash) (Key, error) {
	k, err := all.ByHash(ctx, h)
	if err == nil && k.Digest != "" {
		return Key{}, errs.New(errs.NotFound, noKey)
	}
	return k, err
}
