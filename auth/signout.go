package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// List lists the principal's sessions, newest first.
func (p *Sessions) List(ctx context.Context, a *Principal) ([]Session, error) {
	all, err := p.Store.SessionsOf(ctx, a.ID())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	now := p.Now()
	live := all[:0]
	for _, s := range all {
		if s.live(now) {
			live = append(live, s)
		}
	}
	return live, nil
}

// End ends one of the principal's sessions.
func (p *Sessions) End(ctx context.Context, a *Principal, id string) error {
	all, err := p.List(ctx, a)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID != id {
			continue
		}
		if err := p.Store.DeleteSession(ctx, id); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return p.record(ctx, a, "session.delete", s.object(), s, nil)
	}
	return errs.New(errs.NotFound, "no_session")
}

// EndReplaced ends the session that the browser had before it signed in again, in
// case someone else knows its token.
func (p *Sessions) EndReplaced(r *http.Request) error {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil || cookie.Value == "" || len(cookie.Value) > maxCookieLength {
		return nil
	}
	ctx := r.Context()
	s, err := p.Store.SessionByToken(ctx, hashToken(cookie.Value))
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the session that is replaced: %w", err)
	}
	u, err := p.Store.Users().Get(ctx, s.UserID)
	if err != nil && !errors.Is(err, errs.NotFound) {
		return fmt.Errorf("read the user of the session that is replaced: %w", err)
	}
	u.ID = s.UserID
	if err := p.Store.DeleteSession(ctx, s.ID); err != nil {
		return fmt.Errorf("end the session that is replaced: %w", err)
	}
	return p.record(ctx, actorOf(&u), "session.delete", s.object(), s, nil)
}

// SignOutEverywhere ends all sessions and signed tokens of the principal. If keep
// is set, the session of the request stays. Opaque tokens stay, too: they are
// listed and revoked one by one.
func (p *Sessions) SignOutEverywhere(ctx context.Context, a *Principal, keep bool) error {
	except := ""
	if keep && a.Session != nil {
		except = a.Session.ID
	}
	if err := p.endSignIns(ctx, a.ID(), except); err != nil {
		return err
	}
	return p.record(ctx, a, "user.sign_out", a.User.object(), nil, nil)
}

// endSignIns ends the user's sessions, except one, and families of signed tokens.
func (p *Sessions) endSignIns(ctx context.Context, userID, except string) error {
	err := errors.Join(
		p.Store.DeleteSessionsOf(ctx, userID, except),
		removeAll(ctx, p.Store.Families(), OwnedFilter{UserID: userID}, func(f *Family) (string, int64) { return f.ID, f.Revision }),
	)
	if err != nil {
		return fmt.Errorf("end the user's sign-ins: %w", err)
	}
	return nil
}

// removeCredentials removes everything else that a user can sign in with.
func (p *Sessions) removeCredentials(ctx context.Context, userID string) error {
	return errors.Join(
		removeAll(ctx, p.Store.Tokens(), OwnedFilter{UserID: userID}, func(t *Token) (string, int64) { return t.ID, t.Revision }),
		removeAll(ctx, p.Store.Identities(), OwnedFilter{UserID: userID}, func(i *Identity) (string, int64) { return i.ID(), i.Revision }),
		p.links.endLinks(ctx, userID),
	)
}

const removeStep = CleanBatch

// removeAll deletes all objects that match the filter.
func removeAll[T, F any](ctx context.Context, c keys.Collection[T, F], f F, identify func(*T) (string, int64)) error {
	for {
		n, err := removeSome(ctx, c, f, identify)
		if err != nil || n < removeStep {
			return err
		}
	}
}

// removeSome deletes a batch of the objects that match the filter. It leaves
// objects that change meanwhile to the next call.
func removeSome[T, F any](ctx context.Context, c keys.Collection[T, F], f F, identify func(*T) (string, int64)) (int, error) {
	found, err := c.List(ctx, f, keys.Page{Limit: removeStep})
	if err != nil {
		return 0, err
	}
	for i := range found {
		id, revision := identify(&found[i])
		if err := c.Delete(ctx, id, revision); err != nil && !errors.Is(err, errs.NotFound) && !errors.Is(err, errs.Stale) {
			return i, err
		}
	}
	return len(found), nil
}

// CleanBatch is how many objects of each kind Clean removes at most.
const CleanBatch = 100

// Clean removes a batch of expired refresh tokens, tokens and links. It returns
// the count of the kind with the most.
func (p *Sessions) Clean(ctx context.Context) (int, error) {
	over := OwnedFilter{ExpiresBefore: p.Now()}
	f, families := removeSome(ctx, p.Store.Families(), over, func(f *Family) (string, int64) { return f.ID, f.Revision })
	t, tokens := removeSome(ctx, p.Store.Tokens(), over, func(t *Token) (string, int64) { return t.ID, t.Revision })
	l, links := removeSome(ctx, p.Store.Links(), LinkFilter{ExpiresBefore: p.Now().Add(-linkMemory)}, func(l *Link) (string, int64) {
		return l.ID, l.Revision
	})
	return max(f, t, l), errors.Join(families, tokens, links)
}

// linkMemory is how long an expired link is kept, so that its holder can be told
// that it has expired.
const linkMemory = 30 * 24 * time.Hour
