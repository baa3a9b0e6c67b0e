package mtls

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Header is the header format in which a trusted proxy passes a client
// certificate on.
type Header string

// The formats.
const (
	ClientCert Header = "client-cert" // RFC 9440
	Nginx      Header = "nginx"       // X-SSL-Client-Cert and X-SSL-Client-Verify
	Envoy      Header = "envoy"       // X-Forwarded-Client-Cert
)

// Names of the headers. Those of nginx are set in its configuration, from
// $ssl_client_escaped_cert and $ssl_client_verify; these are the names in
// docs/gateways.
const (
	clientCertName  = "Client-Cert"
	nginxCertName   = "X-Ssl-Client-Cert"
	nginxVerifyName = "X-Ssl-Client-Verify"
	envoyName       = "X-Forwarded-Client-Cert"
)

const maxHeader = 16 << 10

// Valid reports whether the format is one of the three.
func (h Header) Valid() bool { return h == ClientCert || h == Nginx || h == Envoy }

// in reports whether the request has a non-empty header of this format.
func (h Header) in(r *http.Request) bool {
	switch h {
	case ClientCert:
		return r.Header.Get(clientCertName) != ""
	case Nginx:
		verified := r.Header.Get(nginxVerifyName)
		return r.Header.Get(nginxCertName) != "" || (verified != "" && verified != "NONE")
	case Envoy:
		return r.Header.Get(envoyName) != ""
	default:
		return false
	}
}

var errSeveral = wrong("certificate_header_twice")

// read returns the certificate of a request that came through a trusted proxy.
func (h Header) read(r *http.Request) (*presentation, error) {
	name := map[Header]string{ClientCert: clientCertName, Nginx: nginxCertName, Envoy: envoyName}[h]
	values := r.Header.Values(name)
	if len(values) > 1 {
		return nil, errSeveral
	}
	text := ""
	if len(values) == 1 {
		text = values[0]
	}
	if len(text) > maxHeader {
		return nil, wrong("certificate_header_long")
	}
	switch h {
	case Nginx:
		return readNginx(text, r.Header.Values(nginxVerifyName))
	case Envoy:
		return readEnvoy(text)
	default:
		return readClientCert(text)
	}
}

// readClientCert reads a byte sequence of structured fields (RFC 8941): the
// certificate's DER in base64 between colons.
func readClientCert(text string) (*presentation, error) {
	inner, ok := strings.CutPrefix(strings.TrimSpace(text), ":")
	inner, closed := strings.CutSuffix(inner, ":")
	if !ok || !closed {
		return nil, wrong("client_cert_shape")
	}
	der, err := base64.StdEncoding.DecodeString(inner)
	if err != nil {
		return nil, wrong("client_cert_base64")
	}
	return parse(der)
}

func parse(der []byte) (*presentation, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, wrong("certificate_broken")
	}
	return present(c), nil
}

// readNginx requires nginx's statement that it has verified the certificate.
func readNginx(escaped string, verified []string) (*presentation, error) {
	if len(verified) != 1 {
		return nil, wrong("proxy_says_nothing")
	}
	if verified[0] != "SUCCESS" {
		return nil, wrong("proxy_says", "answer", fmt.Sprintf("%.100q", verified[0]))
	}
	return parsePEM(escaped)
}

func parsePEM(escaped string) (*presentation, error) {
	text, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, wrong("certificate_escaping")
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, wrong("certificate_escaping")
	}
	return parse(block.Bytes)
}

// readEnvoy reads the last element of X-Forwarded-Client-Cert, which the nearest
// proxy added; the earlier ones came from further away.
func readEnvoy(text string) (*presentation, error) {
	elements := cut(text, ',')
	fields := map[string]string{}
	for _, pair := range cut(elements[len(elements)-1], ';') {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		name = strings.ToLower(name)
		if _, twice := fields[name]; twice && (name == "cert" || name == "hash") {
			return nil, wrong("xfcc_twice")
		}
		fields[name] = unquote(value)
	}
	if escaped := fields["cert"]; escaped != "" {
		return parsePEM(escaped)
	}
	hash := strings.ToLower(fields["hash"])
	if b, err := hex.DecodeString(hash); err != nil || len(b) != 32 {
		return nil, wrong("xfcc_empty")
	}
	return &presentation{fingerprint: "sha256:" + hash}, nil
}

// cut splits at separators that are not inside double quotes.
func cut(s string, separator byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
	}
	return s
}
