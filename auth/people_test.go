package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
)

const password = "correct horse battery"

// office is People over a real store, with a clock that tests set.
type office struct {
	*auth.People
	t     testing.TB
	store *sqlite.Store
	at    atomic.Int64
	admin keys.Actor
	mails mailbox
}

func newOffice(t testing.TB, rule ratelimit.Rule) *office {
	t.Helper()
	o := &office{t: t, admin: auth.System()}
	o.at.Store(time.Now().UnixMilli())
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	o.must(err)
	t.Cleanup(func() {
		if o.People != nil {
			o.Close()
		}
		_ = store.Close(context.WithoutCancel(t.Context()))
	})
	o.store = store
	now := func() time.Time { return time.UnixMilli(o.at.Load()).UTC() }
	passwords, err := auth.NewPasswords()
	o.must(err)
	delays, err := auth.NewDelays(rule, now)
	o.must(err)
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	o.must(err)
	o.People, err = auth.NewPeople(auth.PeopleConfig{
		Store: store, Organizations: store.Organizations().Get, Audit: audit.New(store, now), Passwords: passwords, Delays: delays,
		Sealer: sealer, Now: now,
		Mailer: &o.mails, Logger: slog.New(slog.DiscardHandler), Signup: auth.SignupOpen,
	})
	o.must(err)
	o.must(store.Organizations().Insert(t.Context(), keys.Organization{
		Stamp: keys.NewStamp(now()), ID: "org_a",
		OrganizationFields: keys.OrganizationFields{Name: "A"},
	}))
	return o
}

// mailbox keeps the mails that would be sent.
type mailbox struct {
	mu    sync.Mutex
	mails []auth.Mail
}

// Post implements auth.Mailer.
func (m *mailbox) Post(one auth.Mail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, one)
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) refused(what string, err error, kind errs.Kind) {
	o.t.Helper()
	if !errors.Is(err, kind) {
		o.t.Errorf("%s: %v, want the kind %s", what, err, kind)
	}
}

func (o *office) user(email string) auth.User {
	o.t.Helper()
	u, err := o.Users.Create(o.t.Context(), o.admin, "", auth.UserFields{Email: email, Password: password})
	o.must(err)
	return u
}

func (o *office) as(u auth.User) *auth.Principal {
	o.t.Helper()
	p, err := o.Users.Principal(o.t.Context(), u)
	o.must(err)
	return p
}

func to(role auth.Role) func(auth.Role) (auth.Role, error) {
	return func(auth.Role) (auth.Role, error) { return role, nil }
}

func TestAnOrganizationKeepsAnOwner(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada, bob, eve := o.user("ada@example.com"), o.user("bob@example.com"), o.user("eve@example.com")
	_, err := o.Members.Add(ctx, o.admin, "org_a", ada.ID, auth.Owner)
	o.must(err)
	_, err = o.Members.Add(ctx, o.as(ada), "org_a", ada.ID, auth.Viewer)
	o.refused("a member twice", err, errs.Conflict)
	_, err = o.Members.Add(ctx, o.as(ada), "org_a", "usr_none", auth.Viewer)
	o.refused("a user who is not there", err, errs.Invalid)
	_, err = o.Members.Add(ctx, o.as(ada), "org_a", eve.ID, "boss")
	o.refused("a role that is none", err, errs.Invalid)
	_, err = o.Members.Add(ctx, o.as(eve), "org_a", eve.ID, auth.Viewer)
	o.refused("a stranger lets themselves in", err, errs.NotFound)
	_, err = o.Members.Add(ctx, o.as(ada), "org_a", bob.ID, auth.Developer)
	o.must(err)
	_, err = o.Members.Add(ctx, o.as(bob), "org_a", eve.ID, auth.Viewer)
	o.refused("a developer adds a member", err, errs.Forbidden)
	_, err = o.Members.Change(ctx, o.as(bob), "org_a", bob.ID, keys.AnyRevision, to(auth.Owner))
	o.refused("a developer makes themselves owner", err, errs.Forbidden)

	_, err = o.Members.Change(ctx, o.as(ada), "org_a", ada.ID, keys.AnyRevision, to(auth.Viewer))
	o.refused("the last owner becomes a viewer", err, errs.Conflict)
	o.refused("the last owner leaves", o.Members.Remove(ctx, o.as(ada), "org_a", ada.ID, keys.AnyRevision), errs.Conflict)
	_, err = o.Members.Change(ctx, o.as(ada), "org_a", bob.ID, keys.AnyRevision, to(auth.Owner))
	o.must(err)
	o.must(o.Members.Remove(ctx, o.as(ada), "org_a", ada.ID, keys.AnyRevision))
	if o.as(ada).May(keys.ReadKeys, "org_a") {
		t.Error("who has left still reads keys")
	}
	o.must(o.Members.Remove(ctx, o.admin, "org_a", bob.ID, keys.AnyRevision))
}

