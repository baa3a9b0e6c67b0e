package e2e

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// gateway is a server with the configuration that the documentation gives.
type gateway struct {
	name string // of its page
	// start runs it between the API and what answers /verify, and returns where it
	// listens, and where it takes HTTP/2 without TLS.
	start func(t *testing.T, verify, api string) (addr, h2 string)
	// cannot tells by the name of a case why it does not hold. The page says so in
	// the same words.
	cannot map[string]string
}

// byGRPC ends the name of a recipe that stands on the page of the other one.
const byGRPC = "-grpc"

func (g *gateway) page() string { return strings.TrimSuffix(g.name, byGRPC) + ".md" }

// family is what its page says of LATCHKEY_FORWARDED_REQUEST.
func (g *gateway) family() string {
	if strings.Contains(g.name, "envoy") && !g.asksByGRPC() || g.name == "istio" {
		return "path"
	}
	return "x-forwarded"
}

func (g *gateway) asksByGRPC() bool { return strings.HasSuffix(g.name, byGRPC) }

var gateways = []gateway{
	{
		"nginx", func(t *testing.T, verify, api string) (string, string) {
			addr, h2 := parts.FreeAddr(t), parts.FreeAddr(t)
			parts.Nginx(t, addr, documented(t, "nginx.conf", "127.0.0.1:8080", verify, "127.0.0.1:9000", api,
				"listen 127.0.0.1:8000;", "listen "+addr+"; listen "+h2+" http2;"))
			return addr, h2
		}, map[string]string{
			"a 200 that is not Latchkey's": "nginx takes any 2xx for a yes",
		},
	},
	{
		"caddy", func(t *testing.T, verify, api string) (string, string) {
			addr := parts.FreeAddr(t)
			_, port, _ := strings.Cut(addr, ":")
			parts.Caddy(t, addr, documented(t, "caddy.Caddyfile", "127.0.0.1:8080", verify, "127.0.0.1:9000", api,
				"http://:8000", "http://:"+port))
			return addr, addr
		}, nil,
	},
	{
		"haproxy", func(t *testing.T, verify, api string) (string, string) {
			addr := parts.FreeAddr(t)
			// Its listener has one name on the whole machine.
			socket := "abns@" + strings.ReplaceAll(addr, ":", "-")
			script := filepath.Join(t.TempDir(), "haproxy.lua")
			if err := os.WriteFile(script, []byte(documented(t, "haproxy.lua", "abns@latchkey", socket)), 0o600); err != nil {
				t.Fatal(err)
			}
			parts.HAProxy(t, addr, documented(t, "haproxy.conf", "127.0.0.1:8080", verify, "127.0.0.1:9000", api, "127.0.0.1:8000", addr,
				"/etc/haproxy/haproxy.lua", script, "abns@latchkey", socket))
			return addr, addr
		}, nil,
	},
	{
		"apache", func(t *testing.T, verify, api string) (string, string) {
			addr := parts.FreeAddr(t)
			parts.Apache(t, addr, documented(t, "apache.conf", "127.0.0.1:8080", verify, "127.0.0.1:9000", api, "127.0.0.1:8000", addr,
				"/etc/apache2/apache.lua", "apache.lua"), documented(t, "apache.lua"))
			return addr, addr
		}, nil,
	},
	{
		"envoy", envoy("../../docs/gateways/envoy.yaml"), map[string]string{
			"a Connection that names our headers": "Envoy answers 400 to a `Connection` that names `X-Forwarded-For`",
			"a 200 that is not Latchkey's":        "Envoy takes any 200 for a yes",
		},
	},
	{
		"envoy-grpc", envoy("../../docs/gateways/envoy-grpc.yaml"), map[string]string{
			"a Connection that names our headers": "Envoy answers 400 to a `Connection` that names `X-Forwarded-For`",
		},
	},
	{
		"envoy-gateway", envoy("testdata/gateways/envoy-gateway.yaml"), map[string]string{
			"a Connection that names our headers": "Envoy answers 400 to a `Connection` that names `X-Forwarded-For`",
			"a 200 that is not Latchkey's":        "A 200 that is not Latchkey's is a yes",
			"limits of a good key":                "A client with a good key is not told of its limits",
			"an outage as a problem":              "While Latchkey cannot be asked, the answer is 503 without a body",
		},
	},
	{
		"istio", envoy("testdata/gateways/istio.yaml"), map[string]string{
			"a Connection that names our headers": "Envoy answers 400 to a `Connection` that names `X-Forwarded-For`",
			"a 200 that is not Latchkey's":        "A 200 that is not Latchkey's is a yes",
			"an outage as a problem":              "While Latchkey cannot be asked, the answer is 503 without a body",
			"the client's address alone":          "`X-Forwarded-For` is appended to",
			"underscores":                         "Headers with `_` in their name reach the API",
		},
	},
	{
		"traefik", func(t *testing.T, verify, api string) (string, string) {
			addr := parts.FreeAddr(t)
			parts.Traefik(t, addr, documented(t, "traefik.yaml", "127.0.0.1:8080", verify, "127.0.0.1:9000", api))
			return addr, addr
		}, map[string]string{
			"a 200 that is not Latchkey's": "Traefik takes any 2xx for a yes",
			"underscores of a preflight":   "A preflight's own headers with `_` in their name reach the API",
			"limits of a good key":         "A client with a good key is not told of its limits",
			"an outage as a problem":       "While Latchkey cannot be asked, the answer is 500 without a body",
			"Latchkey hanging":             "Traefik waits 30 seconds for an answer, which no option changes",
		},
	},
}

