package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// clientAddress is where the clients of a gateway are: not where the gateway is,
// which Latchkey trusts.
const clientAddress = "127.0.0.2"

// gated is an API behind a gateway that asks a Latchkey.
type gated struct {
	*service
	gateway
	keys           gatedKeys
	api            string
	addr, h2       string
	asked, reached *recorder
	http1, http2   *http.Client
}

func newGated(t *testing.T, g gateway) *gated {
	t.Helper()
	grpcAddr := parts.FreeAddr(t)
	s, _ := start(t, sqliteURL(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32", "LATCHKEY_GRPC_ADDR="+grpcAddr,
		"LATCHKEY_FORWARDED_REQUEST="+g.family())
	w := &gated{service: s, gateway: g, asked: &recorder{}, reached: &recorder{}}
	var verify string
	if g.asksByGRPC() {
		verify = recordGRPC(t, grpcAddr, w.asked)
	} else {
		server := httptest.NewServer(w.asked.before(onwardTo(s.base)))
		t.Cleanup(server.Close)
		verify = strings.TrimPrefix(server.URL, "http://")
	}
	api := httptest.NewServer(w.reached.before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the API's answer")
	})))
	t.Cleanup(api.Close)
	w.api = strings.TrimPrefix(api.URL, "http://")
	w.addr, w.h2 = g.start(t, verify, w.api)
	w.http1, w.http2 = clientFrom(false), clientFrom(true)
	return w
}

// arrival is a request as it came, with the length of its body.
type arrival struct {
	*http.Request
	length int64
}

// recorder keeps the requests that came since it was last asked.
type recorder struct {
	mu       sync.Mutex
	arrivals []arrival
}

// before records requests and has next answer them, without their bodies.
func (c *recorder) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			n = -1
		}
		c.note(arrival{r.Clone(context.WithoutCancel(r.Context())), n})
		next.ServeHTTP(w, r)
	})
}

func (c *recorder) note(a arrival) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.arrivals = append(c.arrivals, a)
}

func (c *recorder) take() []arrival {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.arrivals
	c.arrivals = nil
	return taken
}

// onwardTo passes requests on to the server at base, without their bodies.
func onwardTo(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		onward := r.Clone(r.Context())
		onward.URL.Scheme, onward.URL.Host, onward.RequestURI = "http", strings.TrimPrefix(base, "http://"), ""
		onward.Body, onward.ContentLength, onward.TransferEncoding = http.NoBody, 0, nil
		answer, err := http.DefaultTransport.RoundTrip(onward)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer answer.Body.Close() //nolint:errcheck // read to its end below
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	})
}

// clientFrom is a client at clientAddress.
func clientFrom(http2 bool) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientAddress)}}
	transport := &http.Transport{
		DialContext: dialer.DialContext, Protocols: new(http.Protocols), ExpectContinueTimeout: 5 * time.Second,
	}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetUnencryptedHTTP2(http2)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// gatedRequest is a request to the API behind a gateway, with everything in it
// by which a client may try to pass for somebody else.
type gatedRequest struct {
	method, path string // GET and /invoices/1 where they are ""
	header       http.Header
	body         io.Reader
	length       int64 // of the body, where it is checked
	h2           bool
}

// spoofed are headers of a client that no one may believe.
var spoofed = http.Header{
	"X-Latchkey-Key-Id": {"forged"}, "X-Latchkey-Service-Account-Id": {"forged"}, "X-Latchkey-Organization-Id": {"forged"},
	"X-Latchkey-Tier": {"forged"}, "X-Latchkey-Scopes": {"forged"}, "X-Latchkey-Environment": {"forged"}, "X-Latchkey-Code": {"forged"},
	"X-Latchkey-Scope": {"forged:read"}, "X-Latchkey-Cost": {"1000000000"}, "X-Latchkey-Api": {"forged"}, "X-Latchkey-Audience": {"forged"},
	"X_Latchkey_Key_Id": {"forged"}, "X-Latchkey_Tier": {"forged"}, // the same to a CGI or WSGI application
	"X-Forwarded-For": {"203.0.113.9"}, "X-Real-Ip": {"203.0.113.9"}, "Forwarded": {"for=203.0.113.9"},
	"X-Forwarded-Uri": {"/verify"}, "X-Forwarded-Method": {"OPTIONS"}, "X-Original-Uri": {"/health"},
	"Cookie": {"a=b"}, "Cache-Control": {"no-cache"},
}

func (w *gated) send(addr string, s gatedRequest) (*http.Response, string) {
	w.t.Helper()
	if s.path == "" {
		s.path = "/invoices/1"
	}
	r, err := http.NewRequestWithContext(w.t.Context(), s.method, "http://"+addr+s.path, s.body)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, header := range []http.Header{spoofed, s.header} {
		for name, values := range header {
			r.Header[name] = values
		}
	}
	client := w.http1
	if s.h2 {
		client = w.http2
	}
	answer, err := client.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", s.method, s.path, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end below
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer, string(body)
}

// issueKeys makes the keys of the cases.
func (w *gated) issueKeys() gatedKeys {
	w.t.Helper()
	for name, limits := range map[string]map[string]any{
		"vast": {"rate_limit": map[string]any{"requests": 100000, "per": "1s", "burst": 100000}},
		"tiny": {"rate_limit": map[string]any{"requests": 1, "per": "1h", "burst": 1}},
		"spent": {
			"rate_limit": map[string]any{"requests": 1000, "per": "1s", "burst": 1000},
			"quota":      map[string]any{"requests": 1, "per": "month"},
		},
	} {
		limits["name"], limits["title"] = name, name
		w.call("POST", "/api/tiers", limits, 201)
	}
	var k gatedKeys
	var id string
	_, k.good = w.issue("vast", "invoices:read")
	_, k.other = w.issue("vast", "customers:read")
	id, k.revoked = w.issue("vast", "invoices:read")
	w.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200)
	for tier, key := range map[string]*string{"tiny": &k.throttled, "spent": &k.spent} {
		_, *key = w.issue(tier, "invoices:read")
		answer, body := get(w.t, w.base+"/verify?scope=invoices:read", *key)
		if answer.StatusCode != http.StatusOK {
			w.t.Fatalf("the first request of the tier %s: %d %s", tier, answer.StatusCode, body)
		}
	}
	for address, key := range map[string]*string{clientAddress: &k.mine, "203.0.113.9": &k.theirs} {
		id, *key = w.issue("vast", "invoices:read")
		w.call("PATCH", "/api/keys/"+id, map[string]any{"allowed_networks": []string{address}}, 200)
	}
	w.keys = k
	return k
}
