package auth_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// code is what a device with the secret shows so many steps from now.
func (o *office) code(secret string, steps int64) string {
	o.t.Helper()
	at := time.UnixMilli(o.at.Load()).Add(time.Duration(steps) * 30 * time.Second)
	code, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix})
	o.must(err)
	return code
}

// enrolled turns the user's one-time codes on, a while ago.
func (o *office) enrolled(u auth.User) (secret string, recovery []string) {
	o.t.Helper()
	e, err := o.Codes.Begin(o.t.Context(), o.as(u))
	o.must(err)
	recovery, err = o.Codes.Enable(o.t.Context(), o.as(u), o.code(e.Secret, 0))
	o.must(err)
	o.at.Add((10 * time.Minute).Milliseconds())
	return e.Secret, recovery
}

// TestACodeThatIsSentTwiceAtOnceSignsInOnce, and so does a recovery code.
func TestACodeThatIsSentTwiceAtOnceSignsInOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ada := o.user("ada@example.com")
	secret, recovery := o.enrolled(ada)
	for name, code := range map[string]string{"a code": o.code(secret, 0), "a recovery code": recovery[3]} {
		if n := o.atOnce(4, errs.Unauthenticated, func() error { return o.signIn(ada.Email, password, code) }); n != 1 {
			t.Errorf("%s, four times at once, signs in %d times", name, n)
		}
	}
	for i, code := range recovery {
		err := o.signIn(ada.Email, password, code)
		if (err == nil) != (i != 3) {
			t.Errorf("recovery code %d: %v", i, err)
		}
	}
	o.must(o.signIn(ada.Email, password, o.code(secret, 1)))
}

// TestCodesKeepToTheirStep and the one beside it.
func TestCodesKeepToTheirStep(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ada := o.user("ada@example.com")
	secret, _ := o.enrolled(ada)
	for _, tt := range []struct {
		steps int64
		good  bool
	}{{-2, false}, {2, false}, {-1, true}, {-1, false}, {0, true}, {0, false}, {1, true}, {1, false}, {0, false}, {-1, false}} {
		if err := o.signIn(ada.Email, password, o.code(secret, tt.steps)); (err == nil) != tt.good {
			t.Errorf("%d steps away: %v", tt.steps, err)
		}
	}
}

// TestCodesWorkOnceTheClockIsSetRight: who signed in while it was a day ahead is not
// locked out for that day, and a code still works once.
func TestCodesWorkOnceTheClockIsSetRight(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ada := o.user("ada@example.com")
	secret, _ := o.enrolled(ada)
	day := (24 * time.Hour).Milliseconds()
	o.at.Add(day)
	o.must(o.signIn(ada.Email, password, o.code(secret, 0)))
	o.at.Add(-day)
	o.must(o.signIn(ada.Email, password, o.code(secret, 1)))
	o.refused("the code again", o.signIn(ada.Email, password, o.code(secret, 1)), errs.Unauthenticated)
	o.refused("an earlier one", o.signIn(ada.Email, password, o.code(secret, 0)), errs.Unauthenticated)
}

// TestTheSecondStepIsBoundToThePassword, the time and the code.
func TestTheSecondStepIsBoundToThePassword(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada := o.user("ada@example.com")
	secret, _ := o.enrolled(ada)
	begin := func() string {
		_, _, u, err := o.Sessions.SignIn(ctx, auth.Login{Name: ada.Email, Password: password})
		o.refused("without a code", err, errs.Unauthenticated)
		kept, err := o.Sessions.Pending(&u)
		o.must(err)
		return kept
	}
	second := func(kept, code string) error { _, err := o.Sessions.SecondStep(ctx, kept, code); return err }
	kept := begin()
	o.refused("no code", second(kept, ""), errs.Unauthenticated)
	o.refused("a wrong code", second(kept, "abcdef"), errs.Unauthenticated)
	o.refused("another's", second(kept[:len(kept)-4]+"AAAA", o.code(secret, 0)), errs.Unauthenticated)
	o.refused("nonsense", second("!", o.code(secret, 0)), errs.Unauthenticated)
	o.must(second(kept, o.code(secret, 0)))
	o.refused("the code again", second(kept, o.code(secret, 0)), errs.Unauthenticated)
	o.at.Add(auth.PendingLife.Milliseconds())
	o.refused("too late", second(kept, o.code(secret, 0)), errs.Unauthenticated)
	kept = begin()
	o.must(o.Registration.ChangePassword(ctx, o.as(ada), password, otherPassword, false))
	o.refused("after the password changed", second(kept, o.code(secret, 0)), errs.Unauthenticated)
}

// TestCodesAreGuessedSlowly: a wrong one counts as a wrong password does, the
// question for one does not.
func TestCodesAreGuessedSlowly(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 3})
	ada := o.user("ada@example.com")
	secret, _ := o.enrolled(ada)
	for range 10 {
		o.refused("without a code", o.signIn(ada.Email, password, ""), errs.Unauthenticated)
	}
	for range 3 {
		o.refused("a wrong code", o.signIn(ada.Email, password, "abcdef"), errs.Unauthenticated)
	}
	o.refused("the right one, too early", o.signIn(ada.Email, password, o.code(secret, 0)), errs.Limited)
}

// TestResetsKeepTheSecondStep: who reads somebody's mail has one factor.
func TestResetsKeepTheSecondStep(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ada := o.user("ada@example.com")
	secret, _ := o.enrolled(ada)
	o.must(o.Registration.ForgotPassword(t.Context(), ada.Email))
	m, _ := o.mailed(ada.Email)
	o.must(o.Registration.ResetPassword(t.Context(), m.Token, otherPassword))
	o.refused("by the new password alone", o.signIn(ada.Email, otherPassword, ""), errs.Unauthenticated)
	o.must(o.signIn(ada.Email, otherPassword, o.code(secret, 0)))
	if got := o.actions(ada.ID); got != "user.password.change user.password.forget user.otp.enable user.create" {
		t.Errorf("the log tells of %s", got)
	}
}
