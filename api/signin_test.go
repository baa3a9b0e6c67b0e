package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

func post(path string, body map[string]any) call {
	return call{method: "POST", path: path, body: body}
}

// TestTokenEndpointAnswersAsDjangoDoes: a username gets a token, an e-mail
// address a pair, by JSON or form, with or without a slash at the end.
func TestTokenEndpointAnswersAsDjangoDoes(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	var first string
	for _, kind := range []string{"", formType} {
		c := post("/api/token/", map[string]any{"username": strings.ToUpper(u.Username), "password": password})
		c.kind = kind
		token, _ := want[client.ObtainedToken](t, s, 200, c)
		if me := s.me(t, byToken(token.Token)); me.ID != u.ID || me.Username != u.Username {
			t.Errorf("the token acts as %+v", me)
		}
		if first == "" {
			first = token.Token
		} else if token.Token != first {
			t.Error("the second sign-in answers another token")
		}
		c.body = map[string]any{"email": u.Email, "password": password}
		pair, _ := want[client.TokenPair](t, s, 200, c)
		if me := s.me(t, byBearer(pair.Access)); me.ID != u.ID {
			t.Errorf("the access token acts as %+v", me)
		}
	}
	tokens, _ := want[client.List[client.Token]](t, s, 200, call{method: "GET", path: "/api/tokens", as: s.session(t, u.ID)})
	if len(tokens.Items) != 1 || tokens.Items[0].LastUsedAt == nil || !strings.Contains(tokens.Items[0].Name, "password") {
		t.Errorf("the user's list shows %+v", tokens.Items)
	}
}

// TestSignInsThatAreRefused, by every way to sign in with a password.
func TestSignInsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, disabled := s.withPassword(t), s.withPassword(t)
	s.disable(t, disabled.ID)
	for _, path := range []string{"/api/token", "/api/session"} {
		bodies := map[string]string{}
		for name, body := range map[string]map[string]any{
			"wrong password": {"email": u.Email, "password": "wrong horse battery"},
			"unknown":        {"email": "nobody@example.com", "password": password},
			"disabled":       {"email": disabled.Email, "password": password},
			"an id":          {"username": u.ID, "password": password},
		} {
			status, code := 401, "authentication_failed"
			switch {
			case path == "/api/token" && body["username"] != nil:
				status, code = 400, "invalid_request"
			case path == "/api/token":
				code = "no_active_account"
			}
			p := refused(t, s, status, code, post(path, body))
			p.Instance = ""
			if status == 400 {
				if p.Errors[0].Field != "non_field_errors" {
					t.Errorf("%s: %+v", name, p.Errors)
				}
				continue
			}
			bodies[mustJSON(t, p)] = name
		}
		if len(bodies) != 1 {
			t.Errorf("%s tells apart %v", path, bodies)
		}
	}
	foreign := post("/api/session", map[string]any{"email": u.Email, "password": password})
	foreign.header = map[string]string{"Sec-Fetch-Site": "cross-site"}
	refused(t, s, 403, "csrf_failed", foreign)
}

func (s *suite) disable(t *testing.T, id string) {
	t.Helper()
	_, err := s.People.Users.Change(t.Context(), auth.System(), id, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Disabled = true
		return f, nil
	})
	must(t, err)
}

// TestGuessingPasswordsIsSlow: each further try waits longer, right ones too.
func TestGuessingPasswordsIsSlow(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signIns: ratelimit.Rule{Requests: 3, Per: time.Minute, Burst: 3}})
	for _, path := range []string{"/api/token", "/api/session"} {
		u := s.withPassword(t)
		wrong := post(path, map[string]any{"email": u.Email, "password": "wrong horse battery"})
		for range 3 {
			want[client.Problem](t, s, 401, wrong)
		}
		right := post(path, map[string]any{"email": u.Email, "password": password})
		_, got := want[client.Problem](t, s, 429, right)
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %v", path, got.header)
		}
		right.from = "203.0.113.7" // from elsewhere the user is not locked out
		want[map[string]any](t, s, 200, right)
	}
}

