package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// TestTokensAtThePathOfTheDocumentation.
func TestTokensAtThePathOfTheDocumentation(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	same, _ := want[client.ObtainedToken](t, s, 200, post("/api/token/", map[string]any{"username": u.Username, "password": password}))
	for _, body := range []map[string]any{{"username": u.Username, "password": password}, {"email": u.Email, "password": password}} {
		var got client.ObtainedToken
		w := s.raw(t, post("/api-token-auth/", body))
		if w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &got) != nil || got.Token != same.Token {
			t.Errorf("%v: %d %s", body, w.Code, w.Body)
		}
	}
	w := s.raw(t, post("/api-token-auth/", map[string]any{"username": u.Username, "password": "wrong horse battery"}))
	if w.Code != 400 || !strings.Contains(w.Body.String(), `"non_field_errors":["`) {
		t.Errorf("a wrong password: %d %s", w.Code, w.Body)
	}
	if w := s.raw(t, call{method: "GET", path: "/api-token-auth/"}); w.Code != 405 || w.Header().Get("Allow") != "POST, OPTIONS" {
		t.Errorf("GET: %d %v", w.Code, w.Header())
	}
	off := newSuite(t, settings{only: []string{"session"}})
	if w := off.raw(t, post("/api-token-auth/", map[string]any{"username": "x", "password": "y"})); w.Code != 404 {
		t.Errorf("without tokens: %d", w.Code)
	}
}

// TestSignInOfTheBrowsableAPI begins and ends a session by forms with the token
// against cross-site requests, and leads nowhere else.
func TestSignInOfTheBrowsableAPI(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	const csrf = "0123456789abcdef"
	send := func(path, cookie string, fields url.Values) *httptest.ResponseRecorder {
		t.Helper()
		return s.raw(t, call{
			method: "POST", path: path, kind: formType, body: fields.Encode(), header: map[string]string{"Cookie": "csrftoken=" + csrf + cookie},
		})
	}
	for next, to := range map[string]string{
		"": "/api/", "/api/keys/": "/api/keys/", "https://evil.example/": "/api/",
		"//evil.example/": "/api/", `/\evil.example`: "/api/",
	} {
		w := send("/api-auth/login/", "", url.Values{
			"username": {u.Username}, "password": {password}, "csrfmiddlewaretoken": {csrf}, "next": {next},
		})
		cookies := (&http.Response{Header: w.Header()}).Cookies()
		if w.Code != 302 || w.Header().Get("Location") != to || len(cookies) != 2 {
			t.Fatalf("to %q: %d %v %s", next, w.Code, w.Header(), w.Body)
		}
		session := "; sessionid=" + cookies[0].Value
		if w := send("/api-auth/logout/", session, url.Values{}); w.Code != 403 {
			t.Errorf("signing out without the token: %d", w.Code)
		}
		if w := send("/api-auth/logout/", session, url.Values{"csrfmiddlewaretoken": {csrf}}); w.Code != 302 ||
			w.Header().Get("Location") != "/login" {
			t.Errorf("signing out: %d %v %s", w.Code, w.Header(), w.Body)
		}
		if w := send("/api-auth/logout/", session, url.Values{"csrfmiddlewaretoken": {csrf}}); w.Code != 401 {
			t.Errorf("signing out again: %d", w.Code)
		}
		query := ""
		if next != "" {
			query = "?next=" + url.QueryEscape(next)
		}
		if w := s.raw(t, call{method: "GET", path: "/api-auth/login/" + query}); w.Code != 302 || w.Header().Get("Location") != "/login?next="+
			url.QueryEscape(to) {
			t.Errorf("the form for %q: %d %s", next, w.Code, w.Body)
		}
	}
	if w := send("/api-auth/login/", "", url.Values{"username": {u.Username}, "password": {password}}); w.Code != 403 {
		t.Errorf("without the token: %d", w.Code)
	}
	if w := send("/api-auth/login/", "", url.Values{
		"username": {u.Username}, "password": {"wrong horse battery"},
		"csrfmiddlewaretoken": {csrf},
	}); w.Code != 400 {
		t.Errorf("a wrong password: %d %s", w.Code, w.Body)
	}
}
