package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/ratelimit"
)

func changeMe(as credential, fields map[string]any) call {
	return call{method: "PATCH", path: "/api/me", as: as, body: fields, kind: mergePatch}
}

// TestMyProfile: what one may change of oneself, and what not.
func TestMyProfile(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, other := s.withPassword(t), s.withPassword(t)
	as := s.session(t, u.ID)
	me, got := want[client.Me](t, s, 200, changeMe(as, map[string]any{"name": "Ada", "username": "Countess"}))
	if me.Name != "Ada" || me.Username != "Countess" || me.Email != u.Email || me.Scheme != "session" || got.header.Get("ETag") != `"2"` {
		t.Errorf("%+v %v", me, got.header)
	}
	want[client.Me](t, s, 200, post("/api/session", map[string]any{"username": "countess", "password": password}))
	refused(t, s, 409, "conflict", changeMe(as, map[string]any{"username": strings.ToUpper(other.Username)}))
	if me, _ := want[client.Me](t, s, 200, changeMe(as, map[string]any{"username": nil})); me.Username != "" {
		t.Errorf("without a username: %+v", me)
	}
	for field, value := range map[string]any{"is_admin": true, "disabled": false, "password": otherPassword, "id": other.ID} {
		if p := refused(t, s, 400, "invalid_request", changeMe(as, map[string]any{field: value})); !names(p, field) {
			t.Errorf("%s: %v", field, p)
		}
	}
	key := byKey(s.keyWith(t, s.tenant(t).organization, "latchkey:*"))
	if _, got := want[client.Me](t, s, 200, call{method: "GET", path: "/api/me", as: key}); got.header.Get("ETag") != "" {
		t.Errorf("a service account has the ETag %s", got.header.Get("ETag"))
	}
}

// TestANewAddressCountsOnceConfirmed, and nobody learns from the answer whether
// it has a user.
func TestANewAddressCountsOnceConfirmed(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, other := s.withPassword(t), s.withPassword(t)
	as := s.session(t, u.ID)
	reset := s.linkTo(t, &u, auth.ResetPassword)
	for _, wrong := range []map[string]any{
		{"email": "thief@example.com"}, {"email": "thief@example.com", "current_password": "wrong horse battery staple"},
	} {
		if p := refused(t, s, 400, "invalid_request", changeMe(as, wrong)); len(p.Errors) != 1 || p.Errors[0].Field != "current_password" {
			t.Errorf("%v is refused with %+v", wrong, p.Errors)
		}
	}
	for _, address := range []string{"Ada@Example.org", other.Email, "typo@example.com"} {
		if me, _ := want[client.Me](t, s, 200,
			changeMe(as, map[string]any{"email": address, "current_password": password})); me.Email != u.Email {
			t.Errorf("the address was not confirmed and is %s", me.Email)
		}
		if kinds, _ := s.mailsTo(address); kinds != "newemail" {
			t.Errorf("%s was mailed %q", address, kinds)
		}
	}
	refused(t, s, 409, "conflict", changeMe(as, map[string]any{"email": "fourth@example.com", "current_password": password}))
	want[client.Me](t, s, 200, changeMe(as, map[string]any{"name": "Ada"}))
	want[client.Me](t, s, 200, signInAs(u.Email, password, ""))
	_, taken := s.mailsTo(other.Email)
	refused(t, s, 409, "conflict", byMail("/api/email/confirm", taken))
	_, good := s.mailsTo("Ada@Example.org")
	want[struct{}](t, s, 200, byMail("/api/email/confirm", good))
	if me := s.me(t, as); me.Email != "Ada@Example.org" {
		t.Errorf("confirmed, it is %s", me.Email)
	}
	refused(t, s, 401, "authentication_failed", signInAs(u.Email, password, ""))
	_, typo := s.mailsTo("typo@example.com")
	refused(t, s, 404, "not_found", byMail("/api/email/confirm", typo))
	refused(t, s, 404, "not_found", byMail("/api/password/reset", reset, "password", otherPassword))
}