// A key that may manage members is not a way to all of the management API.
func TestMembersAreNoWayUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada, bob := o.user("ada@example.com"), o.user("bob@example.com")
	robot := func(scopes ...string) keys.Actor {
		return &auth.Principal{Kind: auth.ServiceAccountKind, AccountID: "sa_r", OrganizationID: "org_a", Scopes: scopes}
	}
	narrow := robot(string(keys.ReadMembers), string(keys.WriteMembers))
	_, err := o.Members.Add(ctx, narrow, "org_a", ada.ID, auth.Owner)
	o.refused("a key without latchkey:* makes an owner", err, errs.Forbidden)
	_, err = o.Members.Add(ctx, narrow, "org_a", ada.ID, auth.Viewer)
	o.refused("a key that may not read accounts makes a viewer, who may", err, errs.Forbidden)
	manager := robot("latchkey:*")
	_, err = o.Members.Add(ctx, manager, "org_a", ada.ID, auth.Viewer)
	o.must(err)
	_, err = o.Members.Change(ctx, narrow, "org_a", ada.ID, keys.AnyRevision, to(auth.Owner))
	o.refused("it makes a member owner", err, errs.Forbidden)
	_, err = o.Members.Change(ctx, manager, "org_a", ada.ID, keys.AnyRevision, to(auth.Developer))
	o.refused("a key without the provider's scopes makes a developer, who grants them all", err, errs.Forbidden)
	_, err = o.Members.Add(ctx, robot("*"), "org_a", bob.ID, auth.Owner)
	o.must(err)
	_, err = o.Members.Change(ctx, manager, "org_a", bob.ID, keys.AnyRevision, to(auth.Viewer))
	o.refused("it demotes an owner", err, errs.Forbidden)
	o.refused("it removes an owner", o.Members.Remove(ctx, manager, "org_a", bob.ID, keys.AnyRevision), errs.Forbidden)
	o.refused("so the page asks in vain", o.Members.CheckRemoval(ctx, manager, "org_a", bob.ID), errs.Forbidden)
	o.must(o.Members.Remove(ctx, manager, "org_a", ada.ID, keys.AnyRevision))
}

func TestPasswordsAreGuessedSlowly(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 3})
	ctx := t.Context()
	ada := o.user("ada@example.com")
	try := func(name, password string) error {
		_, err := o.Sessions.Check(ctx, auth.Login{Name: name, Password: password})
		return err
	}
	o.must(try("ADA@example.com", password))
	for range 3 {
		o.refused("a wrong password", try(ada.Email, "wrong password"), errs.Unauthenticated)
	}
	o.refused("the right one, too early", try(ada.Email, password), errs.Limited)
	before, err := o.store.Events(ctx, audit.Filter{}, "", 100)
	o.must(err)
	for range 5 {
		_, _, _, err := o.Sessions.SignIn(ctx, auth.Login{Name: ada.Email, Password: password})
		o.refused("signing in too early", err, errs.Limited)
	}
	after, err := o.store.Events(ctx, audit.Filter{}, "", 100)
	o.must(err)
	if len(after) != len(before) {
		t.Errorf("tries that were not heard left %d events: strangers can fill the log", len(after)-len(before))
	}
	o.at.Add(time.Hour.Milliseconds())
	o.must(try(ada.Email, password))
	_, err = o.Users.Change(ctx, o.admin, ada.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Disabled = true
		return f, nil
	})
	o.must(err)
	disabled, unknown := try(ada.Email, password), try("nobody@example.com", password)
	o.refused("a disabled user", disabled, errs.Unauthenticated)
	if disabled.Error() != unknown.Error() {
		t.Errorf("a disabled user gets %q, an unknown one %q", disabled, unknown)
	}
}

