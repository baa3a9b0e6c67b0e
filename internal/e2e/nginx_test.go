package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestNginxGuardsAnAPI starts nginx with the file that the documentation gives.
func TestNginxGuardsAnAPI(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "key=%q auth=%q id=%s org=%s", r.Header.Get("X-API-Key"), r.Header.Get("Authorization"), r.Header.Get("X-Latchkey-Key-Id"), r.Header.Get("X-Latchkey-Organization-Id"))
	}))
	t.Cleanup(upstream.Close)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "gateways", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	addr := parts.FreeAddr(t)
	config := strings.NewReplacer(
		"127.0.0.1:8080", strings.TrimPrefix(s.base, "http://"), "127.0.0.1:9000", strings.TrimPrefix(upstream.URL, "http://"), "127.0.0.1:8000", addr,
	).Replace(string(text))
	parts.Nginx(t, addr, config)
	url := "http://" + addr + "/invoices/1"

	id, key := s.issue("free", "invoices:read")
	_, other := s.issue("free", "customers:read")
	s.call("POST", "/api/tiers", map[string]any{"name": "tiny", "title": "Tiny", "rate_limit": map[string]any{"requests": 1, "per": "1h", "burst": 2}}, 201)
	_, throttled := s.issue("tiny", "invoices:read")

	answer, body := get(t, url, key)
	if answer.StatusCode != 200 || !strings.Contains(body, `key="" auth="" id=`+id) || strings.Contains(body, "org_forged") || answer.Header.Get("RateLimit") == "" {
		t.Errorf("a valid key: %d %s %v", answer.StatusCode, body, answer.Header)
	}
	for name, tt := range map[string]struct {
		key  string
		want int
	}{"missing": {"", 401}, "invented": {"lk_live_nonsense", 401}, "wrong scope": {other, 403}} {
		if answer, body := get(t, url, tt.key); answer.StatusCode != tt.want {
			t.Errorf("%s key: %d %s, want %d", name, answer.StatusCode, body, tt.want)
		}
	}
	var last *http.Response
	for range 3 {
		last, body = get(t, url, throttled)
	}
	if last.StatusCode != 429 || last.Header.Get("Retry-After") == "" || !strings.Contains(body, "RATE_LIMITED") {
		t.Errorf("a throttled key: %d %s %v", last.StatusCode, body, last.Header)
	}
	s.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200)
	if answer, body := get(t, url, key); answer.StatusCode != 401 || answer.Header.Get("X-Latchkey-Code") != "REVOKED" {
		t.Errorf("a revoked key: %d %s", answer.StatusCode, body)
	}
}
