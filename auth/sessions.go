package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
)

// SessionCookie is the name of the cookie that carries a session, as Django
// names it.
const SessionCookie = "sessionid"

// How long a session lasts: after its last use, and in total.
const (
	SessionIdle     = 24 * time.Hour
	SessionAbsolute = 14 * 24 * time.Hour
	seenInterval    = time.Minute // precision of LastSeenAt
	maxCookieLength = 128
)

// SessionAuthenticator lets a browser act as the user who signed in. Every
// modifying request must prove that it comes from our own pages; see CSRF.
type SessionAuthenticator struct {
	people *People
	csrf   *CSRF
}

// NewSessionAuthenticator returns the authenticator "session".
func NewSessionAuthenticator(p *People, c *CSRF) *SessionAuthenticator {
	return &SessionAuthenticator{people: p, csrf: c}
}

// Name implements Authenticator.
func (s *SessionAuthenticator) Name() string { return "session" }

// Challenge implements Authenticator.
func (s *SessionAuthenticator) Challenge() string { return "" }

// Authenticate implements Authenticator. It ignores the cookie of an ended
// session: browsers keep cookies for longer than we keep sessions.
func (s *SessionAuthenticator) Authenticate(r *http.Request) (*Principal, error) {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil || cookie.Value == "" || len(cookie.Value) > maxCookieLength {
		return nil, nil
	}
	session, user, err := s.people.Sessions.resume(r.Context(), cookie.Value)
	if errors.Is(err, errs.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.csrf.Check(r); err != nil {
		return nil, err
	}
	p, err := s.people.Users.Principal(r.Context(), user)
	if err != nil {
		return nil, err
	}
	p.Session = &session
	return p, nil
}

func hashToken(token string) TokenHash { return sha256.Sum256([]byte(token)) }

// SignIn checks the credentials and begins a session. The token is for the
// cookie; only its digest is stored.
func (p *Sessions) SignIn(ctx context.Context, l Login) (token string, s Session, u User, err error) {
	if u, err = p.checkAndRecord(ctx, l); err != nil {
		return "", s, u, err
	}
	token, s, err = p.Begin(ctx, u)
	return token, s, u, err
}

// checkAndRecord is Check that records a refusal in the audit log.
func (p *Sessions) checkAndRecord(ctx context.Context, l Login) (User, error) {
	u, err := p.Check(ctx, l)
	if err != nil {
		return u, errors.Join(err, p.recordFailure(ctx, l.Name, err))
	}
	return u, nil
}

// Begin starts a session for an authenticated user.
func (p *Sessions) Begin(ctx context.Context, u User) (token string, s Session, err error) {
	token = rand.Text()
	now := p.Now().UTC().Truncate(time.Millisecond)
	s = Session{
		ID: ids.New(ids.Session), TokenHash: hashToken(token), UserID: u.ID, CreatedAt: now, LastSeenAt: now,
		ExpiresAt: now.Add(SessionAbsolute), Address: proxies.ClientOf(ctx).Address.String(), UserAgent: audit.OriginOf(ctx).UserAgent,
	}
	if err := p.Store.InsertSession(ctx, s); err != nil {
		return "", s, fmt.Errorf("begin session: %w", err)
	}
	if err := p.signedIn(ctx, &u); err != nil {
		return "", s, err
	}
	return token, s, p.record(ctx, actorOf(&u), "session.create", s.object(), nil, s)
}

// signedIn stores when the user last signed in, in a browser or with a password
// for tokens. Credentials sent with every request do not count.
func (p *Sessions) signedIn(ctx context.Context, u *User) error {
	u.LastSignInAt = p.Now().UTC().Truncate(time.Millisecond)
	if err := p.Store.SignedIn(ctx, u.ID, u.LastSignInAt); err != nil {
		return fmt.Errorf("keep the time of a sign-in: %w", err)
	}
	return nil
}

// actorOf returns the user as an actor, without roles.
func actorOf(u *User) *Principal { return &Principal{Kind: UserKind, User: u} }

// recordFailure records a refused sign-in in the audit log. A try that was not
// admitted is not recorded: strangers can make as many as they like.
func (p *Sessions) recordFailure(ctx context.Context, name string, cause error) error {
	if errs.KindOf(cause) != errs.Unauthenticated || errors.Is(cause, errCodeRequired) {
		return nil
	}
	u, err := p.find(ctx, name)
	if err != nil || u.ID == "" {
		return err // the log does not keep what strangers type
	}
	return p.Audit.Record(ctx, audit.Change{Subject: Nobody().Subject(), Action: "session.refuse", Object: u.object()})
}

func (s *Session) object() audit.Object { return audit.Object{Type: "session", ID: s.ID} }

// resume returns the session of the token with its user, or errs.NotFound if it
// has ended.
func (p *Sessions) resume(ctx context.Context, token string) (Session, User, error) {
	s, err := p.Store.SessionByToken(ctx, hashToken(token))
	if err != nil {
		return s, User{}, err
	}
	now := p.Now()
	if !s.live(now) {
		return s, User{}, errs.New(errs.NotFound, "session_over")
	}
	u, err := p.Store.Users().Get(ctx, s.UserID)
	if err != nil {
		return s, u, err
	}
	if u.Disabled {
		return s, u, errs.New(errs.NotFound, "session_over")
	}
	if now.Sub(s.LastSeenAt) > seenInterval {
		if err := p.Store.TouchSession(ctx, s.ID, now); err != nil {
			return s, u, fmt.Errorf("touch session: %w", err)
		}
	}
	return s, u, nil
}

// SignOut ends the principal's session.
func (p *Sessions) SignOut(ctx context.Context, a *Principal) error {
	if a.Session == nil {
		return nil
	}
	if err := p.Store.DeleteSession(ctx, a.Session.ID); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return p.record(ctx, a, "session.delete", a.Session.object(), a.Session, nil)
}

// NewSessionCookie returns a cookie that carries the token; an empty token makes
// browsers remove it.
func NewSessionCookie(token string, secure bool) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // G124: Secure if the client uses TLS; a first start has none
		Name: SessionCookie, Value: token, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		c.MaxAge = -1
	} else {
		c.MaxAge = int(SessionAbsolute / time.Second)
	}
	return c
}
