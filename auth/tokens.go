package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// TokenAuthenticator lets a program act as the user who owns its token, like
// Django REST Framework's TokenAuthentication: "Authorization: Token …".
type TokenAuthenticator struct {
	people *People
	format keys.Format
}

// NewTokenAuthenticator returns the authenticator "token".
func NewTokenAuthenticator(p *People, f keys.Format) *TokenAuthenticator {
	return &TokenAuthenticator{people: p, format: f}
}

// Name implements Authenticator.
func (t *TokenAuthenticator) Name() string { return "token" }

// Challenge implements Authenticator.
func (t *TokenAuthenticator) Challenge() string { return "Token" }

// tokenInterval is the precision of a token's last use.
const tokenInterval = time.Minute

// Authenticate implements Authenticator.
func (t *TokenAuthenticator) Authenticate(r *http.Request) (*Principal, error) {
	text, ok := credentials(r, "Token")
	if !ok || t.format.Foreign().Matches(text) && !t.format.Own(text) { // the latter is a key
		return nil, nil
	}
	if t.format.CheckToken(text) != nil {
		return nil, wrongCredential("token_shape")
	}
	return t.people.Tokens.byToken(r.Context(), text)
}

// credentials returns what follows the scheme in the Authorization header.
func credentials(r *http.Request, scheme string) (string, bool) {
	given, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(text), strings.EqualFold(given, scheme)
}

var errNoToken = wrongCredential("no_token_or_ended")

func (p *Tokens) byToken(ctx context.Context, text string) (*Principal, error) {
	t, err := p.Store.Tokens().ByHash(ctx, hashToken(text))
	if errors.Is(err, errs.NotFound) {
		return nil, errNoToken
	}
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	now := p.Now()
	if t.over(now) {
		return nil, errNoToken
	}
	if stands, err := p.sessions.stands(ctx, t.Parent, t.UserID); err != nil || !stands {
		return nil, cmp.Or(err, errNoToken)
	}
	u, err := p.users.active(ctx, t.UserID)
	if err != nil {
		return nil, err
	}
	if now.Sub(t.LastUsedAt) > tokenInterval {
		if err := p.Store.Tokens().TouchToken(ctx, t.ID, now.UTC().Truncate(time.Millisecond)); err != nil {
			return nil, fmt.Errorf("touch token: %w", err)
		}
	}
	who, err := p.users.Principal(ctx, u)
	if err != nil {
		return nil, err
	}
	return who.prove(t.ID, t.ExpiresAt), nil
}

// active returns the user, or an invalid-credential error if they are deleted or
// disabled.
func (p *Users) active(ctx context.Context, id string) (User, error) {
	u, err := p.Store.Users().Get(ctx, id)
	if errors.Is(err, errs.NotFound) || (err == nil && u.Disabled) {
		return u, wrongCredential("user_gone")
	}
	if err != nil {
		return u, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

// TokenFields are the fields that a user sets on a new token.
type TokenFields struct {
	ID        string // of the token, "" for a new id
	Name      string
	ExpiresAt time.Time // zero: never
}

// mostTokens bounds the tokens of one user, not counting the sign-in token.
const mostTokens = 100

// clip makes a valid name of text from a program or provider, without the
// characters that a typed name is refused for.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if text.Hidden(r) {
			return -1
		}
		return r
	}, text.Normal(strings.ToValidUTF8(s, "")))
	if len(s) > keys.MaxNameLength {
		s = strings.ToValidUTF8(s[:keys.MaxNameLength], "")
	}
	return strings.TrimSpace(s)
}