// TestRightPasswordsAtOnceAreNoWrongOnes: they wait for their turn. All running
// tests share the hashing, so a few may get "busy", but none may fail.
func TestRightPasswordsAtOnceAreNoWrongOnes(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signIns: ratelimit.Rule{Requests: 10, Per: time.Minute, Burst: 10}})
	u := s.withPassword(t)
	for _, c := range []call{
		{method: "GET", path: "/api/me", as: byBasic(u.Email, password)},
		post("/api/token", map[string]any{"email": u.Email, "password": password}),
	} {
		var asking sync.WaitGroup
		answers := make([]int, 40)
		for i := range answers {
			r := request(t, c)
			asking.Go(func() {
				w := httptest.NewRecorder()
				s.engine.ServeHTTP(w, r)
				answers[i] = w.Code
			})
		}
		asking.Wait()
		busy := 0
		for _, status := range answers {
			if status == http.StatusServiceUnavailable {
				busy++
			} else if status != http.StatusOK {
				t.Errorf("%s: %v", c.path, answers)
				break
			}
		}
		if busy > len(answers)/2 {
			t.Errorf("%s: %d of %d are told that hashing is busy", c.path, busy, len(answers))
		}
	}
}

// TestTriesByEitherNameAreOneCount.
func TestTriesByEitherNameAreOneCount(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signIns: ratelimit.Rule{Requests: 4, Per: time.Hour, Burst: 4}})
	u := s.withPassword(t)
	for range 2 {
		refused(t, s, 401, "authentication_failed", signInAs(u.Email, "wrong horse battery", ""))
		refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: byBasic(u.Username, "wrong horse battery")})
	}
	refused(t, s, 429, "rate_limited", signInAs(u.Email, password, ""))
	refused(t, s, 429, "rate_limited", call{method: "GET", path: "/api/me", as: byBasic(strings.ToUpper(u.Username), password)})
	refused(t, s, 429, "rate_limited", call{
		method: "POST", path: "/api/password/change", as: s.session(t, u.ID), body: map[string]any{
			"old_password": password,
			"password":     otherPassword,
		},
	})
}

// TestSchemesThatAreOff are not there.
func TestSchemesThatAreOff(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{only: []string{"api_key"}})
	body := map[string]any{"email": "a@example.com", "password": password}
	refused(t, s, 404, "not_found", post("/api/token", body))
	refused(t, s, 404, "not_found", post("/api/session", body))
}

