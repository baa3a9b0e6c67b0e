package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// fieldsOf is the object as a form has it: members of members with a dot, lists
// as a field that is given several times, metadata as JSON.
func fieldsOf(t *testing.T, values url.Values, prefix string, object map[string]any) url.Values {
	t.Helper()
	for name, value := range object {
		name = prefix + name
		switch v := value.(type) {
		case nil:
			values.Set(name, "")
		case map[string]any:
			if name == "metadata" {
				values.Set(name, mustJSON(t, v))
				continue
			}
			fieldsOf(t, values, name+".", v)
		case []any:
			values[name] = []string{}
			for _, one := range v {
				values.Add(name, fmt.Sprint(one))
			}
			if len(v) == 0 {
				values.Set(name, "")
			}
		case float64:
			values.Set(name, fmt.Sprintf("%.0f", v))
		default:
			values.Set(name, fmt.Sprint(v))
		}
	}
	return values
}

// partsOf is the form as multipart/form-data, with its Content-Type.
func partsOf(t *testing.T, values url.Values) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, all := range values {
		for _, value := range all {
			must(t, w.WriteField(name, value))
		}
	}
	must(t, w.Close())
	return b.String(), w.FormDataContentType()
}

// TestFormsMeanWhatJSONMeans: each operation that takes JSON takes the same as a
// form of either kind, and answers it with the same status.
func TestFormsMeanWhatJSONMeans(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, o := range contract.operations {
		if o.RequestBody == nil || o.takesFile() || !strings.HasPrefix(o.path, "/api/") {
			continue
		}
		seen++
		for _, kind := range []string{"application/json", formType, multipartForm} {
			if o.RequestBody.Value.Content[kind] == nil && (kind != "application/json" || o.method != "PATCH") {
				t.Errorf("%s does not document %s", o, kind)
			}
		}
		t.Run(o.OperationID, func(t *testing.T) {
			t.Parallel()
			statuses := map[int][]string{}
			for _, kind := range []string{"JSON", formType, multipartForm} {
				s := newSuite(t, settings{})
				x, admin := s.tenant(t), s.admin(t)
				c := s.good(t, o, x, admin)
				if kind != "JSON" {
					var object map[string]any
					must(t, json.Unmarshal([]byte(mustJSON(t, c.body)), &object))
					values := fieldsOf(t, url.Values{}, "", object)
					c.body, c.kind = values.Encode(), formType
					if kind == multipartForm {
						c.body, c.kind = partsOf(t, values)
					}
				}
				if o.open() {
					c.as = nil
				}
				if o.OperationID == "signIn" && kind != "JSON" {
					refused(t, s, 403, "csrf_failed", c)
					c.header = map[string]string{"Cookie": "csrftoken=0123456789abcdef", "X-CSRFToken": "0123456789abcdef"}
				}
				got := s.send(t, c)
				if statuses[got.status] = append(statuses[got.status], kind); got.status >= 300 {
					t.Errorf("%s: %d %s", kind, got.status, got.body)
				}
			}
			if len(statuses) != 1 {
				t.Errorf("the statuses are %v", statuses)
			}
		})
	}
	if seen < 30 {
		t.Errorf("only %d operations were asked", seen)
	}
}

// TestFormsAreReadStrictly: as JSON is.
func TestFormsAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	file := func(name string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x\"\r\n\r\nx\r\n--b--\r\n"
	}
	for _, tt := range []struct {
		name, kind, body, field string
		status                  int
	}{
		{"an unknown field", formType, "name=x&nonsense=1", "nonsense", 400},
		{"a field twice", formType, "name=x&name=y", "name", 400},
		{"no truth value", formType, "disabled=perhaps", "disabled", 400},
		{"no number", formType, "rate_limit.requests=many&rate_limit.per=1s", "rate_limit.requests", 400},
		{"an object twice", formType, "rate_limit=&rate_limit.requests=1", "rate_limit", 400},
		{"an unknown member", formType, "rate_limit.nonsense=1", "rate_limit.nonsense", 400},
		{"no JSON", formType, "metadata=%7B", "metadata", 400},
		{"no UTF-8", formType, "name=%ff", "name", 400},
		{"no pairs", formType, "name=%zz", "", 400},
		{"a file", multipartForm + "; boundary=b", file("name"), "name", 400},
		{"no boundary", multipartForm, file("name"), "", 400},
		{"another boundary", multipartForm + "; boundary=c", file("name"), "", 400},
		{"parts without end", multipartForm + "; boundary=b", strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"scopes\"\r\n\r\n\r\n",
			5000) + "--b--\r\n", "", 400},
		{"too many fields", formType, "name=x" + strings.Repeat("&scopes=a:b", 500), "", 400},
		{"too long", formType, "name=" + strings.Repeat("x", 1<<20), "", 413},
	} {
		p, got := want[client.Problem](t, s, tt.status, call{
			method: "PATCH", path: "/api/keys/" + x.key, as: admin,
			body: tt.body, kind: tt.kind,
		})
		if tt.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != tt.field) {
			t.Errorf("%s: %s", tt.name, got.body)
		}
	}
	p := refused(t, s, 415, "unsupported_media_type", call{
		method: "PATCH", path: "/api/keys/" + x.key, as: admin, body: "x",
		kind: "text/plain",
	})
	for _, kind := range []string{mergePatch, "application/json", formType, multipartForm} {
		if !strings.Contains(p.Detail, kind) {
			t.Errorf("415 does not name %s: %s", kind, p.Detail)
		}
	}
}

