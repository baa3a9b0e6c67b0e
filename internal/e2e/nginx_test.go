package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// guarded is an API behind nginx with the configuration that the documentation
// gives, and the service that it asks.
type guarded struct {
	*service
	process *parts.Process
	url     string
}

func guard(t *testing.T) *guarded {
	t.Helper()
	s, process := start(t, sqliteURL(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(r.Header)
	}))
	t.Cleanup(upstream.Close)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "gateways", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	addr := parts.FreeAddr(t)
	config := strings.NewReplacer(
		"127.0.0.1:8080", strings.TrimPrefix(s.base, "http://"), "127.0.0.1:9000", strings.TrimPrefix(upstream.URL, "http://"),
		"127.0.0.1:8000", addr,
	).Replace(string(text))
	parts.Nginx(t, addr, config)
	return &guarded{s, process, "http://" + addr + "/invoices/1"}
}

// forged is what a client may send to pass for somebody else.
var forged = []string{"Key-Id", "Service-Account-Id", "Organization-Id", "Tier", "Scopes", "Environment", "Code"}

// ask sends a request with forged headers and, where the key is good, returns
// the headers that reached the API.
func (g *guarded) ask(header, key string) (answer *http.Response, body string, reached http.Header) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.url, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, name := range forged {
		r.Header.Set("X-Latchkey-"+name, "forged")
	}
	r.Header.Set(header, key)
	answer, body = fetch(g.t, r)
	if answer.StatusCode == http.StatusOK {
		if err := json.Unmarshal([]byte(body), &reached); err != nil {
			g.t.Fatalf("%v: %s", err, body)
		}
	}
	return answer, body, reached
}

// TestNginxGuardsAnAPI starts nginx with the file that the documentation gives.
func TestNginxGuardsAnAPI(t *testing.T) {
	t.Parallel()
	g := guard(t)
	id, key := g.issue("free", "invoices:read")
	_, other := g.issue("free", "customers:read")
	g.call("POST", "/api/tiers", map[string]any{
		"name": "tiny", "title": "Tiny", "rate_limit": map[string]any{"requests": 1, "per": "1h", "burst": 2},
	}, 201)
	_, throttled := g.issue("tiny", "invoices:read")

	for _, header := range []string{"X-API-Key", "Authorization"} {
		sent := key
		if header == "Authorization" {
			sent = "Bearer " + key
		}
		answer, body, reached := g.ask(header, sent)
		if answer.StatusCode != 200 || answer.Header.Get("RateLimit") == "" {
			t.Fatalf("a valid key in %s: %d %s %v", header, answer.StatusCode, body, answer.Header)
		}
		if strings.Contains(body, key) || reached.Get("X-Api-Key") != "" || reached.Get("Authorization") != "" {
			t.Errorf("the key reached the API: %v", reached)
		}
		if strings.Contains(body, "forged") {
			t.Errorf("forged headers reached the API: %v", reached)
		}
		for name, want := range map[string]string{
			"Key-Id": id, "Tier": "free", "Scopes": "invoices:read", "Environment": "live",
			"Service-Account-Id": "sa_", "Organization-Id": "org_",
		} {
			if got := reached.Get("X-Latchkey-" + name); !strings.HasPrefix(got, want) {
				t.Errorf("X-Latchkey-%s reached the API as %q, want %q", name, got, want)
			}
		}
	}
	for name, tt := range map[string]struct {
		key  string
		want int
		code string
	}{"missing": {"", 401, "MISSING"}, "invented": {"lk_live_nonsense", 401, "MALFORMED"}, "wrong scope": {other, 403, "INSUFFICIENT_SCOPE"}} {
		if answer, body, _ := g.ask("X-API-Key", tt.key); answer.StatusCode != tt.want || answer.Header.Get("X-Latchkey-Code") != tt.code {
			t.Errorf("%s key: %d %s %s, want %d %s", name, answer.StatusCode, answer.Header.Get("X-Latchkey-Code"), body, tt.want, tt.code)
		}
	}
	var last *http.Response
	var body string
	for range 3 {
		last, body, _ = g.ask("X-API-Key", throttled)
	}
	if last.StatusCode != 429 || last.Header.Get("Retry-After") == "" || !strings.Contains(body, "RATE_LIMITED") {
		t.Errorf("a throttled key: %d %s %v", last.StatusCode, body, last.Header)
	}
	g.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200)
	if answer, body, _ := g.ask("X-API-Key", key); answer.StatusCode != 401 || answer.Header.Get("X-Latchkey-Code") != "REVOKED" {
		t.Errorf("a revoked key: %d %s", answer.StatusCode, body)
	}
	// Without Latchkey nobody gets in.
	if err := g.process.Stop(); err != nil {
		t.Fatal(err)
	}
	if answer, body, _ := g.ask("X-API-Key", throttled); answer.StatusCode < 500 {
		t.Errorf("while Latchkey is down: %d %s", answer.StatusCode, body)
	}
}