// TestRefreshTokensAreSpent: each works once, a stolen one ends them all.
func TestRefreshTokensAreSpent(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	refresh := func(token string) call { return post("/api/token/refresh/", map[string]any{"refresh": token}) }
	first := s.pair(t, u)
	second, _ := want[client.TokenPair](t, s, 200, refresh(first.Refresh))
	raced, _ := want[client.TokenPair](t, s, 200, refresh(first.Refresh)) // another tab
	s.advance(11 * time.Second)
	third, _ := want[client.TokenPair](t, s, 200, refresh(raced.Refresh))
	s.me(t, byBearer(third.Access))
	refused(t, s, 401, "token_not_valid", refresh(first.Refresh)) // two generations old
	for name, c := range map[string]call{
		"its successor":        refresh(second.Refresh),
		"the newest":           refresh(third.Refresh),
		"its access token":     {method: "GET", path: "/api/me", as: byBearer(third.Access)},
		"asked whether good":   post("/api/token/verify/", map[string]any{"token": third.Refresh}),
		"asked of access":      post("/api/token/verify/", map[string]any{"token": third.Access}),
		"signed out":           post("/api/token/blacklist/", map[string]any{"refresh": third.Refresh}),
		"an access token":      refresh(third.Access),
		"nonsense":             refresh("nonsense"),
		"nonsense signed out":  post("/api/token/blacklist/", map[string]any{"refresh": "eyJ.eyJ.x"}),
		"nonsense asked about": post("/api/token/verify/", map[string]any{"token": "eyJ.eyJ.x"}),
	} {
		if p := refused(t, s, 401, "token_not_valid", c); p.Detail == "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
	found := s.events(t, s.admin(t), "action=token_family.reuse")
	if len(found) != 1 || found[0].Subject.ID != u.ID {
		t.Errorf("the reuse left %+v", found)
	}
}

// TestTabsThatRefreshAtOnce all go on.
func TestTabsThatRefreshAtOnce(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	pair := s.pair(t, s.withPassword(t))
	var tabs sync.WaitGroup
	for range 10 {
		tabs.Go(func() {
			got := s.send(t, post("/api/token/refresh", map[string]any{"refresh": pair.Refresh}))
			var next client.TokenPair
			if got.status != 200 || json.Unmarshal(got.body, &next) != nil {
				t.Errorf("%d %s", got.status, got.body)
				return
			}
			if got := s.send(t, call{method: "GET", path: "/api/me", as: byBearer(next.Access)}); got.status != 200 {
				t.Errorf("its access token: %d %s", got.status, got.body)
			}
		})
	}
	tabs.Wait()
}

// TestWhatEndsSignedTokens, at once.
func TestWhatEndsSignedTokens(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for name, end := range map[string]func(u auth.User, p auth.Pair){
		"expiry":  func(auth.User, auth.Pair) { s.advance(auth.DefaultAccessLife) },
		"disable": func(u auth.User, _ auth.Pair) { s.disable(t, u.ID) },
		"delete": func(u auth.User, _ auth.Pair) {
			must(t, s.People.Users.Delete(t.Context(), auth.System(), u.ID, keys.AnyRevision))
		},
		"blacklist": func(_ auth.User, p auth.Pair) {
			want[map[string]any](t, s, 200, post("/api/token/blacklist/", map[string]any{"refresh": p.Refresh}))
		},
		"sign out everywhere": func(_ auth.User, p auth.Pair) {
			if got := s.send(t, call{method: "DELETE", path: "/api/sessions", as: byBearer(p.Access)}); got.status != 204 {
				t.Errorf("sign out everywhere: %d %s", got.status, got.body)
			}
		},
	} {
		u := s.withPassword(t)
		p := s.pair(t, u)
		want[map[string]any](t, s, 200, post("/api/token/verify/", map[string]any{"token": p.Access}))
		end(u, p)
		got := s.send(t, call{method: "GET", path: "/api/me", as: byBearer(p.Access)})
		if got.status != http.StatusUnauthorized {
			t.Errorf("%s: the access token still acts: %d %s", name, got.status, got.body)
		}
	}
}

// TestTokensOfUsers are made, listed, used and ended by their user alone.
func TestTokensOfUsers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, other := s.withPassword(t), s.withPassword(t)
	as := s.session(t, u.ID)
	made, got := want[client.CreatedToken](t, s, 201, call{
		method: "POST", path: "/api/tokens", as: as, body: map[string]any{"name": "CI", "expires_at": s.now().Add(time.Hour)},
	})
	path := got.header.Get("Location")
	if made.Secret == "" || !strings.HasSuffix(made.Secret, made.Last4) || path != "/api/tokens/"+made.ID {
		t.Errorf("made %+v at %s", made, path)
	}
	_, shown := want[client.Token](t, s, 200, call{method: "GET", path: path, as: as})
	if strings.Contains(string(shown.body), made.Secret) {
		t.Error("the token is shown again")
	}
	if me := s.me(t, byToken(made.Secret)); me.Scheme != "token" {
		t.Errorf("it acts as %+v", me)
	}
	refused(t, s, 404, "not_found", call{method: "GET", path: path, as: s.session(t, other.ID)})
	refused(t, s, 404, "not_found", call{method: "DELETE", path: path, as: s.session(t, other.ID)})
	s.advance(time.Hour)
	refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: byToken(made.Secret)})
	s.advance(-time.Hour)
	if got := s.send(t, call{method: "DELETE", path: path, as: byToken(made.Secret)}); got.status != 204 {
		t.Errorf("it ends itself: %d %s", got.status, got.body)
	}
	refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: byToken(made.Secret)})
	past := map[string]any{"name": "CI", "expires_at": s.now().Add(-time.Second)}
	if p := refused(t, s, 400, "invalid_request", call{method: "POST", path: "/api/tokens", as: as, body: past}); !names(p, "expires_at") {
		t.Errorf("an expiry in the past: %v", p)
	}
	for range 100 {
		s.opaque(t, u)
	}
	refused(t, s, 409, "conflict", call{method: "POST", path: "/api/tokens", as: as, body: map[string]any{"name": "one too many"}})
}

