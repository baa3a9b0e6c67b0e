// Package mtls lets the holder of a client certificate act as a service account.
// The certificate comes from a TLS connection to this server or from a trusted
// reverse proxy. In both cases it is verified against the configured authorities
// and revocation list.
package mtls

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/verify"
)

// Config is what an Authenticator needs. Store, Verifier and Logger are
// required.
type Config struct {
	Store       auth.CertificateCollection
	Verifier    *verify.Verifier
	Logger      *slog.Logger
	Header      Header           // format that trusted proxies use; "" for none
	Authorities *Authorities     // nil: trust what a trusted proxy has verified
	Now         func() time.Time // time.Now if nil
}

// Authenticator is the authenticator "mtls".
type Authenticator struct {
	Config
	ignored atomic.Int64
	warn    sync.Once
}

// New returns an Authenticator.
func New(c Config) (*Authenticator, error) {
	if c.Store == nil || c.Verifier == nil || c.Logger == nil {
		return nil, errors.New("mtls: Store, Verifier and Logger are required")
	}
	if c.Header == "" && c.Authorities == nil {
		return nil, errors.New("mtls needs LATCHKEY_TLS_CLIENT_CA, or LATCHKEY_CLIENT_CERT_HEADER behind a proxy")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Authenticator{Config: c}, nil
}

// Name implements auth.Authenticator.
func (a *Authenticator) Name() string { return "mtls" }

// Challenge implements auth.Authenticator. HTTP has no scheme that asks for a
// certificate.
func (a *Authenticator) Challenge() string { return "" }

// Ignored returns how many requests sent the proxy header but did not come from a
// trusted proxy.
func (a *Authenticator) Ignored() int64 { return a.ignored.Load() }

// Authenticate implements auth.Authenticator.
func (a *Authenticator) Authenticate(r *http.Request) (*auth.Principal, error) {
	p, err := a.presented(r)
	if err != nil || p == nil {
		return nil, err
	}
	if p.certificate != nil && a.Authorities != nil {
		if err := a.Authorities.Verify(p.certificate, p.others); err != nil {
			return nil, refuseAs(err)
		}
	}
	c, err := a.registered(r.Context(), p)
	if err != nil {
		return nil, err
	}
	return a.principal(r.Context(), &c, p)
}

// wrongCertificate is a fault of a certificate or of the way it was sent.
type wrongCertificate struct{ text errs.Text }

func (w *wrongCertificate) Error() string { return w.text.String() }

func wrong(text string, args ...any) error { return &wrongCertificate{errs.Say(text, args...)} }

// refuseAs turns a fault of a certificate into a refusal. It returns other errors
// unchanged.
func refuseAs(err error) error {
	if w, ok := errors.AsType[*wrongCertificate](err); ok {
		return refuseFor(w.text)
	}
	return err
}

func refuse(text string, args ...any) error { return refuseFor(errs.Say(text, args...)) }

func refuseFor(reason errs.Text) error {
	return errs.WithCode(errs.Unauthenticated, "authentication_failed", "certificate_refused", "reason", reason)
}

// presentation is the certificate that a client presented. If only the
// fingerprint is known, certificate is nil.
type presentation struct {
	certificate *x509.Certificate
	others      []*x509.Certificate // sent along with it
	fingerprint string              // "sha256:…"
}

func present(certificate *x509.Certificate, others ...*x509.Certificate) *presentation {
	return &presentation{certificate: certificate, others: others, fingerprint: Fingerprint(certificate)}
}

// Fingerprint returns "sha256:" and the digest of the certificate in hex.
func Fingerprint(c *x509.Certificate) string {
	digest := sha256.Sum256(c.Raw)
	return "sha256:" + hex.EncodeToString(digest[:])
}

// presented returns what the client presented, nil for nothing.
func (a *Authenticator) presented(r *http.Request) (*presentation, error) {
	if a.Header != "" && a.Header.in(r) {
		if !proxies.ClientOf(r.Context()).Proxied {
			a.ignored.Add(1)
			a.warn.Do(func() {
				a.Logger.Warn("a client certificate in a header was ignored: it did not come from a trusted proxy; this is said once",
					"header", string(a.Header))
			})
		} else {
			p, err := a.Header.read(r)
			if err != nil {
				return nil, refuseAs(err)
			}
			return p, nil
		}
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || a.Authorities == nil {
		return nil, nil
	}
	return present(r.TLS.PeerCertificates[0], r.TLS.PeerCertificates[1:]...), nil
}

// registered returns the registration of the certificate: by fingerprint, or else
// by its alternative names, which must lead to a single service account.
func (a *Authenticator) registered(ctx context.Context, p *presentation) (found auth.Certificate, err error) {
	for _, match := range append([]string{p.fingerprint}, names(p.certificate)...) {
		c, err := a.Store.ByMatch(ctx, match)
		if errors.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return found, fmt.Errorf("look up a client certificate: %w", err)
		}
		if !c.ExpiresAt.IsZero() && !a.Now().Before(c.ExpiresAt) {
			continue
		}
		if match == p.fingerprint {
			return c, nil
		}
		if found.ID != "" && found.ServiceAccountID != c.ServiceAccountID {
			return found, refuse("certificate_ambiguous")
		}
		found = c
	}
	if found.ID == "" {
		return found, refuse("certificate_unknown", "fingerprint", p.fingerprint)
	}
	return found, nil
}

const mostNames = 20

// names returns the alternative names of a certificate in the form of Match.
func names(c *x509.Certificate) []string {
	if c == nil {
		return nil
	}
	var all []string
	for _, n := range c.DNSNames {
		if name, ok := dnsName(n); ok {
			all = append(all, "dns:"+name)
		}
	}
	for _, u := range c.URIs {
		all = append(all, "uri:"+u.String())
	}
	for _, m := range c.EmailAddresses {
		if address, ok := text.Address(m); ok {
			all = append(all, "email:"+address)
		}
	}
	return all[:min(len(all), mostNames)]
}

// endOf returns when the credential ends: the earlier of the registration's end
// and, if known, the certificate's own.
func endOf(c *auth.Certificate, p *presentation) time.Time {
	end := c.ExpiresAt
	if p.certificate != nil && (end.IsZero() || p.certificate.NotAfter.Before(end)) {
		end = p.certificate.NotAfter
	}
	return end
}

func (a *Authenticator) principal(ctx context.Context, c *auth.Certificate, p *presentation) (*auth.Principal, error) {
	verdict, err := a.Verifier.Account(ctx, c.ServiceAccountID, proxies.ClientOf(ctx).Address)
	switch {
	case err != nil:
		return nil, err
	case verdict.Code == verify.AddressNotAllowed:
		return nil, verdict.Refusal(errs.Forbidden)
	case verdict.Code != verify.Valid:
		return nil, refuseFor(verdict.Detail)
	}
	return auth.CertificatePrincipal(&verdict.Grant, endOf(c, p)), nil
}
