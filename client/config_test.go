package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://keys.example.com": true, "https://keys.example.com/latchkey/": true, "http://localhost:8080": true,
		"http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://[::ffff:127.0.0.1]": true,
		"": false, "keys.example.com": false, "keys.example.com:8080": false, "http://keys.example.com": false, "http://10.0.0.1": false,
		"http://localhost.example.com": false, "ftp://keys.example.com": false, "https://": false, "https://:8080": false,
		"https://user:" + secretKey + "@keys.example.com": false, "https://keys.example.com/?key=" + secretKey: false,
		"https://keys.example.com/#x": false, "https://keys.example.com/%zz" + secretKey: false,
	} {
		_, err := client.New(client.Config{URL: url})
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), secretKey) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := client.New(client.Config{URL: "http://10.0.0.1", AllowHTTP: true}); err != nil {
		t.Error(err)
	}
}

func TestCredentialsShowNoSecret(t *testing.T) {
	t.Parallel()
	credentials := []client.Credential{
		client.APIKey(secretKey), client.UserToken(secretKey), client.BearerToken(secretKey), client.Password("ada", secretKey),
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for _, c := range credentials {
		config := client.Config{URL: "https://keys.example.com", Credential: c}
		question := client.Question{Key: secretKey, Scopes: []string{"invoices:read"}}
		asking, err := client.New(config)
		if err != nil {
			t.Fatal(err)
		}
		around := struct{ hidden client.Credential }{c}
		encoded, err := json.Marshal(map[string]any{"credential": c, "question": question})
		if err != nil {
			t.Fatal(err)
		}
		logger.Info("said", "credential", c, "config", config.Credential, "question", question)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			_, _ = fmt.Fprintf(&log, strings.Repeat(verb, 6), c, config, question, asking, around, &around)
		}
		said := log.String() + string(encoded) + c.String() + c.GoString()
		if strings.Contains(said, secretKey) || strings.Contains(said, fmt.Sprintf("%x", secretKey)) || !strings.Contains(said, "[redacted]") {
			t.Fatal("the secret is printed")
		}
	}
}

func TestAnswersShowNoSecret(t *testing.T) {
	t.Parallel()
	key := client.IssuedKey{Key: client.Key{ID: "key_1"}, Secret: secretKey}
	answers := []any{
		key, &key,
		client.CreatedToken{Token: client.Token{ID: "key_1"}, Secret: secretKey},
		client.ObtainedToken{Token: secretKey},
		client.TokenPair{Access: secretKey, Refresh: secretKey},
		client.AccessToken{Token: secretKey, Scope: "key_1"},
	}
	for _, answer := range answers {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("answered", "answer", answer)
		slog.New(slog.NewTextHandler(&log, nil)).Info("answered", "answer", answer)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			_, _ = fmt.Fprintf(&log, verb+verb, answer, []any{answer})
		}
		if strings.Contains(log.String(), secretKey) || !strings.Contains(log.String(), "[redacted]") {
			t.Errorf("the secret is printed: %s", &log)
		}
	}
	if said := fmt.Sprintf("%+v", key); !strings.Contains(said, "ID:key_1") {
		t.Errorf("what is no secret is not printed: %s", said)
	}
	if text, err := json.Marshal(key); err != nil || !strings.Contains(string(text), secretKey) {
		t.Errorf("JSON has no secret: %s, %v", text, err)
	}
	if said := fmt.Sprint(client.Metadata(`{"a":1}`)); said != `{"a":1}` {
		t.Errorf("metadata is printed as %s", said)
	}
}

