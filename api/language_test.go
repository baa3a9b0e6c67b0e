package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/texts"
)

const (
	apiVaries   = "Accept, Accept-Language, Cookie"
	otherVaries = "Accept, Cookie"
)

// TestProblemsNameTheirLanguage: the one that the user chose, else the one that
// the request asks for, else English.
func TestProblemsNameTheirLanguage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	key := byKey(s.keyWith(t, x.organization, "latchkey:*"))
	plain, german, english := s.session(t, s.withPassword(t).ID), s.session(t, s.withPassword(t).ID), s.session(t, s.withPassword(t).ID)
	want[client.Me](t, s, 200, changeMe(german, map[string]any{"language": "de"}))
	want[client.Me](t, s, 200, changeMe(english, map[string]any{"language": "en"}))
	bad := func(as credential) call { return changeMe(as, map[string]any{"username": "1st"}) }
	for name, tt := range map[string]struct {
		call     call
		accepted string
		status   int
		want     string
	}{
		"nobody asks for any":          {bad(plain), "", 400, "en"},
		"the request asks for one":     {bad(plain), "de", 400, "de"},
		"for that of a country":        {bad(plain), "de-AT, en;q=0.5", 400, "de"},
		"for one that there is not":    {bad(plain), "fr", 400, "en"},
		"garbage":                      {bad(plain), "\";;q=,,-", 400, "en"},
		"more than is read":            {bad(plain), strings.Repeat("de,", 100), 400, "en"},
		"a choice alone":               {bad(german), "", 400, "de"},
		"a choice against the request": {bad(german), "en", 400, "de"},
		"English against the request":  {bad(english), "de", 400, "en"},
		"a key has no choice":          {call{method: "GET", path: "/api/keys/key_x", as: key}, "de", 404, "de"},
		"a stranger":                   {bad(anonymous), "de", 401, "de"},
		"what the user may not do":     {call{method: "GET", path: "/api/users", as: german}, "", 403, "de"},
		"a path that there is not":     {call{method: "GET", path: "/api/nothing"}, "de", 404, "de"},
		"a method that there is not":   {call{method: "TRACE", path: "/api/keys"}, "de", 405, "de"},
		"a kind of answer that is none": {
			call{method: "GET", path: "/api/keys", header: map[string]string{"Accept": "image/png"}}, "de", 406, "de",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := s.raw(t, accepting(tt.call, tt.accepted))
			if w.Code != tt.status || w.Header().Get("Content-Language") != tt.want || w.Header().Get("Vary") != apiVaries {
				t.Errorf("%d %v, want %d in %s", w.Code, w.Header(), tt.status, tt.want)
			}
		})
	}
	if w := s.raw(t, accepting(call{method: "GET", path: "/api/me", as: german}, "de")); w.Header().Get("Vary") != apiVaries {
		t.Errorf("an answer without sentences varies by %q", w.Header().Get("Vary"))
	}
}

// accepting is the call with the header.
func accepting(c call, language string) call {
	header := map[string]string{}
	for name, value := range c.header {
		header[name] = value
	}
	if language != "" {
		header["Accept-Language"] = language
	}
	c.header = header
	return c
}

