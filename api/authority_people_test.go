package api_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

func newToken(as credential, expires any) call {
	return call{method: "POST", path: "/api/tokens", as: as, body: map[string]any{"name": "CI", "expires_at": expires}}
}

// TestATokenEndsWithWhatMadeIt unless that is a session that was confirmed
// within ten minutes.
func TestATokenEndsWithWhatMadeIt(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	session := s.session(t, u.ID)
	lasting, _ := want[client.CreatedToken](t, s, 201, newToken(session, nil))
	if lasting.ExpiresAt != nil {
		t.Errorf("a token of a fresh session expires %v", lasting.ExpiresAt)
	}
	s.advance(auth.ConfirmedFor + time.Second)
	end := s.now().Add(auth.SessionAbsolute - auth.ConfirmedFor - time.Second).Truncate(time.Millisecond)
	made, _ := want[client.CreatedToken](t, s, 201, newToken(session, nil))
	if made.ExpiresAt == nil || made.ExpiresAt.After(end) {
		t.Errorf("a token of an older session expires %v, want %v", made.ExpiresAt, end)
	}
	if p := refused(t, s, 403, "permission_denied", newToken(session, end.Add(time.Second))); !names(p, "expires_at") {
		t.Errorf("a token that outlasts the session: %+v", p)
	}
	confirm := call{method: "POST", path: "/api/session/confirm", as: session, body: map[string]any{"password": "not the password"}}
	if p := refused(t, s, 400, "invalid_request", confirm); !names(p, "password") {
		t.Errorf("a wrong password: %+v", p)
	}
	refused(t, s, 403, "permission_denied", newToken(session, end.Add(time.Second)))
	confirm.body = map[string]any{"password": password}
	want[client.SignedIn](t, s, 200, confirm)
	want[client.CreatedToken](t, s, 201, newToken(session, end.Add(time.Second)))

	child, _ := want[client.CreatedToken](t, s, 201, newToken(byToken(made.Secret), nil))
	refused(t, s, 403, "permission_denied", newToken(byToken(made.Secret), end.Add(time.Second)))
	s.me(t, byToken(child.Secret))
	must(t, s.People.Sessions.SignOutEverywhere(t.Context(), s.of(t, u.ID), false))
	s.me(t, byToken(lasting.Secret))
	for _, over := range []client.CreatedToken{made, child} {
		refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: byToken(over.Secret)})
	}
}

// TestATokenOfAnotherSchemeEndsWithIt: of a signed token with its sign-in, of a
// password with the password.
func TestATokenOfAnotherSchemeEndsWithIt(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	pair := s.pair(t, u)
	signed, _ := want[client.CreatedToken](t, s, 201, newToken(byBearer(pair.Access), nil))
	if signed.ExpiresAt == nil || signed.ExpiresAt.After(s.now().Add(auth.DefaultAccessLife)) {
		t.Errorf("a token of a signed token expires %v", signed.ExpiresAt)
	}
	s.me(t, byToken(signed.Secret))
	want[struct{}](t, s, 200, call{method: "POST", path: "/api/token/blacklist", body: map[string]any{"refresh": pair.Refresh}})
	refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: byToken(signed.Secret)})

	basic, _ := want[client.CreatedToken](t, s, 201, newToken(byBasic(u.Email, password), nil))
	lasting, _ := want[client.CreatedToken](t, s, 201, newToken(s.session(t, u.ID), nil))
	s.me(t, byToken(basic.Secret))
	want[struct{}](t, s, 200, call{
		method: "POST", path: "/api/password/change", as: s.session(t, u.ID), body: map[string]any{
			"old_password": password,
			"password":     otherPassword,
		},
	})
	refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: byToken(basic.Secret)})
	s.me(t, byToken(lasting.Secret))
}