func TestTheLastSignInIsKept(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx, ada := t.Context(), o.user("ada@example.com")
	login := auth.Login{Name: ada.Email, Password: password}
	last := func(what string, want time.Time) {
		t.Helper()
		u, err := o.store.Users().Get(ctx, ada.ID)
		o.must(err)
		if !u.LastSignInAt.Equal(want) || u.Revision != ada.Revision {
			t.Errorf("%s: the last sign-in is %s at revision %d, want %s at %d", what, u.LastSignInAt, u.Revision, want, ada.Revision)
		}
	}
	last("before any", time.Time{})
	_, err := o.Sessions.Check(ctx, login)
	o.must(err)
	last("a password that comes with a request", time.Time{})
	_, _, _, err = o.Sessions.SignIn(ctx, auth.Login{Name: ada.Email, Password: "wrong password"})
	o.refused("a wrong password", err, errs.Unauthenticated)
	last("a wrong password", time.Time{})
	_, _, u, err := o.Sessions.SignIn(ctx, login)
	o.must(err)
	last("a session", o.Now())
	o.at.Add(time.Hour.Milliseconds())
	format, err := keys.NewFormat(keys.DefaultBrand)
	o.must(err)
	_, err = o.Tokens.ObtainToken(ctx, login, format)
	o.must(err)
	last("a token", o.Now())
	o.at.Add(time.Hour.Milliseconds())
	_, _, err = o.Sessions.Begin(ctx, u) // after a second step, or by a provider
	o.must(err)
	last("a session of who has proved themselves", o.Now())
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada := o.user("ada@example.com")
	signIn := func() auth.TokenHash {
		_, s, _, err := o.Sessions.SignIn(ctx, auth.Login{Name: ada.Email, Password: password})
		o.must(err)
		return s.TokenHash
	}
	first := signIn()
	if _, err := o.store.SessionByToken(ctx, first); err != nil {
		t.Fatal(err)
	}
	_, err := o.Users.Change(ctx, o.admin, ada.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Password = "lighthouse keeper two"
		return f, nil
	})
	o.must(err)
	_, err = o.store.SessionByToken(ctx, first)
	o.refused("a session from before the password changed", err, errs.NotFound)
	_, _, _, err = o.Sessions.SignIn(ctx, auth.Login{Name: ada.Email, Password: password})
	o.refused("the old password", err, errs.Unauthenticated)
}