func TestCredentialsAreSent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		credential   client.Credential
		header, want string
	}{
		{client.APIKey("lk_live_x"), "X-API-Key", "lk_live_x"},
		{client.UserToken("lk_user_x"), "Authorization", "Token lk_user_x"},
		{client.BearerToken("eyJ"), "Authorization", "Bearer eyJ"},
		{client.Password("ada", "correct horse"), "Authorization", "Basic YWRhOmNvcnJlY3QgaG9yc2U="},
		{client.Credential{}, "Authorization", ""},
	} {
		a := serve(t, client.Config{Credential: tt.credential, UserAgent: "billing/2.1"}, reply(200, "{}"))
		if _, err := a.Me.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := a.requests[0].Header.Get(tt.header); got != tt.want {
			t.Errorf("%s is %q, want %q", tt.header, got, tt.want)
		}
		if got := a.requests[0].UserAgent(); !strings.HasPrefix(got, "billing/2.1 latchkey-go/") || !strings.Contains(got, " (go1.") {
			t.Errorf("User-Agent is %q", got)
		}
		// What signs in is asked by nobody in particular.
		if _, err := a.Auth.ObtainToken(t.Context(), "ada", "x", ""); err != nil {
			t.Fatal(err)
		}
		if h := a.requests[1].Header; h.Get("Authorization")+h.Get("X-API-Key") != "" {
			t.Errorf("a sign-in carries %v", h)
		}
	}
	for _, bad := range []client.Credential{client.APIKey(""), client.APIKey("a\nb"), client.BearerToken("a b"), client.UserToken("ä")} {
		if _, err := client.New(client.Config{URL: "https://keys.example.com", Credential: bad}); err == nil {
			t.Error("a credential that no header carries is taken")
		}
	}
}

func TestCredentialsThatChange(t *testing.T) {
	t.Parallel()
	n := 0
	next := func(context.Context) (client.Credential, error) {
		if n++; n > 2 {
			return client.Credential{}, errors.New("the vault is closed")
		}
		return client.APIKey(fmt.Sprintf("key%d", n)), nil
	}
	a := serve(t, client.Config{Credentials: next}, reply(200, "{}"))
	for range 2 {
		if _, err := a.Me.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a.requests[1].Header.Get("X-API-Key") != "key2" {
		t.Errorf("the second request has %v", a.requests[1].Header)
	}
	if _, err := a.Me.Get(t.Context()); !errors.Is(err, client.Misused) || a.times() != 2 {
		t.Errorf("without a credential: %v, sent %d times", err, a.times())
	}
}

func TestSettingsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	const url = "https://keys.example.com"
	other := func(context.Context) (client.Credential, error) { return client.APIKey("b"), nil }
	for _, bad := range []client.Config{
		{URL: url, UserAgent: "a\r\nb"},
		{URL: url, MaxBody: -1},
		{URL: url, MaxWait: -1},
		{URL: url, Credential: client.APIKey("a"), Credentials: other},
	} {
		if _, err := client.New(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	a := serve(t, client.Config{}, reply(200, "{}"))
	for _, option := range []client.Option{client.IdempotencyKey("a\nb"), client.IfMatch("ä")} {
		_, err := a.Organizations.Create(t.Context(), client.OrganizationSettings{}, option)
		if !errors.Is(err, client.Misused) || a.times() != 0 {
			t.Errorf("%v, sent %d times", err, a.times())
		}
	}
}

func TestIDsStayInTheirPlace(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, reply(200, "{}"))
	for _, id := range []string{"", ".", "..", secretKey} {
		if err := a.Keys.Delete(t.Context(), id); !errors.Is(err, client.Misused) || strings.Contains(err.Error(), secretKey) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := a.Keys.Get(t.Context(), "a/b?c"); err != nil || a.times() != 1 || a.requests[0].URL.EscapedPath() != "/api/keys/a%2Fb%3Fc" {
		t.Errorf("%v, asked for %v", err, a.requests)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	const path = "github.com/latchkey/latchkey/client"
	for want, build := range map[string]*debug.BuildInfo{
		"1.2.0": {Deps: []*debug.Module{{Path: "example.com/x", Version: "v3.0.0"}, {Path: path, Version: "v1.2.0"}}},
		"devel": {Main: debug.Module{Path: path, Version: "(devel)"}},
	} {
		if got := client.VersionIn(build); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A client of the caller's own keeps its transport; redirects are off, and its
// own setting is left alone.
func TestOwnHTTPClient(t *testing.T) {
	t.Parallel()
	own := &http.Client{}
	a := serve(t, client.Config{HTTPClient: own}, reply(302, "", "Location", "/api/me"))
	if _, err := a.Me.Get(t.Context()); !errors.Is(err, client.BadAnswer) || a.times() != 1 || own.CheckRedirect != nil {
		t.Errorf("%v, sent %d times", err, a.times())
	}
}
