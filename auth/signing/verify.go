package signing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/latchkey/latchkey/keys"
)

// Errors of Verify.
var (
	// ErrInvalid is returned for a token that we did not sign, or whose type is
	// not the requested one.
	ErrInvalid = errors.New("the token is invalid")
	// ErrOtherType wraps ErrInvalid for a token of another type.
	ErrOtherType = fmt.Errorf("%w: it is of another type", ErrInvalid)
	// ErrExpired is returned for a token of ours that has expired.
	ErrExpired = errors.New("the token is expired")
	// ErrEarly is returned for a token of ours that is not valid yet.
	ErrEarly = errors.New("the token is not valid yet")
)

// Verify returns the claims of a token of the type that this service signed for
// one of the audiences. It ignores what the token says about its signature except
// the kid: the algorithm is that of the key.
func (r *Keyring) Verify(ctx context.Context, text string, t Type, audiences ...string) (Claims, error) {
	if len(text) > maxToken || !keys.LikeJWT(text) {
		return Claims{}, fmt.Errorf("%w: it has not the shape of one", ErrInvalid)
	}
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil || len(token.Headers) != 1 {
		return Claims{}, fmt.Errorf("%w: it cannot be read, or is signed by another algorithm", ErrInvalid)
	}
	header := token.Headers[0]
	if kind, _ := header.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(strings.TrimPrefix(kind, "application/"), string(t)) {
		return Claims{}, ErrOtherType
	}
	key, err := r.find(ctx, header.KeyID)
	if err != nil {
		return Claims{}, err
	}
	if header.Algorithm != string(key.Algorithm) {
		return Claims{}, fmt.Errorf("%w: it is signed by another algorithm", ErrInvalid)
	}
	var c Claims
	if err := token.Claims(key.public.Key, &c); err != nil {
		return Claims{}, fmt.Errorf("%w: its signature is wrong", ErrInvalid)
	}
	return c, r.check(&c, audiences)
}

func (r *Keyring) check(c *Claims, audiences []string) error {
	now := r.Now()
	switch {
	case c.Issuer != r.Issuer:
		return fmt.Errorf("%w: another service issued it", ErrInvalid)
	case !slices.ContainsFunc(audiences, c.Audience.Contains):
		return fmt.Errorf("%w: it is meant for another service", ErrInvalid)
	case c.ExpiresAt.IsZero() || c.Subject == "" || c.ID == "":
		return fmt.Errorf("%w: it lacks exp, sub or jti", ErrInvalid)
	case !now.Before(c.ExpiresAt.Time):
		return ErrExpired
	case now.Add(leeway).Before(c.NotBefore.Time), now.Add(leeway).Before(c.IssuedAt.Time):
		return ErrEarly
	default:
		return nil
	}
}

// find returns the key with the id. An unknown one may have just been created by
// another node, so find reloads the keys, but not too often.
func (r *Keyring) find(ctx context.Context, id string) (*pair, error) {
	if p := r.usable(id); p != nil {
		return p, nil
	}
	r.loading.Lock()
	due := r.Now().Sub(r.loadedAt) >= reloadAgain
	r.loading.Unlock()
	if due {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if err := r.load(ctx); err != nil {
			return nil, err
		}
	}
	if p := r.usable(id); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%w: no key of ours signed it", ErrInvalid)
}

func (r *Keyring) usable(id string) *pair {
	p := (*r.known.Load())[id]
	if p == nil || !r.Now().Before(p.RetireAt) {
		return nil
	}
	return p
}
