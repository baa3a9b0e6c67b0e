package verify

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// ErrTokenExpired is returned for a signed token of ours whose time is over.
var ErrTokenExpired = errors.New("the token is expired")

// AccessToken is the content of a signed token: for a while it represents a key,
// with some of the key's scopes.
type AccessToken struct {
	ID        string // what its revoke puts a tombstone for
	KeyID     string
	Scopes    []string // nil: whatever the key has
	ExpiresAt time.Time

	signers keys.Mark // read before its signature was verified
}

// TokenReader reads signed tokens offline.
type TokenReader interface {
	// Looks reports whether text has the shape of a signed token.
	Looks(text string) bool
	// ReadAccessToken returns what the token says: ErrMalformed for one that is
	// none of ours or not for this use, ErrTokenExpired for one that is over.
	ReadAccessToken(ctx context.Context, text string) (AccessToken, error)
}

// readToken reads a token that is not cached. One that is not ours is charged
// as an unknown key is.
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
