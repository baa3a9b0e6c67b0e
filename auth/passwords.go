package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// ForgotPassword mails the user with the e-mail address a link to set a new
// password. Neither its answer nor its time reveals whether there is such a user.
func (p *Registration) ForgotPassword(ctx context.Context, email string) error {
	var f errs.Faults
	checkEmail(&f, email)
	if err := f.Err(); err != nil {
		return err
	}
	return p.later(ctx, "forgotten password", func(ctx context.Context) error { return p.mailReset(ctx, email) })
}

func (p *Registration) mailReset(ctx context.Context, email string) error {
	u, err := p.users.byEmail(ctx, email)
	if errors.Is(err, errs.NotFound) || (err == nil && u.Disabled) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	return p.sendReset(ctx, &u, MailReset, resetLife)
}

// sendReset mails a link to choose a password.
func (p *Registration) sendReset(ctx context.Context, u *User, kind MailKind, life time.Duration) error {
	l, token, err := p.links.claimLink(ctx, Link{Purpose: ResetPassword, Email: u.Email, UserID: u.ID}, life, mostOpenLinks)
	if errors.Is(err, errEnoughLinks) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := p.record(ctx, Nobody(), "user.password.forget", u.object(), nil, nil); err != nil {
		return err
	}
	p.write(ctx, u, Mail{Kind: kind, Token: token, Until: l.ExpiresAt})
	return nil
}

// ResetPassword sets the password of the user that the token was mailed to, and
// ends all of their sessions, signed tokens and other links.
func (p *Registration) ResetPassword(ctx context.Context, token, password string) error {
	if err := formFault(password); err != nil {
		return err
	}
	l, err := p.links.openLink(ctx, ResetPassword, token)
	if err != nil {
		return err
	}
	if err := p.Passwords.Rate(ctx, password); err != nil {
		return err
	}
	if err := p.links.useLink(ctx, l); err != nil {
		return err
	}
	return p.renewPassword(ctx, renewal{userID: l.UserID, password: password}, func(u *User) error {
		if !l.For(u) {
			return errLinkOver // the user's address has changed since
		}
		if u.ConfirmedAt.IsZero() {
			u.ConfirmedAt = keys.NewStamp(p.Now()).CreatedAt
		}
		return nil
	})
}

var errNoPassword = errs.New(errs.Forbidden, "only_users_passwords")

// ChangePassword changes the principal's password if old is right. A user without
// a password, who signs in with a provider, needs none. All their other sessions
// and signed tokens end, and so does the sign-in token unless keepToken is set.
func (p *Registration) ChangePassword(ctx context.Context, a *Principal, old, password string, keepToken bool) error {
	if a.Kind != UserKind {
		return errNoPassword
	}
	if err := formFault(password); err != nil {
		return err
	}
	if err := p.ConfirmPassword(ctx, a, old, "old_password"); err != nil {
		return err
	}
	if err := p.Passwords.Rate(ctx, password); err != nil {
		return err
	}
	except := ""
	if a.Session != nil {
		except = a.Session.ID
	}
	return p.renewPassword(ctx, renewal{userID: a.User.ID, password: password, except: except, keepToken: keepToken}, func(*User) error {
		return nil
	})
}

// ConfirmPassword checks the principal's password again, before something that a
// passer-by at their desk must not do. A user without a password must have signed
// in within the last ten minutes.
func (p *Registration) ConfirmPassword(ctx context.Context, a *Principal, password, field string) error {
	if a.Kind != UserKind {
		return errNoPassword
	}
	u, err := p.users.active(ctx, a.User.ID)
	if err != nil {
		return err
	}
	if u.PasswordHash == "" {
		return a.signedInLately(p.Now())
	}
	try, err := p.Delays.Begin(ctx, u.ID)
	if err != nil {
		return err
	}
	defer try.Excuse()
	matches, err := p.Passwords.Matches(ctx, password, u.PasswordHash)
	if err != nil {
		return err
	}
	if !matches {
		try.Fail()
		var f errs.Faults
		f.Add(field, "password_wrong")
		return f.Err()
	}
	try.Succeed()
	return nil
}

// renewal is a change of a user's own password.
type renewal struct {
	userID, password string
	except           string // id of the session to keep
	keepToken        bool   // whether to keep the sign-in token
}

