package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// Lives of a user's signed tokens.
const (
	DefaultAccessLife  = 30 * time.Minute
	DefaultRefreshLife = 7 * 24 * time.Hour
	// racing is how long a used refresh token still gets an answer: two browser
	// tabs that refresh at the same moment are not a theft.
	racing = 10 * time.Second
)

// JWT issues and accepts signed tokens for users, as Django's SimpleJWT does:
// "Authorization: Bearer …". It also accepts the access tokens of service
// accounts.
type JWT struct {
	people   *People
	ring     *signing.Keyring
	verifier *verify.Verifier
	format   keys.Format
	access   time.Duration
	refresh  time.Duration
}

// NewJWT returns the authenticator "jwt".
func NewJWT(p *People, r *signing.Keyring, v *verify.Verifier, f keys.Format, access, refresh time.Duration) *JWT {
	return &JWT{people: p, ring: r, verifier: v, format: f, access: access, refresh: refresh}
}

// UserAudience returns the audience of users' tokens: the management API of the
// issuer. It differs from the audience of service accounts' access tokens, so
// that an offline check of those does not accept a user (RFC 8725 section 3.12).
func UserAudience(issuer string) string { return issuer + "/api" }

// audiences returns the audiences of users' tokens, the one for new tokens first.
// Earlier releases used the issuer itself.
func (j *JWT) audiences() []string { return []string{UserAudience(j.ring.Issuer), j.ring.Issuer} }

// Name implements Authenticator.
func (j *JWT) Name() string { return "jwt" }

// Challenge implements Authenticator.
func (j *JWT) Challenge() string { return `Bearer realm="latchkey"` }

// TokenNotValid is the problem code of an invalid signed token, as in
// SimpleJWT.
const TokenNotValid = "token_not_valid"

func notValid(text string, args ...any) error {
	return errs.WithCode(errs.Unauthenticated, TokenNotValid, text, args...)
}

// Authenticate implements Authenticator. It claims every bearer token that is not
// a key, so that a garbled one is refused rather than passed over.
func (j *JWT) Authenticate(r *http.Request) (*Principal, error) {
	text, ok := credentials(r, "Bearer")
	if !ok || j.format.Looks(text) {
		return nil, nil
	}
	c, err := j.ring.Verify(r.Context(), text, signing.UserToken, j.audiences()...)
	if errors.Is(err, signing.ErrOtherType) {
		g, err := grantOf(r, j.verifier, proxies.ClientOf(r.Context()).Address, text)
		if err != nil {
			return nil, err
		}
		return AccountPrincipal(&g), nil
	}
	if err != nil {
		return nil, asNotValid(err)
	}
	u, err := j.user(r.Context(), &c, signing.UseAccess)
	if err != nil {
		return nil, err
	}
	p, err := j.people.Users.Principal(r.Context(), u)
	if err != nil {
		return nil, err
	}
	return p.prove(c.Family, c.ExpiresAt.Time), nil
}

func asNotValid(err error) error {
	switch {
	case errors.Is(err, signing.ErrInvalid):
		return notValid("token_not_ours")
	case errors.Is(err, signing.ErrExpired):
		return notValid("token_is_expired")
	case errors.Is(err, signing.ErrEarly):
		return notValid("token_too_early")
	default:
		return err
	}
}

// user returns the user of the token, if the token is for this use and its
// sign-in has not ended. It reads both each time, so disabling the user, changing
// the password or signing out ends the tokens at once.
func (j *JWT) user(ctx context.Context, c *signing.Claims, use string) (User, error) {
	if c.Use != use {
		return User{}, notValid("not_a_token_of_use", "use", use)
	}
	f, err := j.people.Store.Families().Get(ctx, c.Family)
	if errors.Is(err, errs.NotFound) || (err == nil && (f.UserID != c.Subject || !f.EndedAt.IsZero())) {
		return User{}, errFamilyOver
	}
	if err != nil {
		return User{}, fmt.Errorf("read the family of a token: %w", err)
	}
	return j.people.Users.active(ctx, c.Subject)
}

// Pair holds the two tokens of one sign-in.
type Pair struct{ Access, Refresh string }

