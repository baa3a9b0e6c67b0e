package proxies_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey/latchkey/internal/proxies"
)

// TestOneFamilyIsRead: the headers of the others come from the client.
func TestOneFamilyIsRead(t *testing.T) {
	t.Parallel()
	header := http.Header{
		"X-Forwarded-Method": {"PUT"}, "X-Forwarded-Uri": {"/forwarded?a"},
		"X-Original-Method": {"PATCH"}, "X-Original-Uri": {"/original?a"},
	}
	withURL := header.Clone()
	withURL.Set("X-Original-Url", "https://api.example.com/url")
	for _, tt := range []struct {
		family      proxies.Family
		path        string
		header      http.Header
		method, uri string
	}{
		{proxies.XForwarded, "/verify/request/below", header, "PUT", "/forwarded?a"},
		{proxies.XForwarded, "/verify", http.Header{}, "", ""},
		{proxies.XOriginal, "/verify/request/below", header, "PATCH", "/original?a"},
		{proxies.XOriginal, "/verify", withURL, "PATCH", "https://api.example.com/url"},
		{proxies.ByPath, "/verify/request/below/a%2Fb?c=d", header, "DELETE", "/below/a%2Fb"},
		{proxies.ByPath, "/verify/envoy/below", header, "DELETE", "/envoy/below"},
		{proxies.ByPath, "/verify/request", header, "DELETE", "/request"},
		{proxies.ByPath, "/verify/requests", header, "DELETE", "/requests"},
		{proxies.ByPath, "/verify", header, "", ""},
		{proxies.ByPath, "/verify/", header, "", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, tt.path, nil)
		r.Header = tt.header
		if method, uri := tt.family.Original(r).Original(); method != tt.method || uri != tt.uri {
			t.Errorf("%s of %s: %q %q, want %q %q", tt.family, tt.path, method, uri, tt.method, tt.uri)
		}
	}
}
