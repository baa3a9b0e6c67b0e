package api_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// browse sends what a browser sends, past the contract, which is that of programs.
func (s *suite) browse(t *testing.T, method, path string, as credential, form url.Values) (status int, header http.Header, text string) {
	t.Helper()
	c := call{method: method, path: path, as: as, header: map[string]string{"Accept": browserAccept}}
	if form != nil {
		c.body, c.kind = form.Encode(), formType
	}
	w := s.raw(t, c)
	return w.Code, w.Header(), html.UnescapeString(w.Body.String())
}

// TestBrowsersGetPages, and programs what they always got.
func TestBrowsersGetPages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, o := range contract.operations {
		if o.method != http.MethodGet || !strings.HasPrefix(o.path, "/api") || o.OperationID == "getToken" || o.OperationID == "getExport" {
			continue
		}
		c := s.good(t, o, x, admin)
		status, header, text := s.browse(t, "GET", c.path, admin, nil)
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(text, o.permission()) ||
			!strings.Contains(text, "HTTP 200 OK") {
			t.Errorf("%s: %d %s without what a page needs", o, status, header.Get("Content-Type"))
		}
		if policy := header.Get("Content-Security-Policy"); strings.Contains(policy, "script-src") ||
			!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self'") {
			t.Errorf("%s: policy %q", o, policy)
		}
		for _, accept := range []string{"", "*/*", "application/json", "application/json, text/html"} {
			c.header = map[string]string{"Accept": accept}
			if got := s.send(t, c); got.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s for %q: %s", o, accept, got.header.Get("Content-Type"))
			}
		}
	}
}

// TestPagesOfRefusals say what is wrong, and where to sign in.
func TestPagesOfRefusals(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	_, stranger := s.user(t, "", "")
	for _, tt := range []struct {
		path   string
		as     credential
		status int
		says   string
	}{
		{"/api/keys", anonymous, 401, "/login?next=%2Fapi%2Fkeys"},
		{"/api/keys/key_nothing", s.admin(t), 404, "there is no such key"},
		{"/api/users", stranger, 403, "IsAdminUser"},
		{"/api/keys?surprise=1", s.admin(t), 400, "is not a parameter"},
	} {
		status, header, text := s.browse(t, "GET", tt.path, tt.as, nil)
		if status != tt.status || !strings.Contains(text, tt.says) || strings.Contains(text, "<details") || header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d %v %s", tt.path, status, header, text)
		}
	}
}

var formTarget = regexp.MustCompile(`<form method="post" action="(/api[^"]*)">\s*<input[^>]*>\s*<input type="hidden" name="_method" ` +
	`value="([A-Z]+)">`)

// TestFormsAreWhatTheReaderMay: by their role, and only in a session.
func TestFormsAreWhatTheReaderMay(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	_, viewer := s.user(t, auth.Viewer, x.organization)
	_, developer := s.user(t, auth.Developer, x.organization)
	path := "/api/keys/" + x.key
	for name, tt := range map[string]struct {
		as    credential
		forms string
	}{
		"a viewer":    {viewer, ""},
		"a developer": {developer, "PATCH " + path + " DELETE " + path + " POST " + path + "/rotate POST " + path + "/revoke"},
		"a key":       {byKey(s.keyWith(t, x.organization, "latchkey:*")), ""}, // a browser does not send it by itself
	} {
		_, _, text := s.browse(t, "GET", path, tt.as, nil)
		var forms []string
		for _, m := range formTarget.FindAllStringSubmatch(text, -1) {
			forms = append(forms, m[2]+" "+m[1])
		}
		if got := strings.Join(forms, " "); got != tt.forms {
			t.Errorf("%s: %q, want %q", name, got, tt.forms)
		}
	}
}

