package redislimit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// transport holds an address's TLS settings beyond its scheme: parameters of our own
// that the client library does not know.
type transport struct {
	authority   string // file of the only certificate authorities to trust
	certificate string // file of the client certificate
	key         string // file of its key
	name        string // name that every server's certificate must have
}

// takeTransport removes the parameters from the query.
func takeTransport(query url.Values, secure bool) (*transport, error) {
	var t transport
	given := false
	for name, into := range map[string]*string{
		"ca_file": &t.authority, "cert_file": &t.certificate, "key_file": &t.key,
		"server_name": &t.name,
	} {
		*into = query.Get(name)
		given = given || query.Has(name)
		query.Del(name)
	}
	if given && !secure {
		return nil, errors.New("ca_file, cert_file, key_file and server_name are for TLS: write rediss:// for it")
	}
	if (t.certificate == "") != (t.key == "") {
		return nil, errors.New("cert_file and key_file belong together")
	}
	return &t, nil
}

// apply completes the TLS settings of the client library, which are nil without TLS. The
// library would check the certificates of all machines against the first of several
// hosts; here each is checked against the host that was dialed.
func (t *transport) apply(c *tls.Config, several bool) error {
	if c == nil {
		return nil
	}
	c.MinVersion = tls.VersionTLS12
	if several || t.name != "" {
		c.ServerName = t.name
	}
	if t.authority != "" {
		text, err := os.ReadFile(t.authority)
		if err != nil {
			return fmt.Errorf("ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("ca_file: there is no certificate in %s", t.authority)
		}
	}
	if t.certificate != "" {
		pair, err := tls.LoadX509KeyPair(t.certificate, t.key)
		if err != nil {
			return fmt.Errorf("cert_file and key_file: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return nil
}
