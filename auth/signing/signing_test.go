package signing_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/store/sqlite"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const issuer = "https://keys.example.com"

// node is a service that signs.
type node struct {
	t     testing.TB
	store *sqlite.Store
	time  *clock
}

func newNode(t testing.TB) *node {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return &node{t: t, store: s, time: &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
}

func (n *node) config(a signing.Algorithm) signing.Config {
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	if err != nil {
		n.t.Fatal(err)
	}
	return signing.Config{
		Store: n.store, Sealer: sealer, Algorithm: a, Issuer: issuer, Logger: slog.New(slog.DiscardHandler),
		Overlap: time.Hour, Now: n.time.now,
	}
}

func (n *node) open(c signing.Config) *signing.Keyring {
	n.t.Helper()
	r, err := signing.NewKeyring(n.t.Context(), c)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(r.Close)
	return r
}

func (n *node) claims() signing.Claims {
	now := n.time.now()
	return signing.Claims{
		Subject: "usr_a", Audience: []string{"api"}, ID: "j", IssuedAt: signing.At(now), NotBefore: signing.At(now),
		ExpiresAt: signing.At(now.Add(time.Minute)), Use: signing.UseAccess,
	}
}

func sign(t testing.TB, r *signing.Keyring, kind signing.Type, c signing.Claims) string {
	t.Helper()
	text, err := r.Sign(kind, c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestATokenIsVerifiedAsItWasSigned(t *testing.T) {
	t.Parallel()
	for _, a := range []signing.Algorithm{signing.ES256, signing.RS256} {
		n := newNode(t)
		r := n.open(n.config(a))
		want := n.claims()
		got, err := r.Verify(t.Context(), sign(t, r, signing.UserToken, want), signing.UserToken, "api")
		if err != nil || got.Subject != want.Subject || got.Issuer != issuer || !got.ExpiresAt.Equal(want.ExpiresAt.Time) || got.Use != want.Use {
			t.Errorf("%s: %+v, %v", a, got, err)
		}
	}
}

func TestWhatATokenMustNotBe(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.open(n.config(signing.ES256))
	change := func(edit func(*signing.Claims)) string {
		c := n.claims()
		edit(&c)
		return sign(t, r, signing.UserToken, c)
	}
	good := change(func(*signing.Claims) {})
	elsewhere := n.config(signing.ES256)
	elsewhere.Issuer = "https://evil.example.com"
	foreign := n.open(elsewhere)
	stranger := newNode(t)
	for _, tt := range []struct {
		name, token string
		want        error
	}{
		{"expired", change(func(c *signing.Claims) { c.ExpiresAt = signing.At(n.time.now()) }), signing.ErrExpired},
		{"without expiry", change(func(c *signing.Claims) { c.ExpiresAt = signing.Seconds{} }), signing.ErrInvalid},
		{"not valid yet", change(func(c *signing.Claims) { c.NotBefore = signing.At(n.time.now().Add(time.Minute)) }), signing.ErrEarly},
		{"issued in the future", change(func(c *signing.Claims) { c.IssuedAt = signing.At(n.time.now().Add(time.Minute)) }), signing.ErrEarly},
		{"of another audience", change(func(c *signing.Claims) { c.Audience = []string{"other"} }), signing.ErrInvalid},
		{"of no audience", change(func(c *signing.Claims) { c.Audience = nil }), signing.ErrInvalid},
		{"without an id", change(func(c *signing.Claims) { c.ID = "" }), signing.ErrInvalid},
		{"of another type", sign(t, r, signing.AccountToken, n.claims()), signing.ErrInvalid},
		{"of another issuer", sign(t, foreign, signing.UserToken, n.claims()), signing.ErrInvalid},
		{"of another service's key", sign(t, stranger.open(stranger.config(signing.ES256)), signing.UserToken, n.claims()), signing.ErrInvalid},
		{"changed", good[:len(good)-4] + "AAAA", signing.ErrInvalid},
		{"not signed", unsigned(t, good), signing.ErrInvalid},
		{"signed with the public key as an HMAC secret", confused(t, r, good), signing.ErrInvalid},
		{"signed by a key it brings itself", selfMade(t, good), signing.ErrInvalid},
		{"cut short", good[:len(good)/2], signing.ErrInvalid},
		{"huge", "eyJ" + strings.Repeat("a", 1<<20) + ".b.c", signing.ErrInvalid},
		{"nothing", "", signing.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := r.Verify(t.Context(), tt.token, signing.UserToken, "api"); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func header(t *testing.T, text string) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	h := map[string]any{}
	if err := json.Unmarshal(b, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// with returns the token with another header and no signature.
func with(t *testing.T, text string, h map[string]any) string {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return encode(b) + "." + strings.Split(text, ".")[1]
}

func unsigned(t *testing.T, text string) string {
	h := header(t, text)
	h["alg"] = "none"
	return with(t, text, h) + "."
}

func confused(t *testing.T, r *signing.Keyring, text string) string {
	h := header(t, text)
	h["alg"] = "HS256"
	body := with(t, text, h)
	mac := hmac.New(sha256.New, r.Keys()[0].Public)
	mac.Write([]byte(body))
	return body + "." + encode(mac.Sum(nil))
}

// selfMade signs with a key of the attacker's, offered in the header.
func selfMade(t *testing.T, text string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func kid(t *testing.T, text string) string { return header(t, text)["kid"].(string) }

func TestKeysRotateWithAnOverlap(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	c := n.config(signing.ES256)
	first := n.open(c)
	c1 := n.claims()
	c1.ExpiresAt = signing.At(n.time.now().Add(1000 * 24 * time.Hour))
	old := sign(t, first, signing.UserToken, c1)

	made, err := first.Rotate(t.Context(), false, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := kid(t, sign(t, first, signing.UserToken, n.claims())); got == made.ID {
		t.Error("a key signs before others can know it")
	}
	n.time.add(10 * time.Minute)
	if got := kid(t, sign(t, first, signing.UserToken, n.claims())); got != made.ID {
		t.Errorf("%s signs after the announcement, want %s", got, made.ID)
	}
	if _, err := first.Verify(t.Context(), old, signing.UserToken, "api"); err != nil {
		t.Errorf("within the overlap: %v", err)
	}
	n.time.add(time.Hour)
	if _, err := first.Verify(t.Context(), old, signing.UserToken, "api"); !errors.Is(err, signing.ErrInvalid) {
		t.Errorf("after the overlap: %v", err)
	}
}

func TestALeakedKeyIsRetiredAtOnceAndOnOtherNodes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	first, second := n.open(n.config(signing.ES256)), n.open(n.config(signing.ES256))
	old := sign(t, first, signing.UserToken, n.claims())
	if _, err := first.Rotate(t.Context(), true, true); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Verify(t.Context(), old, signing.UserToken, "api"); !errors.Is(err, signing.ErrInvalid) {
		t.Errorf("a token of a retired key: %v", err)
	}
	n.time.add(2 * time.Second)
	if _, err := second.Verify(t.Context(), sign(t, first, signing.UserToken, n.claims()), signing.UserToken, "api"); err != nil {
		t.Errorf("another node does not learn the new key: %v", err)
	}
	if _, err := second.Verify(t.Context(), old, signing.UserToken, "api"); !errors.Is(err, signing.ErrInvalid) {
		t.Errorf("on another node, a token of a retired key: %v", err)
	}
}

func TestKeysThatAreOldAreFollowedByTheSameKeyOnEveryNode(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.open(n.config(signing.ES256))
	n.time.add(signing.DefaultLife)
	for range 2 {
		if got := len(n.open(n.config(signing.ES256)).Keys()); got != 2 {
			t.Errorf("%d keys, want the old one and its successor", got)
		}
	}
}

func TestAnotherSecretIsRefused(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.open(n.config(signing.ES256))
	c := n.config(signing.ES256)
	var err error
	if c.Sealer, err = seal.New([]byte(strings.Repeat("x", seal.MinSecret))); err != nil {
		t.Fatal(err)
	}
	if _, err := signing.NewKeyring(t.Context(), c); !errors.Is(err, signing.ErrSealed) {
		t.Errorf("got %v, want ErrSealed", err)
	}
}

func TestPublicKeysHoldNoPrivateHalf(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	set, err := n.open(n.config(signing.RS256)).JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Keys []map[string]any }
	if err := json.Unmarshal(set, &got); err != nil || len(got.Keys) != 1 || got.Keys[0]["kid"] == "" || got.Keys[0]["n"] == "" {
		t.Fatalf("%s, %v", set, err)
	}
	for _, private := range []string{"d", "p", "q", "k"} {
		if _, there := got.Keys[0][private]; there {
			t.Errorf("the set holds %s", private)
		}
	}
}

func FuzzVerify(f *testing.F) {
	n := newNode(f)
	r := n.open(n.config(signing.ES256))
	good := sign(f, r, signing.UserToken, n.claims())
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := r.Verify(t.Context(), text, signing.UserToken, "api"); err == nil && text != good {
			t.Errorf("%q verifies", text)
		}
	})
}
