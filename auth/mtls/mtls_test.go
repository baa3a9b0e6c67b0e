package mtls_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/verify"
)

// gate is an authenticator over a real store with one service account.
type gate struct {
	*mtls.Authenticator
	t        *testing.T
	pki      *pki
	registry *mtls.Registry
	keys     *keys.Service
	account  keys.ServiceAccount
	admin    keys.Actor
}

func newGate(t *testing.T, header mtls.Header, crl string, fields keys.AccountFields) *gate {
	t.Helper()
	g := &gate{t: t, pki: newPKI(t), admin: auth.System()}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	g.pki.must(err)
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	limiter, err := ratelimit.NewLocal(ratelimit.Config{})
	g.pki.must(err)
	t.Cleanup(func() { _ = limiter.Close(context.WithoutCancel(t.Context())) })
	format, err := keys.NewFormat(keys.DefaultBrand)
	g.pki.must(err)
	marks, log, logger := keys.NewMarks(), audit.New(store, time.Now), slog.New(slog.DiscardHandler)
	g.keys, err = keys.New(keys.Config{Store: store, Audit: log, Marks: marks, Format: format})
	g.pki.must(err)
	verifier, err := verify.New(verify.Config{Store: store, Limiter: limiter, Marks: marks, Format: format, Logger: logger, CacheSize: 1000})
	g.pki.must(err)
	t.Cleanup(verifier.Close)
	g.pki.must(g.keys.Seed(t.Context(), g.admin, true))
	organizations, err := g.keys.Organizations(t.Context(), g.admin, keys.OrganizationFilter{}, keys.Page{Limit: 1})
	g.pki.must(err)
	fields.Name = "gateway"
	g.account, err = g.keys.CreateAccount(t.Context(), g.admin, "", organizations[0].ID, fields)
	g.pki.must(err)
	authorities, err := mtls.NewAuthorities(g.pki.roots(), crl, time.Now)
	g.pki.must(err)
	g.registry = &mtls.Registry{Store: store.Certificates(), Accounts: g.keys, Audit: log, Now: time.Now}
	g.Authenticator, err = mtls.New(mtls.Config{
		Store: store.Certificates(), Verifier: verifier, Logger: logger, Header: header,
		Authorities: authorities,
	})
	g.pki.must(err)
	return g
}

func (g *gate) register(in mtls.Input) auth.Certificate {
	g.t.Helper()
	in.Name = "test"
	c, err := g.registry.Add(g.t.Context(), g.admin, g.account.ID, in)
	g.pki.must(err)
	return c
}

// direct asks by TLS that ends here, forwarded through a proxy.
func direct(t *testing.T, chain ...*x509.Certificate) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/me", nil)
	r.TLS = &tls.ConnectionState{PeerCertificates: chain}
	return r.WithContext(proxies.With(r.Context(), proxies.Client{Address: netip.MustParseAddr("192.0.2.1")}))
}

func forwarded(t *testing.T, trusted bool, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/me", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r.WithContext(proxies.With(r.Context(), proxies.Client{Address: netip.MustParseAddr("192.0.2.1"), Proxied: trusted}))
}

func (g *gate) acts(name string, r *http.Request) {
	g.t.Helper()
	p, err := g.Authenticate(r)
	if err != nil || p == nil || p.AccountID != g.account.ID {
		g.t.Errorf("%s: acts as %+v, %v", name, p, err)
	}
}

func (g *gate) refused(name, says string, r *http.Request) {
	g.t.Helper()
	p, err := g.Authenticate(r)
	if p != nil || !errors.Is(err, errs.Unauthenticated) || !strings.Contains(err.Error(), says) {
		g.t.Errorf("%s: %+v, %v, want a refusal that says %q", name, p, err, says)
	}
}

