package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Defaults of a Config.
const (
	DefaultTimeout       = 10 * time.Second
	DefaultVerifyTimeout = 2 * time.Second
	DefaultRetries       = 2
	DefaultMaxWait       = 30 * time.Second
	DefaultMaxBody       = 8 << 20
)

// Config says where Latchkey is, which credential to use, and how long a call may
// take. Only URL is required.
type Config struct {
	// URL is the base URL of Latchkey, such as https://keys.example.com. It must
	// be https, or http on a loopback address. It may have a path, but nothing
	// more.
	URL string
	// AllowHTTP allows http beyond loopback, for networks that are themselves
	// encrypted, such as a service mesh.
	AllowHTTP bool
	// Credential authenticates requests. The zero Credential sends none.
	Credential Credential
	// Credentials, if set, is called before each request instead of using
	// Credential, for credentials that change while the program runs.
	Credentials func(ctx context.Context) (Credential, error)
	// HTTPClient sends the requests, for custom proxies, authorities and client
	// certificates; nil for one with a connection pool of its own. Redirects are
	// never followed and cookies never kept, whatever its settings. For HTTP/2,
	// have its transport send pings (http.HTTP2Config.SendPingTimeout).
	HTTPClient *http.Client
	// Timeout bounds each try of a management request; 0 for DefaultTimeout,
	// negative for no bound except the context.
	Timeout time.Duration
	// VerifyTimeout bounds a verification including its retries; 0 for
	// DefaultVerifyTimeout, negative for no bound except the context.
	VerifyTimeout time.Duration
	// Retries is how often a request is retried when that is safe; 0 for
	// DefaultRetries, negative for never.
	Retries int
	// MaxWait is the longest wait before a retry. A response with a longer
	// Retry-After is not retried. 0 for DefaultMaxWait.
	MaxWait time.Duration
	// MaxBody is the maximum size of a response in bytes; 0 for DefaultMaxBody.
	MaxBody int64
	// UserAgent precedes the client's own name in User-Agent, such as
	// billing/2.1.
	UserAgent string
}

// withDefaults returns the configuration with defaults for zero fields.
func (c Config) withDefaults() Config {
	c.Timeout = orDefault(c.Timeout, DefaultTimeout)
	c.VerifyTimeout = orDefault(c.VerifyTimeout, DefaultVerifyTimeout)
	c.Retries = orDefault(c.Retries, DefaultRetries)
	c.MaxWait = orDefault(c.MaxWait, DefaultMaxWait)
	c.MaxBody = orDefault(c.MaxBody, DefaultMaxBody)
	return c
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// base parses URL and removes a trailing slash. Errors do not quote the URL,
// which may contain a password.
func (c Config) base() (*url.URL, error) {
	if c.URL == "" {
		return nil, errors.New("latchkey: Config.URL is required")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("latchkey: Config.URL is written like https://keys.example.com")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("latchkey: Config.URL has a user, query or fragment; credentials go into Config.Credential")
	case u.Scheme == "http" && !c.AllowHTTP && !loopback(u.Hostname()):
		return nil, errors.New("latchkey: Config.URL is http beyond loopback, where everybody on the way reads keys; use https, or set AllowHTTP")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("latchkey: Config.URL is neither https nor http")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// An idle HTTP/2 connection is pinged after pingAfter, and closed if no answer
// comes within pongWithin.
const (
	pingAfter  = 2 * time.Second
	pongWithin = 2 * time.Second
)

// newHTTPClient returns a client whose pool keeps enough connections to one host
// for a gateway that verifies every request. HTTP/2 sends everything over one
// connection: without pings, a peer that disappears silently fails every request
// until TCP gives up, a quarter of an hour later.
func newHTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{Transport: &http.Transport{
		Proxy:                  proxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    5 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pongWithin},
	}}
}

// proxyFromEnvironment is http.ProxyFromEnvironment without its errors, which
// quote the proxy's URL and password.
func proxyFromEnvironment(r *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the address of the proxy in HTTP_PROXY or HTTPS_PROXY is none")
	}
	return proxy, nil
}

// plain returns a copy of the client that follows no redirects, because a
// redirect would send the credential to another address, and a POST as a GET. The
// copy has no cookie jar either: a session cookie would be sent along with every
// other credential.
func plain(from *http.Client) *http.Client {
	c := *from
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
