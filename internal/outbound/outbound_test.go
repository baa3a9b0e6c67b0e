package outbound_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/latchkey/latchkey/internal/outbound"
)

func TestAllows(t *testing.T) {
	t.Parallel()
	g := outbound.NewGuard(nil)
	for text, want := range map[string]bool{
		"93.184.215.14": true, "8.8.8.8": true, "2606:4700::1111": true, "172.32.0.1": true, "100.128.0.1": true, "11.0.0.1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "127.0.0.1": false, "127.255.255.255": false, "169.254.169.254": false,
		"172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "100.64.0.1": false, "100.127.255.255": false,
		"224.0.0.1": false, "239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false, "192.0.2.1": false,
		"198.51.100.1": false, "203.0.113.1": false, "192.0.0.8": false,
		"::": false, "::1": false, "::127.0.0.1": false, "::8.8.8.8": false, "::ffff:127.0.0.1": false,
		"::ffff:10.0.0.1": false, "::ffff:8.8.8.8": false,
		"::ffff:0:8.8.8.8": false, "64:ff9b::8.8.8.8": false, "64:ff9b::10.0.0.1": false, "64:ff9b:1::1": false, "2002:7f00:1::": false,
		"2001::1": false, "2001:db8::1": false, "fe80::1": false, "fe80::1%eth0": false, "2606:4700::1111%eth0": false,
		"fc00::1": false, "fd12::1": false,
		"fec0::1": false, "ff02::1": false, "100::1": false,
	} {
		a := netip.MustParseAddr(text)
		if g.Allows(a, false) != want {
			t.Errorf("%s: allowed is %v", text, !want)
		}
		if g.Allows(a, true) {
			t.Errorf("%s is allowed without TLS", text)
		}
	}
	if g.Allows(netip.Addr{}, false) {
		t.Error("no address is allowed")
	}
	own := outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")})
	for text, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "fd00:1::5": true, "10.2.0.1": false,
		"127.0.0.1": false, "8.8.8.8": false,
	} {
		if own.Allows(netip.MustParseAddr(text), true) != want {
			t.Errorf("%s: allowed without TLS is %v", text, !want)
		}
	}
	if !own.Allows(netip.MustParseAddr("8.8.8.8"), false) {
		t.Error("own networks refuse public addresses")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	own := outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")})
	for text, want := range map[string][2]error{ // by default, and with 10.1.0.0/16
		"https://example.com/hook":      {nil, nil},
		"https://example.com:8443/?a=b": {nil, nil},
		"http://example.com/hook":       {outbound.ErrNotTLS, nil},
		"https://u:p@example.com/":      {outbound.ErrUser, outbound.ErrUser},
		"https://example.com/#x":        {outbound.ErrUser, outbound.ErrUser},
		"ftp://example.com/":            {outbound.ErrNotURL, outbound.ErrNotURL},
		"/hook":                         {outbound.ErrNotURL, outbound.ErrNotURL},
		"https:example.com":             {outbound.ErrNotURL, outbound.ErrNotURL},
		"https://":                      {outbound.ErrNotURL, outbound.ErrNotURL},
		"https://127.0.0.1/":            {outbound.ErrAddress, outbound.ErrAddress},
		"https://[::ffff:127.0.0.1]/":   {outbound.ErrAddress, outbound.ErrAddress},
		"https://10.1.2.3/":             {outbound.ErrAddress, nil},
		"http://10.1.2.3/":              {outbound.ErrNotTLS, nil},
		"http://8.8.8.8/":               {outbound.ErrNotTLS, outbound.ErrAddress},
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range []*outbound.Guard{outbound.NewGuard(nil), own} {
			if got := g.Check(u); !errors.Is(got, want[i]) || (want[i] == nil && got != nil) {
				t.Errorf("%s: %v, want %v", text, got, want[i])
			}
		}
	}
}

// loopback allows 127.0.0.1, where tests serve.
func loopback() *outbound.Guard {
	return outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})
}

func get(t *testing.T, c *outbound.Client, address string) (*http.Response, error) {
	t.Helper()
	t.Cleanup(c.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err == nil {
		t.Cleanup(func() { _ = answer.Body.Close() })
	}
	return answer, err
}

func TestRefusesPrivateAddressesAtConnect(t *testing.T) {
	t.Parallel()
	asked := atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndex(server.URL, ":")+1:]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "0x7f000001", "2130706433", "127.1"} {
		for _, scheme := range []string{"http", "https"} {
			_, err := get(t, outbound.NewClient(outbound.Config{}), scheme+"://"+net.JoinHostPort(strings.Trim(host, "[]"), port))
			if fault := outbound.FaultOf(err); err == nil || (fault != outbound.Refused && fault != outbound.Unknown) {
				t.Errorf("%s %s: %v", scheme, host, err)
			}
		}
	}
	if asked.Load() > 0 {
		t.Error("a request arrived")
	}
}