func TestACertificateActsByFingerprintAndByName(t *testing.T) {
	t.Parallel()
	g := newGate(t, "", "", keys.AccountFields{Scopes: []string{"latchkey:verify"}})
	byPrint := g.pki.client(nil)
	g.register(mtls.Input{Certificate: encode(byPrint)})
	g.acts("by its fingerprint", direct(t, byPrint))
	g.register(mtls.Input{SAN: "dns:GW.example.com"})
	g.register(mtls.Input{SAN: "uri:spiffe://example.com/gw"})
	g.acts("by a name", direct(t, g.pki.client(func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.com"} })))
	spiffe, err := url.Parse("spiffe://example.com/gw")
	g.pki.must(err)
	g.acts("by a URI", direct(t, g.pki.client(func(c *x509.Certificate) { c.URIs = []*url.URL{spiffe} })))
	if p, err := g.Authenticate(direct(t)); p != nil || err != nil {
		t.Errorf("without a certificate: %v, %v", p, err)
	}
	p, err := g.Authenticate(direct(t, byPrint))
	if err != nil || !p.May(keys.VerifyKeys, g.account.OrganizationID) || p.May(keys.WriteKeys, g.account.OrganizationID) || p.KeyID != "" {
		t.Errorf("it may what the account may: %+v, %v", p, err)
	}
}

// TestACertificateMakesNothingThatOutlastsIt: its end is the sooner of its own and
// of the one that it has here.
func TestACertificateMakesNothingThatOutlastsIt(t *testing.T) {
	t.Parallel()
	g := newGate(t, "", "", keys.AccountFields{Scopes: []string{"latchkey:keys:*"}})
	presented := g.pki.client(func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.com"} })
	g.register(mtls.Input{SAN: "dns:gw.example.com"})
	soon := time.Now().Add(time.Minute).UTC().Truncate(time.Second)
	brief := g.pki.client(nil)
	g.register(mtls.Input{Certificate: encode(brief), ExpiresAt: soon})
	for name, tt := range map[string]struct {
		shown *x509.Certificate
		want  time.Time
	}{"its own end": {presented, presented.NotAfter}, "the end that it has here": {brief, soon}} {
		p, err := g.Authenticate(direct(t, tt.shown))
		g.pki.must(err)
		made, _, err := g.keys.Issue(t.Context(), p, keys.IssueInput{ServiceAccountID: g.account.ID, KeyFields: keys.KeyFields{Name: "made"}})
		if err != nil || !made.ExpiresAt.Equal(tt.want) {
			t.Errorf("%s: a key ends %v, want %v: %v", name, made.ExpiresAt, tt.want, err)
		}
		_, _, err = g.keys.Issue(t.Context(), p, keys.IssueInput{
			ServiceAccountID: g.account.ID, KeyFields: keys.KeyFields{Name: "later", ExpiresAt: tt.want.Add(time.Second)},
		})
		if !errors.Is(err, errs.Forbidden) {
			t.Errorf("%s: a key that outlasts it: %v", name, err)
		}
	}
}

func TestCertificatesThatAreRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t, "", "", keys.AccountFields{Scopes: []string{}})
	g.register(mtls.Input{SAN: "dns:gw.example.com"})
	named := func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.com"} }
	g.refused("of nobody", "belongs to no service account; its fingerprint is sha256:", direct(t, g.pki.client(nil)))
	g.refused("expired", "expired", direct(t, g.pki.client(func(c *x509.Certificate) {
		named(c)
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	})))
	g.refused("of another authority", "another authority", direct(t, newPKI(t).client(named)))
	g.refused("meant for servers", "not meant for clients", direct(t, g.pki.client(func(c *x509.Certificate) {
		named(c)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})))
	_, err := g.keys.ChangeAccount(t.Context(), g.admin, g.account.ID, keys.AnyRevision,
		func(f keys.AccountFields) (keys.AccountFields, error) {
			f.Disabled = true
			return f, nil
		})
	g.pki.must(err)
	g.refused("of a disabled account", "disabled", direct(t, g.pki.client(named)))
}

func TestNamesOfSeveralAccountsAreRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t, "", "", keys.AccountFields{Scopes: []string{}})
	other, err := g.keys.CreateAccount(t.Context(), g.admin, "", g.account.OrganizationID, keys.AccountFields{
		Name:   "other",
		Scopes: []string{},
	})
	g.pki.must(err)
	g.register(mtls.Input{SAN: "dns:a.example.com"})
	_, err = g.registry.Add(t.Context(), g.admin, other.ID, mtls.Input{Name: "b", SAN: "dns:b.example.com"})
	g.pki.must(err)
	g.refused("names of two", "several service accounts", direct(t, g.pki.client(func(c *x509.Certificate) {
		c.DNSNames = []string{"a.example.com", "b.example.com"}
	})))
}

