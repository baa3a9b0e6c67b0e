package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
)

// TestAnybodyReportsALeakedKey without signing in, and learns nothing from it.
func TestAnybodyReportsALeakedKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, secret := s.issued(s.organization, "sync")
	guest := s.visitor()
	guest.sees(guest.get("/login"), http.StatusOK, "Found a key?")
	guest.sees(guest.get("/leaked"), http.StatusOK, "Report a leaked key")
	report := func(text string) page {
		return guest.post("/leaked", url.Values{"keys": {text}, "url": {"javascript:alert(1)"}, "note": {"<b>seen</b>"}})
	}
	known, unknown := report(secret+"\r\n\r\nnonsense"), report("nonsense")
	if known.status != http.StatusOK || known.body != unknown.body {
		t.Errorf("a key gets %d %s\nnonsense gets %d %s", known.status, known.body, unknown.status, unknown.body)
	}
	guest.sees(report(" \n "), http.StatusUnprocessableEntity, "is required")
	if p := guest.bare("/leaked", url.Values{"keys": {secret}}); p.status != http.StatusForbidden {
		t.Errorf("without the CSRF token: %d", p.status)
	}
	s.must(s.Leaks.Settle(t.Context()))
	k, err := s.Keys.Key(t.Context(), auth.System(), key.ID)
	if err != nil || k.RevokeReason != keys.ReasonLeaked {
		t.Errorf("the key was revoked as %q, %v", k.RevokeReason, err)
	}
	staff := s.signedIn(s.admin("staff@example.com"))
	for _, path := range []string{"/provider/incidents", "/provider/leaks"} {
		p := staff.get(path)
		staff.sees(p, http.StatusOK, "javascript:alert(1)")
		if !strings.Contains(p.body, "&lt;b&gt;seen") || strings.Contains(p.body, `href="javascript`) || strings.Contains(p.body, "<b>seen") {
			t.Errorf("%s renders what a stranger typed", path)
		}
	}
	owner := s.signedIn(s.user("owner@example.com", auth.Owner))
	p := owner.get("/keys/" + key.ID)
	owner.sees(p, http.StatusOK, "reported as leaked")
	if strings.Contains(p.body, "javascript:alert") || strings.Contains(p.body, "seen") {
		t.Error("the organization sees what a stranger typed")
	}
}

// TestAReportedTokenLeadsToItsUser on the page of the staff.
func TestAReportedTokenLeadsToItsUser(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	u := s.user("ada@example.com", auth.Developer)
	who, err := s.People.Users.Principal(t.Context(), u)
	s.must(err)
	_, secret, err := s.People.Tokens.Create(t.Context(), who, keystest.Format(t), auth.TokenFields{Name: "laptop"})
	s.must(err)
	guest := s.visitor()
	guest.get("/leaked")
	guest.sees(guest.post("/leaked", url.Values{"keys": {secret.Reveal()}}), http.StatusOK, "")
	s.must(s.Leaks.Settle(t.Context()))
	staff := s.signedIn(s.admin("staff@example.com"))
	p := staff.get("/provider/leaks")
	staff.sees(p, http.StatusOK, "token of a user")
	if !strings.Contains(p.body, `<a href="/provider/users/`+u.ID+`">laptop</a>`) || strings.Contains(p.body, secret.Reveal()) {
		t.Errorf("the page of leaks: %s", p.body)
	}
}

// TestATierSaysWhatHappensToLeakedKeys by its form.
func TestATierSaysWhatHappensToLeakedKeys(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	staff := s.signedIn(s.admin("staff@example.com"))
	fields := url.Values{
		"title": {"Free"}, "max_keys": {"10"}, "leak_policy": {"tell"}, "revision": {"1"}, "rate_limit": {"100/10s"}, "sure": {"yes"},
	}
	staff.sees(staff.post("/provider/tiers/free", fields), http.StatusSeeOther, "/provider/tiers")
	tier, err := s.Keys.Tier(t.Context(), "free")
	if err != nil || tier.LeakPolicy != keys.LeakTell {
		t.Errorf("%+v, %v", tier, err)
	}
	if p := staff.get("/provider/tiers/free"); !strings.Contains(p.body, `<option value="tell" selected>`) {
		t.Errorf("the form shows another policy: %s", p.body)
	}
	fields.Set("leak_policy", "nonsense")
	fields.Set("revision", "2")
	staff.sees(staff.post("/provider/tiers/free", fields), http.StatusUnprocessableEntity, "must be revoke, disable or tell")
}
