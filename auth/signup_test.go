package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const otherPassword = "another horse, another battery"

// mailed is the last mail to the address, when all work is done.
func (o *office) mailed(address string) (last auth.Mail, n int) {
	o.Close()
	o.mails.mu.Lock()
	defer o.mails.mu.Unlock()
	for _, m := range o.mails.mails {
		if strings.EqualFold(m.To, address) {
			last = m
			n++
		}
	}
	return last, n
}

func (o *office) signUp(email string) error {
	return o.Registration.SignUp(o.t.Context(), auth.SignUpInput{Email: email, Name: "Ada", Password: password})
}

func (o *office) signIn(email, password, code string) error {
	_, _, _, err := o.Sessions.SignIn(o.t.Context(), auth.Login{Name: email, Password: password, Code: code})
	return err
}

// actions are those of the events about the object, newest first.
func (o *office) actions(objectID string) string {
	o.t.Helper()
	all, err := o.store.Events(o.t.Context(), audit.Filter{ObjectID: objectID}, "", 100)
	o.must(err)
	var names []string
	for i := range all {
		names = append(names, all[i].Action)
	}
	return strings.Join(names, " ")
}

// atOnce does the same n times and returns how often it succeeded.
func (o *office) atOnce(n int, otherwise errs.Kind, do func() error) int {
	o.t.Helper()
	var succeeded atomic.Int64
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			err := do()
			if err == nil {
				succeeded.Add(1)
			} else if !errors.Is(err, otherwise) {
				o.t.Errorf("one of many at once: %v, want the kind %s", err, otherwise)
			}
		})
	}
	all.Wait()
	return int(succeeded.Load())
}

func TestSignUpsOfOneAddressAtOnceMakeOneUser(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	if n := o.atOnce(4, errs.Unavailable, func() error { return o.signUp("ada@example.com") }); n != 4 {
		t.Errorf("%d of 4 were answered as if they were the first", n)
	}
	o.Close()
	all, err := o.Users.List(t.Context(), o.admin, auth.UserFilter{}, keys.Page{Limit: 10})
	o.must(err)
	if len(all) != 1 || !all[0].ConfirmedAt.IsZero() || o.actions(all[0].ID) != "user.create" {
		t.Errorf("made %+v", all)
	}
	m, n := o.mailed("ada@example.com")
	if n == 0 || n > 4 || m.Kind != auth.MailConfirm || m.Name != "Ada" || !m.Until.Equal(time.UnixMilli(o.at.Load()).Add(72*time.Hour)) {
		t.Errorf("%d mails, the last %+v", n, m)
	}
	if n := o.atOnce(4, errs.NotFound, func() error { _, err := o.Registration.Confirm(t.Context(), m.Token); return err }); n != 1 {
		t.Errorf("the link was used %d times", n)
	}
	o.must(o.signIn("ada@example.com", password, ""))
	o.must(o.signUp("ADA@example.com"))
	if m, _ := o.mailed("ada@example.com"); m.Kind != auth.MailExists || m.To != "ada@example.com" || m.Token != "" {
		t.Errorf("the owner gets %+v", m)
	}
}

