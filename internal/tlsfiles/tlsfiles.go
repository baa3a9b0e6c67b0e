// Package tlsfiles serves TLS with a certificate that is reloaded when its files
// change, so that renewing it needs no restart.
package tlsfiles

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// Pair is a certificate and its key in files.
type Pair struct {
	certificate, key string
	now              func() time.Time

	mu      sync.Mutex
	looked  time.Time
	version [2]time.Time
	loaded  *tls.Certificate
}

const lookAgain = 10 * time.Second

// NewPair reads the files.
func NewPair(certificate, key string, now func() time.Time) (*Pair, error) {
	p := &Pair{certificate: certificate, key: key, now: now}
	return p, p.read()
}

func (p *Pair) read() error {
	version := p.stamps()
	pair, err := tls.LoadX509KeyPair(p.certificate, p.key)
	if err != nil {
		return fmt.Errorf("read the certificate of the service: %w", err)
	}
	p.loaded, p.version = &pair, version
	return nil
}

// Reload reads the files now. If they are invalid it keeps the old certificate.
func (p *Pair) Reload() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read()
}

func (p *Pair) stamps() (at [2]time.Time) {
	for i, name := range []string{p.certificate, p.key} {
		if info, err := os.Stat(name); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

// current returns the certificate. If the files are invalid it keeps the old one.
func (p *Pair) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now(); now.Sub(p.looked) >= lookAgain {
		p.looked = now
		if p.stamps() != p.version {
			_ = p.read() // retried soon; a half-written file is no reason to stop
		}
	}
	return p.loaded, nil
}

// Config returns the configuration of a server. With askClients, clients may present a
// certificate, which the caller verifies.
func (p *Pair) Config(askClients bool) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: p.current}
	if askClients {
		c.ClientAuth = tls.RequestClientCert
	}
	return c
}
