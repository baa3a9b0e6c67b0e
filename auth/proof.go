package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// ConfirmedFor is how long after signing in, or repeating their password, a user
// may create a token that outlasts their session.
const ConfirmedFor = 10 * time.Minute

// byPassword is the parent of tokens that were created with a password: they end
// when it changes.
const byPassword = "password"

// mostGenerations bounds the chain of tokens that created each other.
const mostGenerations = 5

// proof is how a user authenticated, which limits the tokens that they create.
type proof struct {
	parent string    // id of the session, token or family; byPassword; "" if it never ends
	endsAt time.Time // zero: never
}

// prove records how the request was authenticated.
func (p *Principal) prove(parent string, endsAt time.Time) *Principal {
	p.proof = &proof{parent, endsAt}
	return p
}

// proofFor returns the limits of a token that the principal creates now. A
// recently confirmed session sets none. If no proof was recorded, as with a
// custom authenticator, the token lasts as long as a session could.
func (p *Principal) proofFor(now time.Time) proof {
	switch {
	case p.MustConfirm(now):
		return proof{p.Session.ID, p.Session.ExpiresAt}
	case p.Session != nil:
		return proof{}
	case p.proof != nil:
		return *p.proof
	default:
		return proof{"", now.Add(SessionAbsolute).Truncate(time.Millisecond)}
	}
}

// Confirmed returns when the user last entered their password or signed in.
func (s *Session) Confirmed() time.Time {
	if s.ConfirmedAt.After(s.CreatedAt) {
		return s.ConfirmedAt
	}
	return s.CreatedAt
}

// MustConfirm reports whether the principal's session was not confirmed recently,
// so that tokens created with it end with it.
func (p *Principal) MustConfirm(now time.Time) bool {
	return p.Session != nil && now.Sub(p.Session.Confirmed()) > ConfirmedFor
}

// signedInLately replaces the password check for principals without a password. A
// new password or address must not let someone keep access who stole a token or
// an old session. If no proof was recorded, as behind a proxy that signs people
// in, the request itself comes from the user.
func (p *Principal) signedInLately(now time.Time) error {
	if p.MustConfirm(now) || (p.Session == nil && p.proof != nil) {
		return errSignInFirst
	}
	return nil
}

var errSignInFirst = errs.New(errs.Forbidden, "no_password_to_repeat")

// maker is a user with the limits of the credential that creates a token.
type maker struct {
	*Principal
	proof proof
}

// Bounds implements keys.Actor.
func (m maker) Bounds() keys.Bounds { return keys.Bounds{EndsAt: m.proof.endsAt} }

// mayMakeToken gives the token the expiry of the credential that creates it,
// unless the request gives an earlier one. It refuses a later one.
func mayMakeToken(m maker, t *Token) error {
	if t.ExpiresAt.IsZero() {
		t.ExpiresAt = m.proof.endsAt
	}
	err := keys.MayConfer(m, "", nil, keys.Power{Bounds: keys.Bounds{EndsAt: t.ExpiresAt}})
	if e, ok := errors.AsType[*errs.Error](err); ok && m.Session != nil {
		e.Text = errs.Say("confirm_first")
	}
	return err
}

// ConfirmSession checks the password of a session's user again. They may then
// create tokens that outlast the session, for ConfirmedFor. Users without a
// password sign in again instead.
func (p *Sessions) ConfirmSession(ctx context.Context, a *Principal, password, field string) error {
	if a.Session == nil {
		return errs.New(errs.Conflict, "no_session_request")
	}
	if a.User.PasswordHash == "" {
		return errs.New(errs.Conflict, "no_password")
	}
	if err := p.registration.ConfirmPassword(ctx, a, password, field); err != nil {
		return err
	}
	now := p.Now().UTC().Truncate(time.Millisecond)
	if err := p.Store.ConfirmSession(ctx, a.Session.ID, now); err != nil {
		return fmt.Errorf("confirm session: %w", err)
	}
	before := *a.Session
	a.Session.ConfirmedAt = now
	return p.record(ctx, a, "session.confirm", a.Session.object(), before, a.Session)
}

// stands reports whether the parent of the user's token, and every parent above
// it, is still valid.
func (p *Sessions) stands(ctx context.Context, parent, userID string) (bool, error) {
	for range mostGenerations {
		switch {
		case parent == "" || parent == byPassword:
			return true, nil
		case signsIn(parent):
			return p.tokens.signInStands(ctx, parent, userID)
		case strings.HasPrefix(parent, ids.Session):
			return p.sessionStands(ctx, parent, userID)
		case strings.HasPrefix(parent, ids.Family):
			f, err := p.Store.Families().Get(ctx, parent)
			return err == nil && f.EndedAt.IsZero() && p.Now().Before(f.ExpiresAt), unlessGone(err)
		}
		t, err := p.Store.Tokens().Get(ctx, parent)
		if err != nil || t.over(p.Now()) {
			return false, unlessGone(err)
		}
		parent = t.Parent
	}
	return false, nil
}

func (p *Sessions) sessionStands(ctx context.Context, id, userID string) (bool, error) {
	all, err := p.Store.SessionsOf(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("read the session that made a token: %w", err)
	}
	now := p.Now()
	for i := range all {
		if all[i].ID == id {
			return all[i].live(now), nil
		}
	}
	return false, nil
}

func (s *Session) live(now time.Time) bool {
	return now.Before(s.ExpiresAt) && now.Sub(s.LastSeenAt) <= SessionIdle
}

func (t *Token) over(now time.Time) bool { return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) }

// unlessGone returns err, or nil if it says that the object is gone.
func unlessGone(err error) error {
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// generation returns the number of tokens in the chain that ends with the parent.
func (p *Sessions) generation(ctx context.Context, parent string) (int, error) {
	n := 0
	for ; strings.HasPrefix(parent, ids.Token) && n < mostGenerations; n++ {
		t, err := p.Store.Tokens().Get(ctx, parent)
		if err != nil {
			return n, fmt.Errorf("read the token that makes a token: %w", err)
		}
		parent = t.Parent
	}
	return n, nil
}

// endTokensByPassword removes the tokens created with the user's password. Unless
// keepSignIn is set, it also removes the sign-in token, which the new count has
// already ended.
func (p *Tokens) endTokensByPassword(ctx context.Context, userID string, keepSignIn bool) error {
	all, err := p.Store.Tokens().List(ctx, OwnedFilter{UserID: userID}, keys.Page{Limit: 2 * mostTokens})
	if err != nil {
		return fmt.Errorf("list tokens: %w", err)
	}
	for i := range all {
		if parent := all[i].Parent; parent != byPassword && (keepSignIn || !signsIn(parent)) {
			continue
		}
		if err := unlessGone(p.Store.Tokens().Delete(ctx, all[i].ID, all[i].Revision)); err != nil {
			return fmt.Errorf("end a token: %w", err)
		}
	}
	return nil
}
