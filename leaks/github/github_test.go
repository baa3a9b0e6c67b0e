package github_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/leaks/github"
)

// publisher is what GitHub publishes, and how often it was asked.
type publisher struct {
	t     *testing.T
	mu    sync.Mutex
	keys  map[string]any // by identifier
	fails int            // status, 0 for none
	asked int
	now   time.Time
}

func newPublisher(t *testing.T) (*publisher, *github.Keys) {
	t.Helper()
	p := &publisher{t: t, keys: map[string]any{}, now: time.Now()}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, github.New(github.Config{Address: server.URL, Now: func() time.Time { return p.now }})
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.fails != 0 {
		w.WriteHeader(p.fails)
		return
	}
	all := []map[string]any{}
	for id, key := range p.keys {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			p.t.Error(err)
		}
		all = append(all, map[string]any{
			"key_identifier": id, "key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "is_current": true,
		})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"public_keys": all})
}

func (p *publisher) publish(id string, curve elliptic.Curve) *ecdsa.PrivateKey {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[id] = &key.PublicKey
	return key
}

func sign(t *testing.T, key *ecdsa.PrivateKey, body string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(body))
	sum, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sum)
}

// TestKeysAreFetchedSeldom: once for what is known, and once a minute whatever comes.
func TestKeysAreFetchedSeldom(t *testing.T) {
	t.Parallel()
	p, k := newPublisher(t)
	key := p.publish("one", elliptic.P256())
	for range 10 {
		if err := k.Check(t.Context(), "one", sign(t, key, "body"), []byte("body")); err != nil {
			t.Fatal(err)
		}
		if err := k.Check(t.Context(), "unknown", sign(t, key, "body"), []byte("body")); !errors.Is(err, errs.Unauthenticated) {
			t.Errorf("an unknown identifier: %v", err)
		}
	}
	if p.asked != 1 {
		t.Errorf("asked %d times", p.asked)
	}
	other := p.publish("two", elliptic.P256())
	p.now = p.now.Add(61 * time.Second)
	if err := k.Check(t.Context(), "two", sign(t, other, "body"), []byte("body")); err != nil || p.asked != 2 {
		t.Errorf("a new key: %v, asked %d times", err, p.asked)
	}
	delete(p.keys, "one")
	p.now = p.now.Add(25 * time.Hour)
	if err := k.Check(t.Context(), "one", sign(t, key, "body"), []byte("body")); !errors.Is(err, errs.Unauthenticated) {
		t.Errorf("a key that was withdrawn: %v", err)
	}
}

func TestForgeriesAreRefused(t *testing.T) {
	t.Parallel()
	p, k := newPublisher(t)
	key, other, large := p.publish("one", elliptic.P256()), p.publish("two", elliptic.P256()), p.publish("large", elliptic.P384())
	for name, tt := range map[string]struct{ id, signature, body string }{
		"another body": {"one", sign(t, key, "body"), "Body"}, "another key": {"one", sign(t, other, "body"), "body"},
		"another curve": {"large", sign(t, large, "body"), "body"}, "no identifier": {"", sign(t, key, "body"), "body"},
		"no signature": {"one", "", "body"}, "no Base64": {"one", "%", "body"}, "nonsense": {"one", "AAAA", "body"},
		"a long identifier": {strings.Repeat("x", 1000), sign(t, key, "body"), "body"},
		"a long signature":  {"one", strings.Repeat("A", 1000), "body"},
	} {
		if err := k.Check(t.Context(), tt.id, tt.signature, []byte(tt.body)); !errors.Is(err, errs.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWithoutKeysNothingIsDecided: GitHub sends it again.
func TestWithoutKeysNothingIsDecided(t *testing.T) {
	t.Parallel()
	p, k := newPublisher(t)
	key := p.publish("one", elliptic.P256())
	p.fails = http.StatusForbidden
	check := func() error { return k.Check(t.Context(), "one", sign(t, key, "body"), []byte("body")) }
	if err := check(); !errors.Is(err, errs.Unavailable) {
		t.Errorf("while the keys cannot be read: %v", err)
	}
	p.fails = 0
	if err := check(); !errors.Is(err, errs.Unavailable) || p.asked != 1 {
		t.Errorf("within the minute: %v, asked %d times", err, p.asked)
	}
	p.now = p.now.Add(61 * time.Second)
	if err := check(); err != nil {
		t.Errorf("after it: %v", err)
	}
	p.fails = http.StatusInternalServerError
	p.now = p.now.Add(48 * time.Hour)
	if err := check(); err != nil {
		t.Errorf("known keys stay while GitHub is away: %v", err)
	}
}

func TestOddKeysAreLeftOut(t *testing.T) {
	t.Parallel()
	p, k := newPublisher(t)
	key := p.publish("one", elliptic.P256())
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.keys["rsa"] = &foreign.PublicKey
	if err := k.Check(t.Context(), "one", sign(t, key, "body"), []byte("body")); err != nil {
		t.Error(err)
	}
	for i := range 101 {
		p.keys[strings.Repeat("k", i+10)] = &key.PublicKey
	}
	_, many := newPublisher(t)
	many.Address = k.Address
	if err := many.Check(t.Context(), "one", sign(t, key, "body"), []byte("body")); !errors.Is(err, errs.Unavailable) {
		t.Errorf("too many keys: %v", err)
	}
}
