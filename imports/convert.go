package imports

import (
	"crypto/rand"
	"crypto/sha512"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

const (
	shownStart = 4 // characters of a secret that lists may show at its start
	shownEnd   = 4
	weakPublic = 4      // characters by which a weak key is found
	weakRounds = 60_000 // of PBKDF2 for a weak key
)

// converter turns rows into keys.
type converter struct {
	options *Options
	format  keys.Format
	started time.Time
	scopes  *scopeNames
	id      string // of the import
	looking bool   // only to see what the rows need: slow digests are not made
}

// converted is a key without its account.
type converted struct {
	keys.Key
	shape keys.Shape // of its text, zero for a key of our own
	weak  bool       // it could be guessed from its SHA-256
}

// key returns the key of a row. The text of the error says what to do.
func (c *converter) key(row *source.Row) (k converted, err error) {
	at := row.CreatedAt
	if at.IsZero() || at.After(c.started) {
		at = c.started.Add(-time.Minute) // longer ago than other nodes look for changes
	}
	k.Stamp, k.Environment, k.ImportID = keys.NewStamp(at), keys.Live, c.id
	k.Start, k.Last4 = row.Start, row.Last4
	if row.Environment == string(keys.Test) {
		k.Environment = keys.Test
	}
	k.Name = named(row.Name, row.ID, "Imported key")
	k.Scopes = c.scopesOf(row)
	k.AllowedNetworks, k.RateLimit, k.Metadata, k.Disabled = row.Networks, row.RateLimit, row.Metadata, row.Disabled
	k.ExpiresAt, k.NotBefore, k.LastUsedAt = keys.Moment(row.ExpiresAt), keys.Moment(row.NotBefore), keys.Moment(row.LastUsedAt)
	if row.Revoked || !row.RevokedAt.IsZero() {
		k.RevokedAt, k.RevokeReason = keys.Moment(row.RevokedAt), keys.ReasonUnspecified
		if k.RevokedAt.IsZero() {
			k.RevokedAt = keys.Moment(c.started)
		}
	}
	if row.Secret != "" {
		err = c.clear(&k, row.Secret.Reveal(), row.Prefix)
	} else {
		err = c.digest(&k, row)
	}
	if err != nil {
		return k, err
	}
	k.ID = idOf(ids.Key, row.CreatedAt, k.Hash.Hex())
	return k, k.CheckImported()
}

// digest takes a key of which the source has a digest only.
func (c *converter) digest(k *converted, row *source.Row) error {
	c.shape(k, row)
	switch row.Digest.Algorithm {
	case source.SHA512:
		k.Digest, k.shape.SHA512 = keys.SHA512Digest([sha512.Size]byte(row.Digest.Sum)), true
	case source.PBKDF2SHA256:
		k.Digest, k.shape.Public = keys.SaltedDigest(row.Digest.Iterations, string(row.Digest.Salt), row.Digest.Sum), len(row.Prefix)
		if row.Prefix == "" {
			return errs.New(errs.Invalid, "import_needs_prefix")
		}
	default:
		k.HashAlgorithm = keys.SHA256
		copy(k.Hash[:], row.Digest.Sum)
		return nil
	}
	var err error
	if k.HashAlgorithm, k.Hash, err = k.Digest.Lookup(row.Prefix); err != nil {
		return errs.New(errs.Invalid, "import_digest_bounds", "iterations", keys.MostIterations, "most", keys.MostPublic)
	}
	return nil
}

// shape says what is known of a key whose text is not: only what it starts with.
func (c *converter) shape(k *converted, row *source.Row) {
	start := row.Prefix
	if start == "" {
		start = row.Start
	}
	if c.format.Own(start) && row.Digest.Algorithm == source.SHA256 {
		return
	}
	k.shape = keys.Shape{Alphabet: keys.Visible, Least: max(keys.LeastForeign, len(row.Prefix)+1), Most: keys.MostForeign}
	if n := strings.LastIndexByte(start, '_'); n >= 0 {
		k.shape.Prefix = start[:n+1]
	}
}

// clear takes a key in clear, of which only a digest stays.
func (c *converter) clear(k *converted, secret, public string) error {
	own := c.format.Own(secret)
	switch {
	case own && c.format.Check(secret) != nil:
		return errs.New(errs.Invalid, "import_mistyped")
	case len(secret) < keys.LeastForeign || len(secret) > keys.MostForeign:
		return errs.New(errs.Invalid, "import_length", "least", keys.LeastForeign, "most", keys.MostForeign)
	}
	k.shape = keys.ShapeOf(secret)
	if !k.shape.Matches(secret) {
		return errs.New(errs.Invalid, "import_key_text")
	}
	if k.Start == "" {
		k.Start = secret[:min(len(k.shape.Prefix)+shownStart, len(secret)/4)]
	}
	if k.Last4 == "" {
		k.Last4 = secret[len(secret)-shownEnd:]
	}
	strong, ok := k.Known(secret)
	if !ok {
		return c.guessable(k, secret, public)
	}
	if k.Key = strong; own {
		k.shape = keys.Shape{}
	}
	return nil
}

// guessable takes a key that could be guessed from its SHA-256, if the options say so. It
// is stored with a salted digest, and found by its first characters.
func (c *converter) guessable(k *converted, secret, public string) error {
	if !c.options.AcceptWeak {
		return errs.New(errs.Invalid, "import_weak", "bits", keys.StrongBits)
	}
	if public == "" || len(public) > weakPublic || !strings.HasPrefix(secret, public) {
		public = secret[:weakPublic]
	}
	rounds := weakRounds
	if c.looking {
		rounds = 1
	}
	var err error
	if k.Digest, err = keys.Salt(secret, rand.Text(), rounds); err != nil {
		return err
	}
	k.HashAlgorithm, k.Hash, err = k.Digest.Lookup(public)
	k.Start, k.Last4, k.shape.Public, k.weak = public, "", len(public), true
	return err
}

// scopesOf returns the key's own scopes. Nil would mean all of its account's, which other
// keys of the same owner may extend.
func (c *converter) scopesOf(row *source.Row) []string {
	scopes := []string{}
	for _, name := range row.Scopes {
		if here := c.scopes.of(name); here != "" {
			scopes = append(scopes, here)
		}
	}
	if len(row.Scopes) == 0 {
		scopes = append(scopes, c.options.Scopes...)
	}
	return scopes
}

// named returns the first text that is fit to be a name.
func named(all ...string) string {
	for _, name := range all {
		name = strings.TrimSpace(strings.Map(func(r rune) rune {
			if text.Hidden(r) || r == utf8.RuneError {
				return -1
			}
			return r
		}, text.Normal(name)))
		if runes := []rune(name); len(runes) > keys.MaxNameLength {
			name = strings.TrimSpace(string(runes[:keys.MaxNameLength]))
		}
		if name != "" {
			return name
		}
	}
	return ""
}
