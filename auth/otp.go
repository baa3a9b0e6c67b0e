package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Parameters of time-based one-time codes (RFC 6238), as in every authenticator
// app: six digits, new every 30 seconds, one step of tolerance either way.
const (
	otpPeriod     = 30
	otpTolerance  = 1
	otpAhead      = 10 // if the last used step is further ahead, the clock was corrected since
	otpPurpose    = "one-time codes"
	recoveryCodes = 10
)

// CodeRequired is the problem code of a sign-in that needs a one-time code.
const CodeRequired = "code_required"

// errCodeRequired is returned only if the password was right.
var errCodeRequired = errs.WithCode(errs.Unauthenticated, CodeRequired, "otp_required")

// Enabled reports whether the user signs in with one-time codes.
func (o *OTP) Enabled() bool { return !o.EnabledAt.IsZero() }

// Enrolment is what a user enters on their device; it is shown once.
type Enrolment struct {
	Secret string // base32
	URL    string // otpauth://, for a QR code
}

var errNoCodes = errs.New(errs.Forbidden, "only_users_otp")

// Begin creates a secret for the principal's device. It takes effect once Enable
// has checked that the device works.
func (p *OneTimeCodes) Begin(ctx context.Context, a *Principal) (Enrolment, error) {
	if a.Kind != UserKind {
		return Enrolment{}, errNoCodes
	}
	made, err := totp.Generate(totp.GenerateOpts{Issuer: "Latchkey", AccountName: a.User.Email, Period: otpPeriod, SecretSize: 20})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make a secret for one-time codes: %w", err)
	}
	sealed, err := p.Sealer.Seal(otpPurpose, []byte(made.Secret()))
	if err != nil {
		return Enrolment{}, err
	}
	_, _, err = keys.Revise(ctx, p.Store.Users(), a.User.ID, keys.AnyRevision, p.Now, func(u *User) error {
		if u.OTP.Enabled() {
			return errs.New(errs.Conflict, "otp_on")
		}
		u.OTP = OTP{Sealed: sealed}
		return nil
	})
	return Enrolment{Secret: made.Secret(), URL: made.URL()}, err
}

// Enrolment returns the enrolment that Begin started, until Enable accepts a
// code.
func (p *OneTimeCodes) Enrolment(ctx context.Context, a *Principal) (Enrolment, error) {
	u, err := p.users.active(ctx, a.User.ID)
	if err != nil {
		return Enrolment{}, err
	}
	if u.OTP.Sealed == nil || u.OTP.Enabled() {
		return Enrolment{}, errs.New(errs.Conflict, "otp_not_begun")
	}
	secret, err := p.Sealer.Open(otpPurpose, u.OTP.Sealed)
	if err != nil {
		return Enrolment{}, fmt.Errorf("open the one-time-code secret of %s: %w", u.ID, err)
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(string(secret))
	if err != nil {
		return Enrolment{}, fmt.Errorf("read the one-time-code secret of %s: %w", u.ID, err)
	}
	made, err := totp.Generate(totp.GenerateOpts{Issuer: "Latchkey", AccountName: u.Email, Period: otpPeriod, Secret: raw})
	if err != nil {
		return Enrolment{}, fmt.Errorf("write the one-time-code secret of %s: %w", u.ID, err)
	}
	return Enrolment{Secret: string(secret), URL: made.URL()}, nil
}

// Enable turns one-time codes on, given a code from the device. It returns
// recovery codes, each of which works once, for a user who loses the device.
func (p *OneTimeCodes) Enable(ctx context.Context, a *Principal, code string) ([]string, error) {
	if a.Kind != UserKind {
		return nil, errNoCodes
	}
	codes, hashes := newRecoveryCodes()
	before, after, err := keys.Revise(ctx, p.Store.Users(), a.User.ID, keys.AnyRevision, p.Now, func(u *User) error {
		if u.OTP.Sealed == nil || u.OTP.Enabled() {
			return errs.New(errs.Conflict, "otp_not_begun")
		}
		step, err := p.matchingStep(u, code)
		if err != nil {
			return err
		}
		if step == 0 {
			return wrongCode()
		}
		u.OTP.EnabledAt, u.OTP.LastStep, u.OTP.Recovery = p.Now().UTC().Truncate(time.Millisecond), step, hashes
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, p.record(ctx, a, "user.otp.enable", after.object(), before, after)
}

func wrongCode() error {
	var f errs.Faults
	f.Add("code", "otp_wrong")
	return f.Err()
}

// Disable turns one-time codes off. Staff may do it for anyone who lost their
// device, and users for themselves, with their password.
func (p *OneTimeCodes) Disable(ctx context.Context, a keys.Actor, userID string) error {
	if !a.IsAdmin() && a.Subject().ID != userID {
		return errs.New(errs.NotFound, "no_user")
	}
	before, after, err := keys.Revise(ctx, p.Store.Users(), userID, keys.AnyRevision, p.Now, func(u *User) error {
		if u.OTP.Sealed == nil {
			return errs.New(errs.Conflict, "otp_off")
		}
		u.OTP = OTP{}
		return nil
	})
	if err != nil {
		return userMissing(err)
	}
	return p.record(ctx, a, "user.otp.disable", after.object(), before, after)
}

func newRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		text := strings.ToLower(rand.Text()[:16])
		codes = append(codes, text[:8]+"-"+text[8:])
		hashes = append(hashes, recoveryHash(text))
	}
	return codes, hashes
}

func recoveryHash(code string) string {
	digest := sha256.Sum256([]byte(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(code), "-", ""))))
	return hex.EncodeToString(digest[:])
}

// checkCode checks the user's one-time or recovery code. Each works once, even if
// it is sent twice at the same time.
func (p *OneTimeCodes) checkCode(ctx context.Context, user *User, code string) error {
	if !user.OTP.Enabled() {
		return nil
	}
	if code == "" {
		return errCodeRequired
	}
	_, after, err := keys.Revise(ctx, p.Store.Users(), user.ID, keys.AnyRevision, p.Now, func(u *User) error {
		step, err := p.matchingStep(u, code)
		if err != nil {
			return err
		}
		if step > u.OTP.LastStep || (step > 0 && u.OTP.LastStep > p.Now().Unix()/otpPeriod+otpAhead) {
			u.OTP.LastStep = step
			return nil
		}
		hash := recoveryHash(code)
		i := slices.IndexFunc(u.OTP.Recovery, func(h string) bool { return subtle.ConstantTimeCompare([]byte(h), []byte(hash)) == 1 })
		if i < 0 {
			return errWrongSignIn
		}
		u.OTP.Recovery = slices.Delete(slices.Clone(u.OTP.Recovery), i, i+1)
		return nil
	})
	if errors.Is(err, errs.NotFound) {
		return errWrongSignIn
	}
	if err == nil {
		*user = after
	}
	return err
}

// matchingStep returns the time step that the code belongs to, 0 for none.
func (p *OneTimeCodes) matchingStep(u *User, code string) (int64, error) {
	secret, err := p.Sealer.Open(otpPurpose, u.OTP.Sealed)
	if err != nil {
		return 0, fmt.Errorf("open the one-time-code secret of %s: %w", u.ID, err)
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now, found := p.Now().Unix()/otpPeriod, int64(0)
	for step := now - otpTolerance; step <= now+otpTolerance; step++ {
		want, err := totp.GenerateCodeCustom(string(secret), time.Unix(step*otpPeriod, 0), totp.ValidateOpts{
			Period: otpPeriod,
			Digits: otp.DigitsSix,
		})
		if err != nil {
			return 0, fmt.Errorf("make a one-time code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = step
		}
	}
	return found, nil
}
