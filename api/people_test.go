package api_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

const otherPassword = "another horse, another battery"

// link mails nobody a link and returns its token.
func (s *suite) link(t *testing.T, l auth.Link) string {
	t.Helper()
	token := rand.Text()
	l.Stamp, l.ID, l.Hash, l.ExpiresAt = keys.NewStamp(s.now()), ids.New(ids.Link), sha256.Sum256([]byte(token)), s.now().Add(time.Hour)
	must(t, s.store.Store.Links().Insert(t.Context(), l))
	return token
}

// linkTo is a link about the user.
func (s *suite) linkTo(t *testing.T, u *auth.User, p auth.Purpose) string {
	t.Helper()
	return s.link(t, auth.Link{Purpose: p, Email: u.Email, UserID: u.ID})
}

// unconfirmed makes a user who signed up and has not confirmed their address.
func (s *suite) unconfirmed(t *testing.T) auth.User {
	t.Helper()
	hash, err := passwordHash()
	must(t, err)
	u := auth.User{
		Stamp: keys.NewStamp(s.now()), ID: ids.New(ids.User), Email: fmt.Sprintf("new%d@example.org", s.count.Add(1)),
		PasswordHash: hash,
	}
	must(t, s.store.Store.Users().Insert(t.Context(), u))
	return u
}

// identity links an account elsewhere to the user and returns its id.
func (s *suite) identity(t *testing.T, u auth.User) string {
	t.Helper()
	x := auth.ExternalAccount{Provider: "github", Subject: fmt.Sprint(s.count.Add(1)), Email: u.Email}
	must(t, s.People.Users.LinkExternal(t.Context(), &auth.Principal{Kind: auth.UserKind, User: &u}, x))
	return auth.IdentityID(x.Provider, x.Subject)
}

// of is the principal that the user is.
func (s *suite) of(t *testing.T, userID string) *auth.Principal {
	t.Helper()
	u, err := s.People.Users.Get(t.Context(), auth.System(), userID)
	must(t, err)
	return &auth.Principal{Kind: auth.UserKind, User: &u}
}

func (s *suite) withoutOTP(t *testing.T, userID string) {
	t.Helper()
	if err := s.People.Codes.Disable(t.Context(), auth.System(), userID); !errors.Is(err, errs.Conflict) {
		must(t, err)
	}
}

// begunOTP gives the user a secret that does not count yet.
func (s *suite) begunOTP(t *testing.T, userID string) string {
	t.Helper()
	e, err := s.People.Codes.Begin(t.Context(), s.of(t, userID))
	must(t, err)
	return e.Secret
}

// withOTP turns the user's one-time codes on.
func (s *suite) withOTP(t *testing.T, userID string) (secret string, recovery []string) {
	t.Helper()
	s.withoutOTP(t, userID)
	secret = s.begunOTP(t, userID)
	recovery, err := s.People.Codes.Enable(t.Context(), s.of(t, userID), s.code(t, secret))
	must(t, err)
	return secret, recovery
}

// code is what a device with the secret shows now.
func (s *suite) code(t *testing.T, secret string) string {
	t.Helper()
	if secret == "" {
		return "000000" // of a user who has none
	}
	code, err := totp.GenerateCodeCustom(secret, s.now(), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix})
	must(t, err)
	return code
}
