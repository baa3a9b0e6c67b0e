package guard

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/client"
)

const (
	maxKey       = 4096 // longer than any key or signed token
	maxUserAgent = 2048 // the most that the service accepts
)

// looks matches keys of any brand. A bearer token that does not match is a signed
// token, or not Latchkey's.
var looks = regexp.MustCompile(`^[a-z][a-z0-9]*_(live|test)_`)

// keyOf returns the key, found as GET /verify does: in X-API-Key, or in
// Authorization with the scheme Api-Key or Bearer. If there is none, it returns
// the code that says why.
func keyOf(h http.Header) (key, code string) {
	var found []string
	for _, v := range h["X-Api-Key"] {
		if v != "" {
			found = append(found, v)
		}
	}
	for _, v := range h["Authorization"] {
		scheme, text, _ := strings.Cut(v, " ")
		text = strings.TrimSpace(text)
		bearer := strings.EqualFold(scheme, "Bearer")
		if text == "" || !bearer && !strings.EqualFold(scheme, "Api-Key") {
			continue
		}
		// Beside X-API-Key, a bearer token may belong to the API itself.
		if len(found) == 0 || !bearer || looks.MatchString(text) {
			found = append(found, text)
		}
	}
	found = slices.Compact(found)
	switch {
	case len(found) == 0:
		return "", client.CodeMissing
	case len(found) > 1 || len(found[0]) > maxKey: // ambiguous or too long
		return "", client.CodeMalformed
	}
	return found[0], ""
}

// userAgentOf returns as much of User-Agent as the service accepts.
func userAgentOf(h http.Header) string {
	agent := strings.ToValidUTF8(h.Get("User-Agent"), "")
	if len(agent) > maxUserAgent {
		agent = strings.ToValidUTF8(agent[:maxUserAgent], "")
	}
	return strings.ReplaceAll(agent, "\x00", "")
}

// maxHops bounds how many addresses of a header are read.
const maxHops = 32

// addressOf returns the client's address: the connection's or, behind a trusted
// proxy, the last untrusted address in the header. If the header is invalid, it
// returns the zero Addr, which no allowed network contains.
func (g *Guard) addressOf(caller Caller) netip.Addr {
	address := peerOf(caller.RemoteAddr)
	if !g.trusts(address) {
		return address
	}
	hops := g.hops(caller.Header)
	for i := len(hops) - 1; i >= 0 && len(hops)-i <= maxHops; i-- {
		if address = parseHop(hops[i]); !g.trusts(address) {
			break
		}
	}
	return address
}

func peerOf(remote string) netip.Addr {
	p, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap().WithZone("")
}

func (g *Guard) trusts(a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(g.config.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// hops returns the forwarded addresses, the client's first.
func (g *Guard) hops(h http.Header) []string {
	list := strings.Join(h[g.config.ForwardedHeader], ",")
	if strings.TrimSpace(list) == "" {
		return nil
	}
	if g.config.ForwardedHeader != "Forwarded" {
		return strings.Split(list, ",")
	}
	if strings.Count(list, `"`)%2 != 0 {
		return []string{""} // a quote that a client leaves open would hide what the proxy adds
	}
	var hops []string
	for _, element := range splitUnquoted(list, ',') {
		hop := ""
		for _, pair := range splitUnquoted(element, ';') {
			if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(name, "for") {
				hop = strings.Trim(value, `"`)
			}
		}
		hops = append(hops, hop)
	}
	return hops
}

// splitUnquoted splits at separators that are not inside double quotes.
func splitUnquoted(s string, separator byte) (parts []string) {
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

// parseHop parses 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and
// [2001:db8::1]:80.
func parseHop(s string) netip.Addr {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return a.Unmap().WithZone("")
	}
	return peerOf(s)
}
