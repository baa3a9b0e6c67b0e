package api_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
)

// browserOf signs the user in as a browser that had the cookies of as, and
// returns the cookies that it has now.
func (s *suite) browserOf(t *testing.T, u auth.User, as credential, header map[string]string) map[string]*http.Cookie {
	t.Helper()
	c := post("/api/session/", map[string]any{"email": u.Email, "password": password})
	c.as, c.header = as, header
	_, got := want[client.Me](t, s, 200, c)
	cookies := map[string]*http.Cookie{}
	for _, one := range (&http.Response{Header: got.header}).Cookies() {
		cookies[one.Name] = one
	}
	if len(cookies) != 2 || cookies[auth.SessionCookie] == nil || cookies[auth.CSRFCookie] == nil {
		t.Fatalf("the cookies are %v", got.header.Values("Set-Cookie"))
	}
	return cookies
}

// byCookies acts with the session, and with the token against forgery where
// header says so.
func byCookies(cookies map[string]*http.Cookie, header bool) credential {
	return func(r *http.Request) {
		for _, c := range cookies {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		if header {
			r.Header.Set(auth.CSRFHeader, cookies[auth.CSRFCookie].Value)
		}
	}
}

// TestSessionsAreRotatedAtSignIn: the cookie that a browser had is no good any
// more, whoever knew it.
func TestSessionsAreRotatedAtSignIn(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, other := s.withPassword(t), s.withPassword(t)
	first := s.browserOf(t, u, nil, nil)
	second := s.browserOf(t, u, byCookies(first, false), nil)
	for _, name := range []string{auth.SessionCookie, auth.CSRFCookie} {
		if first[name].Value == second[name].Value {
			t.Errorf("the cookie %s stays the same", name)
		}
	}
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: byCookies(first, false)})
	third := s.browserOf(t, other, byCookies(second, false), nil)
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: byCookies(second, false)})
	if me := s.me(t, byCookies(third, false)); me.ID != other.ID {
		t.Errorf("signed in as %+v", me)
	}
	// What a stranger planted in the browser is not taken on.
	planted := map[string]*http.Cookie{auth.SessionCookie: {Name: auth.SessionCookie, Value: "planted"}}
	fourth := s.browserOf(t, u, byCookies(planted, false), nil)
	if fourth[auth.SessionCookie].Value == "planted" {
		t.Error("the browser keeps a cookie that somebody else chose")
	}
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: byCookies(planted, false)})
	found := s.events(t, s.admin(t), "action=session.delete")
	if len(found) != 2 || found[0].Subject.ID != u.ID || found[1].Subject.ID != u.ID {
		t.Errorf("the log says of the sessions that ended: %+v", found)
	}
}

// TestCookiesAreOfTheirConnection: Secure where the client speaks TLS, as a
// trusted proxy says, and as nobody else does.
func TestCookiesAreOfTheirConnection(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trusted []netip.Prefix
		proto   string
		secure  bool
	}{
		"TLS at a trusted proxy":   {[]netip.Prefix{netip.MustParsePrefix(peer + "/32")}, "https", true},
		"none at a trusted proxy":  {[]netip.Prefix{netip.MustParsePrefix(peer + "/32")}, "http", false},
		"TLS, a client says":       {nil, "https", false},
		"neither TLS nor a header": {nil, "", false},
	} {
		s := newSuite(t, settings{trusted: tt.trusted})
		header := map[string]string{"X-Forwarded-Proto": tt.proto, "X-Forwarded-For": "203.0.113.5"}
		u := s.withPassword(t)
		cookies := s.browserOf(t, u, nil, header)
		session, csrf := cookies[auth.SessionCookie], cookies[auth.CSRFCookie]
		if session.Secure != tt.secure || csrf.Secure != tt.secure {
			t.Errorf("%s: Secure is %t and %t", name, session.Secure, csrf.Secure)
		}
		if !session.HttpOnly || csrf.HttpOnly || session.SameSite != http.SameSiteLaxMode || csrf.SameSite != http.SameSiteLaxMode ||
			session.Path != "/" || session.Domain != "" || session.MaxAge <= 0 {
			t.Errorf("%s: %v, %v", name, session, csrf)
		}
		got := s.send(t, call{method: "DELETE", path: "/api/session", as: byCookies(cookies, true), header: header})
		for _, c := range (&http.Response{Header: got.header}).Cookies() {
			if c.Name == auth.SessionCookie && (c.Value != "" || c.MaxAge >= 0 || c.Secure != tt.secure) {
				t.Errorf("%s: signing out leaves %v", name, c)
			}
		}
	}
}

