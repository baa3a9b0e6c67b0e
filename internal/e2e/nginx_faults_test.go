package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// asked stands between nginx and the service, and keeps what nginx asks.
type asked struct {
	mu   sync.Mutex
	last *http.Request
}

func (a *asked) seen() *http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

// watched is the address of a proxy of the service that keeps what it is asked.
func watched(t *testing.T, s *service) (string, *asked) {
	t.Helper()
	a := &asked{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.last = r.Clone(r.Context())
		a.mu.Unlock()
		onward := r.Clone(r.Context())
		onward.URL.Scheme, onward.URL.Host, onward.RequestURI = "http", strings.TrimPrefix(s.base, "http://"), ""
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
	}))
	t.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "http://"), a
}

// echo is an API that tells what reached it, and takes upgrades.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
		_ = conn.Close()
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	w.Header().Set("X-Reached", fmt.Sprintf("%s %s %d %v %d", r.Method, r.URL.RequestURI(), n, err, len(r.Header.Get("X-Latchkey-Scopes"))))
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
	}
	_, _ = io.WriteString(w, r.Header.Get("X-Api-Key")+r.Header.Get("Authorization"))
}

// front starts nginx with the documentation's file between the API and what
// answers /verify, and returns its address.
func front(t *testing.T, verify string) string {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(api.Close)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "gateways", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	addr := parts.FreeAddr(t)
	parts.Nginx(t, addr, strings.NewReplacer(
		"127.0.0.1:8080", verify, "127.0.0.1:9000", strings.TrimPrefix(api.URL, "http://"), "127.0.0.1:8000", addr).Replace(string(text)))
	return addr
}

// sent is a request to the API behind nginx.
type sent struct {
	method, query, key string
	header             http.Header
	body               io.Reader
}

func (s sent) to(t *testing.T, addr string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), s.method, "http://"+addr+"/invoices/1"+s.query, s.body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range s.header {
		r.Header[name] = values
	}
	if s.key != "" {
		r.Header.Set("X-API-Key", s.key)
	}
	return fetch(t, r)
}

// problem checks that a refusal is a problem with the status and the code.
func problem(t *testing.T, what string, answer *http.Response, body string, status int, code string) {
	t.Helper()
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
	}
	if answer.StatusCode != status || answer.Header.Get("Content-Type") != "application/problem+json" ||
		json.Unmarshal([]byte(body), &p) != nil ||
		p.Status != status || p.Code != code || p.Title != http.StatusText(status) || p.Type == "" {
		t.Errorf("%s: %d %v %s, want a problem with %d and %s", what, answer.StatusCode, answer.Header, body, status, code)
	}
}

func TestNginxRefusesWithProblems(t *testing.T) {
	t.Parallel()
	s, process := start(t, sqliteURL(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	verify, _ := watched(t, s)
	addr := front(t, verify)
	_, key := s.issue("free", "invoices:read")
	_, other := s.issue("free", "customers:read")
	s.call("POST", "/api/tiers", map[string]any{
		"name": "tiny", "title": "Tiny", "rate_limit": map[string]any{"requests": 1, "per": "1h", "burst": 1},
	}, 201)
	_, tiny := s.issue("tiny", "invoices:read")
	sent{method: "GET", key: tiny}.to(t, addr)
	for _, tt := range []struct {
		name, key, code string
		status          int
		header          string
	}{
		{"no key", "", "MISSING", 401, "WWW-Authenticate"},
		{"an unknown key", "lk_live_nonsense", "MALFORMED", 401, "WWW-Authenticate"},
		{"without the scope", other, "INSUFFICIENT_SCOPE", 403, "X-Latchkey-Code"},
		{"over the limit", tiny, "RATE_LIMITED", 429, "Retry-After"},
	} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			answer, body := sent{method: method, key: tt.key}.to(t, addr)
			problem(t, tt.name+", "+method, answer, body, tt.status, tt.code)
			if got := answer.Header.Values(tt.header); len(got) != 1 || got[0] == "" || answer.Header.Get("X-Latchkey-Code") != tt.code {
				t.Errorf("%s: %s is %q in %v", tt.name, tt.header, got, answer.Header)
			}
		}
		if answer, body := (sent{method: "HEAD", key: tt.key}).to(t, addr); answer.StatusCode != tt.status || body != "" {
			t.Errorf("%s, HEAD: %d %s", tt.name, answer.StatusCode, body)
		}
	}
	if err := process.Stop(); err != nil {
		t.Fatal(err)
	}
	for what, addr := range map[string]string{
		"Latchkey down": front(t, strings.TrimPrefix(s.base, "http://")), "Latchkey answers 502": addr,
		"Latchkey hangs": front(t, silent(t)),
	} {
		answer, body := sent{method: "GET", key: key}.to(t, addr)
		problem(t, what, answer, body, 503, "unavailable")
		if answer.Header.Get("Retry-After") != "5" {
			t.Errorf("%s: come again %q", what, answer.Header.Get("Retry-After"))
		}
	}
}

// silent is an address that takes connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// TestNginxKnowsEveryCode holds the texts of the refusals to the codes.
func TestNginxKnowsEveryCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "gateways", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range verify.Codes() {
		want := `"type":"urn:latchkey:problem:` + strings.ToLower(string(code)) + `","code":"` + string(code) + `","detail":"`
		if code != verify.Valid && !strings.Contains(string(text), want) {
			t.Errorf("nginx.conf has no %s", want)
		}
	}
}

