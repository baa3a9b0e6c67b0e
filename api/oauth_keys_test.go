package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// spoiled is a robot of the tenant whose key, account or organization is made
// no good by what returns.
func (s *suite) spoiled(t *testing.T) map[string]func(r robot, key, organization string) {
	t.Helper()
	ctx, system := t.Context(), auth.System()
	change := func(key string, edit func(*keys.KeyFields)) {
		t.Helper()
		_, err := s.Keys.ChangeKey(ctx, system, key, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) { edit(&f); return f, nil })
		must(t, err)
	}
	return map[string]func(r robot, key, organization string){
		"a revoked key": func(_ robot, key, _ string) {
			_, _, err := s.Keys.Revoke(ctx, system, key, keys.AnyRevision, "", "")
			must(t, err)
		},
		"a deleted key":  func(_ robot, key, _ string) { must(t, s.Keys.DeleteKey(ctx, system, key, keys.AnyRevision)) },
		"a disabled key": func(_ robot, key, _ string) { change(key, func(f *keys.KeyFields) { f.Disabled = true }) },
		"a key not yet due": func(_ robot, key, _ string) {
			change(key, func(f *keys.KeyFields) { f.NotBefore = s.now().Add(time.Hour) })
		},
		"a key for another place": func(_ robot, key, _ string) {
			change(key, func(f *keys.KeyFields) { f.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")} })
		},
		"a rotated key": func(_ robot, key, _ string) {
			_, _, err := s.Keys.Rotate(ctx, system, key, keys.RotateInput{Revision: keys.AnyRevision})
			must(t, err)
		},
		"a disabled account": func(r robot, _, _ string) {
			_, err := s.Keys.ChangeAccount(ctx, system, r.account, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
				f.Disabled = true
				return f, nil
			})
			must(t, err)
		},
		"a disabled organization": func(_ robot, _, organization string) {
			_, err := s.Keys.ChangeOrganization(ctx, system, organization, keys.AnyRevision,
				func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
					f.Disabled = true
					return f, nil
				})
			must(t, err)
		},
	}
}

// TestKeysThatAreNoGoodGetNoToken, and the tokens that they got before end with
// them, at once: at GET /verify, at the management API and in introspection.
func TestKeysThatAreNoGoodGetNoToken(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for name, spoil := range s.spoiled(t) {
		x := s.tenant(t)
		asker := s.verifier(t, x)
		r := robot{account: s.account(t, x.organization, keys.AccountFields{Scopes: []string{string(keys.VerifyKeys)}})}
		key, secret := s.issue(t, r.account, keys.KeyFields{})
		r.secret = secret
		token := s.accessToken(t, r.account, r.secret, "")
		s.me(t, byBearer(token))
		verify := call{method: "GET", path: "/verify", as: byBearer(token)}
		if got := s.send(t, verify); got.status != 200 {
			t.Fatalf("before: %d %s", got.status, got.body)
		}
		spoil(r, key, x.organization)
		refusedOAuth(t, s, 401, "invalid_client", form("/oauth/token", r.with("grant_type", "client_credentials")))
		refusedOAuth(t, s, 401, "invalid_client", form("/oauth/introspect", r.with("token", token)))
		refusedOAuth(t, s, 401, "invalid_client", form("/oauth/revoke", r.with("token", token)))
		status, elsewhere := 401, name == "a key for another place"
		if elsewhere {
			status = 403
		}
		for _, c := range []call{verify, {method: "GET", path: "/api/me", as: byBearer(token)}} {
			if got := s.send(t, c); got.status != status {
				t.Errorf("%s: its token at %s: %d %s", name, c.path, got.status, got.body)
			}
		}
		if name == "a disabled organization" {
			continue // in which nobody asks
		}
		worth, _ := want[oauth.Introspection](t, s, 200, form("/oauth/introspect", asker.with("token", token)))
		if worth.Active != elsewhere {
			t.Errorf("%s: its token is worth %+v", name, worth)
		}
	}
}

// TestATokenLivesNoLongerThanItsKey: it says so itself, for who verifies offline.
func TestATokenLivesNoLongerThanItsKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	r := robot{account: x.account}
	_, r.secret = s.issue(t, x.account, keys.KeyFields{ExpiresAt: s.now().Add(time.Minute)})
	got, _ := want[oauth.Token](t, s, 200, form("/oauth/token", r.with("grant_type", "client_credentials")))
	if got.ExpiresIn > 60 || got.ExpiresIn < 58 {
		t.Errorf("it lives %d seconds", got.ExpiresIn)
	}
	s.advance(time.Minute)
	refused(t, s, 401, "EXPIRED", call{method: "GET", path: "/verify", as: byBearer(got.AccessToken)})
	refusedOAuth(t, s, 401, "invalid_client", form("/oauth/token", r.with("grant_type", "client_credentials")))
}