// TestFollowsNoRedirect: also not to an address that is allowed.
func TestFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	asked := atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	answer, err := get(t, outbound.NewClient(outbound.Config{Guard: loopback()}), server.URL)
	if err != nil || answer.StatusCode != http.StatusTemporaryRedirect || asked.Load() != 1 {
		t.Errorf("%v, %v, asked %d times", answer, err, asked.Load())
	}
}

// TestUsesNoProxy: a proxy would connect for us, unchecked.
func TestUsesNoProxy(t *testing.T) {
	asked := atomic.Int64{}
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	_, err := get(t, outbound.NewClient(outbound.Config{Guard: loopback()}), "http://hook.invalid/")
	if err == nil || asked.Load() > 0 {
		t.Errorf("%v, the proxy was asked %d times", err, asked.Load())
	}
}

func TestHangs(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]http.HandlerFunc{
		"before its header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"in its body": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(handle)
			t.Cleanup(server.Close)
			began := time.Now()
			answer, err := get(t, outbound.NewClient(outbound.Config{Guard: loopback(), Timeout: 200 * time.Millisecond}), server.URL)
			if err == nil {
				_, err = io.ReadAll(answer.Body)
			}
			if outbound.FaultOf(err) != outbound.Late || time.Since(began) > 5*time.Second {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		})
	}
}

func TestEndlessHeader(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}))
	t.Cleanup(server.Close)
	if _, err := get(t, outbound.NewClient(outbound.Config{Guard: loopback()}), server.URL); outbound.FaultOf(err) != outbound.Broken {
		t.Errorf("a header of 1 MiB: %v", err)
	}
}

func TestChecksCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	if _, err := get(t, outbound.NewClient(outbound.Config{Guard: loopback()}), server.URL); outbound.FaultOf(err) != outbound.BadTLS {
		t.Errorf("an unknown issuer: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	known := outbound.Config{Guard: loopback(), TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	if _, err := get(t, outbound.NewClient(known), server.URL); err != nil {
		t.Errorf("a known issuer: %v", err)
	}
}

// TestRebinding: a name that resolves to a public address when it is looked up first, and
// to a private one when the connection is made, is refused.
func TestRebinding(t *testing.T) {
	t.Parallel()
	asked := atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	names := nameServer(t, func(n int64) [4]byte {
		if n == 0 {
			return [4]byte{8, 8, 8, 8}
		}
		return [4]byte{127, 0, 0, 1}
	})
	first, err := names.LookupNetIP(t.Context(), "ip4", "hook.example.")
	if err != nil || len(first) != 1 || !outbound.NewGuard(nil).Allows(first[0].Unmap(), false) {
		t.Fatalf("the first look-up is of %v, %v", first, err)
	}
	port := server.URL[strings.LastIndex(server.URL, ":")+1:]
	for _, scheme := range []string{"http", "https"} {
		_, err = get(t, outbound.NewClient(outbound.Config{Resolver: names}), scheme+"://hook.example.:"+port)
		if outbound.FaultOf(err) != outbound.Refused || asked.Load() > 0 {
			t.Errorf("%v, asked %d times", err, asked.Load())
		}
	}
}

// nameServer answers every question for an A record with what answer returns for the number
// of questions before.
func nameServer(t *testing.T, answer func(n int64) [4]byte) *net.Resolver {
	t.Helper()
	packets, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = packets.Close() })
	var questions int64
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := packets.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response = true
			m.Additionals = nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: answer(questions)},
				}}
				questions++
			}
			if b, err := m.Pack(); err == nil {
				_, _ = packets.WriteTo(b, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", packets.LocalAddr().String())
	}}
}

func TestFaultOf(t *testing.T) {
	t.Parallel()
	if got := outbound.FaultOf(fmt.Errorf("dial: %w", outbound.ErrRefused)); got != outbound.Refused {
		t.Error(got)
	}
	if got := outbound.FaultOf(&net.DNSError{IsTimeout: true}); got != outbound.Late {
		t.Error(got)
	}
}