func TestNetworksOfTheAccountHold(t *testing.T) {
	t.Parallel()
	g := newGate(t, "", "", keys.AccountFields{Scopes: []string{}, AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	c := g.pki.client(nil)
	g.register(mtls.Input{Fingerprint: mtls.Fingerprint(c)[len("sha256:"):]})
	if p, err := g.Authenticate(direct(t, c)); p != nil || !errors.Is(err, errs.Forbidden) {
		t.Errorf("from elsewhere: %v, %v", p, err)
	}
}

func TestRevokedCertificates(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	good, bad := p.client(nil), p.client(nil)
	for name, tt := range map[string]struct {
		list string
		c    *x509.Certificate
		says string
	}{
		"not on the list":        {p.revoke(time.Now().Add(time.Hour), bad), good, ""},
		"on the list":            {p.revoke(time.Now().Add(time.Hour), bad), bad, "revoked"},
		"a list that is too old": {p.revoke(time.Now().Add(-time.Minute), bad), good, "out of date"},
	} {
		a, err := mtls.NewAuthorities(p.roots(), tt.list, time.Now)
		p.must(err)
		err = a.Verify(tt.c, nil)
		if (tt.says == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := mtls.NewAuthorities(p.roots(), newPKI(t).revoke(time.Now().Add(time.Hour), bad), time.Now); err == nil {
		t.Error("a list that another authority signed is taken")
	}
}

func TestCertificatesThatProxiesPassOn(t *testing.T) {
	t.Parallel()
	clientCert := func(c *x509.Certificate) string { return ":" + base64.StdEncoding.EncodeToString(c.Raw) + ":" }
	for header, how := range map[mtls.Header]func(c *x509.Certificate) []string{
		mtls.ClientCert: func(c *x509.Certificate) []string { return []string{"Client-Cert", clientCert(c)} },
		mtls.Nginx: func(c *x509.Certificate) []string {
			return []string{"X-SSL-Client-Cert", url.PathEscape(encode(c)), "X-SSL-Client-Verify", "SUCCESS"}
		},
		mtls.Envoy: func(c *x509.Certificate) []string {
			return []string{"X-Forwarded-Client-Cert", `By=x;Cert="forged",By=spiffe://a;Hash=` + mtls.Fingerprint(c)[7:] + `;Cert="` +
				url.PathEscape(encode(c)) + `";Subject="CN=a,\"b\""`}
		},
	} {
		t.Run(string(header), func(t *testing.T) {
			t.Parallel()
			g := newGate(t, header, "", keys.AccountFields{Scopes: []string{}})
			c := g.pki.client(nil)
			g.register(mtls.Input{Certificate: encode(c)})
			g.acts("from a trusted proxy", forwarded(t, true, how(c)...))
			if p, err := g.Authenticate(forwarded(t, false, how(c)...)); p != nil || err != nil || g.Ignored() != 1 {
				t.Errorf("from anywhere: %v, %v, %d ignored", p, err, g.Ignored())
			}
			g.refused("of another authority, though the proxy passed it", "another authority", forwarded(t, true, how(newPKI(t).client(nil))...))
			g.refused("twice", "several times", forwarded(t, true, append(how(c), how(c)[:2]...)...))
		})
	}
}

func TestHeadersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	c := newPKI(t).client(nil)
	escaped := url.PathEscape(encode(c))
	for _, tt := range []struct {
		name    string
		header  mtls.Header
		headers []string
	}{
		{"no colons", mtls.ClientCert, []string{"Client-Cert", base64.StdEncoding.EncodeToString(c.Raw)}},
		{"no base64", mtls.ClientCert, []string{"Client-Cert", ":!:"}},
		{"no certificate", mtls.ClientCert, []string{"Client-Cert", ":AAAA:"}},
		{"huge", mtls.ClientCert, []string{"Client-Cert", ":" + strings.Repeat("A", 1<<16) + ":"}},
		{"not verified", mtls.Nginx, []string{"X-SSL-Client-Cert", escaped, "X-SSL-Client-Verify", "FAILED:certificate has expired"}},
		{"no word of verification", mtls.Nginx, []string{"X-SSL-Client-Cert", escaped}},
		{
			"verification twice", mtls.Nginx, []string{
				"X-SSL-Client-Cert", escaped, "X-SSL-Client-Verify", "SUCCESS",
				"X-SSL-Client-Verify", "SUCCESS",
			},
		},
		{"verified nothing", mtls.Nginx, []string{"X-SSL-Client-Verify", "SUCCESS"}},
		{"neither certificate nor hash", mtls.Envoy, []string{"X-Forwarded-Client-Cert", "By=a"}},
		{"a short hash", mtls.Envoy, []string{"X-Forwarded-Client-Cert", "Hash=" + hex.EncodeToString(c.Raw[:16])}},
		{"two hashes", mtls.Envoy, []string{"X-Forwarded-Client-Cert", "Hash=a;Hash=b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			newGate(t, tt.header, "", keys.AccountFields{Scopes: []string{}}).refused(tt.name, "", forwarded(t, true, tt.headers...))
		})
	}
}

func TestWhoMayRegisterCertificates(t *testing.T) {
	t.Parallel()
	g := newGate(t, "", "", keys.AccountFields{Scopes: []string{}})
	ctx, c := t.Context(), g.pki.client(nil)
	developer := &auth.Principal{
		Kind: auth.UserKind, User: &auth.User{ID: "usr_a"}, Memberships: map[string]auth.Role{g.account.OrganizationID: auth.Developer},
	}
	viewer := &auth.Principal{
		Kind: auth.UserKind, User: &auth.User{ID: "usr_b"}, Memberships: map[string]auth.Role{g.account.OrganizationID: auth.Viewer},
	}
	stranger := &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_c"}}
	for name, tt := range map[string]struct {
		as   keys.Actor
		in   mtls.Input
		want errs.Kind
	}{
		"a developer gives no names":      {developer, mtls.Input{Name: "x", SAN: "dns:gw.example.com"}, errs.Forbidden},
		"a viewer registers nothing":      {viewer, mtls.Input{Name: "x", Certificate: encode(c)}, errs.Forbidden},
		"a stranger sees no account":      {stranger, mtls.Input{Name: "x", Certificate: encode(c)}, errs.NotFound},
		"nothing to match":                {developer, mtls.Input{Name: "x"}, errs.Invalid},
		"two to match":                    {developer, mtls.Input{Name: "x", Certificate: encode(c), Fingerprint: "00"}, errs.Invalid},
		"a fingerprint that is too short": {developer, mtls.Input{Name: "x", Fingerprint: "00"}, errs.Invalid},
		"no name":                         {developer, mtls.Input{Certificate: encode(c)}, errs.Invalid},
		"PEM that is no certificate":      {developer, mtls.Input{Name: "x", Certificate: "-----BEGIN CERTIFICATE-----"}, errs.Invalid},
		"a name of no known kind":         {g.admin, mtls.Input{Name: "x", SAN: "ip:1.2.3.4"}, errs.Invalid},
	} {
		if _, err := g.registry.Add(ctx, tt.as, g.account.ID, tt.in); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	made, err := g.registry.Add(ctx, developer, g.account.ID, mtls.Input{Name: "x", Certificate: encode(c)})
	g.pki.must(err)
	if _, err := g.registry.Add(ctx, developer, g.account.ID, mtls.Input{Name: "y", Certificate: encode(c)}); !errors.Is(err, errs.Conflict) {
		t.Errorf("the same certificate again: %v", err)
	}
	g.acts("registered", direct(t, c))
	g.pki.must(g.registry.Remove(ctx, developer, g.account.ID, made.ID, keys.AnyRevision))
	g.refused("removed", "no service account", direct(t, c))
}

func FuzzHeaders(f *testing.F) {
	f.Add("client-cert", ":AAAA:")
	f.Add("envoy", `By=a;Hash=00;Cert="-----BEGIN",x`)
	f.Add("nginx", "-----BEGIN%20CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, kind, text string) {
		header := mtls.Header(kind)
		if !header.Valid() {
			return
		}
		if p, err := mtls.ReadForTest(header, text); (p == "") == (err == nil) {
			t.Errorf("%s %q is %q, %v", kind, text, p, err)
		}
	})
}
