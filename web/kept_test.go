package web_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/webhooks"
)

// openPages are those that need no session.
var openPages = []string{
	"/static/:file", "/login", "/login/:provider", "/login/:provider/callback", "/signup", "/confirm", "/invitation", "/password/forgotten",
	"/leaked", "/password/new", "/unsubscribe",
	"/calendar/feed/:token",
}

// everyPage are the addresses of all pages that need a session, with ids that
// are there.
func (s *suite) everyPage(admin, owner auth.User) []string {
	s.t.Helper()
	account, key, _ := s.issued(s.organization, "CI")
	s.invite("guest@example.com", auth.Developer)
	open, err := s.People.Invitations.List(s.t.Context(), s.as(admin), s.organization)
	s.must(err)
	incident, err := s.Incidents.Plan(s.t.Context(), s.as(admin), incidents.Request{
		Action: incidents.Disable, Selection: incidents.Selection{ServiceAccountID: account.ID},
	})
	s.must(err)
	imported, err := s.Imports.Receive(s.t.Context(), s.as(admin), imports.Options{Format: "jsonl"}, "", strings.NewReader("{}\n"))
	s.must(err)
	hook, _, err := s.Webhooks.Create(s.t.Context(), s.as(admin), "", s.organization,
		webhooks.EndpointFields{URL: "https://hooks.example.com/"})
	s.must(err)
	tried, err := s.Webhooks.Test(s.t.Context(), s.as(admin), hook.ID)
	s.must(err)
	ids := strings.NewReplacer(
		"/webhooks/:id", "/webhooks/"+hook.ID, ":event", tried.EventID,
		"/keys/:id", "/keys/"+key.ID, "/service-accounts/:id", "/service-accounts/"+account.ID, "/organizations/:id", "/organizations/"+
			s.organization, ":invitation", open[0].ID,
		"/incidents/:id", "/incidents/"+incident.ID, "/imports/:id", "/imports/"+imported.ID,
		"/users/:id", "/users/"+owner.ID, ":user", owner.ID, "/tiers/:name", "/tiers/free",
		"/scopes/:name", "/scopes/invoices:read",
	)
	var all []string
	for _, r := range s.routes {
		if r.Method == http.MethodGet && !slices.Contains(openPages, r.Path) && r.Path != "/form" { // which shows a form only if one waits
			all = append(all, ids.Replace(r.Path))
		}
	}
	return all
}

// guarded fails the test unless nobody may keep the page, frame it, or make it
// run what is not the portal's.
func (v *visitor) guarded(path string, p page) {
	v.t.Helper()
	policy := p.header.Get("Content-Security-Policy")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := p.header.Values(name); !slices.Equal(got, []string{want}) {
			v.t.Errorf("%s: %s is %q, want %q", path, name, got, want)
		}
	}
	for _, part := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'",
		"frame-ancestors 'none'",
	} {
		if !slices.Contains(strings.Split(policy, "; "), part) {
			v.t.Errorf("%s: the policy has no %s: %s", path, part, policy)
		}
	}
	if regexp.MustCompile(`unsafe|https?:|\*`).MatchString(policy) {
		v.t.Errorf("%s: the policy lets in what is not the portal's: %s", path, policy)
	}
}

// Nobody keeps a page: neither those of a session nor the answers of forms nor
// what says that there is no such page; and once signed out, none opens.
func TestNoPageIsKept(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	admin, owner := s.admin("staff@example.com"), s.user("ada@example.com", auth.Owner)
	paths := s.everyPage(admin, owner)
	if len(paths) < 39 {
		t.Fatalf("only %d pages are known", len(paths))
	}
	staff, member := s.signedIn(admin), s.signedIn(owner)
	for _, path := range paths {
		p := staff.get(path)
		if p.status != http.StatusOK || strings.Contains(path, ":id") || strings.Contains(path, ":name") {
			t.Errorf("the staff sees %s as %d", path, p.status)
		}
		staff.guarded(path, p)
		p = member.get(path)
		if isStaffs := strings.HasPrefix(path, "/provider"); isStaffs != (p.status == http.StatusNotFound) {
			t.Errorf("an owner sees %s as %d", path, p.status)
		}
		member.guarded(path, p)
	}
	for _, path := range []string{"/nothing", "/keys/key_none", "/provider/nothing"} {
		staff.guarded(path, staff.get(path))
	}
	staff.guarded("a form", staff.post("/service-accounts/new", nil))
	staff.guarded("a refused form", staff.bare("/service-accounts/new", nil))
	kept := staff.cookie(auth.SessionCookie)
	out := staff.post("/logout", nil)
	staff.sees(out, http.StatusSeeOther, "/login")
	staff.guarded("/logout", out)
	if got := out.header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("signing out clears %q", got)
	}
	staff.keep(auth.SessionCookie, kept, "/") // whoever copied it
	for _, path := range paths {
		p := staff.get(path)
		if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/login?next=") {
			t.Errorf("signed out, %s answers %d %s", path, p.status, p.location)
		}
		staff.guarded(path, p)
	}
}