// SignIn checks the credentials and begins a family of tokens.
func (j *JWT) SignIn(ctx context.Context, l Login) (Pair, error) {
	u, err := j.people.Sessions.checkAndRecord(ctx, l)
	if err != nil {
		return Pair{}, err
	}
	now := j.people.Now()
	f := Family{
		Stamp: keys.NewStamp(now), ID: ids.New(ids.Family), UserID: u.ID, Current: ids.New(""), ExpiresAt: signing.At(now.Add(j.refresh)).Time,
		Address: proxies.ClientOf(ctx).Address.String(), UserAgent: clip(audit.OriginOf(ctx).UserAgent),
	}
	if err := j.people.Store.Families().Insert(ctx, f); err != nil {
		return Pair{}, fmt.Errorf("begin a family of tokens: %w", err)
	}
	if err := j.people.record(ctx, actorOf(&u), "token_family.create", f.object(), nil, f); err != nil {
		return Pair{}, err
	}
	if err := j.people.Sessions.signedIn(ctx, &u); err != nil {
		return Pair{}, err
	}
	return j.pair(&f)
}

func (f *Family) object() audit.Object { return audit.Object{Type: "token_family", ID: f.ID} }

func (j *JWT) pair(f *Family) (Pair, error) {
	now := j.people.Now()
	c := signing.Claims{
		Subject: f.UserID, UserID: f.UserID, Audience: j.audiences()[:1], IssuedAt: signing.At(now), NotBefore: signing.At(now),
		ID: ids.New(""), Use: signing.UseAccess, Family: f.ID, ExpiresAt: signing.At(now.Add(j.access)),
	}
	access, err := j.ring.Sign(signing.UserToken, c)
	if err != nil {
		return Pair{}, err
	}
	c.Use, c.ID, c.ExpiresAt = signing.UseRefresh, f.Current, signing.At(f.ExpiresAt)
	refresh, err := j.ring.Sign(signing.UserToken, c)
	return Pair{Access: access, Refresh: refresh}, err
}

var errFamilyOver = notValid("family_over")

// Refresh exchanges a refresh token for a new pair. If a spent one is used again,
// it or its successor was stolen, and the whole family ends.
func (j *JWT) Refresh(ctx context.Context, text string) (Pair, error) {
	c, err := j.ring.Verify(ctx, text, signing.UserToken, j.audiences()...)
	if err != nil {
		return Pair{}, asNotValid(err)
	}
	u, err := j.user(ctx, &c, signing.UseRefresh)
	if err != nil {
		return Pair{}, err
	}
	now, reused := j.people.Now(), false
	_, f, err := keys.Revise(ctx, j.people.Store.Families(), c.Family, keys.AnyRevision, j.people.Now, func(f *Family) error {
		reused = false
		switch {
		case !f.EndedAt.IsZero():
			return errFamilyOver
		case c.ID == f.Current:
			f.Previous, f.Current, f.RotatedAt = f.Current, ids.New(""), now.UTC().Truncate(time.Millisecond)
			f.ExpiresAt = signing.At(now.Add(j.refresh)).Time
		case c.ID == f.Previous && now.Sub(f.RotatedAt) < racing:
		default:
			reused = true
			f.EndedAt = now.UTC().Truncate(time.Millisecond)
		}
		return nil
	})
	switch {
	case errors.Is(err, errs.NotFound):
		return Pair{}, errFamilyOver
	case err != nil:
		return Pair{}, err
	case reused:
		return Pair{}, errors.Join(errFamilyOver, j.people.record(ctx, actorOf(&u), "token_family.reuse", f.object(), nil, f))
	}
	return j.pair(&f)
}

// Check returns nil if the access or refresh token is valid.
func (j *JWT) Check(ctx context.Context, text string) error {
	c, err := j.ring.Verify(ctx, text, signing.UserToken, j.audiences()...)
	if err != nil {
		return asNotValid(err)
	}
	if _, err := j.user(ctx, &c, c.Use); err != nil {
		return err
	}
	if c.Use != signing.UseRefresh {
		return nil
	}
	f, err := j.people.Store.Families().Get(ctx, c.Family)
	if errors.Is(err, errs.NotFound) || (err == nil && (!f.EndedAt.IsZero() || f.Current != c.ID)) {
		return errFamilyOver
	}
	return err
}

// End signs the holder of a refresh token out by ending its family.
func (j *JWT) End(ctx context.Context, text string) error {
	c, err := j.ring.Verify(ctx, text, signing.UserToken, j.audiences()...)
	if err != nil {
		return asNotValid(err)
	}
	u, err := j.user(ctx, &c, signing.UseRefresh)
	if err != nil {
		return err
	}
	before, after, err := keys.Revise(ctx, j.people.Store.Families(), c.Family, keys.AnyRevision, j.people.Now, func(f *Family) error {
		if !f.EndedAt.IsZero() {
			return errFamilyOver
		}
		f.EndedAt = j.people.Now().UTC().Truncate(time.Millisecond)
		return nil
	})
	if errors.Is(err, errs.NotFound) {
		return errFamilyOver
	}
	if err != nil {
		return err
	}
	return j.people.record(ctx, actorOf(&u), "token_family.end", after.object(), before, after)
}