func TestSignUpTellsEveryFault(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	err := o.Registration.SignUp(t.Context(), auth.SignUpInput{Email: "ada", Name: "a\nb"})
	o.refused("nothing that is right", err, errs.Invalid)
	for _, field := range []string{"email", "name", "password"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
}

// TestLinksExpire each in its time.
func TestLinksExpire(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada := o.user("ada@example.com")
	for _, tt := range []struct {
		life time.Duration
		to   string
		mail func() error
		use  func(token string) error
	}{
		{
			72 * time.Hour, "new@example.com",
			func() error { return o.signUp("new@example.com") },
			func(token string) error { _, err := o.Registration.Confirm(ctx, token); return err },
		},
		{
			time.Hour, ada.Email,
			func() error { return o.Registration.ForgotPassword(ctx, ada.Email) },
			func(token string) error { return o.Registration.ResetPassword(ctx, token, otherPassword) },
		},
		{
			7 * 24 * time.Hour, ada.Email,
			func() error {
				_, err := o.Invitations.Invite(ctx, o.admin, "org_a", ada.Email, auth.Viewer)
				return err
			},
			func(token string) error { _, err := o.Invitations.Accept(ctx, o.as(ada), token); return err },
		},
	} {
		o.must(tt.mail())
		late, _ := o.mailed(tt.to)
		o.at.Add(tt.life.Milliseconds())
		o.refused(fmt.Sprintf("a link of %s that is %s old", late.Kind, tt.life), tt.use(late.Token), errs.NotFound)
		o.must(tt.mail())
		timely, _ := o.mailed(tt.to)
		o.at.Add(tt.life.Milliseconds() - 1)
		o.must(tt.use(timely.Token))
		o.refused("the same again", tt.use(timely.Token), errs.NotFound)
	}
}

// TestAnUnexpiredChangeOfAddressIsNoWayBack for a thief who began it while
// signed in: what ends their sessions ends their links.
func TestAnUnexpiredChangeOfAddressIsNoWayBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	for name, undo := range map[string]func(u auth.User) error{
		"the password is changed": func(u auth.User) error {
			return o.Registration.ChangePassword(ctx, o.as(u), password, otherPassword, false)
		},
		"the password is reset": func(u auth.User) error {
			o.must(o.Registration.ForgotPassword(ctx, u.Email))
			m, _ := o.mailed(u.Email)
			return o.Registration.ResetPassword(ctx, m.Token, otherPassword)
		},
		"staff sets the password": func(u auth.User) error {
			_, err := o.Users.Change(ctx, o.admin, u.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
				f.Password = otherPassword
				return f, nil
			})
			return err
		},
		"staff sets the address": func(u auth.User) error {
			_, err := o.Users.Change(ctx, o.admin, u.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
				f.Email = "x" + f.Email
				return f, nil
			})
			return err
		},
	} {
		address := strings.ReplaceAll(name, " ", "-") + "@example.com"
		u, thief := o.user(address), "thief-of-"+address
		_, err := o.Users.ChangeProfile(ctx, o.as(u), keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
			f.Email, f.Password = thief, password
			return f, nil
		})
		o.must(err)
		m, _ := o.mailed(thief)
		o.must(undo(u))
		_, err = o.Registration.Confirm(ctx, m.Token)
		o.refused("their link after "+name, err, errs.NotFound)
	}
}

// TestInvitationsMeet: of one that is accepted and withdrawn at once, one
// counts, and nobody is in who was not let in.
func TestInvitationsMeet(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	for i := range 5 {
		u := o.user(fmt.Sprintf("u%d@example.com", i))
		l, err := o.Invitations.Invite(ctx, o.admin, "org_a", u.Email, auth.Developer)
		o.must(err)
		m, _ := o.mailed(u.Email)
		var accepted, withdrawn error
		var both sync.WaitGroup
		both.Go(func() { _, accepted = o.Invitations.Accept(ctx, o.as(u), m.Token) })
		both.Go(func() { withdrawn = o.Invitations.Withdraw(ctx, o.admin, "org_a", l.ID) })
		both.Wait()
		if (accepted == nil) == (withdrawn == nil) {
			t.Errorf("accepted: %v, withdrawn: %v", accepted, withdrawn)
		}
		for _, err := range []error{accepted, withdrawn} {
			if err != nil {
				o.refused("the one that was late", err, errs.NotFound)
			}
		}
		_, err = o.Members.Get(ctx, o.admin, "org_a", u.ID)
		if (err == nil) != (accepted == nil) {
			t.Errorf("accepted: %v, a member: %v", accepted, err)
		}
	}
}