// TestNoTokenGivesAFirstPassword, or another address, to a user who has no password
// to repeat: either would outlive the token, or the session that was left open.
func TestNoTokenGivesAFirstPassword(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	id, session := s.user(t, "", "")
	token, _ := want[client.CreatedToken](t, s, 201, newToken(session, s.now().Add(time.Hour)))
	choose := func(as credential) call {
		return call{method: "POST", path: "/api/password/change", as: as, body: map[string]any{"password": otherPassword}}
	}
	takes := []func(credential) call{
		choose,
		func(as credential) call { return changeMe(as, map[string]any{"email": "thief@example.com"}) },
		func(as credential) call {
			return call{method: "POST", path: "/api/me/otp/disable", as: as, body: map[string]any{"password": ""}}
		},
	}
	for _, take := range takes {
		refused(t, s, 403, "permission_denied", take(byToken(token.Secret)))
	}
	s.advance(auth.ConfirmedFor + time.Second)
	for _, take := range takes {
		refused(t, s, 403, "permission_denied", take(session))
	}
	want[struct{}](t, s, 200, choose(s.session(t, id)))
}

// TestTokensDoNotGoOnForEver: only so many make one another.
func TestTokensDoNotGoOnForEver(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	as, made := s.session(t, s.withPassword(t).ID), 0
	for ; made < 20; made++ {
		got := s.send(t, newToken(as, nil))
		if got.status == 403 {
			break
		}
		next, _ := want[client.CreatedToken](t, s, 201, newToken(as, nil))
		as = byToken(next.Secret)
		s.me(t, as)
	}
	if made == 0 || made == 20 {
		t.Errorf("%d tokens made one another", made)
	}
}

// TestAnInvitationEndsWithItsAuthorsRight to give the role: whoever was removed,
// demoted, disabled or revoked meanwhile makes nobody a member any more.
func TestAnInvitationEndsWithItsAuthorsRight(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ctx, system := t.Context(), auth.System()
	for name, ends := range map[string]func(x tenant, author, key string){
		"nothing": func(tenant, string, string) {},
		"removed": func(x tenant, author, _ string) {
			must(t, s.People.Members.Remove(ctx, system, x.organization, author, keys.AnyRevision))
		},
		"demoted": func(x tenant, author, _ string) {
			_, err := s.People.Members.Change(ctx, system, x.organization, author, keys.AnyRevision, func(auth.Role) (auth.Role, error) {
				return auth.Developer, nil
			})
			must(t, err)
		},
		"disabled": func(_ tenant, author, _ string) {
			_, err := s.People.Users.Change(ctx, system, author, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
				f.Disabled = true
				return f, nil
			})
			must(t, err)
		},
		"deleted": func(_ tenant, author, _ string) {
			must(t, s.People.Users.Delete(ctx, system, author, keys.AnyRevision))
		},
		"a key that is good": func(tenant, string, string) {},
		"a key revoked": func(_ tenant, _, key string) {
			_, _, err := s.Keys.Revoke(ctx, system, key, keys.AnyRevision, keys.ReasonLeaked, "")
			must(t, err)
		},
		"a key narrowed": func(_ tenant, _, key string) {
			_, err := s.Keys.ChangeKey(ctx, system, key, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
				f.Scopes = []string{"latchkey:members:write"}
				return f, nil
			})
			must(t, err)
		},
	} {
		x := s.tenant(t)
		s.user(t, auth.Owner, x.organization) // who stays
		author, as := s.user(t, auth.Owner, x.organization)
		account := s.account(t, x.organization, keys.AccountFields{Scopes: []string{"*"}})
		key, secret := s.issue(t, account, keys.KeyFields{})
		if len(name) > 5 && name[:5] == "a key" {
			as = byKey(secret)
		}
		invited := s.withPassword(t)
		want[client.Invitation](t, s, 201, invite(x.organization, invited.Email, "owner", as))
		_, token := s.mailsTo(invited.Email)
		ends(x, author, key)
		got := s.send(t, accept(token, s.session(t, invited.ID)))
		ok := name == "nothing" || name == "a key that is good"
		if p := problemOf(t, got); ok != (got.status == 200) || (!ok && p.Code != "permission_denied") {
			t.Errorf("its author %s: %d %s", name, got.status, got.body)
		}
	}
}
