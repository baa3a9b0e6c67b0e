package imports

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"log/slog"
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
	mostStart  = 8      // characters after a prefix that a source may show
	weakPublic = 4      // characters by which a weak key is found
	weakRounds = 60_000 // of PBKDF2 for a weak key
)

// converter turns rows into keys.
type converter struct {
	options *Options
	started time.Time
	scopes  *scopeNames
	id      string // of the import
}

// converted is a key without its account.
type converted struct {
	keys.Key
	shape keys.Shape // of its text, zero for a key of our own
	weak  bool       // it could be guessed from its SHA-256
}

// proof is what is kept in place of a key in clear, or of its source's digest.
type proof struct {
	Algorithm keys.HashAlgorithm `json:"algorithm"`
	Hash      []byte             `json:"hash"`
	Digest    string             `json:"digest,omitempty"`
	Start     string             `json:"start,omitempty"`
	Last4     string             `json:"last4,omitempty"`
	Shape     keys.Shape         `json:"shape"`
	Weak      bool               `json:"weak,omitempty"`
}

// LogValue returns the algorithm only.
func (p proof) LogValue() slog.Value { return slog.StringValue(string(p.Algorithm)) }

// key returns the key of a row, which p proves. The text of the error says what to do.
func (c *converter) key(row *source.Row, p *proof) (k converted, err error) {
	at := row.CreatedAt
	if at.IsZero() || at.After(c.started) {
		at = c.started.Add(-time.Minute) // longer ago than other nodes look for changes
	}
	k.Stamp, k.Environment, k.ImportID = keys.NewStamp(at), keys.Live, c.id
	k.HashAlgorithm, k.Digest, k.Start, k.Last4, k.shape, k.weak = p.Algorithm, keys.Digest(p.Digest), p.Start, p.Last4, p.Shape, p.Weak
	copy(k.Hash[:], p.Hash)
	if row.Environment == string(keys.Test) {
		k.Environment = keys.Test
	}
	k.Name = named(row.Name, row.ID, "Imported key")
	k.Scopes = c.scopesOf(row)
	k.AllowedNetworks, k.RateLimit, k.Metadata, k.Disabled = row.Networks, row.RateLimit, row.Metadata, row.Disabled
	k.ExpiresAt, k.NotBefore, k.LastUsedAt = keys.Moment(row.ExpiresAt), keys.Moment(row.NotBefore), keys.Moment(row.LastUsedAt)
	if row.ExpiresAt.IsZero() && row.ExpiresIn > 0 {
		k.ExpiresAt = keys.Moment(c.started.Add(row.ExpiresIn))
	}
	if row.Revoked || !row.RevokedAt.IsZero() {
		k.RevokedAt, k.RevokeReason = keys.Moment(row.RevokedAt), keys.ReasonUnspecified
		if k.RevokedAt.IsZero() {
			k.RevokedAt = keys.Moment(c.started)
		}
	}
	identity := []string{k.Hash.Hex()}
	if k.HashAlgorithm == keys.PBKDF2SHA256 { // another key may have the same public part, and so the same hash
		identity = append(identity, row.Owner.ID, row.ID)
	}
	k.ID = idOf(ids.Key, row.CreatedAt, identity...)
	return k, k.CheckImported()
}

// prover makes proofs.
type prover struct {
	format     keys.Format
	acceptWeak bool
	looking    bool // only to see what the rows need: slow digests are not made
}

// read calls row for each usable row of the files, with the proof of its key, and problem
// for each other row.
func (c *prover) read(
	ctx context.Context, format string, files []source.File, row func(source.Row, *proof) error, problem func(Problem) error,
) error {
	return source.Read(ctx, format, files, func(r source.Row) error {
		p, err := c.proof(&r)
		if err != nil {
			return problem(problemOf(&r, err))
		}
		return row(r, &p)
	}, func(p source.Problem) error { return problem(Problem{Place: p.Place, ID: p.ID, Fault: p.Fault}) })
}

// proof returns what proves the key of a row.
func (c *prover) proof(row *source.Row) (proof, error) {
	p := proof{Start: row.Start, Last4: row.Last4[max(0, len(row.Last4)-shownEnd):]}
	if most := max(len(row.Prefix), len(brandOf(row.Start))) + mostStart; len(p.Start) > most {
		p.Start = strings.ToValidUTF8(p.Start[:most], "")
	}
	if row.Secret != "" {
		return p, c.clear(&p, row.Secret.Reveal(), row.Prefix)
	}
	return p, c.digest(&p, row)
}

