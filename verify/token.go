package verify

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// ErrTokenExpired is returned for a signed token of ours that has expired.
var ErrTokenExpired = errors.New("the token is expired")

// AccessToken is the content of a signed token, which represents a key for a while,
// with some of the key's scopes.
type AccessToken struct {
	ID        string // the id of its tombstone when it is revoked
	KeyID     string
	Scopes    []string // nil: all of the key's scopes
	ExpiresAt time.Time

	signers keys.Mark // read before the signature was verified
}

// TokenReader reads signed tokens offline.
type TokenReader interface {
	// Looks reports whether text has the shape of a signed token.
	Looks(text string) bool
	// ReadAccessToken returns the content of the token. The error is ErrMalformed
	// for one that is not ours or not for this use, and ErrTokenExpired for one that
	// has expired.
	ReadAccessToken(ctx context.Context, text string) (AccessToken, error)
}

// readToken reads a token that is not cached. One that is not ours is charged like
// an unknown key.
func (v *Verifier) readToken(ctx context.Context, q *Question, h keys.Hash) (*AccessToken, error) {
	signers := v.grants.marks.Mark(keys.SignersMark)
	t, err := v.tokens.ReadAccessToken(ctx, q.Key)
	if errors.Is(err, keys.ErrMalformed) {
		if limit := v.guesses.charge(ctx, q, h); limit != nil {
			return nil, limit
		}
	}
	if err != nil {
		return nil, err
	}
	t.signers = signers
	return &t, nil
}
