package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// proxied are the settings with the suite's peer as a trusted proxy.
func proxied() settings {
	return settings{trusted: []netip.Prefix{netip.MustParsePrefix(peer + "/32")}}
}

// TestTheKeySpeaksForItselfByEveryMethod: gateways ask with the method, the path,
// the type and the body of their client's request.
func TestTheKeySpeaksForItselfByEveryMethod(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	x := s.tenant(t)
	key := byKey(x.secret)
	for _, path := range []string{
		"/verify", "/verify/", "/verify/request", "/verify/request/", "/verify//", "/verify/request/v1/a%2Fb//../c?scope=%zz&scope=x",
	} {
		s.advance(time.Minute) // the rate limit
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "M-SEARCH"} {
			if method == "POST" && strings.Trim(path, "/") == "verify" && path != "/verify//" {
				continue
			}
			for _, kind := range []string{"application/json", "multipart/form-data"} {
				w := s.raw(t, call{method: method, path: path, as: key, body: `{"key":`, kind: kind})
				if w.Code != 200 || w.Header().Get("X-Latchkey-Code") != "VALID" || w.Header().Get("X-Latchkey-Key-Id") != x.key {
					t.Errorf("%s %s with %s: %d %v %s", method, path, kind, w.Code, w.Header(), w.Body)
				}
			}
			if w := s.raw(t, call{method: method, path: path}); w.Code != 401 || w.Header().Get("X-Latchkey-Code") != "MISSING" {
				t.Errorf("%s %s without a key: %d %v", method, path, w.Code, w.Header())
			}
		}
	}
}

// TestAPostIsTheVerifiersQuestion, with and without the slash, whatever comes
// with it: the key of a client is never let through by it.
func TestAPostIsTheVerifiersQuestion(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	x := s.tenant(t)
	for _, path := range []string{"/verify", "/verify/"} {
		for kind, want := range map[string]int{"application/json": 403, "text/plain": 403, "": 403} {
			if w := s.raw(t, call{method: "POST", path: path, as: byKey(x.secret), body: "{}", kind: kind}); w.Code != want {
				t.Errorf("POST %s of %q by the client's key: %d", path, kind, w.Code)
			}
		}
		if w := s.raw(t, call{method: "POST", path: path, body: "{}"}); w.Code != 401 {
			t.Errorf("POST %s by nobody: %d", path, w.Code)
		}
		if w := s.raw(t, call{method: "POST", path: path, as: s.admin(t), body: "{}", kind: "text/plain"}); w.Code != 415 {
			t.Errorf("POST %s of text: %d", path, w.Code)
		}
	}
}

// TestAGatewayAsksInHeaders below /verify/, where the query is the client's.
func TestAGatewayAsksInHeaders(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	x := s.tenant(t)
	account := s.account(t, x.organization, keys.AccountFields{
		Scopes: []string{"invoices:read", "invoices:write"}, Quota: &ratelimit.Quota{Requests: 5, Per: ratelimit.Day},
	})
	_, secret := s.issue(t, account, keys.KeyFields{})
	for name, tt := range map[string]struct {
		header map[string]string
		status int
		code   string
		says   string
	}{
		"nothing":                 {nil, 200, "VALID", ""},
		"a scope that it has":     {map[string]string{"X-Latchkey-Scope": "invoices:read"}, 200, "VALID", ""},
		"two that it has":         {map[string]string{"X-Latchkey-Scope": "invoices:read invoices:write"}, 200, "VALID", ""},
		"one of two":              {map[string]string{"X-Latchkey-Scope": "invoices:read,a:b"}, 403, "INSUFFICIENT_SCOPE", `"a:b"`},
		"a wildcard":              {map[string]string{"X-Latchkey-Scope": "*"}, 400, "", "X-Latchkey-Scope"},
		"more scopes than belong": {map[string]string{"X-Latchkey-Scope": strings.Repeat("a:b ", 201)}, 400, "", "too_many_entries"},
		"nothing to cost":         {map[string]string{"X-Latchkey-Cost": "0"}, 200, "VALID", ""},
		"too dear":                {map[string]string{"X-Latchkey-Cost": "6"}, 429, "QUOTA_EXCEEDED", ""},
		"no number":               {map[string]string{"X-Latchkey-Cost": "1.5"}, 400, "", "cost_out_of_range"},
		"below nothing":           {map[string]string{"X-Latchkey-Cost": "-1"}, 400, "", "cost_out_of_range"},
		"empty headers":           {map[string]string{"X-Latchkey-Scope": "", "X-Latchkey-Cost": "", "X-Latchkey-Api": ""}, 200, "VALID", ""},
		"an API":                  {map[string]string{"X-Latchkey-Api": "billing"}, 400, "", "X-Latchkey-Api"},
		"an audience":             {map[string]string{"X-Latchkey-Audience": "billing"}, 400, "", "X-Latchkey-Audience"},
	} {
		w := s.raw(t, call{method: "GET", path: "/verify/request/invoices?scope=admin:all&cost=9&x=%zz", as: byKey(secret), header: tt.header})
		if w.Code != tt.status || w.Header().Get("X-Latchkey-Code") != tt.code || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: %d %q %s", name, w.Code, w.Header().Get("X-Latchkey-Code"), w.Body)
		}
	}
}

