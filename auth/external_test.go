package auth_test

import (
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

func account(subject, email string, verified bool) auth.ExternalAccount {
	return auth.ExternalAccount{Provider: "google", Subject: subject, Email: email, EmailVerified: verified, Name: "Ada"}
}

// TestSigningUpFirstTakesNobodysAccount: a stranger signs up with an address
// and waits for its owner, whose provider has verified it. The owner gets the
// account; the stranger's password and links are good no more.
func TestSigningUpFirstTakesNobodysAccount(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	o.must(o.signUp("ada@example.com"))
	m, _ := o.mailed("ada@example.com")
	_, err := o.Users.ByExternal(ctx, account("1", "ada@example.com", false), "")
	o.refused("an address that the provider has not verified", err, errs.Unauthenticated)
	u, err := o.Users.ByExternal(ctx, account("1", "ADA@example.com", true), "")
	o.must(err)
	if u.Email != "ada@example.com" || u.ConfirmedAt.IsZero() || u.PasswordHash != "" {
		t.Errorf("the owner is %+v", u)
	}
	o.refused("the stranger's password", o.signIn("ada@example.com", password, ""), errs.Unauthenticated)
	_, err = o.Registration.Confirm(ctx, m.Token)
	o.refused("the link of their sign-up", err, errs.NotFound)
	if got := o.actions(u.ID); got != "session.refuse user.confirm user.create" {
		t.Errorf("the log tells of %s", got)
	}
	again, err := o.Users.ByExternal(ctx, account("1", "elsewhere@example.com", false), "")
	o.must(err)
	if again.ID != u.ID {
		t.Errorf("the linked account signs in %s", again.ID)
	}
}

// TestAConfirmedUserKeepsThePassword when an account with their address is linked.
func TestAConfirmedUserKeepsThePassword(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada, eve := o.user("ada@example.com"), o.user("eve@example.com")
	u, err := o.Users.ByExternal(ctx, account("1", "ada@example.com", true), "")
	o.must(err)
	if u.ID != ada.ID {
		t.Errorf("signed in %s", u.ID)
	}
	o.must(o.signIn(ada.Email, password, ""))
	o.refused("another links the same account", o.Users.LinkExternal(ctx, o.as(eve), account("1", "ada@example.com", true)), errs.Conflict)
	_, err = o.Users.Change(ctx, o.admin, ada.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Disabled = true
		return f, nil
	})
	o.must(err)
	for _, x := range []auth.ExternalAccount{account("1", "ada@example.com", true), account("2", "ada@example.com", true)} {
		_, err = o.Users.ByExternal(ctx, x, "")
		o.refused("a disabled user", err, errs.Unauthenticated)
	}
}

// TestPoliciesOfExternalAccounts: a person from a provider is admitted like one
// who signs up, and only by an invitation for their address.
func TestPoliciesOfExternalAccounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy                  auth.SignupPolicy
		without, invited, other bool
	}{
		{auth.SignupOpen, true, true, true},
		{auth.SignupInvite, false, true, false},
		{auth.SignupClosed, false, false, false},
		{"", false, false, false},
	} {
		t.Run(string(tt.policy), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, ratelimit.Rule{})
			o.Signup = tt.policy
			_, err := o.Invitations.Invite(t.Context(), o.admin, "org_a", "two@example.com", auth.Viewer)
			o.must(err)
			m, _ := o.mailed("two@example.com")
			for _, x := range []struct {
				name, email, invitation string
				in                      bool
			}{
				{"without", "one@example.com", "", tt.without},
				{"invited", "two@example.com", m.Token, tt.invited},
				{"another's invitation", "three@example.com", m.Token, tt.other},
			} {
				u, err := o.Users.ByExternal(t.Context(), account(x.email, x.email, true), x.invitation)
				if !x.in {
					o.refused(x.name, err, errs.Forbidden)
					continue
				}
				o.must(err)
				if u.ConfirmedAt.IsZero() || u.IsAdmin || u.PasswordHash != "" {
					t.Errorf("%s: %+v", x.name, u)
				}
			}
		})
	}
}

