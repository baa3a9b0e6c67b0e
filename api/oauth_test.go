package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

func form(path string, fields map[string]any) call {
	return call{method: "POST", path: path, body: fields, kind: formType}
}

func (r robot) with(more ...string) map[string]any {
	fields := map[string]any{"client_id": r.account, "client_secret": r.secret}
	for i := 0; i < len(more); i += 2 {
		fields[more[i]] = more[i+1]
	}
	return fields
}

// TestClientCredentialsOfTheStandardLibrary gets a token with the client that
// people use, and calls with it.
func TestClientCredentialsOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.verifier(t, s.tenant(t))
	server := httptest.NewServer(s.engine)
	t.Cleanup(server.Close)
	for name, style := range map[string]oauth2.AuthStyle{"by Basic": oauth2.AuthStyleInHeader, "in the body": oauth2.AuthStyleInParams} {
		c := clientcredentials.Config{
			ClientID: v.account, ClientSecret: v.secret, TokenURL: server.URL + "/oauth/token",
			Scopes: []string{"latchkey:verify"}, AuthStyle: style,
		}
		got, err := c.Client(t.Context()).Get(server.URL + "/api/me")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var me client.Me
		err = json.NewDecoder(got.Body).Decode(&me)
		_ = got.Body.Close()
		if err != nil || me.ID != v.account || strings.Join(me.Scopes, " ") != "latchkey:verify" {
			t.Errorf("%s: %+v, %v", name, me, err)
		}
	}
}