// TestProgramsAreAnsweredInEnglish where the answer is for a gateway, another
// program or a log.
func TestProgramsAreAnsweredInEnglish(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	key := s.keyWith(t, x.organization, "latchkey:keys:read")
	asker := byKey(s.keyWith(t, x.organization, "latchkey:verify"))
	for name, c := range map[string]call{
		"a key that is good":     {method: "GET", path: "/verify", as: byKey(key)},
		"a key that is not":      {method: "GET", path: "/verify", as: byKey("lk_live_x")},
		"no key":                 {method: "GET", path: "/verify/"},
		"a question":             {method: "POST", path: "/verify", as: asker, body: map[string]any{"key": key}},
		"a question about junk":  {method: "POST", path: "/verify", as: asker, body: map[string]any{"key": "x"}},
		"a question that is bad": {method: "POST", path: "/verify", as: asker, body: "{"},
		"a method":               {method: "DELETE", path: "/verify"},
		"health":                 {method: "GET", path: "/healthz"},
		"a token":                {method: "POST", path: "/oauth/token", kind: formType, body: "grant_type=nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			german, plain := s.raw(t, accepting(c, "de")), s.raw(t, c)
			if german.Code != plain.Code || sentences(german) != sentences(plain) {
				t.Errorf("%d %s, and without Accept-Language %d %s", german.Code, german.Body, plain.Code, plain.Body)
			}
			if h := german.Header(); h.Get("Content-Language") != "" || strings.Contains(h.Get("Vary"), "Language") {
				t.Errorf("it is in %q and varies by %q", h.Get("Content-Language"), h.Get("Vary"))
			}
		})
	}
	if w := s.raw(t, accepting(call{method: "GET", path: "/nothing"}, "de")); w.Header().Get("Vary") != otherVaries {
		t.Errorf("where there is nothing it varies by %q", w.Header().Get("Vary"))
	}
}

// sentences are what the answer says of what is wrong.
func sentences(w *httptest.ResponseRecorder) string {
	_, detail, _ := strings.Cut(w.Body.String(), `"detail"`)
	detail, _, _ = strings.Cut(detail, `"instance"`)
	return detail
}

// TestTheLanguageOfAUser: staff and users themselves set it; what there is not is
// refused with what there is.
func TestTheLanguageOfAUser(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	as, admin := s.session(t, u.ID), s.admin(t)
	path := "/api/users/" + u.ID
	change := func(path string, as credential, language any) call {
		return call{method: "PATCH", path: path, as: as, body: map[string]any{"language": language}, kind: mergePatch}
	}
	for _, wrong := range []any{"tlh", "DE", "de-AT", strings.Repeat("x", 36), 7} {
		for _, c := range []call{
			change("/api/me", as, wrong), change(path, admin, wrong),
			{method: "PUT", path: "/api/me", as: as, body: map[string]any{"email": u.Email, "language": wrong}},
			{method: "POST", path: "/api/users", as: admin, body: map[string]any{"email": "new@example.com", "language": wrong}},
		} {
			p := refused(t, s, http.StatusBadRequest, "invalid_request", c)
			if !names(p, "language") {
				t.Errorf("%s %s with %v: %+v", c.method, c.path, wrong, p)
			}
			if text, is := wrong.(string); is && len(text) < 36 && p.Errors[0].Detail != "must be one of "+strings.Join(texts.Languages(), ", ") {
				t.Errorf("%v is refused with %q", wrong, p.Errors[0].Detail)
			}
		}
	}
	if me, _ := want[client.Me](t, s, 200, change("/api/me", as, "de")); me.Language != "de" {
		t.Errorf("%+v", me)
	}
	if seen, _ := want[client.User](t, s, 200, call{method: "GET", path: path, as: admin}); seen.Language != "de" {
		t.Errorf("%+v", seen)
	}
	if me, _ := want[client.Me](t, s, 200, changeMe(as, map[string]any{"name": "Ada"})); me.Language != "de" {
		t.Errorf("a change of the name left %+v", me)
	}
	if me, _ := want[client.Me](t, s, 200, call{
		method: "PUT", path: "/api/me", as: as, body: map[string]any{"email": u.Email, "username": u.Username},
	}); me.Language != "" {
		t.Errorf("replaced without it: %+v", me)
	}
	if seen, _ := want[client.User](t, s, 200, change(path, admin, "en")); seen.Language != "en" {
		t.Errorf("%+v", seen)
	}
	if me, _ := want[client.Me](t, s, 200, change("/api/me", as, nil)); me.Language != "" {
		t.Errorf("null left %+v", me)
	}
}