// TestAnOrganizationHasSoManyOpenInvitations, over which no address is mailed.
func TestAnOrganizationHasSoManyOpenInvitations(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	now := time.UnixMilli(o.at.Load())
	for i := range 200 {
		o.must(o.store.Links().Insert(t.Context(), auth.Link{
			Stamp: keys.NewStamp(now), ID: ids.New(ids.Link), Hash: auth.TokenHash{byte(i)}, Purpose: auth.Invitation, OrganizationID: "org_a",
			Email: fmt.Sprintf("u%d@example.com", i), Role: auth.Viewer, ExpiresAt: now.Add(7 * 24 * time.Hour),
		}))
	}
	_, err := o.Invitations.Invite(t.Context(), o.admin, "org_a", "late@example.com", auth.Viewer)
	o.refused("the 201st", err, errs.Conflict)
	o.at.Add((7 * 24 * time.Hour).Milliseconds())
	_, err = o.Invitations.Invite(t.Context(), o.admin, "org_a", "late@example.com", auth.Viewer)
	o.must(err)
	open, err := o.Invitations.List(t.Context(), o.admin, "org_a")
	o.must(err)
	if len(open) != 1 || open[0].Email != "late@example.com" {
		t.Errorf("open are %+v", open)
	}
}

// TestServiceAccountsAreNoUsers: what needs a user is refused, not a panic.
func TestServiceAccountsAreNoUsers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx, robot := t.Context(), &auth.Principal{
		Kind: auth.ServiceAccountKind, AccountID: "sa_r", OrganizationID: "org_a",
		Scopes: []string{"latchkey:*"},
	}
	_, begin := o.Codes.Begin(ctx, robot)
	_, enable := o.Codes.Enable(ctx, robot, "000000")
	_, profile := o.Users.ChangeProfile(ctx, robot, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) { return f, nil })
	_, accept := o.Invitations.Accept(ctx, robot, "x")
	for name, err := range map[string]error{
		"begin": begin, "enable": enable, "profile": profile, "accept": accept,
		"confirm": o.Registration.ConfirmPassword(ctx, robot, "x", "password"), "change": o.Registration.ChangePassword(ctx, robot, "x",
			otherPassword, false),
	} {
		o.refused(name, err, errs.Forbidden)
	}
	o.refused("disable", o.Codes.Disable(ctx, &auth.Principal{Kind: auth.ServiceAccountKind, AccountID: "sa_r"}, "usr_x"), errs.NotFound)
	o.refused("unlink", o.Users.Unlink(ctx, robot, "github:x"), errs.NotFound)
}

// However many ask at once, few links are open: each is a mail.
func TestFewLinksAreMailedToOneUser(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	const ada, bob = "ada@example.com", "bob@example.com"
	o.user(ada)
	many := func(do func() error) {
		var asking sync.WaitGroup
		for range 12 {
			asking.Go(func() {
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
	}
	mails := func(what, to string, want int) {
		t.Helper()
		if _, n := o.mailed(to); n != want {
			t.Errorf("%s: %d mails, want %d", what, n, want)
		}
	}
	many(func() error { return o.Registration.ForgotPassword(t.Context(), ada) })
	mails("resets asked for at once", ada, 3)
	many(func() error { return o.signUp(ada) })
	mails("sign-ups with an address that has a user", ada, 4)
	o.at.Add((25 * time.Hour).Milliseconds())
	many(func() error { return o.signUp(ada) })
	mails("the day after", ada, 5)
	many(func() error { return o.Registration.ForgotPassword(t.Context(), ada) })
	mails("once the links are over", ada, 8)
	last, _ := o.mailed(ada)
	o.must(o.Registration.ResetPassword(t.Context(), last.Token, otherPassword))
	o.refused("a link that is spent", o.Registration.ResetPassword(t.Context(), last.Token, otherPassword), errs.NotFound)
	o.must(o.signUp(bob))
	mails("a sign-up", bob, 1)
	many(func() error { return o.signUp(bob) })
	mails("the same sign-up again and again", bob, 3)
}
