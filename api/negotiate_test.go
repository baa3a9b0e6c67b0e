package api_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// TestEveryAnswerTellsItsMethods: Allow is that of the contract, on answers, on
// 405 and to OPTIONS, with and without a slash at the end.
func TestEveryAnswerTellsItsMethods(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	methods := map[string][]string{}
	for _, o := range contract.operations {
		if strings.HasPrefix(o.path, "/api") {
			methods[o.path] = append(methods[o.path], o.method)
		}
	}
	for _, o := range contract.operations {
		taken := slices.Clone(methods[o.path])
		if taken == nil {
			continue
		}
		if slices.Contains(taken, "GET") {
			taken = append(taken, "HEAD")
		}
		taken = append(taken, "OPTIONS")
		slices.Sort(taken)
		told := func(what string, w *httptest.ResponseRecorder, status int) {
			t.Helper()
			got := strings.Split(w.Header().Get("Allow"), ", ")
			slices.Sort(got)
			if w.Code != status && status != 0 || !slices.Equal(got, taken) {
				t.Errorf("%s %s: %d with Allow: %s, want %d with %v", what, o.path, w.Code, w.Header().Get("Allow"), status, taken)
			}
			if w.Header().Get("Vary") != "Accept, Accept-Language, Cookie" {
				t.Errorf("%s %s: Vary: %v", what, o.path, w.Header().Values("Vary"))
			}
		}
		for _, slash := range []string{"", "/"} {
			at := path(t, o, x) + slash
			told("OPTIONS", s.raw(t, call{method: "OPTIONS", path: at, as: admin}), 200)
			told("TRACE", s.raw(t, call{method: "TRACE", path: at, as: admin}), 405)
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
				if !slices.Contains(taken, method) {
					told(method, s.raw(t, call{method: method, path: at, as: admin}), 405)
				}
			}
			told(o.method, s.raw(t, call{method: o.method, path: at, body: "{"}), 0)
		}
	}
	if w := s.raw(t, call{method: "GET", path: "/api/nothing"}); w.Code != 404 || w.Header().Get("Vary") != "Accept, Accept-Language, Cookie" {
		t.Errorf("where there is nothing: %d with Vary: %s", w.Code, w.Header().Get("Vary"))
	}
	for path, allow := range map[string]string{"/healthz": "GET, HEAD", "/oauth/token": "POST", "/.well-known/jwks.json": "GET, HEAD"} {
		if w := s.raw(t, call{method: "PATCH", path: path}); w.Code != 405 || w.Header().Get("Allow") != allow {
			t.Errorf("%s: %d with Allow: %s", path, w.Code, w.Header().Get("Allow"))
		}
	}
}