// TestTheLastWayToSignInStays, until there is a password or another.
func TestTheLastWayToSignInStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	u, err := o.Users.ByExternal(ctx, account("1", "ada@example.com", true), "")
	o.must(err)
	id := auth.IdentityID("google", "1")
	o.refused("the only one", o.Users.Unlink(ctx, o.as(u), id), errs.Conflict)
	o.must(o.Users.LinkExternal(ctx, o.as(u), account("2", "ada@example.com", true)))
	o.must(o.Users.Unlink(ctx, o.as(u), id))
	o.refused("again", o.Users.Unlink(ctx, o.as(u), id), errs.NotFound)
	o.must(o.Registration.ChangePassword(ctx, o.as(u), "", otherPassword, false))
	u, err = o.Users.Get(ctx, o.admin, u.ID)
	o.must(err)
	o.must(o.Users.Unlink(ctx, o.as(u), auth.IdentityID("google", "2")))
	o.must(o.signIn(u.Email, otherPassword, ""))
}

// TestSigningUpFirstGivesNobodyAnAccountToConfirm: of two passwords that an
// address was signed up with, the one of a stranger among them, neither counts;
// who reads the mail chooses.
func TestSigningUpFirstGivesNobodyAnAccountToConfirm(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{
		"the stranger first": {otherPassword, password},
		"the owner first":    {password, otherPassword},
	} {
		o := newOffice(t, ratelimit.Rule{})
		var confirmation string
		for i, typed := range order {
			o.must(o.Registration.SignUp(t.Context(), auth.SignUpInput{Email: "ada@example.com", Password: typed}))
			m, _ := o.mailed("ada@example.com")
			if want := []auth.MailKind{auth.MailConfirm, auth.MailFinish}[i]; m.Kind != want {
				t.Errorf("%s: mailed %s, want %s", name, m.Kind, want)
			}
			if i == 0 {
				confirmation = m.Token
			}
		}
		_, err := o.Registration.Confirm(t.Context(), confirmation)
		o.refused(name+": the link of the first", err, errs.NotFound)
		m, _ := o.mailed("ada@example.com")
		o.must(o.Registration.ResetPassword(t.Context(), m.Token, "three blue bicycles"))
		for _, typed := range order {
			o.refused(name+": a password that was taken back", o.signIn("ada@example.com", typed, ""), errs.Unauthenticated)
		}
		o.must(o.signIn("ada@example.com", "three blue bicycles", ""))
	}
}

// TestAnInvitationTakesAnUnconfirmedAccountOver: who signed up with the address
// before shut its owner out.
func TestAnInvitationTakesAnUnconfirmedAccountOver(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	o.must(o.Registration.SignUp(t.Context(), auth.SignUpInput{Email: "ada@example.com", Password: otherPassword}))
	confirmation, _ := o.mailed("ada@example.com")
	_, err := o.Invitations.Invite(t.Context(), o.admin, "org_a", "ada@example.com", auth.Developer)
	o.must(err)
	m, _ := o.mailed("ada@example.com")
	in := auth.SignUpInput{Email: "ada@example.com", Name: "Ada", Password: password, Invitation: m.Token}
	o.must(o.Registration.SignUp(t.Context(), in))
	o.must(o.signIn("ada@example.com", password, ""))
	o.refused("the password of before", o.signIn("ada@example.com", otherPassword, ""), errs.Unauthenticated)
	_, err = o.Registration.Confirm(t.Context(), confirmation.Token)
	o.refused("the link of before", err, errs.NotFound)
	u, err := o.Users.ByEmail(t.Context(), o.admin, "ada@example.com")
	o.must(err)
	if u.Name != "Ada" || o.as(u).Memberships["org_a"] != auth.Developer {
		t.Errorf("the user is %+v", u)
	}
}