// TestOthersVerifyAccessTokensOffline, by the published keys (RFC 9068).
func TestOthersVerifyAccessTokensOffline(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.verifier(t, s.tenant(t))
	metadata, _ := want[oauth.Metadata](t, s, 200, call{method: "GET", path: "/.well-known/oauth-authorization-server"})
	if metadata.Issuer != issuer || metadata.JWKSURI != issuer+"/.well-known/jwks.json" || metadata.TokenEndpoint != issuer+"/oauth/token" {
		t.Errorf("metadata %+v", metadata)
	}
	set, _ := want[jose.JSONWebKeySet](t, s, 200, call{method: "GET", path: "/.well-known/jwks.json"})
	token, err := jwt.ParseSigned(s.accessToken(t, v.account, v.secret, ""), []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	var claims struct {
		jwt.Claims
		Scope    string `json:"scope"`
		ClientID string `json:"client_id"`
	}
	must(t, token.Claims(set.Key(token.Headers[0].KeyID)[0].Key, &claims))
	must(t, claims.Validate(jwt.Expected{Issuer: issuer, AnyAudience: []string{issuer}, Subject: v.account, Time: s.now()}))
	if token.Headers[0].ExtraHeaders["typ"] != "at+jwt" || claims.ClientID != v.account || claims.Scope != "latchkey:verify" ||
		claims.ID == "" ||
		claims.Expiry.Time().Sub(claims.IssuedAt.Time()) != oauth.DefaultLife {
		t.Errorf("the token says %+v %+v", token.Headers[0], claims)
	}
}

// TestTokenRequestsThatAreRefused, in the words of RFC 6749.
func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	v, other := s.verifier(t, x), s.verifier(t, x)
	grant := []string{"grant_type", "client_credentials"}
	bound := robot{
		account: s.account(t, x.organization, keys.AccountFields{
			Scopes: []string{}, AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		}),
	}
	_, bound.secret = s.issue(t, bound.account, keys.KeyFields{})
	revoked := s.verifier(t, x)
	s.revokeKeys(t, revoked.account)
	basic := form("/oauth/token", map[string]any{"grant_type": "client_credentials"})
	basic.as = byBasic(v.account, other.secret)
	both := form("/oauth/token", v.with(grant...))
	both.as = byBasic(v.account, v.secret)
	twice := call{
		method: "POST", path: "/oauth/token", kind: formType, body: "grant_type=client_credentials&grant_type=client_credentials&client_id=" +
			v.account + "&client_secret=" + v.secret,
	}
	escaped := form("/oauth/token", map[string]any{"grant_type": "client_credentials"})
	escaped.as = byBasic("%zz", "x")
	for name, tt := range map[string]struct {
		c      call
		status int
		code   string
	}{
		"no grant type":      {form("/oauth/token", v.with()), 400, "invalid_request"},
		"another grant type": {form("/oauth/token", v.with("grant_type", "password")), 400, "unsupported_grant_type"},
		"a scope it does not have": {
			form("/oauth/token", v.with("grant_type", "client_credentials", "scope", "latchkey:verify invoices:read")),
			400, "invalid_scope",
		},
		"a scope that is none": {form("/oauth/token", v.with("grant_type", "client_credentials", "scope", `"\`)), 400, "invalid_scope"},
		"no credentials":       {form("/oauth/token", map[string]any{"grant_type": "client_credentials"}), 401, "invalid_client"},
		"another's key":        {form("/oauth/token", robot{v.account, other.secret}.with(grant...)), 401, "invalid_client"},
		"an unknown key":       {form("/oauth/token", robot{v.account, unknownKey(t)}.with(grant...)), 401, "invalid_client"},
		"an access token as key": {
			form("/oauth/token", robot{v.account, s.accessToken(t, v.account, v.secret, "")}.with(grant...)),
			401, "invalid_client",
		},
		"from another network":      {form("/oauth/token", bound.with(grant...)), 401, "invalid_client"},
		"a revoked key":             {form("/oauth/token", revoked.with(grant...)), 401, "invalid_client"},
		"another's key by Basic":    {basic, 401, "invalid_client"},
		"Basic and the body":        {both, 400, "invalid_request"},
		"a field twice":             {twice, 400, "invalid_request"},
		"Basic that is not escaped": {escaped, 401, "invalid_client"},
		"JSON":                      {post("/oauth/token", v.with(grant...)), 400, "invalid_request"},
		"no token to inspect":       {form("/oauth/introspect", v.with()), 400, "invalid_request"},
		"no token to revoke":        {form("/oauth/revoke", v.with()), 400, "invalid_request"},
		"another's token to revoke": {
			form("/oauth/revoke", other.with("token", s.accessToken(t, v.account, v.secret, ""))), 400,
			"unauthorized_client",
		},
		"a stranger inspects": {form("/oauth/introspect", map[string]any{"token": v.secret}), 401, "invalid_client"},
		"a stranger revokes":  {form("/oauth/revoke", map[string]any{"token": v.secret}), 401, "invalid_client"},
	} {
		out, got := want[map[string]string](t, s, tt.status, tt.c)
		if out["error"] != tt.code || out["error_description"] == "" || strings.ContainsAny(out["error_description"], "\"\\") {
			t.Errorf("%s: %s, want %s", name, got.body, tt.code)
		}
		challenged := got.header.Get("WWW-Authenticate") != ""
		if byHeader := strings.Contains(name, "Basic") && tt.status == 401; challenged != byHeader ||
			got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", name, got.header)
		}
	}
	bare := robot{account: s.account(t, x.organization, keys.AccountFields{Scopes: []string{"invoices:read"}})}
	_, bare.secret = s.issue(t, bare.account, keys.KeyFields{})
	refusedOAuth(t, s, 403, "insufficient_scope", form("/oauth/introspect", bare.with("token", v.secret)))
}

func (s *suite) revokeKeys(t *testing.T, account string) {
	t.Helper()
	all, err := s.Keys.Keys(t.Context(), auth.System(), keys.KeyQuery{ServiceAccountID: account}, keys.Page{Limit: 10})
	must(t, err)
	for _, k := range all {
		_, _, err := s.Keys.Revoke(t.Context(), auth.System(), k.ID, keys.AnyRevision, "", "")
		must(t, err)
	}
}

// TestABrokenClientStopsNoOther that calls from the same address: who proves itself
// is charged by its own account.
func TestABrokenClientStopsNoOther(t *testing.T) {
	t.Parallel()
	few := ratelimit.Rule{Requests: 3, Per: time.Hour, Burst: 3}
	s := newSuite(t, settings{throttles: throttles(few, ratelimit.Rule{}, ratelimit.Rule{}, few, nil)})
	x := s.tenant(t)
	good, broken := s.verifier(t, x), s.verifier(t, x)
	broken.secret = unknownKey(t)
	ask := func(r robot) call { return form("/oauth/token", r.with("grant_type", "client_credentials")) }
	for range few.Burst {
		refusedOAuth(t, s, 401, "invalid_client", ask(broken))
	}
	refusedOAuth(t, s, 429, "temporarily_unavailable", ask(broken))
	want[map[string]any](t, s, 200, ask(good))
	want[map[string]any](t, s, 200, form("/oauth/introspect", good.with("token", x.secret)))
	want[struct{}](t, s, 200, form("/oauth/revoke", good.with("token", "x")))
	refusedOAuth(t, s, 429, "temporarily_unavailable", ask(good))
	want[map[string]any](t, s, 200, ask(s.verifier(t, x)))
}

// TestGuessingSecretsIsThrottled.
func TestGuessingSecretsIsThrottled(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1}})
	v := s.verifier(t, s.tenant(t))
	guess := robot{v.account, unknownKey(t)}
	refusedOAuth(t, s, 401, "invalid_client", form("/oauth/token", guess.with("grant_type", "client_credentials")))
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
		out, got := want[map[string]string](t, s, 429, form(path, robot{v.account, unknownKey(t)}.with("grant_type",
			"client_credentials", "token",
			"x")))
		if out["error"] != "temporarily_unavailable" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %s %v", path, got.body, got.header)
		}
	}
}

// TestWhoInspectsPaysForUnknownKeys: a client cannot try keys by introspection.
func TestWhoInspectsPaysForUnknownKeys(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 2, Per: time.Hour, Burst: 2}})
	x := s.tenant(t)
	v, other := s.verifier(t, x), s.verifier(t, x)
	for range 2 {
		want[oauth.Introspection](t, s, 200, form("/oauth/introspect", v.with("token", unknownKey(t))))
	}
	out, got := want[map[string]string](t, s, 429, form("/oauth/introspect", v.with("token", unknownKey(t))))
	if out["error"] != "temporarily_unavailable" || got.header.Get("Retry-After") == "" {
		t.Errorf("one unknown key too many: %s %v", got.body, got.header)
	}
	want[oauth.Introspection](t, s, 200, form("/oauth/introspect", other.with("token", unknownKey(t))))
}

// TestVerifyTakesAccessTokens, with the scopes that they were narrowed to, for
// as long as they and their keys are good.
func TestVerifyTakesAccessTokens(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	r := robot{account: s.account(t, x.organization, keys.AccountFields{Scopes: []string{"invoices:*"}})}
	id, secret := s.issue(t, r.account, keys.KeyFields{})
	r.secret = secret
	token := s.accessToken(t, r.account, r.secret, "invoices:read")
	ask := func(text, query string) string {
		t.Helper()
		got := s.send(t, call{method: "GET", path: "/verify" + query, as: byBearer(text)})
		return strings.Join(valuesOf(got.header, "X-Latchkey-Code"), "")
	}
	for _, tt := range []struct {
		query, code string
	}{{"", "VALID"}, {"?scope=invoices:read", "VALID"}, {"?scope=invoices:write", "INSUFFICIENT_SCOPE"}} {
		if got := ask(token, tt.query); got != tt.code {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.code)
		}
	}
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	forgedPayload := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "invoices:read", "invoices:*", 1)))
	for name, text := range map[string]string{
		"changed": parts[0] + "." + forgedPayload + "." + parts[2], "of a user": s.pair(t, s.withPassword(t)).Access, "cut": parts[0] +
			"." + parts[1] + ".",
	} {
		if got := ask(text, ""); got != "MALFORMED" {
			t.Errorf("a token that is %s: %s", name, got)
		}
	}
	second := s.accessToken(t, r.account, r.secret, "")
	if got := ask(second, ""); got != "VALID" {
		t.Errorf("a second token: %s", got)
	}
	want[map[string]any](t, s, 200, form("/oauth/revoke", r.with("token", token)))
	if got := ask(token, ""); got != "REVOKED" {
		t.Errorf("after it was revoked: %s", got)
	}
	want[map[string]any](t, s, 200, form("/oauth/revoke", r.with("token", token))) // again, as RFC 7009 has it
	if got := ask(second, ""); got != "VALID" {
		t.Errorf("another token of the key: %s", got)
	}
	_, _, err = s.Keys.Revoke(t.Context(), auth.System(), id, keys.AnyRevision, "", "")
	must(t, err)
	if got := ask(second, ""); got != "REVOKED" {
		t.Errorf("after its key was revoked: %s", got)
	}
	third := s.verifier(t, x)
	brief := s.accessToken(t, third.account, third.secret, "")
	ask(brief, "")
	s.advance(oauth.DefaultLife)
	if got := ask(brief, ""); got != "EXPIRED" {
		t.Errorf("after its time, cached: %s", got)
	}
	if got := ask(token, ""); got != "REVOKED" && got != "EXPIRED" {
		t.Errorf("revoked and expired: %s", got)
	}
}

// TestARetiredSigningKeyEndsItsTokens, those that are cached, too.
func TestARetiredSigningKeyEndsItsTokens(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.verifier(t, s.tenant(t))
	ask := call{method: "GET", path: "/verify", as: byBearer(s.accessToken(t, v.account, v.secret, ""))}
	for range 2 {
		if got := s.send(t, ask); got.status != 200 {
			t.Fatalf("before: %d %s", got.status, got.body)
		}
	}
	if _, err := s.Ring.Rotate(t.Context(), true, true); err != nil {
		t.Fatal(err)
	}
	refused(t, s, 401, "MALFORMED", ask)
	ask.as = byBearer(s.accessToken(t, v.account, v.secret, ""))
	if got := s.send(t, ask); got.status != 200 {
		t.Errorf("a token of the new key: %d %s", got.status, got.body)
	}
}

// TestIntrospection tells what tokens and keys are worth to who may know.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, elsewhere := s.tenant(t), s.tenant(t)
	v, foreign := s.verifier(t, x), s.verifier(t, elsewhere)
	token := s.accessToken(t, v.account, v.secret, "")
	for name, tt := range map[string]struct {
		as     robot
		token  string
		active bool
	}{
		"its own token": {v, token, true}, "a key of its organization": {v, x.secret, true},
		"a token of another organization": {foreign, token, false}, "a key of another organization": {v, elsewhere.secret, false},
		"nonsense": {v, "nonsense", false}, "an unknown key": {v, unknownKey(t), false},
		"a token of a user": {v, s.pair(t, s.withPassword(t)).Access, false},
	} {
		got, _ := want[oauth.Introspection](t, s, 200, form("/oauth/introspect", tt.as.with("token", tt.token)))
		if got.Active != tt.active || (!tt.active && got != (oauth.Introspection{})) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got, _ := want[oauth.Introspection](t, s, 200, form("/oauth/introspect", v.with("token", token)))
	if got.Subject != v.account || got.ClientID != v.account || got.Scope != "latchkey:verify" || got.ID == "" || got.ExpiresAt == 0 ||
		got.Issuer != issuer {
		t.Errorf("it is worth %+v", got)
	}
}

// TestOAuthByEscapedBasic: inside of Basic both parts are form-encoded.
func TestOAuthByEscapedBasic(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.verifier(t, s.tenant(t))
	c := form("/oauth/token", map[string]any{"grant_type": "client_credentials"})
	c.as = func(r *http.Request) {
		r.SetBasicAuth(url.QueryEscape(v.account), strings.ReplaceAll(url.QueryEscape(v.secret), "_", "%5F"))
	}
	want[map[string]any](t, s, 200, c)
}

// TestCertificatesOfAccounts: one belongs to one account, and names are staff's.
func TestCertificatesOfAccounts(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	path := "/api/service-accounts/" + x.account + "/certificates"
	_, developer := s.user(t, auth.Developer, x.organization)
	body := map[string]any{"name": "gateway", "fingerprint": strings.Repeat("ab:", 31) + "ab"}
	made, _ := want[client.Certificate](t, s, 201, call{method: "POST", path: path, as: developer, body: body})
	if made.Match != "sha256:"+strings.Repeat("ab", 32) {
		t.Errorf("made %+v", made)
	}
	refused(t, s, 409, "conflict", call{method: "POST", path: path, as: developer, body: body})
	if p := refused(t, s, 403, "permission_denied", call{
		method: "POST", path: path, as: developer, body: map[string]any{"name": "n", "san": "dns:a.example.com"},
	}); !names(p, "san") {
		t.Errorf("a name by a developer: %v", p)
	}
	want[client.Certificate](t, s, 201, call{
		method: "POST", path: path, as: s.admin(t), body: map[string]any{"name": "n", "san": "dns:a.example.com"},
	})
	page, _ := want[client.List[client.Certificate]](t, s, 200, call{method: "GET", path: path, as: developer})
	if len(page.Items) != 3 {
		t.Errorf("listed %+v", page.Items)
	}
}
