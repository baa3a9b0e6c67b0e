package api_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

// forger makes tokens that look like the good one.
type forger struct {
	s    *suite
	t    *testing.T
	kind signing.Type
	good signing.Claims
	text string // the good token
}

func newForger(t *testing.T, s *suite, kind signing.Type, text string) *forger {
	t.Helper()
	c, err := s.Ring.Verify(t.Context(), text, kind, issuer, auth.UserAudience(issuer))
	must(t, err)
	return &forger{s: s, t: t, kind: kind, good: c, text: text}
}

// claiming is a token of our own that says something else.
func (f *forger) claiming(edit func(*signing.Claims)) string {
	f.t.Helper()
	c := f.good
	edit(&c)
	text, err := f.s.Ring.Sign(f.kind, c)
	must(f.t, err)
	return text
}

// issuedBy is a token that the keys of this service signed for another issuer.
func (f *forger) issuedBy(other string) string {
	f.t.Helper()
	ring, err := signing.NewKeyring(f.t.Context(), signing.Config{
		Store: f.s.store, Sealer: f.s.sealer, Algorithm: signing.ES256, Issuer: other, Logger: slog.New(slog.DiscardHandler),
		Overlap: time.Hour, Now: f.s.now,
	})
	must(f.t, err)
	defer ring.Close()
	text, err := ring.Sign(f.kind, f.good)
	must(f.t, err)
	return text
}

// headed is the good token's text under another header, not signed yet.
func (f *forger) headed(header map[string]any) string {
	f.t.Helper()
	b, err := json.Marshal(header)
	must(f.t, err)
	return base64.RawURLEncoding.EncodeToString(b) + "." + strings.Split(f.text, ".")[1]
}

func (f *forger) header(algorithm string) map[string]any {
	f.t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(f.text, ".")[0])
	must(f.t, err)
	h := map[string]any{}
	must(f.t, json.Unmarshal(b, &h))
	h["alg"] = algorithm
	return h
}

// sharing signs with the text of the public key as the secret of HMAC.
func (f *forger) sharing(secret []byte) string {
	text := f.headed(f.header("HS256"))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// bringing signs with a key of the forger's own, in the header or by our kid.
func (f *forger) bringing(embed bool) string {
	f.t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(f.t, err)
	key := jose.JSONWebKey{Key: own}
	if !embed {
		key.KeyID = f.header("")["kid"].(string)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(f.kind)))
	must(f.t, err)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(f.text, ".")[1])
	must(f.t, err)
	signed, err := signer.Sign(payload)
	must(f.t, err)
	text, err := signed.CompactSerialize()
	must(f.t, err)
	return text
}

// forgeries are tokens that must be taken nowhere where the good one is.
func (f *forger) forgeries() map[string]string {
	f.t.Helper()
	now, public := f.s.now(), f.s.Ring.Keys()[0].Public
	var key jose.JSONWebKey
	must(f.t, key.UnmarshalJSON(public))
	point, err := key.Key.(*ecdsa.PublicKey).Bytes()
	must(f.t, err)
	parts := strings.Split(f.text, ".")
	return map[string]string{
		"of another issuer":            f.issuedBy("https://evil.example.com"),
		"of another audience":          f.claiming(func(c *signing.Claims) { c.Audience = []string{"https://other.example.com"} }),
		"of no audience":               f.claiming(func(c *signing.Claims) { c.Audience = nil }),
		"not valid yet":                f.claiming(func(c *signing.Claims) { c.NotBefore = signing.At(now.Add(time.Minute)) }),
		"issued in the future":         f.claiming(func(c *signing.Claims) { c.IssuedAt = signing.At(now.Add(time.Minute)) }),
		"without an end":               f.claiming(func(c *signing.Claims) { c.ExpiresAt = signing.Seconds{} }),
		"without an id":                f.claiming(func(c *signing.Claims) { c.ID = "" }),
		"of nobody":                    f.claiming(func(c *signing.Claims) { c.Subject = "" }),
		"not signed":                   f.headed(f.header("none")) + ".",
		"not signed, in other letters": f.headed(f.header("nOnE")) + ".",
		"without its signature":        parts[0] + "." + parts[1] + ".",
		"signed by JWK as secret":      f.sharing(public),
		"signed by PEM as secret":      f.sharing(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: point})),
		"signed by point as secret":    f.sharing(point),
		"signed by nothing":            f.sharing(nil),
		"signed by a key it brings":    f.bringing(true),
		"signed by another key":        f.bringing(false),
		"changed":                      f.headed(f.header("ES256")) + "." + strings.Repeat("A", len(parts[2])),
	}
}

