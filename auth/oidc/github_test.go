package oidc_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
)

// standIn speaks the three endpoints of GitHub that signing in needs, and
// holds its client to PKCE.
type standIn struct {
	*httptest.Server
	mu        sync.Mutex
	challenge string
	addresses string
	user      string
	huge      bool
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{
		user:      `{"id":42,"login":"ada","name":"Ada Lovelace"}`,
		addresses: `[{"email":"old@example.com","primary":false,"verified":true},{"email":"ada@example.com","primary":true,"verified":true}]`,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/oauth/access_token", s.token)
	mux.HandleFunc("GET /user", s.told(func() string { return s.user }))
	mux.HandleFunc("GET /user/emails", s.told(func() string { return s.addresses }))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *standIn) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verifier := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if r.FormValue("code") != "good" || base64.RawURLEncoding.EncodeToString(verifier[:]) != s.challenge {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"error":"bad_verification_code"}`)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"access_token":"gho_x","token_type":"bearer","scope":"read:user"}`)
}

func (s *standIn) told(what func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer gho_x" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if s.huge {
			_, _ = io.WriteString(w, `{"id":42,"name":"`+strings.Repeat("a", 2<<20)+`"}`)
			return
		}
		_, _ = io.WriteString(w, what())
	}
}

// browser is one sign-in by the stand-in.
type browser struct {
	providers *oidc.Providers
	at        time.Time
}

func newBrowser(t *testing.T, s *standIn) *browser {
	t.Helper()
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	if err != nil {
		t.Fatal(err)
	}
	github := oidc.GitHub()
	github.ClientID, github.ClientSecret = "id", "secret"
	github.AuthorizeURL, github.TokenURL, github.APIURL = s.URL+"/login/oauth/authorize", s.URL+"/login/oauth/access_token", s.URL
	b := &browser{at: time.Now()}
	b.providers, err = oidc.New(oidc.Config{
		Providers: []oidc.Provider{github}, BaseURL: "https://keys.example.com", Sealer: sealer,
		Now: func() time.Time { return b.at },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) begin(t *testing.T, s *standIn) (state, kept string) {
	t.Helper()
	location, kept, err := b.providers.Begin(t.Context(), "github", oidc.Intent{Next: "/keys/key_a"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("redirect_uri") != "https://keys.example.com/login/github/callback" || q.Get("scope") != "read:user user:email" {
		t.Errorf("sent to %s", location)
	}
	s.mu.Lock()
	s.challenge = q.Get("code_challenge")
	s.mu.Unlock()
	return q.Get("state"), kept
}

func (b *browser) finish(ctx context.Context, kept, code, state string) (auth.ExternalAccount, oidc.Intent, error) {
	return b.providers.Finish(ctx, "github", kept, url.Values{"code": {code}, "state": {state}})
}

func TestGitHubTellsWhoSignsIn(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	b := newBrowser(t, s)
	state, kept := b.begin(t, s)
	got, intent, err := b.finish(t.Context(), kept, "good", state)
	want := auth.ExternalAccount{Provider: "github", Subject: "42", Email: "ada@example.com", EmailVerified: true, Name: "Ada Lovelace"}
	if err != nil || got != want || intent.Next != "/keys/key_a" {
		t.Errorf("got %+v %+v, %v", got, intent, err)
	}
}

func TestGitHubAddressThatIsNotVerified(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	s.addresses = `[{"email":"old@example.com","primary":false,"verified":true},{"email":"ada@example.com","primary":true,"verified":false}]`
	b := newBrowser(t, s)
	state, kept := b.begin(t, s)
	got, _, err := b.finish(t.Context(), kept, "good", state)
	if err != nil || got.EmailVerified || got.Email != "ada@example.com" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSignInsThatGitHubDoesNotFinish(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]func(s *standIn, b *browser, state, kept string) (string, string, string){
		"a wrong code":   func(_ *standIn, _ *browser, state, kept string) (string, string, string) { return kept, "bad", state },
		"another state":  func(_ *standIn, _ *browser, _, kept string) (string, string, string) { return kept, "good", "x" },
		"an empty state": func(_ *standIn, _ *browser, _, kept string) (string, string, string) { return kept, "good", "" },
		"no cookie":      func(_ *standIn, _ *browser, state, _ string) (string, string, string) { return "", "good", state },
		"a changed cookie": func(_ *standIn, _ *browser, state, kept string) (string, string, string) {
			other := "A"
			if kept[0] == 'A' {
				other = "B"
			}
			return other + kept[1:], "good", state
		},
		"another browser's PKCE": func(s *standIn, _ *browser, state, kept string) (string, string, string) {
			s.challenge = "x"
			return kept, "good", state
		},
		"too late": func(_ *standIn, b *browser, state, kept string) (string, string, string) {
			b.at = b.at.Add(oidc.AttemptLife)
			return kept, "good", state
		},
		"a user without an id": func(s *standIn, _ *browser, state, kept string) (string, string, string) {
			s.user = `{}`
			return kept, "good", state
		},
		"addresses that are none": func(s *standIn, _ *browser, state, kept string) (string, string, string) {
			s.addresses = `{`
			return kept, "good", state
		},
		"an answer that is too big": func(s *standIn, _ *browser, state, kept string) (string, string, string) {
			s.huge = true
			return kept, "good", state
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStandIn(t)
			b := newBrowser(t, s)
			state, kept := b.begin(t, s)
			kept, code, state := tt(s, b, state, kept)
			account, _, err := b.finish(t.Context(), kept, code, state)
			if !errors.Is(err, errs.Unauthenticated) || account != (auth.ExternalAccount{}) {
				t.Errorf("got %+v, %v", account, err)
			}
		})
	}
}

func TestTheBrowserKeepsNothingThatCanBeRead(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	state, kept := newBrowser(t, s).begin(t, s)
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil || strings.Contains(string(sealed), state) || json.Valid(sealed) {
		t.Errorf("the cookie can be read: %q, %v", sealed, err)
	}
}
