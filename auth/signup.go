package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// SignUpInput is the input of a sign-up.
type SignUpInput struct {
	Email      string
	Name       string
	Password   string
	Invitation string // token of an invitation, "" for none
}

// SignUp creates a user if the policy allows it. An invitation proves that the
// address is theirs and makes them a member; without one they get a mail with a
// link to confirm the address. If the address already has a user, only its owner
// learns that, by mail.
func (p *Registration) SignUp(ctx context.Context, in SignUpInput) error {
	if in.Invitation != "" {
		return p.signUpInvited(ctx, in)
	}
	if err := p.users.maySignUp(ctx, in.Email, ""); err != nil {
		return err
	}
	u, err := p.newcomer(ctx, UserFields{Email: in.Email, Name: in.Name, Password: in.Password})
	if err != nil {
		return err
	}
	return p.later(ctx, "sign up", func(ctx context.Context) error { return p.insertNew(ctx, u, in.Password) })
}

// insertNew stores the new user, or writes to the user who already has the
// address.
func (p *Registration) insertNew(ctx context.Context, u User, password string) error {
	err := p.Store.Users().Insert(ctx, u)
	if errors.Is(err, errs.Conflict) {
		return p.remind(ctx, u.Email, password)
	}
	if err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	if err := p.record(ctx, actorOf(&u), "user.create", u.object(), nil, u); err != nil {
		return err
	}
	return p.sendConfirmation(ctx, &u)
}

// newcomer returns a user with a password, not stored yet.
func (p *Registration) newcomer(ctx context.Context, fields UserFields) (User, error) {
	var f errs.Faults
	checkFields(&f, fields)
	f.Check(fields.Password != "", "password", "required")
	if err := f.Err(); err != nil {
		return User{}, err
	}
	u := User{Stamp: keys.NewStamp(p.Now()), ID: ids.New(ids.User)}
	return u, p.users.apply(ctx, &u, fields)
}

// remind tells the owner of an address that someone signed up with it again. If
// the address is not confirmed, they get another link.
func (p *Registration) remind(ctx context.Context, email, password string) error {
	u, err := p.users.byEmail(ctx, email)
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	if !u.ConfirmedAt.IsZero() {
		return p.sendExists(ctx, &u)
	}
	same, err := p.Passwords.Matches(ctx, password, u.PasswordHash)
	if err != nil {
		return err
	}
	if same {
		return p.sendConfirmation(ctx, &u)
	}
	return p.letChoose(ctx, u)
}

// sendExists tells the owner by mail that the address already has a user, at most
// once per toldLife.
func (p *Registration) sendExists(ctx context.Context, u *User) error {
	_, _, err := p.links.claimLink(ctx, Link{Purpose: SignedUpAgain, Email: u.Email, UserID: u.ID}, toldLife, 1)
	if errors.Is(err, errEnoughLinks) {
		return nil
	}
	if err == nil {
		p.write(ctx, u, Mail{Kind: MailExists})
	}
	return err
}

// letChoose removes the password of a user whose address is not confirmed, and
// mails a link to choose one. Two sign-ups chose two passwords, and only one can
// be the owner's: a stranger who signed up with the address first must not keep
// access to an account that the owner then confirms.
func (p *Registration) letChoose(ctx context.Context, u User) error {
	if enough, err := p.links.enoughLinks(ctx, u.ID, ResetPassword); err != nil || enough {
		return err
	}
	_, after, err := keys.Revise(ctx, p.Store.Users(), u.ID, keys.AnyRevision, p.Now, func(u *User) error {
		if !u.ConfirmedAt.IsZero() {
			return errLinkOver // confirmed a moment ago
		}
		u.PasswordHash = ""
		return nil
	})
	if errors.Is(err, errLinkOver) || errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take a password back: %w", err)
	}
	if err := p.links.endLinksFor(ctx, u.ID, ConfirmEmail); err != nil {
		return err
	}
	return p.sendReset(ctx, &after, MailFinish, confirmLife)
}