// TestForgedTokensOfUsers are refused wherever a token goes, and never passed
// on to another scheme.
func TestForgedTokensOfUsers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, other := s.withPassword(t), s.withPassword(t)
	pair := s.pair(t, u)
	access := newForger(t, s, signing.UserToken, pair.Access)
	forged := access.forgeries()
	forged["of another user"] = access.claiming(func(c *signing.Claims) { c.Subject = other.ID })
	forged["of a family that never was"] = access.claiming(func(c *signing.Claims) { c.Family = "fam_nothing" })
	forged["expired"] = access.claiming(func(c *signing.Claims) { c.ExpiresAt = signing.At(s.now()) })
	for name, text := range forged {
		as := byBearer(text)
		refused(t, s, 401, "token_not_valid", call{method: "GET", path: "/api/me", as: as})
		refused(t, s, 401, "token_not_valid", post("/api/token/verify/", map[string]any{"token": text}))
		refused(t, s, 401, "token_not_valid", post("/api/token/refresh/", map[string]any{"refresh": text}))
		if t.Failed() {
			t.Fatalf("a token that is %s", name)
		}
	}
	refresh := newForger(t, s, signing.UserToken, pair.Refresh)
	for name, text := range refresh.forgeries() {
		refused(t, s, 401, "token_not_valid", post("/api/token/refresh/", map[string]any{"refresh": text}))
		refused(t, s, 401, "token_not_valid", post("/api/token/blacklist/", map[string]any{"refresh": text}))
		if t.Failed() {
			t.Fatalf("a refresh token that is %s", name)
		}
	}
	for name, c := range map[string]call{
		"a refresh token acts":              {method: "GET", path: "/api/me", as: byBearer(pair.Refresh)},
		"an access token refreshes":         post("/api/token/refresh/", map[string]any{"refresh": pair.Access}),
		"an access token signs out":         post("/api/token/blacklist/", map[string]any{"refresh": pair.Access}),
		"a token of an account refreshes":   post("/api/token/refresh/", map[string]any{"refresh": s.tokenOfAccount(t)}),
		"a token of an account is asked of": post("/api/token/verify/", map[string]any{"token": s.tokenOfAccount(t)}),
		"a user's token without a use at all": {
			method: "GET", path: "/api/me", as: byBearer(access.claiming(func(c *signing.Claims) { c.Use = "" })),
		},
	} {
		if p := refused(t, s, 401, "token_not_valid", c); p.Detail == "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
	s.me(t, byBearer(pair.Access)) // nothing of this harmed the good ones
	want[client.TokenPair](t, s, 200, post("/api/token/refresh/", map[string]any{"refresh": pair.Refresh}))
}

func (s *suite) tokenOfAccount(t *testing.T) string {
	t.Helper()
	v := s.verifier(t, s.tenant(t))
	return s.accessToken(t, v.account, v.secret, "")
}