// brandOf returns the brand of a key that begins with start.
func brandOf(start string) string { return keys.Brand(start + start) } // Brand looks at the first half

// digest takes a key of which the source has a digest only.
func (c *prover) digest(p *proof, row *source.Row) error {
	p.Shape = c.shape(row)
	var d keys.Digest
	switch row.Digest.Algorithm {
	case source.SHA512:
		d, p.Shape.SHA512 = keys.SHA512Digest([sha512.Size]byte(row.Digest.Sum)), true
	case source.PBKDF2SHA256:
		d, p.Shape.Public = keys.SaltedDigest(row.Digest.Iterations, string(row.Digest.Salt), row.Digest.Sum), len(row.Prefix)
		if row.Prefix == "" {
			return errs.New(errs.Invalid, "import_needs_prefix")
		}
	default:
		p.Algorithm, p.Hash = keys.SHA256, row.Digest.Sum
		return nil
	}
	return p.slow(d, row.Prefix)
}

// slow stores a digest other than the SHA-256.
func (p *proof) slow(d keys.Digest, public string) error {
	algorithm, hash, err := d.Lookup(public)
	if err != nil {
		return errs.New(errs.Invalid, "import_digest_bounds", "iterations", keys.MostIterations, "most", keys.MostPublic)
	}
	p.Algorithm, p.Hash, p.Digest = algorithm, hash[:], string(d)
	return nil
}

// shape says what is known of a key whose text is not: only what it starts with.
func (c *prover) shape(row *source.Row) keys.Shape {
	start := row.Prefix
	if start == "" {
		start = brandOf(row.Start)
	}
	if (c.format.Own(row.Prefix) || c.format.Own(row.Start)) && row.Digest.Algorithm == source.SHA256 {
		return keys.Shape{}
	}
	shape := keys.Shape{Alphabet: keys.Visible, Least: max(keys.LeastForeign, len(row.Prefix)+1), Most: keys.MostForeign}
	if n := strings.LastIndexByte(start, '_'); n >= 0 {
		shape.Prefix = start[:n+1]
	}
	return shape
}

// clear takes a key in clear, of which only a digest stays.
func (c *prover) clear(p *proof, secret, public string) error {
	own := c.format.Own(secret)
	switch {
	case own && c.format.Check(secret) != nil:
		return errs.New(errs.Invalid, "import_mistyped")
	case len(secret) < keys.LeastForeign || len(secret) > keys.MostForeign:
		return errs.New(errs.Invalid, "import_length", "least", keys.LeastForeign, "most", keys.MostForeign)
	}
	p.Shape = keys.ShapeOf(secret)
	if !p.Shape.Matches(secret) {
		return errs.New(errs.Invalid, "import_key_text")
	}
	if most := max(len(public), len(p.Shape.Prefix)+shownStart); p.Start == "" || len(p.Start) > most {
		p.Start = secret[:min(len(p.Shape.Prefix)+shownStart, len(secret)/4)]
	}
	if p.Last4 == "" {
		p.Last4 = secret[len(secret)-shownEnd:]
	}
	if !keys.Strong(strings.TrimPrefix(secret, public)) {
		return c.guessable(p, secret, public)
	}
	if own {
		p.Shape = keys.Shape{}
	}
	hash := keys.HashOf(secret)
	p.Algorithm, p.Hash = keys.SHA256, hash[:]
	return nil
}

// guessable takes a key that could be guessed from its SHA-256, if the options say so. It
// is stored with a salted digest, and found by its first characters.
func (c *prover) guessable(p *proof, secret, public string) error {
	if !c.acceptWeak {
		return errs.New(errs.Invalid, "import_weak", "bits", keys.StrongBits)
	}
	if public == "" || len(public) > weakPublic || !strings.HasPrefix(secret, public) {
		public = secret[:weakPublic]
	}
	rounds := weakRounds
	if c.looking {
		rounds = 1
	}
	d, err := keys.Salt(secret, rand.Text(), rounds)
	if err != nil {
		return err
	}
	p.Start, p.Last4, p.Shape.Public, p.Weak = public, "", len(public), true
	return p.slow(d, public)
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
