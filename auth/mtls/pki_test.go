package mtls_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// pki is an authority that a test has to itself.
type pki struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	root   *x509.Certificate
	serial int64
	dir    string
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t, dir: t.TempDir()}
	var err error
	p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.must(err)
	p.root = p.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil)
	return p
}

func (p *pki) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// sign fills in what the certificate lacks and signs it, by itself without a parent.
func (p *pki) sign(c, parent *x509.Certificate) *x509.Certificate {
	p.t.Helper()
	p.serial++
	c.SerialNumber = big.NewInt(p.serial)
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, p.key.Public(), p.key)
	p.must(err)
	made, err := x509.ParseCertificate(der)
	p.must(err)
	return made
}

// client makes a certificate for clients; edit changes it before it is signed.
func (p *pki) client(edit func(*x509.Certificate)) *x509.Certificate {
	p.t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{CommonName: "client"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if edit != nil {
		edit(c)
	}
	return p.sign(c, p.root)
}

func encode(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func (p *pki) file(name string, content []byte) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	p.must(os.WriteFile(path, content, 0o600))
	return path
}

func (p *pki) roots() string { return p.file("ca.pem", []byte(encode(p.root))) }

// revoke writes a list of the certificates.
func (p *pki) revoke(until time.Time, all ...*x509.Certificate) string {
	p.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: until}
	for _, c := range all {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber:   c.SerialNumber,
			RevocationTime: time.Now(),
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, p.root, p.key)
	p.must(err)
	p.serial++
	return p.file(fmt.Sprintf("crl%d.pem", p.serial), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}