// envoy starts Envoy with the file. Envoy Gateway and Istio, which are not run,
// would write theirs from the resources that the documentation gives.
func envoy(file string) func(t *testing.T, verify, api string) (string, string) {
	return func(t *testing.T, verify, api string) (string, string) {
		addr := parts.FreeAddr(t)
		port := func(addr string) string { return "port_value: " + addr[strings.LastIndexByte(addr, ':')+1:] }
		parts.Envoy(t, addr, replaced(t, file, "port_value: 8080", port(verify), "port_value: 9001", port(verify),
			"port_value: 9000", port(api), "port_value: 8000", port(addr)))
		return addr, addr
	}
}

// documented is a file of the documentation with addresses of the test.
func documented(t *testing.T, name string, pairs ...string) string {
	t.Helper()
	return replaced(t, filepath.Join("..", "..", "docs", "gateways", name), pairs...)
}

func replaced(t *testing.T, file string, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(pairs...).Replace(string(text))
}

// TestGateways holds every gateway to the same cases.
func TestGateways(t *testing.T) {
	t.Parallel()
	for _, g := range gateways {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			w := newGated(t, g)
			for _, tt := range gatedCases(w.issueKeys()) {
				w.holds(tt)
			}
			w.knowsTheClient()
			w.keepsPathsApart()
			w.tellsTheRequest()
			w.failsClosed()
		})
	}
}

// gatedKeys are keys of one Latchkey, in the states that matter.
type gatedKeys struct{ good, revoked, other, throttled, spent, mine, theirs string }

// gatedCase is a request to a gateway and what comes of it. A code other than ""
// is a refusal, and nothing reaches the API.
type gatedCase struct {
	name   string
	sent   gatedRequest
	code   string
	status int // 200 where it is 0
	anyone bool
}

const (
	upload = 20 << 20
	origin = "https://app.example.com"
)

