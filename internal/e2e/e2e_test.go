// Package e2e starts the real binary and uses it as people and gateways do.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

const (
	adminPassword = "correct horse battery staple"
	secret        = "what signing keys are sealed under in tests"
)

// service is a running Latchkey.
type service struct {
	t      *testing.T
	base   string
	client *http.Client
}

// call sends a request as the admin and decodes the answer.
func (s *service) call(method, path string, body any, want int) map[string]any {
	s.t.Helper()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, sent)
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth("admin@localhost", adminPassword)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end below
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != want {
		s.t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			s.t.Fatalf("%s %s: %s", method, path, text)
		}
	}
	return out
}

// issue makes a service account on the tier with the scopes, and a key of it.
func (s *service) issue(tier string, scopes ...string) (id, secret string) {
	s.t.Helper()
	organization := s.call("GET", "/api/organizations", nil, 200)["items"].([]any)[0].(map[string]any)["id"]
	account := s.call("POST", "/api/service-accounts", map[string]any{
		"organization_id": organization, "name": "e2e", "tier": tier,
		"scopes": scopes,
	}, 201)
	key := s.call("POST", "/api/keys", map[string]any{"service_account_id": account["id"], "name": "e2e"}, 201)
	return key["id"].(string), key["key"].(string)
}

// get sends a request with the key.
func get(t *testing.T, url, key string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("X-API-Key", key)
	}
	return fetch(t, r)
}

// fetch sends the request and reads the answer to its end.
func fetch(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end below
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// start runs the binary with the database at a free address.
func start(t *testing.T, database string, settings ...string) (*service, *parts.Process) {
	t.Helper()
	return startAt(t, parts.FreeAddr(t), database, settings...)
}

// startAt runs the binary at the address.
func startAt(t *testing.T, addr, database string, settings ...string) (*service, *parts.Process) {
	t.Helper()
	return launch(parts.Binary(t), &service{t: t, base: "http://" + addr, client: http.DefaultClient}, addr, database, settings)
}

// startSecure runs the binary, which serves TLS, at the address.
func startSecure(t *testing.T, addr string, client *http.Client, settings ...string) *service {
	t.Helper()
	s, _ := launch(parts.Binary(t), &service{t: t, base: "https://" + addr, client: client}, addr, sqliteURL(t), settings)
	return s
}

// launch runs the binary and waits until the service is ready.
func launch(binary string, s *service, addr, database string, settings []string) (*service, *parts.Process) {
	t := s.t
	t.Helper()
	if !strings.HasPrefix(database, "sqlite:") { // else it is the folder of the file
		settings = append([]string{"LATCHKEY_DATA_DIR=" + t.TempDir()}, settings...)
	}
	cmd := exec.Command(binary, "serve")
	cmd.Env = parts.Environ(append([]string{
		"LATCHKEY_ADDR=" + addr, "LATCHKEY_URL=" + s.base, "LATCHKEY_DATABASE_URL=" + database, "LATCHKEY_ADMIN_PASSWORD=" + adminPassword,
		"LATCHKEY_SIGN_IN_LIMIT=off",
		"LATCHKEY_SECRET=" + secret, "LATCHKEY_THROTTLE_ADMIN=off", "LATCHKEY_DRAIN=0s",
	}, settings...)...)
	p := parts.Start(t, cmd)
	t.Cleanup(func() {
		if strings.Contains(p.Output(), "DATA RACE") || strings.Contains(p.Output(), "panic") {
			t.Errorf("the service raced or panicked:\n%s", p.Output())
		}
	})
	p.AwaitListening(addr)
	parts.Await(t, 20*time.Second, "the service to be ready", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := s.client.Do(r)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			err = errors.New(answer.Status)
		}
		return errors.Join(err, answer.Body.Close())
	})
	return s, p
}

func sqliteURL(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "latchkey.db")
}
