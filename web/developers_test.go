package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// script is what somebody types where text goes.
const script = `<script>alert("x")</script>`

// issued makes an account in the organization and a key of it.
func (s *suite) issued(organization, name string) (keys.ServiceAccount, keys.Key, string) {
	s.t.Helper()
	ctx := s.t.Context()
	a, err := s.Keys.CreateAccount(ctx, auth.System(), "", organization, keys.AccountFields{
		Name: name, Scopes: []string{"invoices:read", "latchkey:verify"},
	})
	s.must(err)
	k, secret, err := s.Keys.Issue(ctx, auth.System(), keys.IssueInput{
		ServiceAccountID: a.ID,
		KeyFields: keys.KeyFields{
			Name: name, Note: name,
			ExpiresAt: s.now().AddDate(0, 0, 10),
		},
	})
	s.must(err)
	return a, k, secret.Reveal()
}

// tiers makes what the domain needs of the standard tiers.
func (s *suite) tiers() {
	s.t.Helper()
	s.must(s.Keys.Seed(context.WithoutCancel(s.t.Context()), auth.System(), true))
}

// Another organization's ids are as if they did not exist, in every form and
// address of the developers' pages.
func TestForeignIDsAreNotFound(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	other, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Other"})
	s.must(err)
	account, key, secret := s.issued(other.ID, "foreign")
	_, mine, _ := s.issued(s.organization, "mine")
	v := s.signedIn(s.user("ada@example.com", auth.Owner))
	for _, path := range []string{
		"/keys/" + key.ID, "/keys/" + key.ID + "/edit", "/keys/" + key.ID + "/rotate", "/keys/" + key.ID + "/revoke",
		"/service-accounts/" + account.ID,
		"/service-accounts/" + account.ID + "/keys/new", "/usage?key=" + key.ID, "/usage?account=" + account.ID, "/usage?by=key&key=" + key.ID,
	} {
		v.sees(v.get(path), http.StatusNotFound, "Not Found")
	}
	for path, fields := range map[string]url.Values{
		"/keys/" + key.ID + "/edit":    {"name": {"x"}},
		"/keys/" + key.ID + "/disable": {},
		"/keys/" + key.ID + "/enable":  {},
		"/keys/" + key.ID + "/revoke":  {"sure": {"yes"}},
		"/keys/" + key.ID + "/rotate":  {"grace": {"0s"}, "once": {"1"}},
	} {
		v.sees(v.post(path, fields), http.StatusNotFound, "Not Found")
	}
	for _, action := range []string{"disable", "enable", "revoke"} {
		v.sees(v.post("/keys/bulk", url.Values{"id": {mine.ID, key.ID}, "action": {action}, "sure": {"yes"}}), http.StatusNotFound, "Not Found")
		v.sees(v.post("/keys/bulk", url.Values{"id": {mine.ID, key.ID}, "action": {action}}), http.StatusNotFound, "Not Found")
	}
	if k, err := s.Keys.Key(t.Context(), auth.System(), mine.ID); err != nil || k.Disabled || !k.RevokedAt.IsZero() {
		t.Errorf("a bulk action with a foreign id did something: %+v, %v", k.Disabled, err)
	}
	v.sees(v.post("/playground", url.Values{"key": {secret}, "cost": {"1"}}), http.StatusOK, "NOT_FOUND")
	for _, path := range []string{"/", "/keys", "/calendar", "/usage?by=key"} {
		if body := v.get(path).body; strings.Contains(body, "foreign") || strings.Contains(body, key.ID) {
			t.Errorf("%s shows a key of another organization", path)
		}
	}
}

// Who tries keys in the playground pays for the unknown ones.
func TestThePlaygroundIsNoWayToGuess(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 2, Per: time.Hour, Burst: 2}})
	s.tiers()
	format, err := keys.NewFormat(keys.DefaultBrand)
	s.must(err)
	v := s.signedIn(s.user("ada@example.com", auth.Owner))
	try := func(word string) {
		t.Helper()
		v.sees(v.post("/playground", url.Values{"key": {format.New(keys.Live).Reveal()}, "cost": {"1"}}), http.StatusOK, word)
	}
	try("NOT_FOUND")
	try("NOT_FOUND")
	try("RATE_LIMITED")
}