// TestACostGivenTwiceIsRefused: one of them may be the client's.
func TestACostGivenTwiceIsRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	x := s.tenant(t)
	r := request(t, call{method: "GET", path: "/verify/request", as: byKey(x.secret)})
	r.Header["X-Latchkey-Cost"] = []string{"1", "0"}
	if w := s.answered(r); w.Code != 400 || !strings.Contains(w.Body.String(), "given_twice") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestOnlyTrustedProxiesAsk: a client that reaches /verify past the gateway, or a
// gateway that is missing from the settings, is told so and let in by nothing.
func TestOnlyTrustedProxiesAsk(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	x := s.tenant(t)
	for _, name := range []string{"X-Latchkey-Scope", "X-Latchkey-Cost", "X-Latchkey-Api", "X-Latchkey-Audience"} {
		c := call{method: "GET", path: "/verify/request", as: byKey(x.secret), header: map[string]string{name: "0"}, from: "203.0.113.5"}
		if w := s.raw(t, c); w.Code != 400 || !strings.Contains(w.Body.String(), "LATCHKEY_TRUSTED_PROXIES") {
			t.Errorf("%s from a stranger: %d %s", name, w.Code, w.Body)
		}
		c.path = "/verify?cost=0"
		if w := s.raw(t, c); w.Code != 200 {
			t.Errorf("%s at /verify, where nobody reads it: %d %s", name, w.Code, w.Body)
		}
	}
	if w := s.raw(t, call{method: "GET", path: "/verify/request", as: byKey(x.secret), from: "203.0.113.5"}); w.Code != 200 {
		t.Errorf("a stranger's own key: %d", w.Code)
	}
}

// TestTwoKeysAreMalformed: the gateway may pass on the one that was not checked.
func TestTwoKeysAreMalformed(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	_, second := s.issue(t, x.account, keys.KeyFields{})
	for name, tt := range map[string]struct {
		key, authorization []string
		want               string
	}{
		"one":                        {[]string{x.secret}, nil, "VALID"},
		"one, twice":                 {[]string{x.secret, x.secret}, []string{"Bearer " + x.secret, "Api-Key " + x.secret}, "VALID"},
		"two headers":                {[]string{x.secret}, []string{"Bearer " + second}, "MALFORMED"},
		"two of one header":          {[]string{x.secret, second}, nil, "MALFORMED"},
		"two of Authorization":       {nil, []string{"Bearer " + x.secret, "Api-Key " + second}, "MALFORMED"},
		"a key and rubbish":          {[]string{x.secret}, []string{"Api-Key rubbish"}, "MALFORMED"},
		"rubbish and a key":          {[]string{"rubbish"}, []string{"Bearer " + x.secret}, "MALFORMED"},
		"the API's own token beside": {[]string{x.secret}, []string{"Bearer eyJhbGciOiJub25lIn0.e30."}, "VALID"},
		"an empty header beside":     {[]string{""}, []string{"Bearer " + x.secret}, "VALID"},
	} {
		for _, path := range []string{"/verify", "/verify/request"} {
			r := request(t, call{method: "GET", path: path})
			r.Header["X-Api-Key"], r.Header["Authorization"] = tt.key, tt.authorization
			if w := s.answered(r); w.Header().Get("X-Latchkey-Code") != tt.want {
				t.Errorf("%s at %s: %d %v %s", name, path, w.Code, w.Header(), w.Body)
			}
		}
	}
	r := request(t, call{method: "GET", path: "/api/me"})
	r.Header["X-Api-Key"], r.Header["Authorization"] = []string{x.secret}, []string{"Bearer " + second}
	if w := s.answered(r); w.Code != 401 || !strings.Contains(w.Body.String(), "two different keys") {
		t.Errorf("the management API: %d %s", w.Code, w.Body)
	}
}

func (s *suite) answered(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	return w
}