// TestFormsStandForRequests of other methods, and for no others' requests.
func TestFormsStandForRequests(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	_, developer := s.user(t, auth.Developer, x.organization)
	path := "/api/keys/" + x.key
	form := func(method, content, etag string) url.Values {
		return url.Values{"csrfmiddlewaretoken": {"0123456789abcdef"}, "_method": {method}, "_content": {content}, "_etag": {etag}}
	}
	// A form brings the token as a field, not as a header.
	byForm := func(r *http.Request) { developer(r); r.Header.Del(auth.CSRFHeader) }
	name := func() string {
		k, err := s.Keys.Key(t.Context(), auth.System(), x.key)
		must(t, err)
		return k.Name
	}
	status, _, text := s.browse(t, "POST", path, byForm, form("PATCH", `{"name":"<b>new</b>"}`, `"1"`))
	if status != 200 || name() != "<b>new</b>" || !strings.Contains(text, "HTTP 200 OK") {
		t.Errorf("a change: %d %s", status, text)
	}
	for what, tt := range map[string]struct {
		as     credential
		form   url.Values
		status int
	}{
		"with an old ETag":     {byForm, form("PATCH", `{"name":"x"}`, `"1"`), 412},
		"with a bad body":      {byForm, form("PATCH", `{"name":1}`, ""), 400},
		"of an unknown method": {byForm, form("BREW", `{}`, ""), 415},
		"without the token":    {byForm, url.Values{"_method": {"DELETE"}}, 403},
		"with a foreign token": {byForm, url.Values{"_method": {"DELETE"}, "csrfmiddlewaretoken": {"fedcba9876543210"}}, 403},
		"by Basic, without it": {byBasic("a@example.com", "x"), url.Values{"_method": {"DELETE"}}, 403},
		"by a key, without it": {byKey(s.keyWith(t, x.organization, "latchkey:*")), url.Values{"_method": {"DELETE"}}, 403},
		"from another site":    {func(r *http.Request) { byForm(r); r.Header.Set("Sec-Fetch-Site", "cross-site") }, form("DELETE", "", ""), 403},
		"from another origin": {func(r *http.Request) {
			byForm(r)
			r.Header.Set("Origin", "https://evil.example.com")
		}, form("DELETE", "", ""), 403},
		"of a route of sign-in": {byForm, form("POST", `{}`, ""), 415},
	} {
		status, _, text := s.browse(t, "POST", path, tt.as, tt.form)
		if status != tt.status || name() != "<b>new</b>" {
			t.Errorf("%s: %d %s", what, status, text)
		}
		if sent := tt.form.Get("_content"); (status == 400 || status == 412) && !strings.Contains(text, sent+"</textarea>") {
			t.Errorf("%s: what was typed is gone: %s", what, text)
		}
	}
	status, _, text = s.browse(t, "POST", "/api/keys", byForm, form("POST", `{"service_account_id":"`+x.account+`","name":"by form"}`, ""))
	if status != 201 || !strings.Contains(text, `"lk_live_`) {
		t.Errorf("a new key: %d %s", status, text)
	}
	if status, _, text = s.browse(t, "POST", path, byForm, form("DELETE", "", "")); status != 200 ||
		!strings.Contains(text, "HTTP 204 No Content") {
		t.Errorf("a deletion: %d %s", status, text)
	}
	if _, err := s.Keys.Key(t.Context(), auth.System(), x.key); err == nil {
		t.Error("the key is still there")
	}
	p := refused(t, s, 405, "method_not_allowed", call{method: "POST", path: "/api/keys/" + x.key, as: developer, body: map[string]any{}})
	if !strings.Contains(p.Detail, "PATCH") {
		t.Errorf("a program that posts there gets %q", p.Detail)
	}
}

// TestPagesLinkTheNextPage.
func TestPagesLinkTheNextPage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	s.issue(t, x.account, keys.KeyFields{})
	page, _ := want[client.List[client.Key]](t, s, 200, call{method: "GET", path: "/api/keys?limit=1", as: admin})
	_, _, text := s.browse(t, "GET", "/api/keys?limit=1", admin, nil)
	if link := "/api/keys?cursor=" + *page.NextCursor + "&limit=1"; !strings.Contains(text, `href="`+link+`"`) {
		t.Errorf("no link to %s in %s", link, text)
	}
}

// TestPagesSpeakTheReadersLanguage, refusals as well as answers.
func TestPagesSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	for path, status := range map[string]int{"/api/keys": 200, "/api/keys?limit=x": 400} {
		w := s.raw(t, call{method: "GET", path: path, as: admin, header: map[string]string{"Accept": browserAccept, "Accept-Language": "de"}})
		text, h := w.Body.String(), w.Header()
		if w.Code != status || h.Get("Content-Language") != "de" || !strings.Contains(h.Get("Vary"), "Accept-Language") ||
			!strings.Contains(text, `<html lang="de">`) || !strings.Contains(text, "Nötige Berechtigung") {
			t.Errorf("%s: %d %v\n%s", path, w.Code, h, text)
		}
	}
}
