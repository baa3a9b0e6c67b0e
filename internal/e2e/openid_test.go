package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestSignInByAnOpenIDProvider goes the whole way in a real browser, to a real
// provider and back.
func TestSignInByAnOpenIDProvider(t *testing.T) {
	t.Parallel()
	addr := parts.FreeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	base := "http://localhost:" + port
	users, err := json.Marshal(map[string]parts.OpenIDUser{
		"id1": {
			ID: "id1", Username: "ada", Password: "verysecure", FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com",
			EmailVerified: true,
		},
		"id2": {
			ID: "id2", Username: "eve", Password: "verysecure", FirstName: "Eve", LastName: "Moran", Email: "admin@localhost",
			EmailVerified: false,
		},
		"id3": {
			ID: "id3", Username: "bob", Password: "verysecure", FirstName: "Bob", LastName: "Unknown", Email: "bob@example.com",
			EmailVerified: true,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	provider := parts.OpenID(t, base+"/login/acme/callback", users)
	s, _ := startAt(t, addr, sqliteURL(t), "LATCHKEY_URL="+base,
		"LATCHKEY_OIDC_ACME_ISSUER="+provider.Issuer, "LATCHKEY_OIDC_ACME_CLIENT_ID=web", "LATCHKEY_OIDC_ACME_CLIENT_SECRET=secret")
	s.call("POST", "/api/users", map[string]any{"email": "ada@example.com", "name": "Ada"}, 201)

	at := func(who string) string {
		t.Helper()
		ctx := parts.Browser(t)
		if err := chromedp.Do(ctx,
			chromedp.Navigate(base+"/login"), chromedp.WaitVisible(`.providers a`), screenshot("login-providers"), chromedp.Click(`.providers a`),
			chromedp.WaitVisible(`#username`), chromedp.SendKeys(`#username`, who), chromedp.SendKeys(`#password`, "verysecure"),
			chromedp.Submit(`#password`),
			chromedp.WaitVisible(`header.bar`)); err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		text, err := chromedp.Run(ctx, chromedp.Text(`body`))
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		return text
	}
	for range 2 { // the account is linked the first time, known the second
		if got := at("ada"); !strings.Contains(got, "ada@example.com") {
			t.Errorf("ada sees %s", got)
		}
	}
	// An address that the provider has not verified opens nobody's account.
	if got := at("eve"); !strings.Contains(got, "has not verified your e-mail address") {
		t.Errorf("eve sees %s", got)
	}
	if got := at("bob"); !strings.Contains(got, "ask an owner of your organization to invite you") {
		t.Errorf("bob sees %s", got)
	}
}

// TestAnswersOfAProviderThatNobodyAskedFor: a callback counts only in the
// browser that began, for the provider that it began with.
func TestAnswersOfAProviderThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	provider := parts.OpenID(t, "http://localhost/login/acme/callback", []byte("{}"))
	s, _ := start(t, sqliteURL(t), "LATCHKEY_OIDC_ACME_ISSUER="+provider.Issuer, "LATCHKEY_OIDC_ACME_CLIENT_ID=web",
		"LATCHKEY_OIDC_ACME_CLIENT_SECRET=secret")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(path, cookie string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", cookie)
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer
	}
	begun := ask("/login/acme?next=//evil.example.com", "")
	location, err := url.Parse(begun.Header.Get("Location"))
	if err != nil || begun.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d, %v", begun.StatusCode, err)
	}
	query := location.Query()
	if query.Get("code_challenge_method") != "S256" || query.Get("nonce") == "" || query.Get("state") == "" {
		t.Errorf("sent to %s", location)
	}
	kept := strings.SplitN(begun.Header.Get("Set-Cookie"), ";", 2)
	if !strings.Contains(kept[1], "HttpOnly") || strings.Contains(kept[0], query.Get("state")) {
		t.Errorf("the browser keeps %s;%s", kept[0], kept[1])
	}
	for name, got := range map[string]*http.Response{
		"without a cookie":   ask("/login/acme/callback?code=x&state="+query.Get("state"), ""),
		"with another state": ask("/login/acme/callback?code=x&state=other", kept[0]),
		"with a made cookie": ask("/login/acme/callback?code=x&state=", "latchkey_signin=AAAA"),
		"with a made code":   ask("/login/acme/callback?code=x&state="+query.Get("state"), kept[0]),
	} {
		if got.StatusCode != http.StatusUnauthorized || strings.Contains(strings.Join(got.Header.Values("Set-Cookie"), ""), "sessionid") {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	if got := ask("/login/nowhere", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown provider: %d", got.StatusCode)
	}
}
