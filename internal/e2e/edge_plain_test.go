package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// sidecar runs `latchkey edge` at a free address and returns that.
func (s *service) sidecar(settings ...string) (base string) {
	s.t.Helper()
	_, feeder := s.issue("free", "latchkey:edge-all")
	addr := parts.FreeAddr(s.t)
	cmd := exec.Command(parts.Binary(s.t), "edge")
	cmd.Env = parts.Environ(append(settings, "LATCHKEY_EDGE_UPSTREAM="+s.base, "LATCHKEY_EDGE_KEY="+feeder, "LATCHKEY_ADDR="+addr,
		"LATCHKEY_DRAIN=0s")...)
	parts.Start(s.t, cmd)
	base = "http://" + addr
	parts.Await(s.t, 10*time.Second, "the edge to be ready", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close() //nolint:errcheck // nothing is read
		if answer.StatusCode != http.StatusOK {
			return errors.New(answer.Status)
		}
		return nil
	})
	return base
}

// TestKeysThatReachAnEdgeWithoutTLS are answered as at a node, and its node records them.
func TestKeysThatReachAnEdgeWithoutTLS(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	for _, tt := range []struct {
		mode, code string
		status     int
		ways       []string
	}{
		{"off", "VALID", 200, nil},
		{"mark", "VALID", 200, []string{"plain_http"}},
		{"refuse", "PLAIN_HTTP", 403, []string{"plain_http"}},
	} {
		base := s.sidecar("LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32", "LATCHKEY_PLAIN_HTTP="+tt.mode)
		id, key := s.issue("free", "invoices:read")
		token, _ := s.accessToken("free", "invoices:read")
		_, unharmed := s.issue("free", "invoices:read")
		for name, c := range map[string]struct {
			text, proto, code string
			status            int
		}{
			"a key by HTTP":          {key, "http", tt.code, tt.status},
			"a signed token by HTTP": {token, "http", tt.code, tt.status},
			"a key by HTTPS":         {unharmed, "https", "VALID", 200},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/verify", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Authorization": {"Bearer " + c.text}, "X-Forwarded-Proto": {c.proto}}
			if answer, body := fetch(t, r); answer.StatusCode != c.status || answer.Header.Get("X-Latchkey-Code") != c.code {
				t.Errorf("%s, %s: %d %s", tt.mode, name, answer.StatusCode, body)
			}
		}
		parts.Await(t, 10*time.Second, "the exposure to be recorded", func(context.Context) error {
			got := s.call("GET", "/api/keys/"+id+"/exposures", nil, 200)["items"].([]any)
			if len(got) != len(tt.ways) || len(got) == 1 && got[0].(map[string]any)["way"] != tt.ways[0] {
				return fmt.Errorf("%s: %v", tt.mode, got)
			}
			return nil
		})
	}
}
