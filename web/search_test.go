package web_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/ids"
)

// TestAWholeKeyIsFoundAndInNoURL, in whichever search box it is pasted; whose key
// it is nobody else learns.
func TestAWholeKeyIsFoundAndInNoURL(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, secret := s.issued(s.organization, "sync")
	owner := s.signedIn(s.user("ada@example.com", auth.Owner))
	stranger := s.signedIn(s.admin("staff@example.com"))
	_ = stranger
	for _, list := range []string{"/keys", "/service-accounts", "/organizations/" + s.organization + "/audit"} {
		p := owner.post("/search", url.Values{"list": {list}, "q": {" " + secret + " "}})
		if p.status != 303 || p.location != "/keys/"+key.ID {
			t.Errorf("%s: %d to %q", list, p.status, p.location)
		}
	}
	for _, typed := range []string{`"` + secret + `"`, "X-API-Key: " + secret, "Authorization: Bearer " + secret + "\n", "key=" + secret +
		"&a=b", "is lk_live_AbCd or " + secret + " ours?"} {
		if p := owner.post("/search", url.Values{"list": {"/keys"}, "q": {typed}}); p.location != "/keys/"+key.ID {
			t.Errorf("%q leads to %q", typed, p.location)
		}
	}
	if p := owner.post("/search", url.Values{"list": {"/keys"}, "q": {secret[:12]}}); p.location != "/keys?q="+secret[:12] {
		t.Errorf("the start that lists show leads to %q", p.location)
	}
	for typed, says := range map[string]string{
		secret[:len(secret)-1]:       "not a complete key",
		secret[:len(secret)-1] + "!": "not a complete key",
	} {
		p := owner.post("/search", url.Values{"list": {"/keys"}, "q": {typed}})
		if strings.Contains(p.location, "lk_") {
			t.Errorf("%q is in the address %s", typed, p.location)
		}
		owner.sees(owner.get(p.location), 200, says)
	}
	owner.sees(owner.get("/keys?q="+secret), 303, "/keys/"+key.ID)
	if p := owner.post("/search", url.Values{
		"list": {"/keys"}, "q": {"nightly"}, "status": {"active"},
		"scope": {""},
	}); p.location != "/keys?q=nightly&status=active" {
		t.Errorf("a search leads to %q", p.location)
	}
	owner.sees(owner.post("/search", url.Values{"list": {"https://evil.example.com"}, "q": {"x"}}), 404, "")
	outsider, err := s.People.Users.Create(t.Context(), auth.System(), ids.New(ids.User), auth.UserFields{Email: "eve@example.com"})
	s.must(err)
	v := s.signedIn(outsider)
	v.sees(v.get(v.post("/search", url.Values{"list": {"/keys"}, "q": {secret}}).location), 200, "This key does not exist")
	if strings.Contains(s.log.String(), secret) {
		t.Error("the key is in the log")
	}
}

// noise is text that no compression makes shorter.
func noise(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(rand.Text())
	}
	return b.String()
}

// TestAFormOutlivesItsSession: who signs in again finds it as it was, and sends it
// or not. A forged one, or one with a password, is not kept.
func TestAFormOutlivesItsSession(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "sync")
	u := s.user("ada@example.com", auth.Owner)
	v := s.signedIn(u)
	s.must(s.People.Sessions.SignOutEverywhere(t.Context(), s.as(u), false))
	fields := url.Values{"name": {"sync"}, "description": {"one\r\ntwo <b>"}, "scopes": {"invoices:read", "invoices:write"}}
	p := v.post("/service-accounts/"+account.ID+"/edit", fields)
	v.sees(p, 303, "/login?next=%2Fform")
	again := func(v *visitor) {
		t.Helper()
		v.keep(auth.SessionCookie, s.signedIn(u).cookie(auth.SessionCookie), "/")
	}
	again(v)
	shown := v.get("/form")
	v.sees(shown, 200, "We kept your form")
	for _, part := range []string{
		`action="/service-accounts/` + account.ID + `/edit"`, "one\ntwo &lt;b&gt;", `name="scopes" value="invoices:read"`,
		`name="scopes" value="invoices:write"`,
	} {
		if !strings.Contains(shown.body, part) {
			t.Errorf("the form lacks %s: %s", part, shown.body)
		}
	}
	if p := v.get("/form"); p.status != 303 || p.location != "/" {
		t.Errorf("shown once, it is %d %s", p.status, p.location)
	}

	v = s.signedIn(u)
	s.must(s.People.Sessions.SignOutEverywhere(t.Context(), s.as(u), false))
	note := strings.Repeat("\u6f0f\u6d29\u5728\u65e5\u5fd7\u4e2d", 160)
	v.sees(v.post("/keys/"+key.ID+"/revoke", url.Values{"sure": {"yes"}, "reason": {"leaked"}, "note": {note}}), 303, "/login?next=%2Fform")
	again(v)
	v.sees(v.get("/form"), 200, note)
	s.must(s.People.Sessions.SignOutEverywhere(t.Context(), s.as(u), false))
	large := v.post("/keys/"+key.ID+"/revoke", url.Values{"sure": {"yes"}, "reason": {"leaked"}, "note": {noise(6000)}})
	v.sees(large, 303, "/login?next=%2F%3Fdone%3Dform_lost")
	again(v)
	v.sees(v.get("/?done=form_lost"), 200, "we could not save it. Nothing was changed.")

	v = s.visitor()
	v.sees(v.bare("/keys/"+key.ID+"/revoke", url.Values{"sure": {"yes"}, auth.CSRFField: {"0123456789abcdef"}}), 303, "/login?next=%2F")
	again(v)
	v.sees(v.get("/form"), 303, "/")
	v = s.signedIn(u)
	s.must(s.People.Sessions.SignOutEverywhere(t.Context(), s.as(u), false))
	v.sees(v.post("/me/password", url.Values{"old_password": {"x"}, "password": {"y"}}), 303, "/login?next=%2F")
	again(v)
	if p := v.get("/form"); p.status != 303 {
		t.Errorf("a password is kept: %s", p.body)
	}
}
