package auth_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// remote is the authenticator of an office whose proxy sends names.
func (o *office) remote(create bool) *auth.RemoteUser {
	o.t.Helper()
	u, err := auth.NewRemoteUser(o.People, auth.RemoteUserConfig{
		Header: "Remote-User", EmailHeader: "Remote-Email", NameHeader: "Remote-Name", GroupsHeader: "Remote-Groups", Create: create,
		Groups: map[string]auth.GroupRole{"owners": {OrganizationID: "org_a", Role: auth.Owner}},
	}, slog.New(slog.DiscardHandler))
	o.must(err)
	return u
}

// sends is a request in which the proxy, or somebody else, sends the headers.
func sends(t testing.TB, proxied bool, headers map[string]string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r.WithContext(proxies.With(r.Context(), proxies.Client{Address: netip.MustParseAddr("192.0.2.1"), Proxied: proxied}))
}

// TestARemoteNameIsNoUsername: whoever takes the name that the proxy sends for
// somebody else is not who the proxy means.
func TestARemoteNameIsNoUsername(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	mallory := o.user("mallory@example.com")
	_, err := o.Users.ChangeProfile(t.Context(), o.as(mallory), keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Username = "ada"
		return f, nil
	})
	o.must(err)
	for _, create := range []bool{false, true} {
		p, err := o.remote(create).Authenticate(sends(t, true, map[string]string{"Remote-User": "ada", "Remote-Email": "ada@example.com"}))
		if create {
			o.must(err)
			if p.ID() == mallory.ID || p.User.Username != "" || p.User.Email != "ada@example.com" {
				t.Errorf("the proxy's ada is %+v", p.User)
			}
			continue
		}
		o.refused("a name that nobody tied to a user", err, errs.Unauthenticated)
	}
	again, err := o.remote(true).Authenticate(sends(t, true, map[string]string{"Remote-User": "ada"}))
	o.must(err)
	if again.User.Email != "ada@example.com" {
		t.Errorf("then it is %+v", again.User)
	}
}

// TestARemoteNameIsTied to a user by staff, by a confirmed address, or as an
// earlier release made the user, but not by an address that is sent with it.
func TestARemoteNameIsTied(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ada := o.user("ada@example.com")
	o.must(o.Users.TieRemote(t.Context(), o.admin, ada.ID, "ADA"))
	o.refused("tied by the user", o.Users.TieRemote(t.Context(), o.as(ada), ada.ID, "boss"), errs.Forbidden)
	earlier, err := o.Users.Create(t.Context(), o.admin, "", auth.UserFields{Username: "bob", Email: "bob@remote.invalid"})
	o.must(err)
	for name, want := range map[string]string{"ADA": ada.ID, "ada@example.com": ada.ID, "bob": earlier.ID, "ada": "", "nobody": ""} {
		p, err := o.remote(false).Authenticate(sends(t, true, map[string]string{"Remote-User": name, "Remote-Email": "ada@example.com"}))
		if want == "" {
			o.refused(name, err, errs.Unauthenticated)
			continue
		}
		o.must(err)
		if p.ID() != want {
			t.Errorf("%s is %s, want %s", name, p.ID(), want)
		}
	}
	_, err = o.Users.Change(t.Context(), o.admin, ada.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Disabled = true
		return f, nil
	})
	o.must(err)
	_, err = o.remote(true).Authenticate(sends(t, true, map[string]string{"Remote-User": "ADA"}))
	o.refused("a disabled user", err, errs.Unauthenticated)
}

// TestAnAddressBesideARemoteNameProvesNothing: people choose the address that a
// proxy tells, and a user who has it, and no password, is not who comes.
func TestAnAddressBesideARemoteNameProvesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	o.Signup = auth.SignupOpen
	ada, err := o.Users.ByExternal(t.Context(), account("1", "ada@example.com", true), "")
	o.must(err)
	for _, email := range []string{"ada@example.com", "ADA@example.com"} {
		p, err := o.remote(true).Authenticate(sends(t, true, map[string]string{"Remote-User": "mallory", "Remote-Email": email}))
		if err == nil {
			t.Errorf("mallory with the address %s is %s, where Ada is %s", email, p.ID(), ada.ID)
			continue
		}
		o.refused("an address of somebody else", err, errs.Unauthenticated)
	}
}

