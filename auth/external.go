package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// ExternalAccount is a person's account at a sign-in provider, as the provider
// describes it.
type ExternalAccount struct {
	Provider      string
	Subject       string
	Email         string
	EmailVerified bool
	Name          string
}

// SignupPolicy says who may sign up.
type SignupPolicy string

// The policies.
const (
	SignupOpen   SignupPolicy = "open"
	SignupInvite SignupPolicy = "invite" // people invited to an organization
	SignupClosed SignupPolicy = "closed" // users created by staff
)

// Valid reports whether the policy is one of the three.
func (s SignupPolicy) Valid() bool {
	return s == SignupOpen || s == SignupInvite || s == SignupClosed
}

// ByExternal returns the user of the account. An account that is not linked
// belongs to the user with the same e-mail address if the provider has verified
// that address. Otherwise it becomes a new user if the policy admits everyone, or
// if invitation is the token of an invitation for that address.
func (p *Users) ByExternal(ctx context.Context, x ExternalAccount, invitation string) (User, error) {
	identity, err := p.Store.Identities().Get(ctx, IdentityID(x.Provider, x.Subject))
	if err == nil {
		return p.active(ctx, identity.UserID)
	}
	if !errors.Is(err, errs.NotFound) {
		return User{}, fmt.Errorf("read identity: %w", err)
	}
	if _, ok := text.Address(x.Email); !ok || !x.EmailVerified {
		return User{}, errs.WithCode(errs.Unauthenticated, "authentication_failed",
			"email_unverified")
	}
	u, err := p.byEmail(ctx, x.Email)
	switch {
	case errors.Is(err, errs.NotFound):
		u, err = p.newExternal(ctx, x, invitation)
	case err == nil && u.Disabled:
		return User{}, wrongCredential("user_gone")
	case err == nil && u.ConfirmedAt.IsZero():
		u, err = p.takeOver(ctx, u)
	}
	if err != nil {
		return User{}, err
	}
	return u, p.link(ctx, &u, x)
}

// takeOver gives an account to the owner of its e-mail address. The person who
// signed up with the address never proved that it was theirs, so their password
// stops working.
func (p *Users) takeOver(ctx context.Context, u User) (User, error) {
	before, after, err := keys.Revise(ctx, p.Store.Users(), u.ID, keys.AnyRevision, p.Now, func(u *User) error {
		if !u.ConfirmedAt.IsZero() {
			return nil // the user did so a moment ago
		}
		u.PasswordHash, u.ConfirmedAt, u.OTP = "", keys.NewStamp(p.Now()).CreatedAt, OTP{}
		return nil
	})
	if err != nil {
		return u, fmt.Errorf("confirm the user: %w", err)
	}
	if err := errors.Join(p.sessions.endSignIns(ctx, u.ID, ""), p.links.endLinks(ctx, u.ID)); err != nil {
		return u, err
	}
	return after, p.record(ctx, actorOf(&after), "user.confirm", after.object(), before, after)
}

// newExternal creates a user for the account, if the policy allows it.
func (p *Users) newExternal(ctx context.Context, x ExternalAccount, invitation string) (User, error) {
	if err := p.maySignUp(ctx, x.Email, invitation); err != nil {
		return User{}, err
	}
	u := User{Stamp: keys.NewStamp(p.Now()), ID: ids.New(ids.User), Email: x.Email, Name: clip(x.Name)}
	u.ConfirmedAt = u.CreatedAt
	if err := p.Store.Users().Insert(ctx, u); err != nil {
		return User{}, fmt.Errorf("make the user: %w", emailTaken(err))
	}
	return u, p.record(ctx, actorOf(&u), "user.create", u.object(), nil, u)
}

// maySignUp checks the policy for a person with the e-mail address.
func (p *Users) maySignUp(ctx context.Context, email, invitation string) error {
	switch p.Signup {
	case SignupOpen:
		return nil
	case SignupInvite:
		if invitation != "" {
			if l, _, err := p.invitations.Invited(ctx, invitation); err == nil && sameEmail(l.Email, email) {
				return nil
			}
		}
		return errs.New(errs.Forbidden, "sign_in_needs_invitation")
	default:
		return errClosed
	}
}

var errClosed = errs.New(errs.Forbidden, "sign_in_unknown")

// link links the account to the user.
func (p *Users) link(ctx context.Context, u *User, x ExternalAccount) error {
	i := Identity{Stamp: keys.NewStamp(p.Now()), Provider: x.Provider, Subject: x.Subject, UserID: u.ID, Email: x.Email}
	err := p.Store.Identities().Insert(ctx, i)
	if errors.Is(err, errs.Conflict) {
		return errs.New(errs.Conflict, "identity_taken")
	}
	if err != nil {
		return fmt.Errorf("link an account: %w", err)
	}
	return p.record(ctx, actorOf(u), "identity.create", i.object(), nil, i)
}

// LinkExternal adds an account that the principal can sign in with.
func (p *Users) LinkExternal(ctx context.Context, a *Principal, x ExternalAccount) error {
	return p.link(ctx, a.User, x)
}

// Identities lists the accounts that the principal can sign in with.
func (p *Users) Identities(ctx context.Context, a *Principal) ([]Identity, error) {
	return p.Store.Identities().List(ctx, OwnedFilter{UserID: a.ID()}, keys.Page{Limit: removeStep})
}

// Unlink removes an account. The last way to sign in cannot be removed.
func (p *Users) Unlink(ctx context.Context, a *Principal, id string) error {
	all, err := p.Identities(ctx, a)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.ID() != id {
			continue
		}
		if len(all) == 1 && a.User.PasswordHash == "" {
			return errs.New(errs.Conflict, "last_way_in")
		}
		if err := p.Store.Identities().Delete(ctx, id, i.Revision); err != nil {
			return fmt.Errorf("unlink an account: %w", err)
		}
		return p.record(ctx, a, "identity.delete", i.object(), i, nil)
	}
	return errs.New(errs.NotFound, "no_such_account_there")
}

// TieRemote links a trusted proxy's name to the user. Only admins may.
func (p *Users) TieRemote(ctx context.Context, a keys.Actor, userID, name string) error {
	u, err := p.Get(ctx, a, userID)
	if err != nil {
		return err
	}
	if !a.IsAdmin() {
		return errStaffOnly
	}
	if name == "" || len(name) > maxRemoteUser {
		return errs.New(errs.Invalid, "remote_name_length", "most", maxRemoteUser)
	}
	return p.link(ctx, &u, ExternalAccount{Provider: RemoteProvider, Subject: name})
}

func (i *Identity) object() audit.Object { return audit.Object{Type: "identity", ID: i.ID()} }