func gatedCases(k gatedKeys) []gatedCase {
	large := bytes.Repeat([]byte("x"), upload)
	key := func(value string) http.Header { return http.Header{"X-Api-Key": {value}} }
	preflight := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}}
	return []gatedCase{
		{name: "a key in X-API-Key", sent: gatedRequest{header: key(k.good)}},
		{name: "a bearer", sent: gatedRequest{header: http.Header{"Authorization": {"Bearer " + k.good}}}},
		{name: "a key as Api-Key", sent: gatedRequest{header: http.Header{"Authorization": {"Api-Key " + k.good}}}},
		{name: "HEAD", sent: gatedRequest{method: "HEAD", header: key(k.good)}},
		{name: "DELETE", sent: gatedRequest{method: "DELETE", header: key(k.good)}},
		{name: "a query", sent: gatedRequest{path: "/invoices/1?scope=customers:read&cost=9&q=%20a", header: key(k.good)}},
		{name: "a question", sent: gatedRequest{method: "POST", body: strings.NewReader(`{"key":"x","scopes":["a:b"]}`), header: key(k.good)}},
		{name: "an upload of 20 MiB", sent: gatedRequest{method: "POST", body: bytes.NewReader(large), length: upload, header: key(k.good)}},
		{name: "one in chunks", sent: gatedRequest{
			method: "PUT", body: io.MultiReader(bytes.NewReader(large)), length: upload, header: key(k.good),
		}},
		{name: "one that waits to be told", sent: gatedRequest{
			method: "POST", body: bytes.NewReader(large), length: upload, header: http.Header{"X-Api-Key": {k.good}, "Expect": {"100-continue"}},
		}},
		{name: "HTTP/2", sent: gatedRequest{h2: true, header: key(k.good)}},
		{name: "an upload by HTTP/2", sent: gatedRequest{
			h2: true, method: "POST", body: bytes.NewReader(large), length: upload, header: key(k.good),
		}},
		{name: "a Connection that names our headers", sent: gatedRequest{header: http.Header{
			"X-Api-Key": {k.good}, "Connection": {"X-Latchkey-Key-Id, X-Latchkey-Scope, X-Forwarded-For"},
		}}},
		{name: "the key twice", sent: gatedRequest{header: http.Header{"X-Api-Key": {k.good}, "Authorization": {"Bearer " + k.good}}}},
		{name: "a preflight", sent: gatedRequest{method: "OPTIONS", header: preflight}, anyone: true},

		{name: "no key", code: "MISSING", status: 401},
		{name: "no key, HEAD", sent: gatedRequest{method: "HEAD"}, code: "MISSING", status: 401},
		{name: "no key, HTTP/2", sent: gatedRequest{h2: true}, code: "MISSING", status: 401},
		{name: "no key, an upload", code: "MISSING", status: 401, sent: gatedRequest{
			method: "POST", body: bytes.NewReader(large), header: http.Header{"Expect": {"100-continue"}},
		}},
		{name: "OPTIONS that is no preflight", code: "MISSING", status: 401, sent: gatedRequest{
			method: "OPTIONS", header: http.Header{"Origin": {origin}},
		}},
		{name: "what only looks like a preflight", sent: gatedRequest{method: "POST", header: preflight}, code: "MISSING", status: 401},
		{name: "a malformed key", sent: gatedRequest{header: key("lk_live_nonsense")}, code: "MALFORMED", status: 401},
		{name: "two keys", code: "MALFORMED", status: 401, sent: gatedRequest{
			header: http.Header{"X-Api-Key": {k.good}, "Authorization": {"Bearer " + k.other}},
		}},
		{name: "a revoked key", sent: gatedRequest{header: key(k.revoked)}, code: "REVOKED", status: 401},
		{name: "a key without the scope", sent: gatedRequest{header: key(k.other)}, code: "INSUFFICIENT_SCOPE", status: 403},
		{name: "a key without the scope, POST", code: "INSUFFICIENT_SCOPE", status: 403, sent: gatedRequest{
			method: "POST", body: strings.NewReader("x"), header: key(k.other),
		}},
		{name: "a throttled key", sent: gatedRequest{header: key(k.throttled)}, code: "RATE_LIMITED", status: 429},
		{name: "a throttled key, HTTP/2", sent: gatedRequest{h2: true, header: key(k.throttled)}, code: "RATE_LIMITED", status: 429},
		{name: "a spent quota", sent: gatedRequest{header: key(k.spent)}, code: "QUOTA_EXCEEDED", status: 429},
	}
}
