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
// may make a token that outlasts their session.
const ConfirmedFor = 10 * time.Minute

// byPassword is the parent of tokens that a password made: they end when it is
// changed.
const byPassword = "password"

// mostGenerations bounds how many tokens may have been made one by another.
const mostGenerations = 5

// proof is what a user proved themselves by, which bounds the tokens that they
// make with it.
type proof struct {
	parent string    // id of the session, token or family; byPassword; "" for nothing that ends
	endsAt time.Time // zero: never
}

// prove notes what the request was authenticated by.
func (p *Principal) prove(parent string, endsAt time.Time) *Principal {
	p.proof = &proof{parent, endsAt}
	return p
}

// proofFor returns what bounds a token that the principal makes now. A session
// that was confirmed lately bounds nothing. Where nobody noted a proof, as in an
// authenticator of an embedder's own, a token lasts as long as a session.
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

// Confirmed is when the user last showed their password, or signed in.
func (s *Session) Confirmed() time.Time {
	if s.ConfirmedAt.After(s.CreatedAt) {
		return s.ConfirmedAt
	}
	return s.CreatedAt
}

// MustConfirm reports whether the principal's session was not confirmed lately,
// so that the tokens that they make end with it.
func (p *Principal) MustConfirm(now time.Time) bool {
	return p.Session != nil && now.Sub(p.Session.Confirmed()) > ConfirmedFor
}

// signedInLately stands in for a password that the principal does not have: a
// first password, or another address, outlives whatever a token or an old session
// was stolen from. Where nobody noted a proof, as behind a proxy that signs people
// in, the request itself comes from the user.
func (p *Principal) signedInLately(now time.Time) error {
	if p.MustConfirm(now) || (p.Session == nil && p.proof != nil) {
		return errSignInFirst
	}
	return nil
}

var errSignInFirst = errs.New(errs.Forbidden, "no_password_to_repeat")

// maker is a user as far as the credential reaches that they make a token with.
type maker struct {
	*Principal
	proof proof
}

// Bounds implements keys.Actor.
func (m maker) Bounds() keys.Bounds { return keys.Bounds{EndsAt: m.proof.endsAt} }

// mayMakeToken gives the token the expiry of the credential that creates it,
// unless the request names an earlier one. It refuses a later one.
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

// ConfirmSession has the user of a session repeat their password, after which
// they may make tokens that outlast it for ConfirmedFor. Users without a
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

// stands reports whether the parent of a token of the user still proves
// something, and so the parent's own.
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

// unlessGone is err, but nil where it says that the object is gone.
func unlessGone(err error) error {
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// generation is how many tokens made one another up to the parent.
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

// endTokensByPassword removes the tokens that the user's password made, and,
// unless it is kept, the one of signing in, which its count has ended already.
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