func (p *Registration) renewPassword(ctx context.Context, r renewal, also func(*User) error) error {
	before, after, err := keys.Revise(ctx, p.Store.Users(), r.userID, keys.AnyRevision, p.Now, func(u *User) error {
		if u.Disabled {
			return errLinkOver
		}
		if err := also(u); err != nil {
			return err
		}
		if !r.keepToken {
			u.TokenCount++
		}
		return p.users.setPassword(ctx, u, r.password)
	})
	if err != nil {
		return userMissing(err)
	}
	if err := errors.Join(p.sessions.endSignIns(ctx, r.userID, r.except), p.tokens.endTokensByPassword(ctx, r.userID, r.keepToken),
		p.links.endLinks(ctx, r.userID)); err != nil {
		return err
	}
	if err := p.record(ctx, actorOf(&after), "user.password.change", after.object(), before, after); err != nil {
		return err
	}
	p.write(ctx, &after, Mail{Kind: MailChanged})
	return nil
}

// ChangeProfile changes the fields that users may set themselves. A new e-mail
// address needs the user's password, because it can be used to reset the
// password. It takes effect once the mailed link is followed.
func (p *Users) ChangeProfile(ctx context.Context, a *Principal, revision int64, edit func(UserFields) (UserFields, error)) (User, error) {
	if a.Kind != UserKind {
		return User{}, errs.New(errs.Forbidden, "only_users_profile")
	}
	var email string
	before, after, err := keys.Revise(ctx, uniqueEmails{p.Store.Users()}, a.User.ID, revision, p.Now, func(u *User) error {
		fields, err := edit(UserFields{Email: u.Email, Username: u.Username, Name: u.Name, Language: u.Language})
		if err != nil {
			return err
		}
		var f errs.Faults
		checkEmail(&f, fields.Email)
		if err := f.Err(); err != nil {
			return err
		}
		if email = fields.Email; !sameEmail(email, u.Email) {
			if err := p.registration.ConfirmPassword(ctx, a, fields.Password, "current_password"); err != nil {
				return err
			}
			if err := p.links.fewLinks(ctx, u.ID); err != nil {
				return err
			}
		}
		if err := checkChosenUsername(fields.Username, u); err != nil {
			return err
		}
		fields.Email, fields.Password, fields.IsAdmin, fields.Disabled = u.Email, "", u.IsAdmin, u.Disabled
		return p.apply(ctx, u, fields)
	})
	if err != nil {
		return User{}, userMissing(err)
	}
	if err := p.record(ctx, a, "user.update", after.object(), before, after); err != nil {
		return User{}, err
	}
	if sameEmail(email, after.Email) {
		return after, nil
	}
	return after, p.newEmail(ctx, &after, email)
}

// fewLinks refuses to mail too many addresses for one user.
func (p *Links) fewLinks(ctx context.Context, userID string) error {
	enough, err := p.enoughLinks(ctx, userID, ConfirmEmail)
	if err == nil && enough {
		return errManyAddresses
	}
	return err
}

var errManyAddresses = errs.New(errs.Conflict, "many_addresses")

// newEmail mails a link to the new address of the user.
func (p *Users) newEmail(ctx context.Context, u *User, email string) error {
	l, token, err := p.links.claimLink(ctx, Link{Purpose: ConfirmEmail, Email: email, UserID: u.ID}, confirmLife, mostOpenLinks)
	if errors.Is(err, errEnoughLinks) {
		return errManyAddresses
	}
	if err != nil {
		return err
	}
	p.write(ctx, u, Mail{Kind: MailNewEmail, To: email, Token: token, Until: l.ExpiresAt})
	if !u.ConfirmedAt.IsZero() { // else the owner of the old address is unknown
		p.write(ctx, u, Mail{Kind: MailMoving, NewEmail: email})
	}
	return nil
}

// PendingEmails returns the links for new addresses that the user has not
// confirmed yet.
func (p *Users) PendingEmails(ctx context.Context, a *Principal) ([]Link, error) {
	all, err := p.Store.Links().List(ctx, LinkFilter{UserID: a.ID(), Purpose: ConfirmEmail}, keys.Page{Limit: 20})
	if err != nil {
		return nil, fmt.Errorf("look for addresses to confirm: %w", err)
	}
	return slices.DeleteFunc(all, func(l Link) bool {
		return !l.open(p.Now()) || a.User == nil || l.For(a.User)
	}), nil
}
