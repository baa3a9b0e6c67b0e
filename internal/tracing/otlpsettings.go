package tracing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// otlpSettings say where spans go, as given by OTEL_EXPORTER_OTLP_….
type otlpSettings struct {
	url     url.URL
	headers map[string]string
	timeout time.Duration
	gzip    bool
	tls     *tls.Config
}

const (
	tracesPath     = "/v1/traces"
	defaultTimeout = 10 * time.Second
)

// readOTLP reads the settings. A variable for traces (OTEL_EXPORTER_OTLP_TRACES_…)
// overrides the one for all signals.
func readOTLP(get func(string) string) (s otlpSettings, err error) {
	v := otlpVariables{get}
	s = otlpSettings{timeout: defaultTimeout, gzip: v.of("COMPRESSION") == "gzip"}
	var faults [4]error
	s.url, faults[0] = v.url()
	s.tls, faults[1] = v.tls()
	s.headers, faults[2] = v.headers()
	if given := v.of("TIMEOUT"); given != "" {
		ms, err := strconv.Atoi(given)
		s.timeout, faults[3] = time.Duration(ms)*time.Millisecond, err
	}
	if s.url.Scheme == "http" && s.tls != nil {
		return s, errors.New("an endpoint without TLS takes no certificates")
	}
	return s, errors.Join(faults[:]...)
}

// otlpVariables reads the variables by their suffix.
type otlpVariables struct{ get func(string) string }

func (v otlpVariables) shared(name string) string {
	return strings.TrimSpace(v.get("OTEL_EXPORTER_OTLP_" + name))
}

func (v otlpVariables) of(name string) string {
	if own := v.shared("TRACES_" + name); own != "" {
		return own
	}
	return v.shared(name)
}

// url returns the endpoint. The one for all signals is a base; the one for traces is
// used unchanged.
func (v otlpVariables) url() (url.URL, error) {
	found := url.URL{Scheme: "https", Host: "localhost:4318", Path: tracesPath}
	for _, name := range []string{"ENDPOINT", "TRACES_ENDPOINT"} {
		given := v.shared(name)
		if given == "" {
			continue
		}
		u, err := url.Parse(given)
		if err != nil {
			return found, fmt.Errorf("%s is not a URL", name)
		}
		found.Host, found.Scheme = u.Host, "https"
		if s := strings.ToLower(u.Scheme); s == "http" || s == "unix" {
			found.Scheme = "http"
		}
		if name == "ENDPOINT" {
			found.Path = path.Join("/", u.Path, tracesPath)
		} else {
			found.Path = path.Join("/", u.Path)
			if strings.HasSuffix(u.Path, "/") && found.Path != "/" {
				found.Path += "/"
			}
		}
	}
	if insecure := v.of("INSECURE"); insecure != "" {
		found.Scheme = "https"
		if strings.EqualFold(insecure, "true") {
			found.Scheme = "http"
		}
	}
	return found, nil
}

// tls returns nil if the host's certificates suffice.
func (v otlpVariables) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if name := v.of("CERTIFICATE"); name != "" {
		text, err := os.ReadFile(name) //nolint:gosec // G304: the operator names it
		if err != nil {
			return nil, fmt.Errorf("CERTIFICATE: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("CERTIFICATE holds no certificate")
		}
	}
	for _, signal := range []string{"TRACES_", ""} { // a pair comes from one signal
		cert, key := v.shared(signal+"CLIENT_CERTIFICATE"), v.shared(signal+"CLIENT_KEY")
		if cert == "" || key == "" {
			continue
		}
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("CLIENT_CERTIFICATE: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
		break
	}
	if c.RootCAs == nil && c.Certificates == nil {
		return nil, nil
	}
	return c, nil
}

// headers parses name=value pairs separated by commas. An error does not repeat its
// input: a header may contain a token.
func (v otlpVariables) headers() (map[string]string, error) {
	given := v.of("HEADERS")
	if given == "" {
		return nil, nil
	}
	found := map[string]string{}
	for i, pair := range strings.Split(given, ",") {
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(value)
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" || strings.ContainsAny(name, " \t:\"(),/;<=>?@[\\]{}") {
			return nil, fmt.Errorf("HEADERS: pair %d is not name=value", i+1)
		}
		found[name] = strings.TrimSpace(value)
	}
	return found, nil
}