// TestSessions begin with a new cookie, are listed and end one by one.
func TestSessions(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	browser := func() credential {
		me, got := want[client.Me](t, s, 200, post("/api/session/", map[string]any{"email": u.Email, "password": password}))
		if me.ID != u.ID || me.Scheme != "session" {
			t.Errorf("signed in as %+v", me)
		}
		cookies := (&http.Response{Header: got.header}).Cookies()
		return func(r *http.Request) {
			for _, c := range cookies {
				if c.Name == auth.SessionCookie && (!c.HttpOnly || c.SameSite != http.SameSiteLaxMode) {
					t.Errorf("the cookie is %v", c)
				}
				if c.Name == auth.CSRFCookie {
					r.Header.Set(auth.CSRFHeader, c.Value)
				}
				r.AddCookie(c)
			}
		}
	}
	first, second, third := browser(), browser(), browser()
	listed := func(as credential) []client.Session {
		page, _ := want[client.List[client.Session]](t, s, 200, call{method: "GET", path: "/api/sessions", as: as})
		return page.Items
	}
	all := listed(second)
	if len(all) != 3 || !all[1].Current || all[0].Current || all[1].Address != peer {
		t.Errorf("listed %+v", all)
	}
	end := func(path string, as credential) {
		t.Helper()
		if got := s.send(t, call{method: "DELETE", path: path, as: as}); got.status != 204 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	end("/api/sessions/"+all[2].ID, second)
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: first})
	end("/api/sessions?keep_current=true", second)
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: third})
	s.me(t, second)
	end("/api/session", second)
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: second})
}

// TestSessionsEndByThemselves: some time after their last use, and at all.
func TestSessionsEndByThemselves(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	id, idle := s.user(t, "", "")
	s.advance(auth.SessionIdle + time.Second)
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: idle})
	busy := s.session(t, id)
	for range int(auth.SessionAbsolute/auth.SessionIdle) * 2 {
		s.advance(auth.SessionIdle/2 - time.Second)
		s.me(t, busy)
	}
	s.advance(time.Minute)
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: busy})
}

// TestThrottles: each kind of caller has its own rule, and learns when to retry.
func TestThrottles(t *testing.T) {
	t.Parallel()
	one := func(n int64) ratelimit.Rule { return ratelimit.Rule{Requests: n, Per: time.Hour, Burst: n} }
	s := newSuite(t, settings{throttles: throttles(one(2), one(3), one(4), one(5), map[string]ratelimit.Rule{"enterprise": one(6)})})
	x := s.tenant(t)
	u := s.withPassword(t)
	generous := s.account(t, x.organization, keys.AccountFields{Name: "Big", Tier: "enterprise", Scopes: []string{}})
	_, big := s.issue(t, generous, keys.KeyFields{})
	for _, tt := range []struct {
		kind string
		as   credential
		n    int
		ok   int
		from string
	}{
		{"anonymous", anonymous, 2, 401, "2001:db8::1"},
		{"anonymous", anonymous, 0, 401, "2001:db8::2"}, // of the same network
		{"anonymous", byKey(unknownKey(t)), 2, 401, "203.0.113.2"},
		{"user", s.session(t, u.ID), 3, 200, ""},
		{"admin", s.admin(t), 4, 200, ""},
		{"service-account", byKey(s.keyWith(t, x.organization, "latchkey:*")), 5, 200, ""},
		{"service-account", byKey(big), 6, 200, ""},
	} {
		c := call{method: "GET", path: "/api/me", as: tt.as, from: tt.from}
		for range tt.n {
			if got := s.send(t, c); got.status != tt.ok {
				t.Fatalf("%s: %d %s", tt.kind, got.status, got.body)
			}
		}
		p, got := want[client.Problem](t, s, 429, c)
		if p.Code != "throttled" || got.header.Get("Retry-After") == "" ||
			!strings.Contains(strings.Join(valuesOf(got.header, "RateLimit-Policy"),
				""), `"`+tt.kind+`";q=`) {
			t.Errorf("%s: %v %v", tt.kind, p, got.header)
		}
	}
	if got := s.send(t, call{method: "GET", path: "/healthz", from: "2001:db8::1"}); got.status != 200 {
		t.Errorf("health is throttled: %d", got.status)
	}
}
