package e2e

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// replayed is a gateway that is not run here, and what it asks for a request of
// a client: {method} and {uri} are the client's, {credential} is the line with
// its key, {client} its address.
type replayed struct {
	name  string
	asks  string
	holds []string // what its configuration has to say for that
}

// envoyAsks is what Envoy 1.40 sends with envoy.yaml, byte for byte but for the
// order of lines.
const envoyAsks = `{method} /verify/request{uri} HTTP/1.1
host: api.example.com
content-length: 0
{credential}
user-agent: acme/1
x-forwarded-for: {client}
x-request-id: 9ec97fe5-4f56-4c31-b4af-0eaa43561723
x-latchkey-scope: invoices:read
x-envoy-internal: true
x-envoy-expected-rq-timeout-ms: 2000
`

var replays = []replayed{
	{
		"envoy-gateway", envoyAsks,
		[]string{
			"path: /verify/request\n", `{name: X-Latchkey-Scope, value: "invoices:read"}`,
			"[X-API-Key, User-Agent, X-Forwarded-For, X-Latchkey-Scope]",
		},
	},
	{
		// Its gateway appends the client's address to what the client sent.
		"istio", strings.Replace(envoyAsks, "{client}", "203.0.113.9,{client}", 1),
		[]string{
			"pathPrefix: /verify/request\n", `{x-latchkey-scope: "invoices:read"}`,
			"[x-api-key, authorization, user-agent, x-forwarded-for]",
		},
	},
	{
		"kong", `GET /verify?scope=invoices:read HTTP/1.1
Host: 127.0.0.1:8080
User-Agent: acme/1
{credential}
X-Forwarded-For: {client}
X-Forwarded-Method: {method}
X-Forwarded-Uri: {uri}
`,
		[]string{
			`"http://127.0.0.1:8080/verify?scope=invoices:read"`, `method = "GET"`, `["X-Forwarded-Method"] = kong.request.get_method()`,
			`["X-Forwarded-Uri"] = kong.request.get_raw_path()`,
		},
	},
	{
		"apisix", `GET /verify?scope=invoices:read HTTP/1.1
Host: 127.0.0.1:8080
User-Agent: acme/1
{credential}
X-Forwarded-Proto: https
X-Forwarded-Method: {method}
X-Forwarded-Host: api.example.com
X-Forwarded-Uri: {uri}
X-Forwarded-For: {client}
`,
		[]string{
			"uri: http://127.0.0.1:8080/verify?scope=invoices:read\n", "request_method: GET\n", "[X-API-Key, Authorization, User-Agent]",
		},
	},
}

// TestGatewaysReplayed sends Latchkey what gateways would send that are not run.
func TestGatewaysReplayed(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	k := (&gated{service: s}).issueKeys()
	stranger, _ := start(t, sqliteURL(t))
	_, unasked := stranger.issue("free", "customers:read")
	for _, g := range replays {
		t.Run(g.name, func(t *testing.T) {
			text := documented(t, g.name+".yaml")
			for _, want := range g.holds {
				if !strings.Contains(text, want) {
					t.Errorf("%s.yaml does not say %s", g.name, want)
				}
			}
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} {
				for _, tt := range replayCases(k) {
					g.replay(t, s.base, method, tt)
				}
			}
			// A Latchkey that does not know the gateway asks for the scope all the same, or refuses.
			answer := g.send(t, stranger.base, "POST", "X-API-Key: "+unasked)
			if answer.StatusCode != http.StatusBadRequest && answer.StatusCode != http.StatusForbidden {
				t.Errorf("a gateway that Latchkey does not know: %d", answer.StatusCode)
			}
		})
	}
}

type replayCase struct {
	name, credential, code string
	status                 int
}

func replayCases(k gatedKeys) []replayCase {
	return []replayCase{
		{"a key in X-API-Key", "X-API-Key: " + k.good, "VALID", 200},
		{"a bearer", "Authorization: Bearer " + k.good, "VALID", 200},
		{"an allowed address", "X-API-Key: " + k.mine, "VALID", 200},
		{"no key", "Accept: */*", "MISSING", 401},
		{"a malformed key", "X-API-Key: lk_live_nonsense", "MALFORMED", 401},
		{"two keys", "X-API-Key: " + k.good + "\nAuthorization: Bearer " + k.other, "MALFORMED", 401},
		{"two keys of one name", "X-API-Key: " + k.good + "," + k.other, "MALFORMED", 401},
		{"a revoked key", "X-API-Key: " + k.revoked, "REVOKED", 401},
		{"a key without the scope", "X-API-Key: " + k.other, "INSUFFICIENT_SCOPE", 403},
		{"an address that the client only tells", "X-API-Key: " + k.theirs, "IP_NOT_ALLOWED", 403},
		{"a throttled key", "X-API-Key: " + k.throttled, "RATE_LIMITED", 429},
		{"a spent quota", "X-API-Key: " + k.spent, "QUOTA_EXCEEDED", 429},
	}
}

// replay checks the answer to one question.
func (g *replayed) replay(t *testing.T, base, method string, tt replayCase) {
	t.Helper()
	answer := g.send(t, base, method, tt.credential)
	if answer.StatusCode != tt.status || answer.Header.Get("X-Latchkey-Code") != tt.code {
		t.Errorf("%s, %s: %d %v, want %d %s", method, tt.name, answer.StatusCode, answer.Header, tt.status, tt.code)
		return
	}
	wanted := map[string]string{}
	switch tt.status {
	case http.StatusOK:
		wanted = identity
	case http.StatusTooManyRequests:
		wanted["Retry-After"] = ""
	case http.StatusUnauthorized:
		wanted["WWW-Authenticate"] = "Bearer "
	}
	for name, want := range wanted {
		if got := answer.Header.Values(name); len(got) != 1 || got[0] == "" || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s, %s: %s is %q, want %q", method, tt.name, name, got, want)
		}
	}
}

// send sends the question as the gateway would, and returns the answer without
// its body.
func (g *replayed) send(t *testing.T, base, method, credential string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // the test is over then
	question := strings.NewReplacer(
		"{method}", method, "{uri}", "/invoices/1?scope=customers:read&cost=1000000000&q=%zz", "{credential}", credential,
		"{client}", clientAddress,
	).Replace(g.asks)
	if _, err := io.WriteString(conn, strings.ReplaceAll(question, "\n", "\r\n")+"\r\n"); err != nil {
		t.Fatal(err)
	}
	// The method that is asked with, which may be another than the client's.
	asked, _, _ := strings.Cut(question, " ")
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: asked})
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return answer
}