// TestOtherSitesSendNoForms: a browser adds a password or certificate to the form
// of another site, and needs no leave for it, as it does for JSON.
func TestOtherSitesSendNoForms(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	c := call{method: "POST", path: "/api/tokens", as: byBasic(u.Email, password), kind: formType, body: "name=CI"}
	for site, status := range map[string]int{"": 201, "same-origin": 201, "none": 201, "cross-site": 403, "same-site": 403} {
		c.header = map[string]string{"Sec-Fetch-Site": site}
		if site == "" {
			c.header = nil
		}
		if got := s.send(t, c); got.status != status {
			t.Errorf("from %q: %d %s", site, got.status, got.body)
		}
	}
	c.header = map[string]string{"Origin": "https://evil.example"}
	refused(t, s, 403, "csrf_failed", c)
}

// TestAFormHasTheTokenOfItsPage in a field, of either kind of form.
func TestAFormHasTheTokenOfItsPage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	const token = "0123456789abcdef"
	for _, kind := range []string{formType, multipartForm} {
		for sent, status := range map[string]int{token: 201, "another-token-of-16": 403} {
			values := url.Values{"name": {"CI"}, "csrfmiddlewaretoken": {sent}}
			c := call{method: "POST", path: "/api/tokens", as: s.session(t, u.ID), body: values.Encode(), kind: formType}
			if kind == multipartForm {
				c.body, c.kind = partsOf(t, values)
			}
			r := request(t, c)
			for i, cookie := range r.Cookies() {
				if i == 0 {
					r.Header.Del("Cookie")
				}
				if cookie.Name == "sessionid" {
					r.AddCookie(cookie)
				}
			}
			r.Header.Del("X-CSRFToken")
			r.Header.Add("Cookie", "csrftoken="+token)
			if got := s.sent(t, r); got.Code != status {
				t.Errorf("%s with %s: %d %s", kind, sent, got.Code, got.Body)
			}
		}
	}
}

// TestFaultsOfSigningInAreMembers, as clients of Django REST Framework read them.
func TestFaultsOfSigningInAreMembers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	for _, tt := range []struct {
		path    string
		body    map[string]any
		members []string
	}{
		{"/api/token/", map[string]any{"username": u.Username, "password": "wrong horse battery"}, []string{"non_field_errors"}},
		{"/api/token/", map[string]any{"username": u.Username}, []string{"password"}},
		{"/api/token/", map[string]any{}, []string{"username", "password"}},
		{"/api/token/refresh/", map[string]any{}, []string{"refresh"}},
		{"/api/token/verify/", map[string]any{}, []string{"token"}},
		{"/api/session/", map[string]any{}, []string{"username", "password"}},
	} {
		p, _ := want[map[string]any](t, s, 400, post(tt.path, tt.body))
		for _, member := range tt.members {
			if list, is := p[member].([]any); !is || len(list) != 1 {
				t.Errorf("%s %v: %s is %v in %v", tt.path, tt.body, member, p[member], p)
			}
		}
		if p["code"] != "invalid_request" || p["errors"] == nil {
			t.Errorf("%s is no problem: %v", tt.path, p)
		}
	}
	p := refused(t, s, 401, "no_active_account", post("/api/token/", map[string]any{"email": u.Email, "password": "wrong horse battery"}))
	if p.Detail != "No active account found with the given credentials" {
		t.Errorf("SimpleJWT tells it another way: %s", p.Detail)
	}
}

// TestTokensNameTheUserAsSimpleJWTDoes.
func TestTokensNameTheUserAsSimpleJWTDoes(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	pair := s.pair(t, u)
	for _, token := range []string{pair.Access, pair.Refresh} {
		if said := claims(t, token); said.UserID != u.ID {
			t.Errorf("user_id is %q, want %q", said.UserID, u.ID)
		}
	}
}

func (s *suite) sent(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	return w
}
