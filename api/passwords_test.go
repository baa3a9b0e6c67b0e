package api_test

import (
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
)

// signedIn is a user with a session and a pair of signed tokens.
func (s *suite) signedIn(t *testing.T) (u auth.User, session, access credential, refresh call) {
	t.Helper()
	u = s.withPassword(t)
	p := s.pair(t, u)
	return u, s.session(t, u.ID), byBearer(p.Access), post("/api/token/refresh", map[string]any{"refresh": p.Refresh})
}

// over asks for what was signed in before to be so no more.
func (s *suite) over(t *testing.T, session, access credential, refresh call) {
	t.Helper()
	me := call{method: "GET", path: "/api/me", as: session}
	refused(t, s, 401, "not_authenticated", me)
	me.as = access
	refused(t, s, 401, "token_not_valid", me)
	refused(t, s, 401, "token_not_valid", refresh)
}

// TestForgottenPasswords are set anew by a mail, which ends whatever a thief
// has begun, their links too.
func TestForgottenPasswords(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, session, access, refresh := s.signedIn(t)
	ask := post("/api/password/forgotten", map[string]any{"email": strings.ToUpper(u.Email)})
	for range 5 {
		want[struct{}](t, s, 202, ask)
		s.People.Close()
	}
	kinds, token := s.mailsTo(u.Email)
	if kinds != "reset reset reset" {
		t.Errorf("five times forgotten, and mailed %q", kinds)
	}
	earlier := s.linkTo(t, &u, auth.ResetPassword)
	thiefs := s.link(t, auth.Link{Purpose: auth.ConfirmEmail, Email: "thief@example.com", UserID: u.ID})
	if p := refused(t, s, 400, "invalid_request", byMail("/api/password/reset", token, "password", "password1234")); !names(p, "password") {
		t.Errorf("a common password: %v", p)
	}
	want[struct{}](t, s, 200, byMail("/api/password/reset", token, "password", otherPassword))
	s.over(t, session, access, refresh)
	refused(t, s, 401, "authentication_failed", signInAs(u.Email, password, ""))
	want[client.Me](t, s, 200, signInAs(u.Email, otherPassword, ""))
	refused(t, s, 404, "not_found", byMail("/api/password/reset", earlier, "password", password))
	refused(t, s, 404, "not_found", byMail("/api/email/confirm", thiefs))
	if kinds, _ := s.mailsTo(u.Email); kinds != "reset reset reset changed" {
		t.Errorf("then mailed %q", kinds)
	}
	moved := s.link(t, auth.Link{Purpose: auth.ResetPassword, Email: "before@example.com", UserID: u.ID})
	refused(t, s, 404, "not_found", byMail("/api/password/reset", moved, "password", password))
}

// TestResetConfirms: the mail shows that the address is theirs.
func TestResetConfirms(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.unconfirmed(t)
	want[struct{}](t, s, 200, byMail("/api/password/reset", s.linkTo(t, &u, auth.ResetPassword), "password", otherPassword))
	want[client.Me](t, s, 200, signInAs(u.Email, otherPassword, ""))
	s.disable(t, u.ID)
	refused(t, s, 404, "not_found", byMail("/api/password/reset", s.linkTo(t, &u, auth.ResetPassword), "password", password))
	refused(t, s, 404, "not_found", byMail("/api/email/confirm", s.linkTo(t, &u, auth.ConfirmEmail)))
}

// TestChangedPasswords need the old one, and end the other sign-ins.
func TestChangedPasswords(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, session, access, refresh := s.signedIn(t)
	mine := s.session(t, u.ID)
	change := func(old string) call {
		return call{method: "POST", path: "/api/password/change", as: mine, body: map[string]any{"old_password": old, "password": otherPassword}}
	}
	for _, old := range []string{"", otherPassword} {
		if p := refused(t, s, 400, "invalid_request", change(old)); !names(p, "old_password") {
			t.Errorf("a wrong old password: %v", p)
		}
	}
	want[struct{}](t, s, 200, change(password))
	s.over(t, session, access, refresh)
	if me := s.me(t, mine); me.ID != u.ID {
		t.Errorf("the session that asked acts as %+v", me)
	}
	refused(t, s, 401, "authentication_failed", signInAs(u.Email, password, ""))
	want[client.Me](t, s, 200, signInAs(u.Email, otherPassword, ""))
	if kinds, _ := s.mailsTo(u.Email); kinds != "changed" {
		t.Errorf("mailed %q", kinds)
	}
}
