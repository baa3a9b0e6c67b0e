package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// authority signs certificates into files of a test.
type authority struct {
	t      *testing.T
	dir    string
	key    *ecdsa.PrivateKey
	root   *x509.Certificate
	serial int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key = a.newKey()
	a.root = a.sign("ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "Authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil, a.key)
	return a
}

func (a *authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	return key
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) write(name, kind string, der []byte) {
	a.t.Helper()
	a.must(os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// sign writes NAME.pem and NAME.key.
func (a *authority) sign(name string, c, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	a.serial++
	c.SerialNumber = big.NewInt(a.serial)
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), a.key)
	a.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	a.must(err)
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", private)
	made, err := x509.ParseCertificate(der)
	a.must(err)
	return made
}

// leaf makes a certificate for localhost as a server and host as a client.
func (a *authority) leaf(name, host string, edit func(*x509.Certificate)) *x509.Certificate {
	a.t.Helper()
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{host}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if edit != nil {
		edit(c)
	}
	return a.sign(name, c, a.root, a.newKey())
}

// revoke writes the list of the certificates.
func (a *authority) revoke(all ...*x509.Certificate) {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
	for _, c := range all {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber:   c.SerialNumber,
			RevocationTime: time.Now(),
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.root, a.key)
	a.must(err)
	a.write("crl.pem", "X509 CRL", der)
}