// What people typed is text on every page.
func TestScriptIsText(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, script)
	v := s.signedIn(s.user("ada@example.com", auth.Owner))
	pages := []page{
		v.post("/playground", url.Values{"key": {script}, "scopes": {script}, "cost": {script}, "address": {script}}),
		v.post("/service-accounts/"+account.ID+"/keys/new", url.Values{
			"name": {script}, "note": {script}, "networks": {script},
			"requests": {script}, "per": {script}, "narrowed": {script}, "expiry": {"90"}, "once": {"1"},
		}),
		v.post("/keys/"+key.ID+"/edit", url.Values{"name": {script + "\x00"}, "note": {script}}),
		v.post("/keys/bulk", url.Values{"id": {key.ID}, "action": {"revoke"}}),
	}
	for _, path := range []string{
		"/", "/keys", "/keys/" + key.ID, "/keys/" + key.ID + "/edit", "/calendar", "/usage?by=key",
		"/service-accounts/" + account.ID,
	} {
		pages = append(pages, v.get(path))
	}
	typed := url.QueryEscape(script)
	pages = append(pages, v.get("/keys?q="+typed+"&status="+typed+"&scope="+typed+"&sort="+typed+"&expiry="+typed+"&after="+typed),
		v.get("/usage?from="+typed+"&to="+typed+"&by="+typed))
	for i, p := range pages {
		if p.status >= 500 || strings.Contains(p.body, "<script>alert") {
			t.Errorf("page %d: %d", i, p.status)
		}
		if regexp.MustCompile(`(?i) (style|on\w+)=`).MatchString(p.body) {
			t.Errorf("page %d has inline code or style", i)
		}
	}
}

// Only who may change keys may do so, and only by a form of ours.
func TestBulkNeedsRoleAndToken(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, _ := s.issued(s.organization, "CI")
	fields := func() url.Values { return url.Values{"id": {key.ID}, "action": {"disable"}, "sure": {"yes"}} }
	viewer := s.signedIn(s.user("vera@example.com", auth.Viewer))
	if p := viewer.post("/keys/bulk", fields()); p.status != http.StatusNotFound && p.status != http.StatusForbidden {
		t.Errorf("a viewer: %d", p.status)
	}
	owner := s.signedIn(s.user("ada@example.com", auth.Owner))
	for _, path := range []string{"/keys/bulk", "/keys/" + key.ID + "/edit", "/playground", "/calendar/feed", "/calendar/feed/end", "/theme"} {
		if p := owner.bare(path, fields()); p.status != http.StatusForbidden {
			t.Errorf("%s without the token: %d", path, p.status)
		}
	}
	owner.sees(owner.post("/keys/bulk", url.Values{"action": {"disable"}}), http.StatusSeeOther, "/keys?done=none")
	owner.sees(owner.post("/keys/bulk", url.Values{"id": {key.ID}, "action": {"disable"}}), http.StatusOK, "Disable keys")
	owner.sees(owner.post("/keys/bulk", fields()), http.StatusSeeOther, "/keys?done=disable")
	owner.sees(owner.get("/keys?status=disabled"), http.StatusOK, "CI")
	owner.sees(owner.post("/keys/bulk", url.Values{"id": {key.ID}, "action": {"revoke"}, "sure": {"yes"}, "reason": {"leaked"}}),
		http.StatusSeeOther, "/keys?done=revoke")
	owner.sees(owner.get("/keys/"+key.ID), http.StatusOK, "leaked")
}

// The address of a feed works until it is renewed, ended or its user is.
func TestCalendarFeed(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, _ := s.issued(s.organization, "CI; key, one")
	u := s.user("ada@example.com", auth.Developer)
	v, stranger := s.signedIn(u), s.visitor()
	address := regexp.MustCompile(`/calendar/feed/[A-Z0-9]+\.ics`)
	first := address.FindString(v.post("/calendar/feed", nil).body)
	p := stranger.get(first)
	if p.status != http.StatusOK || !strings.Contains(p.body, "UID:"+key.ID) || !strings.Contains(p.body, `CI\; key\, one`) {
		t.Errorf("the feed: %d %s", p.status, p.body)
	}
	if strings.Contains(v.get("/calendar").body, first) {
		t.Error("the address is shown again")
	}
	for _, tt := range []struct{ method, path, shows string }{
		{http.MethodGet, first, s.base + "/keys/" + key.ID},
		{http.MethodGet, "/guides/first-key", s.base + "/verify"},
		{http.MethodPost, "/calendar/feed", s.base + "/calendar/feed/"},
	} {
		form := url.Values{auth.CSRFField: {v.cookie(auth.CSRFCookie)}}
		r, err := http.NewRequestWithContext(t.Context(), tt.method, v.base+tt.path, strings.NewReader(form.Encode()))
		s.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		// Calendars break long lines and indent the rest.
		got := v.misled(r)
		if shown := strings.ReplaceAll(got.body, "\r\n ", ""); got.status != http.StatusOK || strings.Contains(shown, "evil.example") ||
			!strings.Contains(shown, tt.shows) {
			t.Errorf("%s: %d, no %s in %s", tt.path, got.status, tt.shows, got.body)
		}
	}
	second := address.FindString(v.post("/calendar/feed", nil).body)
	stranger.sees(stranger.get(first), http.StatusNotFound, "has expired")
	stranger.sees(stranger.get("/calendar/feed/x.ics"), http.StatusNotFound, "has expired")
	s.must(s.People.Members.Remove(t.Context(), auth.System(), s.organization, u.ID, keys.AnyRevision))
	if p := stranger.get(second); p.status != http.StatusOK || strings.Contains(p.body, key.ID) {
		t.Errorf("after leaving the organization: %d %s", p.status, p.body)
	}
	v.post("/calendar/feed/end", nil)
	stranger.sees(stranger.get(second), http.StatusNotFound, "has expired")
}

