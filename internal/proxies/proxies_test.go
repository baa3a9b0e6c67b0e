package proxies_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"testing"

	"github.com/latchkey/latchkey/internal/proxies"
)

func TestClientIsReadFromTheRightAsFarAsTrustGoes(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, tt := range []struct {
		name, peer string
		header     proxies.Header
		values     http.Header
		want       string
	}{
		{"no proxy: headers are ignored", "192.0.2.1:5", proxies.XForwardedFor, http.Header{"X-Forwarded-For": {"203.0.113.9"}}, "192.0.2.1"},
		{"one proxy", "10.0.0.1:5", proxies.XForwardedFor, http.Header{"X-Forwarded-For": {"203.0.113.9"}}, "203.0.113.9"},
		{
			"what the client wrote left of its address is ignored", "10.0.0.1:5", proxies.XForwardedFor,
			http.Header{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9, 10.2.3.4"}},
			"203.0.113.9",
		},
		{
			"several header lines are one list", "[::1]:5", proxies.XForwardedFor,
			http.Header{"X-Forwarded-For": {"203.0.113.9", "10.2.3.4"}},
			"203.0.113.9",
		},
		{"rubbish is no address", "10.0.0.1:5", proxies.XForwardedFor, http.Header{"X-Forwarded-For": {"1.1.1.1, unknown"}}, "invalid IP"},
		{"the other header comes from the client", "10.0.0.1:5", proxies.XForwardedFor, http.Header{"Forwarded": {"for=1.1.1.1"}}, "10.0.0.1"},
		{
			"Forwarded with IPv6 and port", "10.0.0.1:5", proxies.Forwarded,
			http.Header{"Forwarded": {`for="[2001:db8::7]:4711";proto=https`}},
			"2001:db8::7",
		},
		{
			"a quote that the client left open hides nobody", "10.0.0.1:5", proxies.Forwarded,
			http.Header{"Forwarded": {`for=198.51.100.7;x=", for=203.0.113.9`}},
			"invalid IP",
		},
		{
			"nor over two lines", "10.0.0.1:5", proxies.Forwarded,
			http.Header{"Forwarded": {`for=198.51.100.7;x="`, `for="[2001:db8::7]:47"`}},
			"invalid IP",
		},
		{"IPv4 in IPv6 is IPv4", "10.0.0.1:5", proxies.XForwardedFor, http.Header{"X-Forwarded-For": {"::ffff:203.0.113.9"}}, "203.0.113.9"},
	} {
		p, err := proxies.New(trusted, tt.header)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Client(&http.Request{RemoteAddr: tt.peer, Header: tt.values}).Address.String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestPlainIsWhatIsKnownToBeSo(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	over := func(proto ...string) http.Header { return http.Header{"X-Forwarded-Proto": proto} }
	for _, tt := range []struct {
		name, peer string
		header     proxies.Header
		values     http.Header
		tls, want  bool
	}{
		{"a proxy says HTTP", "10.0.0.1:5", proxies.XForwardedFor, over("http"), false, true},
		{"a proxy says HTTP, over TLS to us", "10.0.0.1:5", proxies.XForwardedFor, over("HTTP"), true, true},
		{"the last proxy says HTTPS", "10.0.0.1:5", proxies.XForwardedFor, over("http, https"), false, false},
		{"the last proxy says HTTP", "10.0.0.1:5", proxies.XForwardedFor, over("https", "http"), false, true},
		{"a proxy says nothing", "10.0.0.1:5", proxies.XForwardedFor, nil, false, false},
		{"a proxy says nonsense", "10.0.0.1:5", proxies.XForwardedFor, over("gopher"), false, false},
		{"Forwarded says HTTP", "10.0.0.1:5", proxies.Forwarded, http.Header{"Forwarded": {"for=203.0.113.9;proto=http"}}, false, true},
		{"Forwarded says HTTPS", "10.0.0.1:5", proxies.Forwarded, http.Header{"Forwarded": {"for=203.0.113.9;proto=https"}}, false, false},
		{"the other header is not read", "10.0.0.1:5", proxies.Forwarded, over("http"), false, false},
		{"a client claims HTTPS", "203.0.113.9:5", proxies.XForwardedFor, over("https"), false, true},
		{"a client with TLS", "203.0.113.9:5", proxies.XForwardedFor, over("http"), true, false},
		{"a private network", "192.168.0.1:5", proxies.XForwardedFor, over("http"), false, false},
		{"a network of a carrier or cloud", "100.64.0.1:5", proxies.XForwardedFor, nil, false, false},
		{"this link", "[fe80::1]:5", proxies.XForwardedFor, nil, false, false},
		{"no address", "@", proxies.XForwardedFor, nil, false, false},
	} {
		p, err := proxies.New(trusted, tt.header)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{RemoteAddr: tt.peer, Header: tt.values}
		if tt.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := p.Client(r).Plain(); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func FuzzClient(f *testing.F) {
	f.Add("203.0.113.9, 10.0.0.1", `for="[2001:db8::7]:1";proto=https, for=10.0.0.1`)
	f.Fuzz(func(t *testing.T, list, forwarded string) {
		for _, header := range []proxies.Header{proxies.XForwardedFor, proxies.Forwarded} {
			p, err := proxies.New([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, header)
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{RemoteAddr: "10.0.0.1:5", Header: http.Header{"X-Forwarded-For": {list}, "Forwarded": {forwarded}}}
			if a := p.Client(r).Address; a.Is4In6() || a.Zone() != "" {
				t.Errorf("%q became %s", list, a)
			}
		}
	})
}
