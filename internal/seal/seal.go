// Package seal encrypts small secrets under the service's own secret: signing keys and
// one-time-code secrets in the store, and the state of a sign-in in a cookie. It uses
// AES-256-GCM with a separate key for each purpose (HKDF-SHA256, RFC 5869).
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// MinSecret is the minimum length of the service's secret, in bytes.
const MinSecret = 32

// ErrOpen is returned for text that was sealed under another secret or for another
// purpose, or that was changed.
var ErrOpen = errors.New("sealed under another secret, or damaged")

// Sealer seals under a secret, and opens what was sealed under it or an earlier one.
type Sealer struct {
	secret  []byte
	earlier [][]byte
}

// New returns a Sealer under the secret. The secret and the earlier ones each have at
// least MinSecret bytes.
func New(secret []byte, earlier ...[]byte) (*Sealer, error) {
	for _, one := range append([][]byte{secret}, earlier...) {
		if len(one) < MinSecret {
			return nil, fmt.Errorf("the secret must have at least %d bytes", MinSecret)
		}
	}
	return &Sealer{secret: secret, earlier: earlier}, nil
}

// Seal encrypts text. Open needs the same purpose.
func (s *Sealer) Seal(purpose string, text []byte) ([]byte, error) {
	aead, err := aeadOf(s.secret, purpose)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, text, nil), nil //nolint:gosec // G407: this AEAD makes its own random nonce
}

// Open returns the text that was sealed for the purpose, or ErrOpen.
func (s *Sealer) Open(purpose string, sealed []byte) ([]byte, error) {
	text, err := s.open(s.secret, purpose, sealed)
	for _, secret := range s.earlier {
		if errors.Is(err, ErrOpen) {
			text, err = s.open(secret, purpose, sealed)
		}
	}
	return text, err
}

func (*Sealer) open(secret []byte, purpose string, sealed []byte) ([]byte, error) {
	aead, err := aeadOf(secret, purpose)
	if err != nil {
		return nil, err
	}
	text, err := aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, ErrOpen
	}
	return text, nil
}

func aeadOf(secret []byte, purpose string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "latchkey/"+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key for %s: %w", purpose, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher for %s: %w", purpose, err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