func TestOnlyStaffLooksAfterUsers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ctx := t.Context()
	ada, bob := o.user("ada@example.com"), o.user("bob@example.com")
	_, err := o.Users.Create(ctx, o.admin, "", auth.UserFields{Email: "ADA@example.com", Password: password})
	o.refused("an address that is taken, in other case", err, errs.Conflict)
	_, err = o.Users.Create(ctx, o.admin, "", auth.UserFields{Email: "x@example.com", Password: "short"})
	o.refused("a short password", err, errs.Invalid)
	_, err = o.Users.Create(ctx, o.as(ada), "", auth.UserFields{Email: "x@example.com", Password: password})
	o.refused("made by a user", err, errs.Forbidden)
	_, err = o.Users.Get(ctx, o.as(ada), bob.ID)
	o.refused("read by another", err, errs.NotFound)
	if self, err := o.Users.Get(ctx, o.as(ada), ada.ID); err != nil || self.ID != ada.ID {
		t.Errorf("oneself: %v", err)
	}
	_, err = o.Users.Change(ctx, o.as(ada), ada.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.IsAdmin = true
		return f, nil
	})
	o.refused("made admin by themselves", err, errs.Forbidden)
	root, err := o.Users.Create(ctx, o.admin, "", auth.UserFields{Email: "root@example.com", Password: password, IsAdmin: true})
	o.must(err)
	_, err = o.Users.Change(ctx, o.as(root), root.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.IsAdmin = false
		return f, nil
	})
	o.refused("an admin gives up being one", err, errs.Conflict)
	o.refused("an admin deletes themselves", o.Users.Delete(ctx, o.as(root), root.ID, keys.AnyRevision), errs.Conflict)
	_, err = o.Members.Add(ctx, o.admin, "org_a", bob.ID, auth.Owner)
	o.must(err)
	o.must(o.Users.Delete(ctx, o.as(root), bob.ID, keys.AnyRevision))
	if left, err := o.Members.List(ctx, o.admin, "org_a", keys.Page{Limit: 10}); err != nil || len(left) != 0 {
		t.Errorf("a deleted user is still member: %v, %v", left, err)
	}
}

// What a role may do, and hand on.
func TestRoles(t *testing.T) {
	t.Parallel()
	who := func(role auth.Role) *auth.Principal {
		return &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_a"}, Memberships: map[string]auth.Role{"org_a": role}}
	}
	for _, tt := range []struct {
		action keys.Action
		may    []auth.Role
	}{
		{keys.ReadKeys, []auth.Role{auth.Owner, auth.Developer, auth.Viewer}},
		{keys.WriteKeys, []auth.Role{auth.Owner, auth.Developer}},
		{keys.VerifyKeys, []auth.Role{auth.Owner, auth.Developer}},
		{keys.WriteMembers, []auth.Role{auth.Owner}},
		{keys.WriteOrganization, []auth.Role{auth.Owner}},
		{keys.VerifyAllKeys, nil},
		{keys.ReadMetrics, nil},
	} {
		for _, role := range []auth.Role{auth.Owner, auth.Developer, auth.Viewer, "boss"} {
			if got := who(role).May(tt.action, "org_a"); got != slices.Contains(tt.may, role) {
				t.Errorf("%s may do %s: %t", role, tt.action, got)
			}
			if who(role).May(tt.action, "org_b") {
				t.Errorf("%s may do %s in another organization", role, tt.action)
			}
		}
	}
	for _, tt := range []struct {
		scope string
		may   []auth.Role
	}{
		{"invoices:*", []auth.Role{auth.Owner, auth.Developer}},
		{string(keys.WriteKeys), []auth.Role{auth.Owner, auth.Developer}},
		{string(keys.WriteMembers), []auth.Role{auth.Owner}},
		{"latchkey:*", []auth.Role{auth.Owner}},
		{"*", []auth.Role{auth.Owner}},
		{string(keys.VerifyAllKeys), nil},
		{string(keys.ReadMetrics), nil},
	} {
		for _, role := range []auth.Role{auth.Owner, auth.Developer, auth.Viewer, "boss"} {
			if got := who(role).MayGrant(tt.scope, "org_a"); got != slices.Contains(tt.may, role) {
				t.Errorf("%s grants %s: %t", role, tt.scope, got)
			}
		}
	}
}

func TestLoginsOfAnyLengthTakeLittleMemory(t *testing.T) {
	t.Parallel()
	delays, err := auth.NewDelays(ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 3}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	try, err := delays.Begin(t.Context(), strings.Repeat("x", 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	try.Fail()
	if n := delays.LongestName(); n > 64 {
		t.Errorf("a login is remembered under a name of %d bytes", n)
	}
}