// TestOptionsAreMetadata as Django REST Framework has them: with what the one
// who asks may do.
func TestOptionsAreMetadata(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	type field struct {
		Type     string
		Label    string
		Child    *struct{ Type string }
		Children map[string]struct{ Type string }
	}
	var got struct {
		Name, Description string
		Renders, Parses   []string
		Actions           map[string]map[string]field
	}
	ask := func(path string, as credential, status int) {
		t.Helper()
		w := s.raw(t, call{method: "OPTIONS", path: path, as: as})
		got.Actions = nil
		if w.Code != status || (status == 200 && json.Unmarshal(w.Body.Bytes(), &got) != nil) {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	ask("/api/keys/", admin, 200)
	fields := got.Actions["POST"]
	if got.Name != "Keys" || !slices.Contains(got.Parses, formType) || !slices.Contains(got.Parses, multipartForm) ||
		!slices.Contains(got.Renders, "application/json") ||
		fields["name"].Type != "string" || fields["expires_at"].Type != "datetime" || fields["disabled"].Type != "boolean" ||
		fields["scopes"].Child == nil ||
		fields["rate_limit"].Children["requests"].Type != "integer" || fields["rate_limit"].Label != "Rate Limit" {
		t.Errorf("keys: %+v", got)
	}
	ask("/api/keys/"+x.key, admin, 200)
	if got.Name != "Keys Instance" {
		t.Errorf("one key: %+v", got)
	}
	ask("/api/tiers/", s.session(t, x.member), 200)
	if len(got.Actions) != 0 {
		t.Errorf("a developer is offered to create tiers: %v", got.Actions)
	}
	ask("/api/keys/", anonymous, 401)
	ask("/api/token/", anonymous, 200)
}

// TestAnswersComeAsAsked: by Accept and ?format=, or 406.
func TestAnswersComeAsAsked(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	get := func(path, accept string) answer {
		t.Helper()
		c := call{method: "GET", path: path, as: admin}
		if accept != "" {
			c.header = map[string]string{"Accept": accept}
		}
		w := s.raw(t, c)
		return answer{w.Code, w.Header(), w.Body.Bytes()}
	}
	key := "/api/keys/" + x.key
	plain := get(key, "")
	for _, tt := range []struct{ path, accept, holds string }{
		{key, "application/json; indent=4", "{\n    \"id\""},
		{key, "application/json; indent=0", string(plain.body)},
		{key, "application/json; indent=999", "{\n        \"id\""},
		{key, "application/json; indent=x", string(plain.body)},
		{key, "*/*", string(plain.body)},
		{key, "application/*;q=0.5", string(plain.body)},
		{key, "application/xml, */*;q=0.1", string(plain.body)},
		{key + "?format=json", "", string(plain.body)},
		{key + "?format=json", "text/html", string(plain.body)},
		{"/api/keys?format=json&limit=1", "application/json", `"items"`},
	} {
		if got := get(tt.path, tt.accept); got.status != 200 || !strings.Contains(string(got.body), tt.holds) {
			t.Errorf("%s as %q: %d %.200s", tt.path, tt.accept, got.status, got.body)
		}
	}
	if got := get(key+"?format=xml", ""); got.status != 400 {
		t.Errorf("another format: %d %s", got.status, got.body)
	}
	for _, o := range contract.operations {
		if !strings.HasPrefix(o.path, "/api") {
			continue
		}
		c := call{method: o.method, path: path(t, o, x), as: admin, header: map[string]string{"Accept": "application/xml, image/*"}}
		if p := refused(t, s, 406, "not_acceptable", c); !strings.Contains(p.Detail, "application/json") {
			t.Errorf("%s does not tell what there is: %s", o, p.Detail)
		}
	}
}

// TestScriptsAreNotOfferedBasic: a browser would open its own box for a password.
func TestScriptsAreNotOfferedBasic(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for _, tt := range []struct {
		header map[string]string
		basic  bool
		bearer string
	}{
		{nil, true, `Bearer realm="latchkey"`},
		{map[string]string{"X-Requested-With": "XMLHttpRequest"}, false, `Bearer realm="latchkey"`},
		{map[string]string{"Sec-Fetch-Mode": "cors"}, false, `Bearer realm="latchkey"`},
		{map[string]string{"Sec-Fetch-Dest": "empty"}, false, `Bearer realm="latchkey"`},
		{map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, true, `Bearer realm="latchkey"`},
		{map[string]string{"Authorization": "Bearer nonsense"}, true, `Bearer realm="latchkey", error="invalid_token"`},
		{map[string]string{"Authorization": "Token nonsense"}, true, `Bearer realm="latchkey"`},
	} {
		_, got := want[client.Problem](t, s, 401, call{method: "GET", path: "/api/me", header: tt.header})
		all := valuesOf(got.header, "WWW-Authenticate")
		basic := slices.ContainsFunc(all, func(v string) bool { return strings.HasPrefix(v, "Basic") })
		if basic != tt.basic || !slices.Contains(all, tt.bearer) {
			t.Errorf("%v: %v", tt.header, all)
		}
	}
}