// TestForgeriesAreTold: what proves that a request comes from our own pages,
// and what is said where it is missing.
func TestForgeriesAreTold(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	cookies := s.browserOf(t, s.withPassword(t), nil, nil)
	only := map[string]*http.Cookie{auth.SessionCookie: cookies[auth.SessionCookie]}
	short := map[string]*http.Cookie{auth.SessionCookie: cookies[auth.SessionCookie], auth.CSRFCookie: {Name: auth.CSRFCookie, Value: "x"}}
	create := call{method: "POST", path: "/api/tokens", body: map[string]any{"name": "CI"}}
	site := "http://example.com" // the Host of the requests of the suite
	for name, tt := range map[string]struct {
		as     credential
		header map[string]string
		says   string
	}{
		"no cookie": {
			byCookies(only, false),
			map[string]string{auth.CSRFHeader: cookies[auth.CSRFCookie].Value},
			"cookie csrftoken",
		},
		"a cookie that is no good": {byCookies(short, true), nil, "cookie csrftoken"},
		"no header":                {byCookies(cookies, false), nil, "header X-CSRFToken"},
		"another token":            {byCookies(cookies, false), map[string]string{auth.CSRFHeader: "fedcba9876543210"}, "not the one"},
		"another origin":           {byCookies(cookies, true), map[string]string{"Origin": "https://evil.example.com"}, "another site"},
		"no origin at all":         {byCookies(cookies, true), map[string]string{"Origin": "null"}, "another site"},
		"another site":             {byCookies(cookies, true), map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": site}, "another site"},
		"a sibling site":           {byCookies(cookies, true), map[string]string{"Sec-Fetch-Site": "same-site", "Origin": site}, "another site"},
	} {
		c := create
		c.as, c.header = tt.as, tt.header
		if p := refused(t, s, 403, "csrf_failed", c); !strings.Contains(p.Detail, tt.says) {
			t.Errorf("%s: %q does not say %q", name, p.Detail, tt.says)
		}
	}
	for name, header := range map[string]map[string]string{
		"a program": nil, "our own page": {"Sec-Fetch-Site": "same-origin", "Origin": site}, "an old browser": {"Origin": site},
		"a person": {"Sec-Fetch-Site": "none"},
	} {
		c := create
		c.as, c.header = byCookies(cookies, true), header
		if got := s.send(t, c); got.status != 201 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	page := call{method: "GET", path: "/api/me", as: byCookies(only, false), header: map[string]string{"Sec-Fetch-Site": "cross-site"}}
	if got := s.send(t, page); got.status != 200 {
		t.Errorf("reading needs a token: %d %s", got.status, got.body)
	}
}

// TestTheTokenMayComeAsAField of a form, as Django's pages send it.
func TestTheTokenMayComeAsAField(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	cookies := s.browserOf(t, s.withPassword(t), nil, nil)
	token := cookies[auth.CSRFCookie].Value
	for field, status := range map[string]int{token: 201, "fedcba9876543210": 403, "": 403} {
		form := url.Values{"_method": {"POST"}, "_content": {`{"name":"by form"}`}, auth.CSRFField: {field}}
		if got, _, text := s.browse(t, "POST", "/api/tokens", byCookies(cookies, false), form); got != status {
			t.Errorf("with the field %q: %d %s", field, got, text)
		}
	}
}

// TestOtherSchemesNeedNoToken: no browser sends them by itself.
func TestOtherSchemesNeedNoToken(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, u := s.tenant(t), s.withPassword(t)
	_, err := s.People.Members.Add(t.Context(), auth.System(), x.organization, u.ID, auth.Owner)
	must(t, err)
	r := robot{account: x.account}
	r.secret = s.keyWith(t, x.organization, "latchkey:*")
	account := s.me(t, byKey(r.secret)).ID
	for name, as := range map[string]credential{
		"basic": byBasic(u.Email, password), "token": byToken(s.opaque(t, u)), "jwt": byBearer(s.pair(t, u).Access),
		"key": byKey(r.secret), "access token": byBearer(s.accessToken(t, account, r.secret, "")),
	} {
		c := call{
			method: "POST", path: "/api/keys", as: as, body: map[string]any{"service_account_id": x.account, "name": "CI", "scopes": []string{}},
		}
		if got := s.send(t, c); got.status != 201 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
