package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/text"
)

// Login holds the credentials of a sign-in.
type Login struct {
	Name     string // e-mail address or username
	Password string
	Code     string // one-time or recovery code, "" until it is requested
}

// One error covers all cases, so that answers reveal nothing. If anyone can sign
// up, it always mentions unconfirmed addresses: if it did so only when needed, it
// would reveal that an address has a user.
var (
	errWrongSignIn        = wrongCredential("sign_in_wrong")
	errWrongOrUnconfirmed = wrongCredential("sign_in_wrong_or_unconfirmed")
)

func (p *Sessions) wrongSignIn() error {
	if p.Signup == SignupOpen {
		return errWrongOrUnconfirmed
	}
	return errWrongSignIn
}

// wrong reports whether the try was decided and refused.
func wrong(err error) bool {
	return errors.Is(err, errWrongSignIn) || errors.Is(err, errWrongOrUnconfirmed)
}

// Check returns the user who signs in; it does so with the error CodeRequired,
// too. Unknown users, disabled users, users with an unconfirmed address and wrong
// passwords get the same answer in the same time. Guessing gets slower and
// slower; see Delays.
func (p *Sessions) Check(ctx context.Context, l Login) (User, error) {
	named, err := p.find(ctx, l.Name)
	if err != nil {
		return User{}, err
	}
	// Tries under either name of a user count together.
	try, err := p.Delays.Begin(ctx, cmp.Or(named.ID, l.Name))
	if err != nil {
		return User{}, err
	}
	defer try.Excuse()
	u, err := p.check(ctx, l)
	switch {
	case err == nil:
		try.Succeed()
	case wrong(err):
		try.Fail()
	}
	return u, err
}

// check is Check for an admitted try. It reads the user again, because the try
// may have waited.
func (p *Sessions) check(ctx context.Context, l Login) (User, error) {
	u, err := p.find(ctx, l.Name)
	if err != nil {
		return User{}, err
	}
	matches, raw, err := p.Passwords.compare(ctx, l.Password, u.PasswordHash)
	if err != nil {
		return User{}, err
	}
	if !matches || u.ID == "" || u.Disabled {
		return User{}, p.wrongSignIn()
	}
	if u.ConfirmedAt.IsZero() {
		// They may have lost the mail. If the service is too busy now, they can
		// sign in again.
		_ = p.later(ctx, "confirm again", func(ctx context.Context) error { return p.registration.sendConfirmation(ctx, &u) })
		return User{}, p.wrongSignIn()
	}
	if err := p.upgradePassword(ctx, &u, l.Password, raw); err != nil {
		return User{}, err
	}
	err = p.codes.checkCode(ctx, &u, l.Code)
	if err != nil && !errors.Is(err, errCodeRequired) {
		return User{}, err
	}
	return u, err
}

// find returns the user with the e-mail address or username, or a zero User.
func (p *Sessions) find(ctx context.Context, name string) (User, error) {
	name = strings.TrimSpace(name)
	var u User
	var err error
	if strings.Contains(name, "@") {
		u, err = p.users.byEmail(ctx, name)
	} else {
		u, err = p.Store.Users().ByUsername(ctx, text.ASCIILower(name))
	}
	if errors.Is(err, errs.NotFound) || strings.HasPrefix(text.ASCIILower(name), ids.User) {
		return User{}, nil
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

// upgradePassword rehashes the password if the hash is of its raw form, or if the
// hash parameters have changed. A simultaneous change wins.
func (p *Sessions) upgradePassword(ctx context.Context, u *User, password string, raw bool) error {
	if !raw && !p.Passwords.Outdated(u.PasswordHash) {
		return nil
	}
	hash, err := p.Passwords.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("upgrade the password hash: %w", err)
	}
	changed := *u
	changed.PasswordHash = hash
	changed.Revision++
	err = p.Store.Users().Replace(ctx, changed)
	if errors.Is(err, errs.Stale) {
		return nil
	}
	if err == nil {
		*u = changed
	}
	return err
}