func (p *Registration) sendConfirmation(ctx context.Context, u *User) error {
	l, token, err := p.links.claimLink(ctx, Link{Purpose: ConfirmEmail, Email: u.Email, UserID: u.ID}, confirmLife, mostOpenLinks)
	if errors.Is(err, errEnoughLinks) {
		return nil
	}
	if err != nil {
		return err
	}
	p.write(ctx, u, Mail{Kind: MailConfirm, Token: token, Until: l.ExpiresAt})
	return nil
}

// Confirm uses the token of a confirmation: the address now belongs to the user.
// It ends all other links mailed to the user, perhaps at another address.
func (p *Registration) Confirm(ctx context.Context, token string) (User, error) {
	l, err := p.links.openLink(ctx, ConfirmEmail, token)
	if err != nil {
		return User{}, err
	}
	if err := p.links.useLink(ctx, l); err != nil {
		return User{}, err
	}
	before, after, err := keys.Revise(ctx, uniqueEmails{p.Store.Users()}, l.UserID, keys.AnyRevision, p.Now, func(u *User) error {
		if u.Disabled {
			return errLinkOver
		}
		u.Email = l.Email // only now is a changed address theirs
		u.ConfirmedAt = p.Now().UTC().Truncate(time.Millisecond)
		return nil
	})
	if err != nil {
		return User{}, userMissing(err)
	}
	if err := p.links.endLinks(ctx, after.ID); err != nil {
		return User{}, err
	}
	return after, p.record(ctx, actorOf(&after), "user.confirm", after.object(), before, after)
}

// signUpInvited creates a user for the invited person and makes them a member.
func (p *Registration) signUpInvited(ctx context.Context, in SignUpInput) error {
	if p.Signup != SignupOpen && p.Signup != SignupInvite {
		return errClosed
	}
	l, _, err := p.invitations.Invited(ctx, in.Invitation)
	if err != nil {
		return err
	}
	if in.Email != "" && !sameEmail(in.Email, l.Email) {
		var f errs.Faults
		f.Add("email", "not_the_invited")
		return f.Err()
	}
	u, err := p.newcomer(ctx, UserFields{Email: l.Email, Name: in.Name, Password: in.Password})
	if err != nil {
		return err
	}
	u.ConfirmedAt = u.CreatedAt
	if u, err = p.insertInvited(ctx, u); err != nil {
		return err
	}
	_, err = p.invitations.join(ctx, &u, l)
	return err
}

// insertInvited stores the invited user. If someone signed up with the address
// before and never confirmed it, that user now belongs to the recipient of the
// invitation.
func (p *Registration) insertInvited(ctx context.Context, u User) (User, error) {
	err := p.Store.Users().Insert(ctx, u)
	if err == nil {
		return u, p.record(ctx, actorOf(&u), "user.create", u.object(), nil, u)
	}
	if !errors.Is(err, errs.Conflict) {
		return u, fmt.Errorf("sign up: %w", err)
	}
	known, err := p.Store.Users().ByEmail(ctx, u.FoldedEmail())
	if err != nil {
		return u, fmt.Errorf("read user: %w", err)
	}
	errKnown := errs.New(errs.Conflict, "already_a_user")
	if !known.ConfirmedAt.IsZero() || known.Disabled {
		return u, errKnown
	}
	before, after, err := keys.Revise(ctx, p.Store.Users(), known.ID, keys.AnyRevision, p.Now, func(found *User) error {
		if !found.ConfirmedAt.IsZero() {
			return errKnown
		}
		found.Name, found.PasswordHash, found.ConfirmedAt = u.Name, u.PasswordHash, u.ConfirmedAt
		return nil
	})
	if err != nil {
		return u, userMissing(err)
	}
	if err := p.links.endLinks(ctx, after.ID); err != nil {
		return u, err
	}
	return after, p.record(ctx, actorOf(&after), "user.confirm", after.object(), before, after)
}
