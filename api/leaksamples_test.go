package api_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/leaks/github"
)

const (
	gitLabToken = "the token of GitLab, long enough for it"
	leaksSecret = "the secret of a partner, long enough for it"
	gitHubID    = "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c"
)

// scanner is GitHub: what it publishes, and the key that it signs with.
type scanner struct {
	key     *ecdsa.PrivateKey
	address string
}

// gitHub is shared: its keys never change.
var gitHub = sync.OnceValues(func() (*scanner, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	published, err := json.Marshal(map[string]any{"public_keys": []any{map[string]any{
		"key_identifier": gitHubID, "key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "is_current": true,
	}}})
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(published) }))
	return &scanner{key, server.URL}, nil
})

// partners are those that the suite takes reports of.
func (s *suite) partners(t *testing.T) api.Partners {
	t.Helper()
	if s.alone {
		return api.Partners{}
	}
	g, err := gitHub()
	must(t, err)
	return api.Partners{
		GitHub: github.New(github.Config{Address: g.address, Now: s.now}), GitLabToken: gitLabToken,
		Signed: &leaks.Signed{Secret: []byte(leaksSecret), Once: s.store, Now: s.now},
	}
}

// bodyOf reads the body, which can be read again.
func bodyOf(r *http.Request) []byte {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// byGitHub signs the request as GitHub does.
func byGitHub(t *testing.T) credential {
	t.Helper()
	g, err := gitHub()
	must(t, err)
	return func(r *http.Request) {
		digest := sha256.Sum256(bodyOf(r))
		sum, err := ecdsa.SignASN1(rand.Reader, g.key, digest[:])
		must(t, err)
		r.Header.Set(github.IdentifierHeader, gitHubID)
		r.Header.Set(github.SignatureHeader, base64.StdEncoding.EncodeToString(sum))
	}
}

func byGitLab(r *http.Request) { r.Header.Set("Authorization", gitLabToken) }

// byPartner signs the request at another second each time, so that none repeats another.
func (s *suite) byPartner(r *http.Request) {
	at := s.now().Add(-time.Duration(s.count.Add(1)%200) * time.Second)
	signed := &leaks.Signed{Secret: []byte(leaksSecret), Now: s.now}
	r.Header.Set("Latchkey-Signature", signed.Sign(at, bodyOf(r)))
}

// reports returns the good request of an operation for those who find keys.
func (s *suite) reports(t *testing.T, o *operation, x tenant) (c call, ok bool) {
	t.Helper()
	c = call{method: o.method, path: o.path}
	report := map[string]any{"keys": []any{x.secret}, "url": "https://example.com/paste", "note": "a paste"}
	switch o.OperationID {
	case "revokeHeld":
		c.body = map[string]any{"key": x.secret}
	case "reportLeak":
		c.body = report
	case "reportLeakSigned":
		c.as, c.body = s.byPartner, report
	case "reportLeakGitHub":
		c.as, c.body = byGitHub(t), []any{map[string]any{"token": x.secret, "type": "latchkey_api_key", "url": "", "source": "content"}}
	case "reportLeakGitLab":
		c.as, c.body = byGitLab, []any{map[string]any{"token": x.secret, "type": leaks.GitLabType, "location": "https://example.com"}}
	case "gitLabTokenTypes":
		c.as = byGitLab
	default:
		return c, false
	}
	return c, true
}
