// Package proxies finds the client of a request that came through reverse proxies.
// Forwarded headers are trusted only as far as trusted proxies wrote them: they are
// read from the right, and the first address that is not a trusted proxy's is the
// client's.
package proxies

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Header names the one header that the trusted proxies set. A header that they do not
// set comes from the client and is never read.
type Header string

// The headers.
const (
	XForwardedFor Header = "x-forwarded-for" // with X-Forwarded-Proto
	Forwarded     Header = "forwarded"       // RFC 7239
)

// maxHops bounds how many addresses of a header are read.
const maxHops = 32

// Trusted finds the client of a request.
type Trusted struct {
	networks []netip.Prefix
	header   Header
}

// New returns a Trusted for the networks of the proxies. Without any, no header is
// trusted.
func New(networks []netip.Prefix, header Header) (*Trusted, error) {
	if header != XForwardedFor && header != Forwarded {
		return nil, fmt.Errorf("forwarded header %q: must be %s or %s", header, XForwardedFor, Forwarded)
	}
	return &Trusted{networks: networks, header: header}, nil
}

// Client is the origin of a request.
type Client struct {
	Address netip.Addr // the zero Addr if a trusted proxy's header is malformed
	Secure  bool       // the client used TLS
	plain   bool       // a trusted proxy says that the client used no TLS
	Proxied bool       // a trusted proxy passed the request on
}

// Plain reports whether the client is known not to have used TLS: a trusted proxy says
// so, or it came directly from a public address.
func (c Client) Plain() bool {
	if c.Proxied {
		return c.plain
	}
	return !c.Secure && public(c.Address)
}

// Client returns the origin of the request.
func (t *Trusted) Client(r *http.Request) Client {
	if peer := peerOf(r); !t.trusts(peer) {
		return Client{Address: peer, Secure: r.TLS != nil}
	}
	return t.Behind(r)
}

// Behind returns the origin of a request whose peer is a trusted proxy for another
// reason than its address.
func (t *Trusted) Behind(r *http.Request) Client {
	hops, proto := t.hops(r)
	c := Client{
		Address: peerOf(r), Proxied: true, Secure: strings.EqualFold(proto, "https"), plain: strings.EqualFold(proto, "http"),
	}
	for i := len(hops) - 1; i >= 0 && len(hops)-i <= maxHops; i-- {
		address, err := parseHop(hops[i])
		c.Address = address
		if err != nil || !t.trusts(address) {
			break
		}
	}
	return c
}

func peerOf(r *http.Request) netip.Addr { return addressOf(r.RemoteAddr) }

func addressOf(peer string) netip.Addr {
	if p, err := netip.ParseAddrPort(peer); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// Trusts reports whether the peer, as in http.Request.RemoteAddr, is a trusted proxy.
func (t *Trusted) Trusts(peer string) bool { return t.trusts(addressOf(peer)) }

func (t *Trusted) trusts(a netip.Addr) bool {
	for _, n := range t.networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// public reports whether the address is one of the internet. What comes from another one
// may be a proxy that is not trusted, behind which the client used TLS.
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a)
}

// shared is for carriers, and for machines of some clouds (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// hops returns the forwarded addresses from left to right, and by which protocol the
// proxy nearest to us was reached, "" if it does not tell.
func (t *Trusted) hops(r *http.Request) (hops []string, proto string) {
	if t.header == Forwarded {
		return forwardedHops(r.Header.Values("Forwarded"))
	}
	if all := r.Header.Values("X-Forwarded-Proto"); len(all) > 0 {
		proto = lastOf(all[len(all)-1])
	}
	list := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	if strings.TrimSpace(list) == "" {
		return nil, proto
	}
	return strings.Split(list, ","), proto
}

func lastOf(list string) string {
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}

// forwardedHops parses the for and proto parameters of RFC 7239.
func forwardedHops(values []string) (hops []string, proto string) {
	list := strings.Join(values, ",")
	if strings.TrimSpace(list) == "" {
		return nil, ""
	}
	if strings.Count(list, `"`)%2 != 0 {
		return []string{""}, "" // an unclosed quote from a client would hide what the proxy adds
	}
	for _, element := range splitQuoted(list, ',') {
		hop := ""
		proto = ""
		for _, pair := range splitQuoted(element, ';') {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "for":
				hop = value
			case "proto":
				proto = value
			}
		}
		hops = append(hops, hop)
	}
	return hops, proto
}

// splitQuoted splits at separators that are not inside double quotes.
func splitQuoted(s string, separator byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

var errHop = errors.New("not an address")

// parseHop parses 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and
// [2001:db8::1]:80.
func parseHop(s string) (netip.Addr, error) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return a.Unmap().WithZone(""), nil
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().Unmap().WithZone(""), nil
	}
	return netip.Addr{}, errHop
}

// Neighbourhood names the network that shares a limit with the address: the address
// itself, or the /64 that one IPv6 host has to itself.
func Neighbourhood(a netip.Addr) string {
	if !a.Is6() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

type clientKey struct{}

// With returns a context that carries the client.
func With(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf returns the client in ctx, or a zero Client.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}