// TestTokensFollowTheScopesOfTheirKey: taken from the key they are gone from
// its tokens, given to it they are not in tokens that were narrowed.
func TestTokensFollowTheScopesOfTheirKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	key, secret := s.issue(t, x.account, keys.KeyFields{Scopes: []string{"invoices:read"}})
	token := s.accessToken(t, x.account, secret, "invoices:read")
	ask := func(scope string) int {
		return s.send(t, call{method: "GET", path: "/verify?scope=" + scope, as: byBearer(token)}).status
	}
	grant := func(scopes ...string) {
		_, err := s.Keys.ChangeKey(t.Context(), auth.System(), key, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
			f.Scopes = scopes
			return f, nil
		})
		must(t, err)
	}
	grant("invoices:read", "invoices:write")
	if read, write := ask("invoices:read"), ask("invoices:write"); read != 200 || write != 403 {
		t.Errorf("with more scopes for the key: %d, %d", read, write)
	}
	grant("invoices:write")
	if read, write := ask("invoices:read"), ask("invoices:write"); read != 403 || write != 403 {
		t.Errorf("with other scopes for the key: %d, %d", read, write)
	}
}

// TestCredentialsOfClientsComeOnceAndWhole: what is wrong in the header is not
// made good by the body.
func TestCredentialsOfClientsComeOnceAndWhole(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.verifier(t, s.tenant(t))
	for name, header := range map[string]string{
		"malformed Basic": "Basic !!!", "Basic without a colon": "basic YWRh", "Basic of nothing": "Basic",
		"another scheme": "Bearer " + v.secret,
	} {
		for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
			c := form(path, v.with("grant_type", "client_credentials", "token", v.secret))
			c.header = map[string]string{"Authorization": header}
			out, got := want[map[string]string](t, s, 401, c)
			if out["error"] != "invalid_client" || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s at %s: %s %v", name, path, got.body, got.header)
			}
		}
	}
	same := form("/oauth/token", map[string]any{"grant_type": "client_credentials", "client_id": v.account})
	same.as = byBasic(v.account, v.secret) // as some clients do
	want[oauth.Token](t, s, 200, same)
	other := form("/oauth/token", map[string]any{"grant_type": "client_credentials", "client_id": "sa_other"})
	other.as = byBasic(v.account, v.secret)
	refusedOAuth(t, s, 400, "invalid_request", other)
	charset := form("/oauth/token", v.with("grant_type", "client_credentials"))
	charset.header = map[string]string{"Content-Type": formType + "; charset=UTF-8"}
	want[oauth.Token](t, s, 200, charset)
}

// TestOAuthIsKeptNowhere, as RFC 6749 and 7662 ask.
func TestOAuthIsKeptNowhere(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.verifier(t, s.tenant(t))
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
		for _, c := range []call{
			form(path, v.with("grant_type", "client_credentials", "token", "x")), form(path, map[string]any{"grant_type": "x"}),
		} {
			got := s.send(t, c)
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" ||
				got.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %v", path, got.status, got.header)
			}
		}
		refused(t, s, 405, "method_not_allowed", call{method: "GET", path: path + "?token=x"})
	}
}

// TestAnotherNodeHearsOfARevocation of a token, and of its key.
func TestAnotherNodeHearsOfARevocation(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	other, err := verify.New(verify.Config{
		Store: s.store, Limiter: s.limiter, Marks: keys.NewMarks(), Format: s.format, Logger: slog.New(slog.DiscardHandler), Now: s.now,
		Tokens: oauth.Reader{Ring: s.Ring, Audience: issuer}, CacheSize: 1000,
	})
	must(t, err)
	t.Cleanup(other.Close)
	x := s.tenant(t)
	r := robot{account: x.account}
	key, secret := s.issue(t, x.account, keys.KeyFields{})
	r.secret = secret
	first, second := s.accessToken(t, x.account, secret, ""), s.accessToken(t, x.account, secret, "")
	code := func(ctx context.Context, token string) verify.Code {
		verdict, err := other.Verify(ctx, &verify.Question{Key: token, Unmetered: true})
		must(t, err)
		return verdict.Code
	}
	hears := func(token string) {
		t.Helper()
		parts.Await(t, 20*time.Second, "the other node to hear", func(ctx context.Context) error {
			if got := code(ctx, token); got != verify.Revoked {
				return fmt.Errorf("the token is %s: %w", got, errNotYet)
			}
			return nil
		})
	}
	for _, token := range []string{first, second} {
		if got := code(t.Context(), token); got != verify.Valid {
			t.Fatalf("before: %s", got)
		}
	}
	want[map[string]any](t, s, 200, form("/oauth/revoke", r.with("token", first)))
	hears(first)
	if got := code(t.Context(), second); got != verify.Valid {
		t.Errorf("another token of the key: %s", got)
	}
	_, _, err = s.Keys.Revoke(t.Context(), auth.System(), key, keys.AnyRevision, "", "")
	must(t, err)
	hears(second)
	if got := s.send(t, call{method: "GET", path: "/verify", as: byBearer(second)}); got.status != http.StatusUnauthorized {
		t.Errorf("on the node that did it: %d", got.status)
	}
}

var errNotYet = errors.New("not yet")
