package auth_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// door is an office at which users sign in for their token.
type door struct {
	*office
	format keys.Format
}

func newDoor(t *testing.T) *door {
	t.Helper()
	o := newOffice(t, ratelimit.Rule{})
	f, err := keys.NewFormat(keys.DefaultBrand)
	o.must(err)
	return &door{o, f}
}

func (d *door) obtain(u auth.User, password, code string) string {
	d.t.Helper()
	secret, err := d.Tokens.ObtainToken(d.t.Context(), auth.Login{Name: u.Email, Password: password, Code: code}, d.format)
	d.must(err)
	return secret.Reveal()
}

// acts reports whether the token is good.
func (d *door) acts(token string) bool {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, "/", http.NoBody)
	d.must(err)
	r.Header.Set("Authorization", "Token "+token)
	p, err := auth.NewTokenAuthenticator(d.People, d.format).Authenticate(r)
	if err != nil {
		d.refused("a token that has ended", err, errs.Unauthenticated)
	}
	return err == nil && p.Authenticated()
}

func (d *door) listed(u auth.User) []auth.Token {
	d.t.Helper()
	all, err := d.Tokens.List(d.t.Context(), d.as(u), keys.Page{Limit: 200})
	d.must(err)
	return all
}

// TestSigningInAnswersTheSameToken, also beside the most tokens that a user may
// make, and to many at once.
func TestSigningInAnswersTheSameToken(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	ada, bob := d.user("ada@example.com"), d.user("bob@example.com")
	first := d.obtain(ada, password, "")
	var together sync.WaitGroup
	for range 4 {
		together.Go(func() {
			if got := d.obtain(ada, password, ""); got != first {
				t.Errorf("another token: %.12s…, want %.12s…", got, first)
			}
		})
	}
	together.Wait()
	if !d.acts(first) || len(d.listed(ada)) != 1 || d.format.CheckToken(first) != nil {
		t.Errorf("the token acts: %t, %d are listed", d.acts(first), len(d.listed(ada)))
	}
	if d.obtain(bob, password, "") == first {
		t.Error("two users have one token")
	}
	for i := range 100 {
		if _, _, err := d.Tokens.Create(t.Context(), d.as(ada), d.format, auth.TokenFields{Name: "CI"}); err != nil {
			t.Fatalf("token %d: %v", i, err)
		}
	}
	_, _, err := d.Tokens.Create(t.Context(), d.as(ada), d.format, auth.TokenFields{Name: "CI"})
	d.refused("one token too many", err, errs.Conflict)
	if d.obtain(ada, password, "") != first {
		t.Error("the most tokens are there, and signing in answers another one")
	}
}

// TestASignInTokenEnds when it is revoked, and with the password unless it is
// kept; always when staff set one.
func TestASignInTokenEnds(t *testing.T) {
	t.Parallel()
	change := func(keep bool) func(*door, auth.User) error {
		return func(d *door, u auth.User) error {
			return d.Registration.ChangePassword(d.t.Context(), d.as(u), password, otherPassword, keep)
		}
	}
	for _, tt := range []struct {
		name     string
		do       func(*door, auth.User) error
		password string
		lives    bool
	}{
		{"it is revoked", func(d *door, u auth.User) error {
			return d.Tokens.Revoke(d.t.Context(), d.as(u), d.listed(u)[0].ID, keys.AnyRevision)
		}, password, false},
		{"it is revoked as it was not", func(d *door, u auth.User) error {
			d.refused("another revision", d.Tokens.Revoke(d.t.Context(), d.as(u), d.listed(u)[0].ID, 7), errs.Stale)
			return nil
		}, password, true},
		{"the password changes", change(false), otherPassword, false},
		{"the password changes, and it is kept", change(true), otherPassword, true},
		{"the password is reset by mail", func(d *door, u auth.User) error {
			d.must(d.Registration.ForgotPassword(d.t.Context(), u.Email))
			m, _ := d.mailed(u.Email)
			return d.Registration.ResetPassword(d.t.Context(), m.Token, otherPassword)
		}, otherPassword, false},
		{"staff set a password", func(d *door, u auth.User) error {
			_, err := d.Users.Change(d.t.Context(), d.admin, u.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
				f.Password = otherPassword
				return f, nil
			})
			return err
		}, otherPassword, false},
		{"staff give another name", func(d *door, u auth.User) error {
			_, err := d.Users.Change(d.t.Context(), d.admin, u.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
				f.Name = "Ada"
				return f, nil
			})
			return err
		}, password, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			ada := d.user("ada@example.com")
			before := d.obtain(ada, password, "")
			d.must(tt.do(d, ada))
			if d.acts(before) != tt.lives {
				t.Errorf("the token acts: %t, want %t", !tt.lives, tt.lives)
			}
			after := d.obtain(ada, tt.password, "")
			if (after == before) != tt.lives || !d.acts(after) {
				t.Errorf("the same token again: %t, want %t; it acts: %t", after == before, tt.lives, d.acts(after))
			}
			if n := len(d.listed(ada)); n != 1 {
				t.Errorf("%d tokens are listed", n)
			}
		})
	}
}

// TestATokenMadeByASignInTokenEndsWithIt.
func TestATokenMadeByASignInTokenEndsWithIt(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	ada := d.user("ada@example.com")
	parent := d.obtain(ada, password, "")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	d.must(err)
	r.Header.Set("Authorization", "Token "+parent)
	p, err := auth.NewTokenAuthenticator(d.People, d.format).Authenticate(r)
	d.must(err)
	_, secret, err := d.Tokens.Create(t.Context(), p, d.format, auth.TokenFields{Name: "child"})
	d.must(err)
	if !d.acts(secret.Reveal()) {
		t.Error("the child does not act")
	}
	d.must(d.Registration.ChangePassword(t.Context(), d.as(ada), password, otherPassword, false))
	if d.acts(secret.Reveal()) {
		t.Error("the child outlives what made it")
	}
}

// TestASecondStepIsNeededForAToken.
func TestASecondStepIsNeededForAToken(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	ada := d.user("ada@example.com")
	secret, _ := d.enrolled(ada)
	_, err := d.Tokens.ObtainToken(t.Context(), auth.Login{Name: ada.Email, Password: password}, d.format)
	d.refused("the password alone", err, errs.Unauthenticated)
	if len(d.listed(ada)) != 0 {
		t.Error("a refused sign-in stored a token")
	}
	if !d.acts(d.obtain(ada, password, d.code(secret, 0))) {
		t.Error("a token with a code does not act")
	}
}