// client trusts the authority, and shows the certificate with the name, if any.
func (a *authority) client(name string) *http.Client {
	a.t.Helper()
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	c.RootCAs.AddCert(a.root)
	if name != "" {
		pair, err := tls.LoadX509KeyPair(a.path(name+".pem"), a.path(name+".key"))
		a.must(err)
		// Shown whatever authorities the server names: a stranger's, too.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: c}
	a.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

const mtlsChain = "LATCHKEY_AUTHENTICATORS=mtls,session,api_key,jwt,token,basic"

// prepared is an authority with the certificates of the cases below.
func prepared(t *testing.T) (a *authority, stranger *authority) {
	t.Helper()
	a, stranger = newAuthority(t), newAuthority(t)
	a.leaf("server", "localhost", nil)
	a.leaf("gateway", "gw.example.com", nil)
	a.leaf("nobody", "nobody.example.com", nil)
	a.leaf("expired", "gw.example.com", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	})
	a.revoke(a.leaf("revoked", "gw.example.com", nil))
	stranger.leaf("stranger", "gw.example.com", nil)
	return a, stranger
}

// whoActs asks /api/me; a refusal says why.
func whoActs(t *testing.T, c *http.Client, url string) (status int, scheme, detail string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // decoded below
	var body struct{ Scheme, Detail string }
	_ = json.NewDecoder(answer.Body).Decode(&body) // nginx' own refusals are no JSON
	return answer.StatusCode, body.Scheme, body.Detail
}

// gatewayActs lets the name of the certificate act as a new service account.
func gatewayActs(s *service) {
	s.t.Helper()
	organization := s.call("GET", "/api/organizations", nil, 200)["items"].([]any)[0].(map[string]any)["id"]
	account := s.call("POST", "/api/service-accounts", map[string]any{
		"organization_id": organization, "name": "gateway",
		"scopes": []string{"latchkey:verify"},
	}, 201)
	s.call("POST", "/api/service-accounts/"+account["id"].(string)+"/certificates", map[string]any{
		"name": "gateway",
		"san":  "dns:gw.example.com",
	}, 201)
}

// TestMutualTLSThatEndsHere: by the real binary, which ends TLS itself.
func TestMutualTLSThatEndsHere(t *testing.T) {
	t.Parallel()
	a, stranger := prepared(t)
	addr := parts.FreeAddr(t)
	s := serveTLS(t, a, addr)
	gatewayActs(s)
	for name, tt := range map[string]struct {
		c      *http.Client
		status int
		says   string
	}{
		"its own":              {a.client("gateway"), 200, "mtls"},
		"none":                 {a.client(""), 401, "needs a credential"},
		"of nobody":            {a.client("nobody"), 401, "belongs to no service account"},
		"expired":              {a.client("expired"), 401, "expired"},
		"revoked":              {a.client("revoked"), 401, "revoked"},
		"of another authority": {trusting(a, stranger.client("stranger")), 401, "another authority"},
	} {
		status, scheme, detail := whoActs(t, tt.c, s.base)
		if status != tt.status || !strings.Contains(scheme+detail, tt.says) {
			t.Errorf("%s: %d %s %s, want %d %s", name, status, scheme, detail, tt.status, tt.says)
		}
	}
}

// trusting lets a client with a stranger's certificate trust the server's authority.
func trusting(a *authority, c *http.Client) *http.Client {
	c.Transport.(*http.Transport).TLSClientConfig.RootCAs.AddCert(a.root)
	return c
}

func serveTLS(t *testing.T, a *authority, addr string) *service {
	t.Helper()
	s := startSecure(t, addr, a.client(""), "LATCHKEY_TLS_CERT="+a.path("server.pem"), "LATCHKEY_TLS_KEY="+a.path("server.key"),
		"LATCHKEY_TLS_CLIENT_CA="+a.path("ca.pem"), "LATCHKEY_TLS_CLIENT_CRL="+a.path("crl.pem"), mtlsChain)
	return s
}

// TestMutualTLSThatNginxEnds, with the file that the documentation gives.
func TestMutualTLSThatNginxEnds(t *testing.T) {
	t.Parallel()
	a, stranger := prepared(t)
	s, process := start(t, sqliteURL(t), mtlsChain, "LATCHKEY_CLIENT_CERT_HEADER=nginx", "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32",
		"LATCHKEY_TLS_CLIENT_CA="+a.path("ca.pem"), "LATCHKEY_TLS_CLIENT_CRL="+a.path("crl.pem"))
	gatewayActs(s)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "gateways", "nginx-mtls.conf"))
	if err != nil {
		t.Fatal(err)
	}
	addr := parts.FreeAddr(t)
	parts.Nginx(t, addr, strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(s.base, "http://"), "127.0.0.1:8443", addr,
		"/etc/nginx/server.pem", a.path("server.pem"), "/etc/nginx/server.key", a.path("server.key"), "/etc/nginx/client-ca.pem",
		a.path("ca.pem")).Replace(string(text)))
	for name, tt := range map[string]struct {
		c      *http.Client
		status int
		says   string
	}{
		"its own": {a.client("gateway"), 200, "mtls"}, "none": {a.client(""), 401, "needs a credential"},
		"of nobody":                          {a.client("nobody"), 401, "belongs to no service account"},
		"revoked, which nginx does not know": {a.client("revoked"), 401, "revoked"},
		// nginx itself refuses what it cannot verify.
		"expired": {a.client("expired"), 400, ""}, "of another authority": {trusting(a, stranger.client("stranger")), 400, ""},
	} {
		status, scheme, detail := whoActs(t, tt.c, "https://"+addr)
		if status != tt.status || !strings.Contains(scheme+detail, tt.says) {
			t.Errorf("%s: %d %s %s, want %d %s", name, status, scheme, detail, tt.status, tt.says)
		}
	}
	forged, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addr+"/api/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	forged.Header.Set("X-SSL-Client-Verify", "SUCCESS")
	forged.Header.Set("X-SSL-Client-Cert", "-----BEGIN%20CERTIFICATE-----")
	answer, err := a.client("").Do(forged)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("forged headers through nginx: %d", answer.StatusCode)
	}
	// A body beyond nginx's own bound is for Latchkey to refuse, or here who sends it.
	large, body := through(t, a.client("gateway"), "POST", "https://"+addr+"/api/keys", strings.NewReader(strings.Repeat(" ", 3<<20)))
	problem(t, "a body of 3 MiB", large, body, http.StatusForbidden, "permission_denied")
	refused, body := through(t, a.client("expired"), "GET", "https://"+addr+"/api/me", nil)
	problem(t, "an expired certificate", refused, body, http.StatusBadRequest, "certificate_refused")
	if err := process.Stop(); err != nil {
		t.Fatal(err)
	}
	down, body := through(t, a.client("gateway"), "GET", "https://"+addr+"/api/me", nil)
	if problem(t, "Latchkey down", down, body, http.StatusServiceUnavailable, "unavailable"); down.Header.Get("Retry-After") == "" {
		t.Error("Latchkey down: nothing says when to come again")
	}
}

// through sends a request by the client.
func through(t *testing.T, c *http.Client, method, url string, body io.Reader) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}