// What was typed stays, beside what is wrong with it.
func TestWrongIssueKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, "CI")
	v := s.signedIn(s.user("ada@example.com", auth.Owner))
	path := "/service-accounts/" + account.ID + "/keys/new"
	typed := url.Values{
		"name": {"Tour"}, "note": {"the vault"}, "networks": {"203.0.113.9\n10.0.0.1/8"}, "requests": {"5"}, "per": {"1m"},
		"narrowed": {"read"}, "expiry": {"date"}, "date": {"2000-01-01"}, "environment": {"test"}, "once": {"one"},
	}
	p := v.post(path, typed)
	v.sees(p, http.StatusUnprocessableEntity, "must be in the future")
	for _, kept := range []string{
		`value="Tour"`, `value="the vault"`, "10.0.0.1/8", `value="5"`, `value="1m" selected`,
		`value="read" checked`,
		"did you mean 10.0.0.0/8",
	} {
		if !strings.Contains(p.body, kept) {
			t.Errorf("%s is gone", kept)
		}
	}
	typed.Set("networks", "203.0.113.9")
	typed.Set("date", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	typed.Set("narrowed", "no")
	p = v.post(path, typed)
	v.sees(p, http.StatusOK, "Copy it now")
	if !strings.Contains(p.body, `download="latchkey.env"`) || !strings.Contains(p.body, "LATCHKEY_API_KEY=lk_test_") {
		t.Error("the key is no file to download")
	}
	v.sees(v.post(path, typed), http.StatusOK, "already issued")
}

// The theme is the reader's, and leads nowhere else.
func TestTheme(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.visitor()
	v.sees(v.post("/theme", url.Values{"theme": {"dark"}, "next": {"/login"}}), http.StatusSeeOther, "/login")
	if !strings.Contains(v.get("/login").body, `data-theme="dark"`) {
		t.Error("the choice is forgotten")
	}
	v.sees(v.post("/theme", url.Values{"theme": {script}, "next": {"//evil.example"}}), http.StatusSeeOther, "/")
	if strings.Contains(v.get("/login").body, "data-theme") {
		t.Error("a theme that is none was kept")
	}
}

// Every text is there, and is used.
func TestCatalogueOfTexts(t *testing.T) {
	t.Parallel()
	var texts map[string]map[string]string
	content, err := os.ReadFile("../internal/texts/en.json")
	if err == nil {
		err = json.Unmarshal(content, &texts)
	}
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`[({ ]t "([a-z_.]+)"`)
	for _, f := range files {
		content, err := os.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range named.FindAllStringSubmatch(string(content), -1) {
			section, name, _ := strings.Cut(found[1], ".")
			if texts[section][name] == "" {
				t.Errorf("%s says %s, which the catalogue does not have", f.Name(), found[1])
			}
		}
	}
}

// Tables go on behind a full page, with what was searched for.
func TestTablesHavePages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	for i := range 60 {
		s.issued(s.organization, fmt.Sprintf("billing-%02d", i))
	}
	v := s.signedIn(s.user("ada@example.com", auth.Owner))
	for _, path := range []string{"/keys?q=billing", "/organizations/" + s.organization + "/audit?action=key.create"} {
		first := v.get(path)
		link := regexp.MustCompile(`href="(\?[^"]*after=[^"]+)"`).FindStringSubmatch(first.body)
		if link == nil || !strings.Contains(first.body, "billing-59") && strings.Contains(path, "keys") {
			t.Fatalf("%s: %s", path, text(first.body))
		}
		base, _, _ := strings.Cut(path, "?")
		second := v.get(base + strings.ReplaceAll(link[1], "&amp;", "&"))
		if second.status != http.StatusOK || second.body == first.body || strings.Contains(second.body, "after=") {
			t.Errorf("%s, then %s: %d %s", path, link[1], second.status, text(second.body))
		}
	}
}

// Where the order by last use leaves keys out, the page says so, and only there.
func TestAnOrderThatIsNotWholeIsTold(t *testing.T) {
	t.Parallel()
	const told = "only the 4\u202f000 oldest keys"
	for _, some := range []bool{true, false} {
		s := newSuite(t, settings{partly: some})
		s.tiers()
		s.issued(s.organization, "CI")
		v := s.signedIn(s.user("ada@example.com", auth.Owner))
		for path, ordered := range map[string]bool{
			"/keys": false, "/keys?sort=expires": false, "/keys?sort=unused": true,
			"/keys?used=90": true,
		} {
			if got := strings.Contains(v.get(path).body, told); got != (ordered && some) {
				t.Errorf("%s, of a store that orders all: %t; told: %t", path, !some, got)
			}
		}
	}
}