// TestNamesThatOthersTell of a user hold no invisible characters, as those that
// people type.
func TestNamesThatOthersTell(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	o.Signup = auth.SignupOpen
	x := account("1", "ada@example.com", true)
	x.Name = " Ada\u202e \u200bLovelace e\u0301\n"
	u, err := o.Users.ByExternal(t.Context(), x, "")
	o.must(err)
	p, err := o.remote(true).Authenticate(sends(t, true, map[string]string{"Remote-User": "ada", "Remote-Name": x.Name}))
	o.must(err)
	for by, name := range map[string]string{"a provider": u.Name, "a proxy": p.User.Name} {
		if name != "Ada Lovelace \u00e9" {
			t.Errorf("%s makes the name %q", by, name)
		}
	}
}

// TestARemoteUserIsMadeOnce however many requests come first, and only where the
// proxy sends the name.
func TestARemoteUserIsMadeOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	u := o.remote(true)
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			p, err := u.Authenticate(sends(t, true, map[string]string{"Remote-User": "eve", "Remote-Groups": "owners, others"}))
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = p.ID()
			if p.Memberships["org_a"] != auth.Owner {
				t.Errorf("with the group they have %v", p.Memberships)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Errorf("eight requests made %v", ids)
			break
		}
	}
	if p, err := u.Authenticate(sends(t, false, map[string]string{"Remote-User": "eve"})); p != nil || err != nil || u.Ignored() != 1 {
		t.Errorf("from anybody: %v, %v, %d ignored", p, err, u.Ignored())
	}
	if p, err := u.Authenticate(sends(t, true, nil)); p != nil || err != nil {
		t.Errorf("without a name: %v, %v", p, err)
	}
}

func TestReservedUsernames(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	ada := o.user("ada@example.com")
	for _, name := range []string{"admin", "System", "LATCHKEY", "root"} {
		_, err := o.Users.ChangeProfile(t.Context(), o.as(ada), keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
			f.Username = name
			return f, nil
		})
		o.refused(name, err, errs.Invalid)
	}
	_, err := o.Users.Change(t.Context(), o.admin, ada.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Username = "admin"
		return f, nil
	})
	o.must(err)
	_, err = o.Users.ChangeProfile(t.Context(), o.as(ada), keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Name = "Ada"
		return f, nil
	})
	o.must(err)
}

// TestAddressesAreComparedAsMailDoes: who has another mailbox is somebody else,
// at sign-in by a provider and by password.
func TestAddressesAreComparedAsMailDoes(t *testing.T) {
	t.Parallel()
	o := newOffice(t, ratelimit.Rule{})
	for victim, others := range map[string][]string{
		"user@strasse.example": {"user@straße.example", "user@stra\u1e9ee.example"},
		"jose@example.com":     {"jo\u017fe@example.com"},
		"karl@example.com":     {"\u212aarl@example.com"},
	} {
		known := o.user(victim)
		for _, address := range others {
			u, err := o.Users.ByExternal(t.Context(), auth.ExternalAccount{Provider: "idp", Subject: address, Email: address, EmailVerified: true},
				"")
			if err == nil && u.ID == known.ID {
				t.Errorf("%s signs in as %s", address, victim)
			}
			if _, err := o.Sessions.Check(t.Context(), auth.Login{Name: address, Password: password}); err == nil {
				t.Errorf("%s signs in with the password of %s", address, victim)
			}
		}
	}
	known := o.user("user@m\u00fcnchen.example")
	for i, same := range []string{"USER@M\u00dcNCHEN.example", "user@xn--mnchen-3ya.example", "user@mu\u0308nchen.example"} {
		u, err := o.Users.ByExternal(t.Context(), auth.ExternalAccount{
			Provider: "idp", Subject: string(rune('a' + i)), Email: same,
			EmailVerified: true,
		}, "")
		if err != nil || u.ID != known.ID {
			t.Errorf("%s is %s, %v, want the same user", same, u.Email, err)
		}
	}
}
