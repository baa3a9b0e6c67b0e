package mtls

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Authorities verify client certificates: one of them must have signed the
// certificate, and it must be valid now, be meant for clients, and not be on the
// revocation list (RFC 5280). The files are read again when they change.
type Authorities struct {
	caFile, crlFile string
	now             func() time.Time

	mu        sync.Mutex
	looked    time.Time
	versions  [2]time.Time
	roots     *x509.CertPool
	issuers   []*x509.Certificate
	revoked   map[string]bool // issuer and serial number
	listUntil time.Time       // zero without a list
}

const lookAgain = 5 * time.Second

// NewAuthorities reads the authorities' certificates (PEM) and, unless crlFile is
// "", the revocation list (PEM or DER).
func NewAuthorities(caFile, crlFile string, now func() time.Time) (*Authorities, error) {
	a := &Authorities{caFile: caFile, crlFile: crlFile, now: now}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a, a.read()
}

// read reads both files. The caller holds the lock. If one of them is invalid,
// read changes nothing.
func (a *Authorities) read() error {
	text, err := os.ReadFile(a.caFile)
	if err != nil {
		return fmt.Errorf("read the authorities of client certificates: %w", err)
	}
	roots, issuers := x509.NewCertPool(), []*x509.Certificate(nil)
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("read the authorities of client certificates in %s: %w", a.caFile, err)
		}
		roots.AddCert(c)
		issuers = append(issuers, c)
	}
	if len(issuers) == 0 {
		return fmt.Errorf("%s holds no certificate in PEM", a.caFile)
	}
	revoked, until, err := a.readList(issuers)
	if err != nil {
		return err
	}
	a.roots, a.issuers, a.revoked, a.listUntil, a.versions = roots, issuers, revoked, until, a.stamps()
	return nil
}

// Reload reads both files now. If one of them is invalid, it changes nothing.
func (a *Authorities) Reload() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.read()
}

func (a *Authorities) stamps() (at [2]time.Time) {
	for i, name := range []string{a.caFile, a.crlFile} {
		if info, err := os.Stat(name); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

func (a *Authorities) readList(issuers []*x509.Certificate) (map[string]bool, time.Time, error) {
	if a.crlFile == "" {
		return nil, time.Time{}, nil
	}
	text, err := os.ReadFile(a.crlFile)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the revocation list: %w", err)
	}
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	list, err := x509.ParseRevocationList(text)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the revocation list in %s: %w", a.crlFile, err)
	}
	signed := false
	for _, c := range issuers {
		signed = signed || list.CheckSignatureFrom(c) == nil
	}
	if !signed {
		return nil, time.Time{}, fmt.Errorf("the revocation list in %s is not signed by an authority in %s", a.crlFile, a.caFile)
	}
	revoked := make(map[string]bool, len(list.RevokedCertificateEntries))
	for _, entry := range list.RevokedCertificateEntries {
		revoked[string(list.RawIssuer)+entry.SerialNumber.String()] = true
	}
	return revoked, list.NextUpdate, nil
}

// refresh reads the files again if they changed. If they are invalid, their
// previous content stays in force.
func (a *Authorities) refresh() {
	if now := a.now(); now.Sub(a.looked) >= lookAgain {
		a.looked = now
		if a.stamps() != a.versions {
			_ = a.read() // the old content stays; a start with these files reports the error
		}
	}
}

// Verify returns nil if the certificate is valid now. others are the other
// certificates that the client sent.
func (a *Authorities) Verify(c *x509.Certificate, others []*x509.Certificate) error {
	a.mu.Lock()
	a.refresh()
	roots, revoked, until := a.roots, a.revoked, a.listUntil
	a.mu.Unlock()
	now := a.now()
	between := x509.NewCertPool()
	for _, o := range others {
		between.AddCert(o)
	}
	chains, err := c.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return reason(err)
	}
	if a.crlFile == "" {
		return nil
	}
	if !until.IsZero() && now.After(until) {
		return wrong("crl_old")
	}
	for _, chain := range chains {
		for _, link := range chain[:max(1, len(chain)-1)] {
			if revoked[string(link.RawIssuer)+link.SerialNumber.String()] {
				return wrong("certificate_revoked")
			}
		}
	}
	return nil
}

// reason explains the error in words that the certificate's holder understands.
func reason(err error) error {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch invalid.Reason {
		case x509.Expired:
			return wrong("certificate_expired")
		case x509.IncompatibleUsage:
			return wrong("certificate_not_client")
		}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return wrong("certificate_authority")
	}
	return wrong("certificate_unverified")
}