func TestNginxPassesRequestsOn(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	verify, asked := watched(t, s)
	addr := front(t, verify)
	s.call("POST", "/api/tiers", map[string]any{"name": "vast", "title": "Vast", "rate_limit": map[string]any{
		"requests": 100000, "per": "1s",
		"burst": 100000,
	}}, 201)
	_, key := s.issue("vast", "invoices:read")
	scopes := []string{"invoices:read"}
	for i := range 40 { // beyond one of nginx's pages of memory
		scope := fmt.Sprintf("%s%03d:read", strings.Repeat("s", keys.MaxScopeLength-8), i)
		s.call("POST", "/api/scopes", map[string]any{"name": scope, "description": "One of many"}, 201)
		scopes = append(scopes, scope)
	}
	_, broad := s.issue("vast", scopes...)
	large := bytes.Repeat([]byte("x"), 3<<20)
	preflight := http.Header{"Origin": {"https://app.example.com"}, "Access-Control-Request-Method": {"POST"}}
	for _, tt := range []struct {
		name    string
		sent    sent
		status  int
		reached string
	}{
		{"an upload over 1 MiB", sent{method: "POST", key: key, body: bytes.NewReader(large)}, 200, "POST /invoices/1 3145728 <nil> 13"},
		{"one in chunks", sent{method: "PUT", key: key, body: io.MultiReader(bytes.NewReader(large))}, 200, "PUT /invoices/1 3145728 <nil> 13"},
		{
			"one that waits to be told", sent{
				method: "POST", key: key, body: bytes.NewReader(large), header: http.Header{"Expect": {"100-continue"}},
			}, 200, "POST /invoices/1 3145728 <nil> 13",
		},
		{"one without a key", sent{method: "POST", body: bytes.NewReader(large), header: http.Header{"Expect": {"100-continue"}}}, 401, ""},
		{"HEAD", sent{method: "HEAD", key: key}, 200, "HEAD /invoices/1 0 <nil> 13"},
		{
			"a query",
			sent{method: "GET", query: "?scope=customers:read&cost=9&q=%20a", key: key},
			200,
			"GET /invoices/1?scope=customers:read&cost=9&q=%20a 0 <nil> 13",
		},
		{"many long scopes", sent{method: "GET", key: broad}, 200, fmt.Sprintf("GET /invoices/1 0 <nil> %d", len(strings.Join(scopes, " ")))},
		{"a preflight", sent{method: "OPTIONS", header: preflight}, 200, "OPTIONS /invoices/1 0 <nil> 0"},
		{"OPTIONS that is none", sent{method: "OPTIONS", header: http.Header{"Origin": {"https://app.example.com"}}}, 401, ""},
		{"what only looks like a preflight", sent{method: "POST", header: preflight}, 401, ""},
	} {
		answer, body := tt.sent.to(t, addr)
		if got := answer.Header.Get("X-Reached"); answer.StatusCode != tt.status || got != tt.reached || strings.Contains(body, key) {
			t.Errorf("%s: %d, the API got %q, want %d and %q\n%s", tt.name, answer.StatusCode, got, tt.status, tt.reached, body)
		}
	}
	tell := http.Header{
		"Cache-Control": {"no-cache"}, "Pragma": {"no-cache"}, "Cookie": {"a=b"}, "X-Ssl-Client-Cert": {"x"}, "X-Ssl-Client-Verify": {"SUCCESS"},
		"Client-Cert": {"x"},
		"Remote-User": {"admin"}, "X-Forwarded-For": {"203.0.113.9"}, "Forwarded": {"for=203.0.113.9"}, "Upgrade": {"h2c"},
		"Accept": {"text/html"}, "User-Agent": {"acme/1"}, "X-Forwarded-Method": {"PUT"}, "X-Forwarded-Uri": {"/spoofed"},
	}
	sent{method: "GET", query: "?scope=x:y", key: key, header: tell}.to(t, addr)
	got := asked.seen()
	passed := []string{
		"X-Api-Key", "User-Agent", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Uri",
	}
	for name := range got.Header {
		if !slices.Contains(passed, name) {
			t.Errorf("%s of the client reached /verify: %v", name, got.Header)
		}
	}
	if told := got.Header; told.Get("X-Forwarded-Method") != "GET" || strings.Contains(told.Get("X-Forwarded-Uri"), "spoofed") {
		t.Errorf("the client says which request it is: %v", told)
	}
	if got.Method != "GET" || got.URL.RequestURI() != "/verify?scope=invoices:read" || got.Header.Get("X-Forwarded-For") != "127.0.0.1" ||
		got.UserAgent() != "acme/1" {
		t.Errorf("asked %s %s %v", got.Method, got.URL, got.Header)
	}
}

// TestNginxOpensWebSockets and refuses what is too large before it is sent.
func TestNginxOpensWebSockets(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	_, key := s.issue("free", "invoices:read")
	addr := front(t, strings.TrimPrefix(s.base, "http://"))
	for _, tt := range []struct {
		name, text, want string
	}{
		{"a WebSocket", "GET /invoices/1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-API-Key: " + key +
			"\r\n\r\n", "HTTP/1.1 101 "},
		{"one without a key", "GET /invoices/1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "HTTP/1.1 401 "},
		{"a body that the API does not take", "POST /invoices/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 200000000\r\nX-API-Key: " + key +
			"\r\n\r\n", "HTTP/1.1 413 "},
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, tt.text)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, tt.want) {
			t.Errorf("%s: %q %v, want %s", tt.name, line, err, tt.want)
		}
		_ = conn.Close()
	}
}