// TestForgedTokensOfAccounts, at the management API and at GET /verify.
func TestForgedTokensOfAccounts(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.verifier(t, s.tenant(t))
	text := s.accessToken(t, v.account, v.secret, "")
	for name, forged := range newForger(t, s, signing.AccountToken, text).forgeries() {
		refused(t, s, 401, "MALFORMED", call{method: "GET", path: "/verify", as: byBearer(forged)})
		if got := s.send(t, call{method: "GET", path: "/api/me", as: byBearer(forged)}); got.status != 401 {
			t.Errorf("it acts: %d %s", got.status, got.body)
		}
		answer, _ := want[map[string]any](t, s, 200, form("/oauth/introspect", v.with("token", forged)))
		if len(answer) != 1 || answer["active"] != false {
			t.Errorf("it is worth %v", answer)
		}
		if t.Failed() {
			t.Fatalf("a token that is %s", name)
		}
	}
	s.me(t, byBearer(text))
}

// TestWhatEndsSignIns, of every scheme: what is taken after it, and what not.
func TestWhatEndsSignIns(t *testing.T) {
	t.Parallel()
	const fresh = "lighthouse keeper two"
	change := func(edit func(*auth.UserFields)) func(*testing.T, *suite, auth.User) {
		return func(t *testing.T, s *suite, u auth.User) {
			t.Helper()
			_, err := s.People.Users.Change(t.Context(), auth.System(), u.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
				edit(&f)
				return f, nil
			})
			must(t, err)
		}
	}
	for name, tt := range map[string]struct {
		end  func(*testing.T, *suite, auth.User)
		goOn string // what still acts
	}{
		"a new password": {change(func(f *auth.UserFields) { f.Password = fresh }), "token"},
		"disabled":       {change(func(f *auth.UserFields) { f.Disabled = true }), ""},
		"another name":   {change(func(f *auth.UserFields) { f.Name = "Ada" }), "access basic session token"},
		"deleted": {func(t *testing.T, s *suite, u auth.User) {
			t.Helper()
			must(t, s.People.Users.Delete(t.Context(), auth.System(), u.ID, keys.AnyRevision))
		}, ""},
		"signed out everywhere": {func(t *testing.T, s *suite, u auth.User) {
			t.Helper()
			if got := s.send(t, call{method: "DELETE", path: "/api/sessions", as: s.session(t, u.ID)}); got.status != 204 {
				t.Fatalf("%d %s", got.status, got.body)
			}
		}, "basic token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSuite(t, settings{})
			u := s.withPassword(t)
			pair := s.pair(t, u)
			as := map[string]credential{
				"session": s.session(t, u.ID), "token": byToken(s.opaque(t, u)), "access": byBearer(pair.Access),
				"basic": byBasic(u.Email, password),
			}
			for _, one := range as {
				s.me(t, one)
			}
			tt.end(t, s, u)
			for scheme, one := range as {
				got := s.send(t, call{method: "GET", path: "/api/me", as: one})
				if acts := got.status == 200; acts != strings.Contains(tt.goOn, scheme) || (!acts && got.status != 401) {
					t.Errorf("%s: %d %s", scheme, got.status, got.body)
				}
			}
			got := s.send(t, post("/api/token/refresh/", map[string]any{"refresh": pair.Refresh}))
			if goesOn := got.status == 200; goesOn != strings.Contains(tt.goOn, "access") {
				t.Errorf("refresh: %d %s", got.status, got.body)
			}
			left, err := s.store.Families().List(t.Context(), auth.OwnedFilter{UserID: u.ID}, keys.Page{Limit: 10})
			must(t, err)
			if goesOn := len(left) > 0; goesOn != strings.Contains(tt.goOn, "access") {
				t.Errorf("%d families are left", len(left))
			}
		})
	}
}

// TestADisabledUserComesBack: what was ended stays so, what is their own acts again.
func TestADisabledUserComesBack(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	token, session, access := byToken(s.opaque(t, u)), s.session(t, u.ID), byBearer(s.pair(t, u).Access)
	s.disable(t, u.ID)
	refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: token})
	_, err := s.People.Users.Change(t.Context(), auth.System(), u.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Disabled = false
		return f, nil
	})
	must(t, err)
	s.me(t, token)
	for name, as := range map[string]credential{"the session": session, "the access token": access} {
		if got := s.send(t, call{method: "GET", path: "/api/me", as: as}); got.status != 401 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
