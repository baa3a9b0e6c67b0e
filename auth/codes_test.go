package auth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// device is a user who signs in with one-time codes.
type device struct {
	*office
	user     auth.User
	secret   string
	recovery []string
}

func newDevice(t *testing.T, rule ratelimit.Rule) *device {
	t.Helper()
	d := &device{office: newOffice(t, rule)}
	d.user = d.office.user("ada@example.com")
	made, err := d.Codes.Begin(t.Context(), d.as(d.user))
	d.must(err)
	d.secret = made.Secret
	d.recovery, err = d.Codes.Enable(t.Context(), d.as(d.user), d.shown(0))
	d.must(err)
	d.wait(time.Minute) // the code that it was turned on with is spent
	return d
}

func (d *device) wait(by time.Duration) { d.at.Add(by.Milliseconds()) }

// shown is what the device shows so many steps from now.
func (d *device) shown(steps int) string {
	d.t.Helper()
	code, err := totp.GenerateCode(d.secret, d.Now().Add(time.Duration(steps)*30*time.Second))
	d.must(err)
	return code
}

func (d *device) try(password, code string) error {
	_, err := d.Sessions.Check(d.t.Context(), auth.Login{Name: d.user.Email, Password: password, Code: code})
	return err
}

// problem is the code of the problem that an error becomes, "" for none.
func problem(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestCodesAreAskedForAfterThePassword(t *testing.T) {
	t.Parallel()
	d := newDevice(t, ratelimit.Rule{})
	if got := problem(d.try(password, "")); got != auth.CodeRequired {
		t.Errorf("without a code: %q", got)
	}
	unknown := d.try("wrong horse battery", "")
	if err := d.try("wrong horse battery", d.shown(0)); err == nil || err.Error() != unknown.Error() {
		t.Errorf("a wrong password and the right code: %v, want the answer to a wrong password", err)
	}
	for name, code := range map[string]string{"wrong": "000000", "none at all": "nonsense", "huge": strings.Repeat("1", 1<<16)} {
		if got := problem(d.try(password, code)); got != problem(unknown) {
			t.Errorf("a code that is %s: %q", name, got)
		}
	}
	d.must(d.try(password, d.shown(0)))
}

func TestRecoveryCodesWorkOnceEach(t *testing.T) {
	t.Parallel()
	d := newDevice(t, ratelimit.Rule{})
	if len(d.recovery) != 10 {
		t.Fatalf("%d recovery codes", len(d.recovery))
	}
	d.must(d.try(password, strings.ToUpper(strings.ReplaceAll(d.recovery[0], "-", ""))))
	d.refused("a recovery code again", d.try(password, d.recovery[0]), errs.Unauthenticated)
	for _, code := range d.recovery[1:] {
		d.must(d.try(password, code))
	}
	d.must(d.try(password, d.shown(0)))
	stored, err := d.store.Users().Get(t.Context(), d.user.ID)
	d.must(err)
	if len(stored.OTP.Recovery) != 0 || bytes.Contains(stored.OTP.Sealed, []byte(d.secret)) {
		t.Errorf("stored is %+v", stored.OTP)
	}
}

// Who knows the password guesses codes as slowly as passwords, and leaving the
// code out in between forgives nothing.
func TestLeavingTheCodeOutForgivesNothing(t *testing.T) {
	t.Parallel()
	d := newDevice(t, ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 3})
	for range 3 {
		if got := problem(d.try(password, "")); got != auth.CodeRequired {
			t.Errorf("without a code: %q", got)
		}
		d.refused("a wrong code", d.try(password, "000000"), errs.Unauthenticated)
	}
	d.refused("a wrong code too many", d.try(password, "000000"), errs.Limited)
	d.refused("the right one, too early", d.try(password, d.shown(0)), errs.Limited)
	d.refused("none", d.try(password, ""), errs.Limited)
	d.wait(time.Minute)
	d.must(d.try(password, d.shown(0)))
}

func TestBasicIsNotEnoughWhereCodesAreOn(t *testing.T) {
	t.Parallel()
	d := newDevice(t, ratelimit.Rule{})
	basic := auth.NewBasic(d.People, slog.New(slog.DiscardHandler))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/me", nil)
	r.SetBasicAuth(d.user.Email, password)
	p, err := basic.Authenticate(r)
	if p != nil || problem(err) != auth.CodeRequired {
		t.Errorf("it acts as %+v, %v", p, err)
	}
	d.refused("Basic", err, errs.Unauthenticated)
}

func TestCodesAreTurnedOnByTheDeviceAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada := o.user("ada@example.com")
	_, err := o.Codes.Enable(ctx, o.as(ada), "000000")
	o.refused("before a secret was made", err, errs.Conflict)
	made, err := o.Codes.Begin(ctx, o.as(ada))
	o.must(err)
	if !strings.HasPrefix(made.URL, "otpauth://totp/Latchkey:ada@example.com?") || !strings.Contains(made.URL, made.Secret) {
		t.Errorf("a device is set up with %s", made.URL)
	}
	_, err = o.Codes.Enable(ctx, o.as(ada), "000000")
	o.refused("a wrong code", err, errs.Invalid)
	_, err = o.Sessions.Check(ctx, auth.Login{Name: ada.Email, Password: password})
	o.must(err) // a secret that no device has shown to know asks for nothing
	code, err := totp.GenerateCode(made.Secret, o.Now())
	o.must(err)
	_, err = o.Codes.Enable(ctx, o.as(ada), code)
	o.must(err)
	_, err = o.Codes.Begin(ctx, o.as(ada))
	o.refused("a second secret while they are on", err, errs.Conflict)
	eve := o.user("eve@example.com")
	o.refused("turned off by another user", o.Codes.Disable(ctx, o.as(eve), ada.ID), errs.NotFound)
	o.must(o.Codes.Disable(ctx, o.admin, ada.ID))
	_, err = o.Sessions.Check(ctx, auth.Login{Name: ada.Email, Password: password})
	o.must(err)
}
