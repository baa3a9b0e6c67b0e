package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// directory is a store of users in memory, which answers without waiting.
type directory struct {
	auth.Store
	auth.UserCollection
	users []auth.User
}

func (d *directory) Users() auth.UserCollection { return d }

func (d *directory) find(is func(*auth.User) bool) (auth.User, error) {
	for i := range d.users {
		if is(&d.users[i]) {
			return d.users[i], nil
		}
	}
	return auth.User{}, errs.New(errs.NotFound, "no such user")
}

func (d *directory) ByEmail(_ context.Context, folded string) (auth.User, error) {
	return d.find(func(u *auth.User) bool { return u.FoldedEmail() == folded })
}

func (d *directory) ByUsername(_ context.Context, folded string) (auth.User, error) {
	return d.find(func(u *auth.User) bool { return u.FoldedUsername() == folded })
}

// crowded is People with a known, a disabled and a passwordless user, in a
// bubble of synctest, while all places for hashing are taken.
func crowded(t *testing.T, rule ratelimit.Rule) (people *auth.People, users []auth.User, leave func()) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	passwords, err := auth.NewPasswords()
	must(err)
	hash, err := passwords.Hash(t.Context(), password)
	must(err)
	delays, err := auth.NewDelays(rule, time.Now)
	must(err)
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	must(err)
	store := &directory{users: []auth.User{
		{ID: ids.New(ids.User), Email: "ada@example.com", Username: "ada", PasswordHash: hash, ConfirmedAt: time.Now()},
		{ID: ids.New(ids.User), Email: "disabled@example.com", PasswordHash: hash, Disabled: true},
		{ID: ids.New(ids.User), Email: "passwordless@example.com"},
	}}
	people, err = auth.NewPeople(auth.PeopleConfig{
		Store: store, Audit: audit.New(nil, nil), Passwords: passwords, Delays: delays, Sealer: sealer,
		Organizations: func(context.Context, string) (keys.Organization, error) { return keys.Organization{}, nil },
		Mailer:        &mailbox{}, Logger: slog.New(slog.DiscardHandler),
	})
	must(err)
	return people, store.users, passwords.Occupy()
}

// Whether there is a user, and whether they may sign in, changes nothing in the
// work that is done: while all places for hashing are taken, every sign-in
// waits for one, and none is refused before.
func TestEverySignInHashes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		people, users, _ := crowded(t, ratelimit.Rule{})
		for _, name := range []string{
			"ada@example.com", "ada", "nobody@example.com", "nobody", "disabled@example.com",
			"passwordless@example.com", users[0].ID, "",
		} {
			for _, typed := range []string{password, "wrong horse battery", ""} {
				_, err := people.Sessions.Check(t.Context(), auth.Login{Name: name, Password: typed})
				e, ok := errors.AsType[*errs.Error](err)
				if !ok || e.Kind != errs.Unavailable || e.RetryAfter <= 0 {
					t.Errorf("%q is refused without the work of a sign-in: %v", name, err)
				}
			}
		}
	})
}

// A try that could not be decided, for others sign in as well, is no wrong one.
func TestSignInsThatFindNoPlaceCountAgainstNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		people, _, leave := crowded(t, ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1})
		for range 20 {
			if _, err := people.Sessions.Check(t.Context(), auth.Login{Name: "ada", Password: password}); !errors.Is(err, errs.Unavailable) {
				t.Fatalf("while there is no place: %v", err)
			}
		}
		leave()
		if _, err := people.Sessions.Check(t.Context(), auth.Login{Name: "ada", Password: password}); err != nil {
			t.Errorf("once there is one: %v", err)
		}
	})
}

// A password hashed with other parameters is hashed anew when it is typed.
func TestHashesAreUpgradedAtSignIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada := o.user("ada@example.com")
	weak, err := argon2id.CreateHash(password, &argon2id.Params{
		Memory: 8 * 1024, Iterations: 1, Parallelism: 1,
		SaltLength: 16, KeyLength: 32,
	})
	o.must(err)
	_, _, err = keys.Revise(ctx, o.store.Users(), ada.ID, keys.AnyRevision, o.Now, func(u *auth.User) error {
		u.PasswordHash = weak
		return nil
	})
	o.must(err)
	stored := func() string {
		u, err := o.store.Users().Get(ctx, ada.ID)
		o.must(err)
		return u.PasswordHash
	}
	_, err = o.Sessions.Check(ctx, auth.Login{Name: ada.Email, Password: "wrong horse battery"})
	o.refused("a wrong password", err, errs.Unauthenticated)
	if stored() != weak {
		t.Error("a wrong password changed the hash")
	}
	_, err = o.Sessions.Check(ctx, auth.Login{Name: ada.Email, Password: password})
	o.must(err)
	strong := stored()
	if o.Passwords.Outdated(strong) || !strings.HasPrefix(strong, "$argon2id$") {
		t.Errorf("the hash is still %.40s…", strong)
	}
	_, err = o.Sessions.Check(ctx, auth.Login{Name: ada.Email, Password: password})
	o.must(err)
	if stored() != strong {
		t.Error("a hash of today's parameters was made anew")
	}
}

// Rating a password is work as hashing it is: it is done for who shows a good
// token or the old password, and waits for a place.
func TestPasswordsAreRatedForWhoMaySetThem(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ada := o.user("ada@example.com")
	o.must(o.Registration.ForgotPassword(t.Context(), ada.Email))
	mail, _ := o.mailed(ada.Email)
	const guessable = "passwordpassword"
	leave := o.Passwords.Occupy()
	o.refused("a wrong token", o.Registration.ResetPassword(t.Context(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ", guessable), errs.NotFound)
	o.refused("a short password", o.Registration.ResetPassword(t.Context(), mail.Token, "short"), errs.Invalid)
	for name, do := range map[string]func(context.Context) error{
		"a reset": func(ctx context.Context) error { return o.Registration.ResetPassword(ctx, mail.Token, guessable) },
		"a change": func(ctx context.Context) error {
			return o.Registration.ChangePassword(ctx, o.as(ada), password, guessable, false)
		},
		"a sign-up": func(ctx context.Context) error {
			return o.Registration.SignUp(ctx, auth.SignUpInput{Email: "bob@example.com", Password: guessable})
		},
		"a user made by staff": func(ctx context.Context) error {
			_, err := o.Users.Create(ctx, o.admin, "", auth.UserFields{Email: "eve@example.com", Password: guessable})
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- do(ctx) }()
		for o.Passwords.Stats().Waiting == 0 && len(done) == 0 {
			runtime.Gosched()
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s waits for no place: %v", name, err)
		}
	}
	leave()
	o.refused("a password that is easy to guess", o.Registration.ResetPassword(t.Context(), mail.Token, guessable), errs.Invalid)
	o.must(o.Registration.ResetPassword(t.Context(), mail.Token, otherPassword)) // the refusals did not spend it
}

func TestFewWaitForHashing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		passwords, err := auth.NewPasswords()
		if err != nil {
			t.Fatal(err)
		}
		passwords.Occupy()
		ctx, cancel := context.WithCancel(t.Context())
		most, errors := 100*passwords.Stats().Places, make(chan error, 10_000)
		for range most + 50 {
			go func() { errors <- passwords.Rate(ctx, password) }()
		}
		synctest.Wait()
		if s := passwords.Stats(); s.Waiting != most || s.Refused != 50 || len(errors) != 50 {
			t.Errorf("of %d more than the queue takes: %+v, %d answered", 50, s, len(errors))
		}
		cancel()
	})
}