// Create creates a token for the principal, who must be a user. The secret cannot
// be retrieved again.
func (p *Tokens) Create(ctx context.Context, a *Principal, format keys.Format, fields TokenFields) (Token, keys.Secret, error) {
	if a.Kind != UserKind {
		return Token{}, keys.Secret{}, errs.New(errs.Forbidden, "only_users_tokens")
	}
	var f errs.Faults
	f.Check(strings.TrimSpace(fields.Name) != "", "name", "required")
	keys.CheckText(&f, "name", fields.Name)
	f.Check(fields.ExpiresAt.IsZero() || fields.ExpiresAt.After(p.Now()), "expires_at", "not_in_future")
	if err := f.Err(); err != nil {
		return Token{}, keys.Secret{}, err
	}
	existing, err := p.List(ctx, a, keys.Page{Limit: mostTokens + 1})
	if err != nil {
		return Token{}, keys.Secret{}, err
	}
	if len(slices.DeleteFunc(existing, func(t Token) bool { return signsIn(t.Parent) })) >= mostTokens {
		return Token{}, keys.Secret{}, errs.New(errs.Conflict, "too_many_tokens", "most", mostTokens)
	}
	secret := format.NewToken()
	text := secret.Reveal()
	t := Token{
		Stamp: keys.NewStamp(p.Now()), ID: cmp.Or(fields.ID, ids.New(ids.Token)), Hash: hashToken(text), UserID: a.User.ID, Name: fields.Name,
		Last4: text[len(text)-4:],
	}
	if !fields.ExpiresAt.IsZero() {
		t.ExpiresAt = fields.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	if err := p.bindToken(ctx, a, &t); err != nil {
		return Token{}, keys.Secret{}, err
	}
	if err := p.Store.Tokens().Insert(ctx, t); err != nil {
		return Token{}, keys.Secret{}, fmt.Errorf("create token: %w", err)
	}
	return t, secret, p.record(ctx, a, "token.create", t.Object(), nil, t)
}

// bindToken makes the token end with the credential that creates it, unless that
// is a recently confirmed session.
func (p *Tokens) bindToken(ctx context.Context, a *Principal, t *Token) error {
	by := a.proofFor(p.Now())
	t.Parent = by.parent
	n, err := p.sessions.generation(ctx, by.parent)
	if err != nil {
		return err
	}
	if n >= mostGenerations {
		return errs.New(errs.Forbidden, "token_chain")
	}
	return mayMakeToken(maker{a, by}, t)
}

// List lists the principal's tokens, newest first.
func (p *Tokens) List(ctx context.Context, a *Principal, page keys.Page) ([]Token, error) {
	return p.Store.Tokens().List(ctx, OwnedFilter{UserID: a.ID()}, page)
}

// Get returns one of the principal's tokens.
func (p *Tokens) Get(ctx context.Context, a *Principal, id string) (Token, error) {
	t, err := p.Store.Tokens().Get(ctx, id)
	if errors.Is(err, errs.NotFound) || (err == nil && t.UserID != a.ID()) {
		return Token{}, errNoSuchToken
	}
	return t, err
}

var errNoSuchToken = errs.New(errs.NotFound, "no_token")

// Revoke ends one of the principal's tokens.
func (p *Tokens) Revoke(ctx context.Context, a *Principal, id string, revision int64) error {
	if _, err := p.Get(ctx, a, id); err != nil {
		return err
	}
	err := p.end(ctx, a, id, revision)
	if errors.Is(err, errs.NotFound) {
		return errNoSuchToken
	}
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

// Held returns the token with the text, whoever has it, and whether it has expired. The
// error is errs.NotFound if there is none.
func (p *Tokens) Held(ctx context.Context, text string) (t Token, expired bool, err error) {
	t, err = p.Store.Tokens().ByHash(ctx, hashToken(text))
	if err != nil {
		return t, false, err
	}
	return t, t.over(p.Now()), nil
}

// End ends a user's token for whoever may, such as for a report that it leaked. One that
// is gone is no error.
func (p *Tokens) End(ctx context.Context, a keys.Actor, id string) error {
	if err := keys.StaffOnly(a); err != nil {
		return err
	}
	return unlessGone(p.end(ctx, a, id, keys.AnyRevision))
}

func (p *Tokens) end(ctx context.Context, a keys.Actor, id string, revision int64) error {
	t, err := keys.Remove(ctx, p.Store.Tokens(), id, revision, func(t *Token) error { return p.endSignInToken(ctx, t) })
	if err != nil {
		return err
	}
	return p.record(ctx, a, "token.delete", t.Object(), t, nil)
}

// Object names the token in audit events.
func (t *Token) Object() audit.Object { return audit.Object{Type: "token", ID: t.ID} }