// TestOneTimeCodes from the secret to the last recovery code.
func TestOneTimeCodes(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	as := s.session(t, u.ID)
	do := func(path string, body map[string]any) call {
		return call{method: "POST", path: "/api/me/otp" + path, as: as, body: body}
	}
	begin := call{method: "POST", path: "/api/me/otp", as: as}
	replaced, _ := want[client.OTPEnrolment](t, s, 200, begin)
	e, _ := want[client.OTPEnrolment](t, s, 200, begin)
	if !strings.HasPrefix(e.URL, "otpauth://totp/Latchkey:"+u.Email+"?") || !strings.Contains(e.URL, "secret="+e.Secret) {
		t.Errorf("%+v", e)
	}
	want[client.Me](t, s, 200, signInAs(u.Email, password, "")) // it does not count yet
	if p := refused(t, s, 400, "invalid_request", do("/enable", map[string]any{"code": s.code(t, replaced.Secret)})); !names(p, "code") {
		t.Errorf("a code of the secret before: %v", p)
	}
	used := s.code(t, e.Secret)
	codes, _ := want[client.RecoveryCodes](t, s, 200, do("/enable", map[string]any{"code": used}))
	if len(codes.RecoveryCodes) != 10 {
		t.Errorf("%d recovery codes", len(codes.RecoveryCodes))
	}
	refused(t, s, 409, "conflict", begin)
	refused(t, s, 409, "conflict", do("/enable", map[string]any{"code": used}))
	refused(t, s, 401, "code_required", signInAs(u.Email, password, ""))
	refused(t, s, 401, "authentication_failed", signInAs(u.Email, otherPassword, "")) // no word of a code to who does not know the password
	refused(t, s, 401, "code_required", call{method: "GET", path: "/api/me", as: byBasic(u.Email, password)})
	refused(t, s, 401, "authentication_failed", signInAs(u.Email, password, used))
	refused(t, s, 401, "authentication_failed", signInAs(u.Email, password, "abcdef"))
	recovery := strings.ToUpper(strings.ReplaceAll(codes.RecoveryCodes[0], "-", ""))
	want[client.Me](t, s, 200, signInAs(u.Email, password, recovery))
	refused(t, s, 401, "authentication_failed", signInAs(u.Email, password, codes.RecoveryCodes[0]))
	pair := post("/api/token", map[string]any{"email": u.Email, "password": password, "code": codes.RecoveryCodes[1]})
	want[client.TokenPair](t, s, 200, pair)
	for _, wrong := range []string{"", otherPassword} {
		if p := refused(t, s, 400, "invalid_request", do("/disable", map[string]any{"password": wrong})); !names(p, "password") {
			t.Errorf("a wrong password: %v", p)
		}
	}
	want[struct{}](t, s, 200, do("/disable", map[string]any{"password": password}))
	want[client.Me](t, s, 200, signInAs(u.Email, password, ""))
	refused(t, s, 409, "conflict", do("/disable", map[string]any{"password": password}))
}

// TestCodesAreTakenInTheirTime: one step early or late, each once, and none
// that is older than the last.
func TestCodesAreTakenInTheirTime(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	secret, _ := s.withOTP(t, u.ID)
	s.advance(10 * time.Minute)
	at := func(steps time.Duration) string {
		s.advance(steps * 30 * time.Second)
		defer s.advance(-steps * 30 * time.Second)
		return s.code(t, secret)
	}
	for _, tt := range []struct {
		name   string
		code   string
		status int
	}{
		{"two steps late", at(-2), 401},
		{"two steps early", at(2), 401},
		{"one step late", at(-1), 200},
		{"the same again", at(-1), 401},
		{"of now, with a space", at(0)[:3] + " " + at(0)[3:], 200},
		{"of now, again", at(0), 401},
		{"one step early", at(1), 200},
		{"one step early, again", at(1), 401},
		{"of now, after that", at(0), 401},
	} {
		if got := s.send(t, signInAs(u.Email, password, tt.code)); got.status != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, got.status, got.body, tt.status)
		}
	}
}

// TestPasswordsAreNotGuessedAtTheDesk: who sits there waits ever longer.
func TestPasswordsAreNotGuessedAtTheDesk(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signIns: ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 2}})
	for _, path := range []string{"/api/me/otp/disable", "/api/password/change"} {
		u := s.withPassword(t)
		s.withOTP(t, u.ID)
		body := map[string]any{"password": otherPassword}
		if path == "/api/password/change" {
			body["old_password"] = otherPassword
		}
		c := call{method: "POST", path: path, as: s.session(t, u.ID), body: body}
		for range 2 {
			refused(t, s, 400, "invalid_request", c)
		}
		refused(t, s, 429, "rate_limited", c)
	}
}

// TestStaffTurnsCodesOff of a user who lost the device.
func TestStaffTurnsCodesOff(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, admin := s.withPassword(t), s.admin(t)
	s.withOTP(t, u.ID)
	reset := call{method: "DELETE", path: "/api/users/" + u.ID + "/otp", as: admin}
	if got := s.send(t, reset); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
	refused(t, s, 409, "conflict", reset)
	want[client.Me](t, s, 200, signInAs(u.Email, password, ""))
}

// TestTheLastWayToSignInStays.
func TestTheLastWayToSignInStays(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	id, as := s.user(t, "", "")
	mine := s.of(t, id).User
	first, second := s.identity(t, *mine), s.identity(t, *mine)
	unlink := func(id string) call { return call{method: "DELETE", path: "/api/me/identities/" + id, as: as} }
	page, _ := want[client.List[client.Identity]](t, s, 200, call{method: "GET", path: "/api/me/identities", as: as})
	if len(page.Items) != 2 || page.Items[0].Provider != "github" || page.Items[0].Email != mine.Email {
		t.Errorf("listed %+v", page.Items)
	}
	if got := s.send(t, unlink(first)); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
	refused(t, s, 404, "not_found", unlink(first))
	refused(t, s, 409, "conflict", unlink(second))
	stranger := unlink(second)
	_, stranger.as = s.user(t, "", "")
	refused(t, s, 404, "not_found", stranger)
	want[struct{}](t, s, 200, call{method: "POST", path: "/api/password/change", as: as, body: map[string]any{"password": otherPassword}})
	if got := s.send(t, unlink(second)); got.status != 204 {
		t.Errorf("with a password: %d %s", got.status, got.body)
	}
}
