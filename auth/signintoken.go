package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// A user's sign-in token is the same at every sign-in, like that of Django REST
// Framework's obtain_auth_token. Only digests are stored, so the token is derived
// each time from the user's id and a count, with a key that is used for nothing
// else. Raising the count ends the token.

const (
	tokenKeyID      = "sign-in-tokens"
	tokenKeyPurpose = "sign-in-token-key" //nolint:gosec // G101: what the key is for, no secret
	tokenKeyBytes   = 32
)

// tokenMaker derives sign-in tokens. It creates its key on first use.
type tokenMaker struct {
	store  Credentials
	sealer *seal.Sealer
	now    func() time.Time

	mu  sync.Mutex
	key []byte
}

// token returns the user's sign-in token at their current count.
func (m *tokenMaker) token(ctx context.Context, u *User, f keys.Format) (keys.Secret, error) {
	key, err := m.load(ctx)
	if err != nil {
		return keys.Secret{}, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(u.ID + " " + strconv.FormatInt(u.TokenCount, 10)))
	return f.DerivedToken([sha256.Size]byte(mac.Sum(nil))), nil
}

func (m *tokenMaker) load(ctx context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.key != nil {
		return m.key, nil
	}
	k, err := m.store.SealedKeys().Get(ctx, tokenKeyID)
	if errors.Is(err, errs.NotFound) {
		k, err = m.make(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of sign-in tokens: %w", err)
	}
	key, err := m.sealer.Open(tokenKeyPurpose, k.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open the key of sign-in tokens: %w", err)
	}
	m.key = key
	return key, nil
}

// make stores a new key. If several nodes do so at once, one key wins.
func (m *tokenMaker) make(ctx context.Context) (SealedKey, error) {
	random := make([]byte, tokenKeyBytes)
	_, _ = rand.Read(random) // never fails
	sealed, err := m.sealer.Seal(tokenKeyPurpose, random)
	if err != nil {
		return SealedKey{}, err
	}
	k := SealedKey{Stamp: keys.NewStamp(m.now()), ID: tokenKeyID, Sealed: sealed}
	err = m.store.SealedKeys().Insert(ctx, k)
	if errors.Is(err, errs.Conflict) {
		return m.store.SealedKeys().Get(ctx, tokenKeyID)
	}
	return k, err
}

// signInParent returns the Parent of the sign-in token at the count.
func signInParent(count int64) string { return byPassword + ":" + strconv.FormatInt(count, 10) }

// signsIn reports whether the parent is that of a sign-in token.
func signsIn(parent string) bool { return strings.HasPrefix(parent, byPassword+":") }

// ObtainToken returns the token for a sign-in with a password. It is the same one
// until it is revoked or the password changes. The list of tokens includes it.
func (p *Tokens) ObtainToken(ctx context.Context, l Login, f keys.Format) (keys.Secret, error) {
	u, err := p.sessions.checkAndRecord(ctx, l)
	if err != nil {
		return keys.Secret{}, err
	}
	if err := p.sessions.signedIn(ctx, &u); err != nil {
		return keys.Secret{}, err
	}
	secret, err := p.maker.token(ctx, &u, f)
	if err != nil {
		return keys.Secret{}, err
	}
	text := secret.Reveal()
	hash := hashToken(text)
	if _, err := p.Store.Tokens().ByHash(ctx, hash); !errors.Is(err, errs.NotFound) {
		return secret, err
	}
	name := "signed in by password"
	if agent := audit.OriginOf(ctx).UserAgent; agent != "" {
		name += " from " + agent
	}
	t := Token{
		Stamp: keys.NewStamp(p.Now()), ID: ids.New(ids.Token), Hash: hash, UserID: u.ID, Name: clip(name), Last4: text[len(text)-4:],
		Parent: signInParent(u.TokenCount),
	}
	err = p.Store.Tokens().Insert(ctx, t)
	if errors.Is(err, errs.Conflict) {
		return secret, nil // a simultaneous sign-in stored it
	}
	if err != nil {
		return keys.Secret{}, fmt.Errorf("store the sign-in token: %w", err)
	}
	return secret, p.record(ctx, actorOf(&u), "token.create", t.Object(), nil, t)
}

// signInStands reports whether the sign-in token with the parent is still valid.
func (p *Tokens) signInStands(ctx context.Context, parent, userID string) (bool, error) {
	u, err := p.Store.Users().Get(ctx, userID)
	return err == nil && signInParent(u.TokenCount) == parent, unlessGone(err)
}

// endSignInToken raises the count of the token's user, so that no later sign-in
// returns the token.
func (p *Tokens) endSignInToken(ctx context.Context, t *Token) error {
	if !signsIn(t.Parent) {
		return nil
	}
	_, _, err := keys.Revise(ctx, p.Store.Users(), t.UserID, keys.AnyRevision, p.Now, func(u *User) error {
		if signInParent(u.TokenCount) == t.Parent {
			u.TokenCount++
		}
		return nil
	})
	return unlessGone(err)
}
