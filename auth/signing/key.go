// Package signing manages the keys that sign tokens: it creates them, keeps
// them encrypted in the store, rotates them with an overlap, publishes their
// public halves (JWKS, RFC 7517), signs, and verifies. It knows which claims a
// token may have, not what its holder may do.
package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// Algorithm is a signature algorithm (RFC 7518). All are asymmetric, so that a
// verifier cannot sign.
type Algorithm string

// The algorithms.
const (
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
)

const rsaBits = 3072

// Key is a stored key pair. The private half is sealed.
type Key struct {
	keys.Stamp
	ID        string          `json:"id"` // the kid of its tokens
	Algorithm Algorithm       `json:"algorithm"`
	Public    json.RawMessage `json:"public"` // JWK
	Sealed    []byte          `json:"-"`      // PKCS #8
	ActiveAt  time.Time       `json:"active_at"`
	RetireAt  time.Time       `json:"retire_at"` // from then on, its tokens are refused
}

// Store is what the package needs of a database. Keys are listed by id.
type Store interface {
	SigningKeys() keys.Collection[Key, keys.NoFilter]
}

const sealPurpose = "signing key"

// pair is a key that is ready for use.
type pair struct {
	Key
	private crypto.Signer
	public  jose.JSONWebKey
}

func generate(a Algorithm) (crypto.Signer, error) {
	switch a {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	default:
		return nil, fmt.Errorf("the algorithm %q is not %s or %s", a, ES256, RS256)
	}
}

func newKey(id string, a Algorithm, s *seal.Sealer, now, active, retire time.Time) (Key, error) {
	private, err := generate(a)
	if err != nil {
		return Key{}, fmt.Errorf("generate a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("encode a signing key: %w", err)
	}
	sealed, err := s.Seal(sealPurpose, der)
	if err != nil {
		return Key{}, fmt.Errorf("seal a signing key: %w", err)
	}
	public, err := json.Marshal(jose.JSONWebKey{Key: private.Public(), KeyID: id, Algorithm: string(a), Use: "sig"})
	if err != nil {
		return Key{}, fmt.Errorf("encode a public key: %w", err)
	}
	return Key{
		Stamp: keys.NewStamp(now), ID: id, Algorithm: a, Public: public, Sealed: sealed,
		ActiveAt: active.UTC().Truncate(time.Millisecond), RetireAt: retire.UTC().Truncate(time.Millisecond),
	}, nil
}

// ErrSealed is returned if a stored key was sealed under another secret.
var ErrSealed = errors.New("the signing keys were sealed under another secret; start every node with the same LATCHKEY_SECRET, or remove " +
	"the keys with latchkey signing-key reset")

func open(k Key, s *seal.Sealer) (*pair, error) {
	der, err := s.Open(sealPurpose, k.Sealed)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", k.ID, ErrSealed)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", k.ID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key %s is of an unknown kind", k.ID)
	}
	p := &pair{Key: k, private: private}
	if err := p.public.UnmarshalJSON(k.Public); err != nil {
		return nil, fmt.Errorf("read public key %s: %w", k.ID, err)
	}
	return p, nil
}

// successorID returns the id of the key that follows the given one. It is the
// same on every node, so if several rotate at once, only one succeeds.
func successorID(previous string) string {
	digest := sha256.Sum256([]byte("after " + previous))
	return ids.SigningKey + hex.EncodeToString(digest[:16])
}

// all reads every stored key.
func all(ctx context.Context, s Store) ([]Key, error) {
	found, err := s.SigningKeys().List(ctx, keys.NoFilter{}, keys.Page{Limit: 1000})
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	return found, nil
}
