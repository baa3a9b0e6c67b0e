package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/parts"
)

// django starts the API of testdata/moving_server.py and returns its address.
func django(t *testing.T, database, mode string, dump ...string) (*parts.Process, string) {
	t.Helper()
	addr := parts.FreeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join("testdata", "moving_server.py")
	cmd := exec.Command(parts.Venv(t), append([]string{program, database, port, mode}, dump...)...)
	p := parts.Start(t, cmd)
	awaitPort(t, p, addr)
	return p, addr
}

// awaitPort waits until something listens.
func awaitPort(t *testing.T, p *parts.Process, addr string) {
	t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return
		}
	}
	t.Fatalf("nothing listens at %s:\n%s", addr, p.Output())
}

// gatewayTo starts nginx with the file of the documentation in front of an API.
func gatewayTo(t *testing.T, s *service, api string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "gateways", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	addr := parts.FreeAddr(t)
	parts.Nginx(t, addr, strings.NewReplacer(
		"127.0.0.1:8080", strings.TrimPrefix(s.base, "http://"), "127.0.0.1:9000", api, "127.0.0.1:8000", addr,
	).Replace(string(text)))
	return addr
}

// asks is what a client of the API does, and what it gets.
func asks(t *testing.T, addr, authorization string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/invoices/1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, body := fetch(t, r)
	return answer.StatusCode, body
}

// TestMovingFromDjango moves the keys of a Django project with
// djangorestframework-api-key and authtoken. Its clients get the same answers from the
// gateway as before from Django.
func TestMovingFromDjango(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dump := filepath.Join(dir, "dump.json")
	before, guarded := django(t, filepath.Join(dir, "guarded.db"), "guarded", dump)
	var keys map[string]string
	first, _, _ := strings.Cut(before.Output(), "\n")
	if err := json.Unmarshal([]byte(first), &keys); err != nil {
		t.Fatalf("%v: %s", err, before.Output())
	}
	_, api := django(t, filepath.Join(dir, "open.db"), "open")

	url := sqliteURL(t)
	s, _ := start(t, url, "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	gateway := gatewayTo(t, s, api)
	dry := command(t, dir, url, "import", "--from", "django", dump, "--scopes", "invoices:read", "--dry-run")
	said := command(t, dir, url, "import", "--from", "django", dump, "--scopes", "invoices:read")
	if !strings.Contains(said, "6  keys imported") || !strings.Contains(dry, "6  keys imported") {
		t.Fatalf("a dry run said:\n%s\nthe import said:\n%s", dry, said)
	}
	again := command(t, dir, url, "import", "--from", "django", dump, "--scopes", "invoices:read")
	if !strings.Contains(again, "6  keys were here, unchanged") {
		t.Errorf("a second import said:\n%s", again)
	}
	time.Sleep(3 * time.Second) // until the running service knows what imported keys look like

	wrong := keys["valid"][:9] + strings.Repeat("x", 32)
	sent := map[string]string{"none": "", "nonsense": "Api-Key nonsense", "wrong secret": "Api-Key " + wrong}
	for name, key := range keys {
		scheme := "Api-Key "
		if strings.HasPrefix(name, "token") {
			scheme = "Token "
		}
		sent[name] = scheme + key
	}
	for name, authorization := range sent {
		was, body := asks(t, guarded, authorization)
		for n := range 2 { // the first use of a key stores its SHA-256
			is, same := asks(t, gateway, authorization)
			if (is == http.StatusOK) != (was == http.StatusOK) || is == http.StatusOK && same != body {
				t.Errorf("%s: Django answered %d %s, request %d to the gateway got %d %s", name, was, body, n+1, is, same)
			}
		}
	}
	_, feeder := s.issue("free", "latchkey:edge-all")
	e := s.edgeOf(feeder)
	for name, want := range map[string]string{"valid": "VALID", "old": "VALID", "revoked": "REVOKED", "expired": "EXPIRED", "token": "VALID"} {
		if v := verdict(t, e, client.Question{Key: keys[name]}); string(v.Code) != want {
			t.Errorf("at an edge, %s is %s", name, v.Code)
		}
	}
	s.checkRotation(keys["valid"])
}

// checkRotation rotates a foreign key, which then has one of ours as its successor.
func (s *service) checkRotation(foreign string) {
	s.t.Helper()
	asked := s.call("POST", "/verify", map[string]any{"key": foreign}, 200)
	id := fmt.Sprint(asked["key_id"])
	rotated := s.call("POST", "/api/keys/"+id+"/rotate", map[string]any{}, 201)
	secret := fmt.Sprint(rotated["key"])
	if !strings.HasPrefix(secret, "lk_live_") {
		s.t.Errorf("the successor of a foreign key begins with %.8q", secret)
	}
	if got := s.call("POST", "/verify", map[string]any{"key": secret, "scopes": []string{"invoices:read"}}, 200); got["code"] != "VALID" {
		s.t.Errorf("the successor is %v", got["code"])
	}
}

// TestMovingFromBetterAuth moves the keys of better-auth's plugin on SQLite.
func TestMovingFromBetterAuth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, err := os.ReadFile(filepath.Join("testdata", "betterauth", "keys.ts"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(parts.BetterAuth(t), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), parts.Bun(t), written(t, dir, "keys.ts", string(program)), "auth.db", "dump.json")
	cmd.Dir, cmd.Env = dir, parts.Environ()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	answers := betterAuthAnswers(t, out)

	url := sqliteURL(t)
	s, _ := start(t, url)
	if said := command(t, dir, url, "import", "--from", "better-auth", "dump.json"); !strings.Contains(said, "5  keys imported") {
		t.Fatal(said)
	}
	time.Sleep(3 * time.Second) // until the running service knows what imported keys look like
	for name, is := range answers {
		for range 2 {
			got := s.call("POST", "/verify", map[string]any{"key": is.key, "scopes": []string{"invoices:read"}}, 200)
			if got["valid"] != is.valid {
				t.Errorf("%s: better-auth says %v, Latchkey says %v", name, is.valid, got)
			}
			if name == "valid" && fmt.Sprint(got["metadata"]) != "map[plan:pro]" {
				t.Errorf("its metadata is %v", got["metadata"])
			}
		}
	}
	limited := answers["limited"].key
	s.call("POST", "/verify", map[string]any{"key": limited}, 200)
	if got := s.call("POST", "/verify", map[string]any{"key": limited}, 200); got["code"] != "RATE_LIMITED" {
		t.Errorf("the fourth request in an hour: %v", got["code"])
	}
}

// betterAuthAnswer is a key and whether better-auth lets it in.
type betterAuthAnswer struct {
	key   string
	valid bool
}

func betterAuthAnswers(t *testing.T, out []byte) map[string]betterAuthAnswer {
	t.Helper()
	var told map[string][2]any
	if err := json.Unmarshal(out, &told); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	answers := map[string]betterAuthAnswer{}
	for name, pair := range told {
		answers[name] = betterAuthAnswer{pair[0].(string), pair[1].(bool)}
	}
	return answers
}
