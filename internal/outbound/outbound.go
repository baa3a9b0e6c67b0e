// Package outbound sends requests to addresses that others chose, such as those of
// webhooks. It checks the address of each connection when it is made, so that no name
// leads to a private network, whatever it resolved to before.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// ErrRefused is the error for an address that may not be connected to.
var ErrRefused = errors.New("the address may not be connected to")

// closed are networks that are not on the public Internet, or that lead to others.
var closed = func() (all []netip.Prefix) {
	for _, text := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/96", // unspecified, loopback, and IPv4-compatible
		"::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
		"3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}()

// Guard decides which addresses may be connected to.
type Guard struct {
	networks []netip.Prefix
}

// NewGuard returns a Guard that allows public addresses over TLS, and those in the networks
// over TLS and in plain text.
func NewGuard(networks []netip.Prefix) *Guard { return &Guard{networks: slices.Clone(networks)} }

// Plain reports whether any target may be connected to without TLS.
func (g *Guard) Plain() bool { return len(g.networks) > 0 }

// Allows reports whether the address may be connected to, in plain text or over TLS.
func (g *Guard) Allows(a netip.Addr, plain bool) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	// A mapped address is judged as what it maps to only where it is allowed by name.
	for _, n := range g.networks {
		if n.Contains(a) || n.Contains(a.Unmap()) {
			return true
		}
	}
	if plain {
		return false
	}
	return !slices.ContainsFunc(closed, func(n netip.Prefix) bool { return contains(n, a) })
}

// contains is n.Contains, but an IPv4-mapped address is in the IPv6 network ::ffff:0:0/96.
func contains(n netip.Prefix, a netip.Addr) bool {
	if a.Is4In6() {
		return n.Addr().Is4In6() && n.Bits() >= 96 || n.Contains(a.Unmap())
	}
	return n.Contains(a)
}

// control refuses the address of a connection that is about to be made.
func (g *Guard) control(plain bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !g.Allows(to.Addr(), plain) {
			return ErrRefused
		}
		return nil
	}
}

// Faults of a URL, as Check returns them.
var (
	ErrNotURL  = errors.New("not an absolute URL with a host")
	ErrNotTLS  = errors.New("not an https URL")
	ErrUser    = errors.New("a URL with a user or a fragment")
	ErrAddress = fmt.Errorf("a literal address: %w", ErrRefused)
)

// Check returns what is wrong with the URL of a target. A name is not looked up: where it
// leads is checked at each connection.
func (g *Guard) Check(u *url.URL) error {
	switch {
	case u.Hostname() == "" || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http"):
		return ErrNotURL
	case u.Scheme == "http" && !g.Plain():
		return ErrNotTLS
	case u.User != nil || u.Fragment != "":
		return ErrUser
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !g.Allows(a, u.Scheme == "http") {
		return ErrAddress
	}
	return nil
}

// Limits of a client.
const (
	Timeout       = 10 * time.Second // of a whole request, with its answer
	connectTime   = 5 * time.Second
	idleTime      = 30 * time.Second
	mostHeader    = 16 << 10
	idleTargets   = 200
	idlePerTarget = 8
)

// Config is what a Client needs. Zero values mean the defaults.
type Config struct {
	Guard   *Guard
	Timeout time.Duration
	// TLS is a base for the TLS configuration, nil for the system's roots.
	TLS *tls.Config
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
}

// Client sends requests to targets that its guard allows. It follows no redirect, uses no
// proxy, and is bounded in time. The caller bounds what it reads of an answer.
type Client struct {
	plain, secure *http.Client
}

// NewClient returns a Client. Close releases its connections.
func NewClient(c Config) *Client {
	if c.Guard == nil {
		c.Guard = NewGuard(nil)
	}
	if c.Timeout == 0 {
		c.Timeout = Timeout
	}
	return &Client{plain: c.client(true), secure: c.client(false)}
}

func (c *Config) client(plain bool) *http.Client {
	dialer := &net.Dialer{Timeout: min(connectTime, c.Timeout), Control: c.Guard.control(plain), Resolver: c.Resolver}
	base := c.TLS.Clone()
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			// Proxy stays nil: a proxy would connect for us, unchecked.
			DialContext: dialer.DialContext, TLSClientConfig: base, ForceAttemptHTTP2: true, DisableCompression: true,
			TLSHandshakeTimeout: min(connectTime, c.Timeout), ResponseHeaderTimeout: c.Timeout, MaxResponseHeaderBytes: mostHeader,
			MaxIdleConns: idleTargets, MaxIdleConnsPerHost: idlePerTarget, IdleConnTimeout: idleTime,
		},
	}
}

// Do sends the request. The answer's body must be closed.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "http" {
		return c.plain.Do(r) //nolint:gosec // G704: its dialer checks the address
	}
	return c.secure.Do(r) //nolint:gosec // G704: its dialer checks the address
}

// Close closes idle connections.
func (c *Client) Close() {
	c.plain.CloseIdleConnections()
	c.secure.CloseIdleConnections()
}

// Fault says why a request failed, in one word that callers can show: it has nothing of the
// network that the service runs in.
type Fault string

// The faults.
const (
	Refused Fault = "address_refused"
	Unknown Fault = "unknown_host"
	Late    Fault = "timeout"
	BadTLS  Fault = "tls"
	Broken  Fault = "connection"
)

// FaultOf returns what the error of Do means.
func FaultOf(err error) Fault {
	_, isTLS := errors.AsType[*tls.CertificateVerificationError](err)
	_, isAlert := errors.AsType[tls.AlertError](err)
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	name, isName := errors.AsType[*net.DNSError](err)
	timed, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, ErrRefused):
		return Refused
	case isName && !name.IsTimeout:
		return Unknown
	case errors.Is(err, context.DeadlineExceeded), isNet && timed.Timeout():
		return Late
	case isTLS, isAlert, isRecord:
		return BadTLS
	default:
		return Broken
	}
}
