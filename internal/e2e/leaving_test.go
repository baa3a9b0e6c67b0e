package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestLeaving exports from a service that runs, verifies keys with the programs of
// docs/leaving.md, and moves into another store.
func TestLeaving(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "leaving.md"))
	if err != nil {
		t.Fatal(err)
	}
	url := sqliteURL(t)
	s, _ := start(t, url)
	id, good := s.issue("free", "invoices:read")
	account := s.call("GET", "/api/keys/"+id, nil, 200)["service_account_id"].(string)
	revokedID, revoked := s.issue("free", "invoices:read")
	s.call("POST", "/api/keys/"+revokedID+"/revoke", map[string]any{}, 200)
	disabledID, disabled := s.issue("free", "invoices:read")
	s.call("PATCH", "/api/keys/"+disabledID, map[string]any{"disabled": true}, 200)
	expiringID, expired := s.issue("free", "invoices:read")
	s.call("PATCH", "/api/keys/"+expiringID, map[string]any{"expires_at": time.Now().Add(time.Second).UTC()}, 200)
	closedID, closed := s.issue("free", "invoices:read")
	closedAccount := s.call("GET", "/api/keys/"+closedID, nil, 200)["service_account_id"].(string)
	s.call("PATCH", "/api/service-accounts/"+closedAccount, map[string]any{"disabled": true}, 200)

	dir := t.TempDir()
	command(t, dir, url, "export", "--with-hashes", "--output", "latchkey.jsonl")
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(2 * time.Second))) // until the one has expired
	for language, run := range map[string]func(t *testing.T, dir, text string) *exec.Cmd{"go": runGo, "ts": runBun, "python": runPython} {
		t.Run(language, func(t *testing.T) {
			_, text, found := strings.Cut(string(page), "```"+language+"\n")
			text, _, closing := strings.Cut(text, "```")
			if !found || !closing {
				t.Fatalf("docs/leaving.md has no program for %s", language)
			}
			at := t.TempDir()
			check := func(key string) (string, error) {
				cmd := run(t, at, text)
				cmd.Dir, cmd.Stdin = dir, strings.NewReader(key+"\n")
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := check(good); err != nil || out != account+" invoices:read\n" {
				t.Errorf("a key: %v, %s", err, out)
			}
			for what, key := range map[string]string{
				"revoked": revoked, "disabled": disabled, "expired": expired, "of a disabled account": closed, "unknown": good[:len(good)-1] + "x",
			} {
				if out, err := check(key); err == nil || out != "refused\n" {
					t.Errorf("a key that is %s: %v, %s", what, err, out)
				}
			}
		})
	}

	other := sqliteURL(t)
	if out := command(t, dir, other, "import", "--from", "latchkey", "latchkey.jsonl"); !strings.Contains(out, "key") {
		t.Errorf("the import says %s", out)
	}
	moved, _ := start(t, other)
	for key, want := range map[string]string{good: "VALID", revoked: "REVOKED", disabled: "DISABLED", expired: "EXPIRED"} {
		if code := code(t, moved.base, key); code != want {
			t.Errorf("in the other store: %s, want %s", code, want)
		}
	}
}

func runBun(t *testing.T, dir, text string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), parts.Bun(t), written(t, dir, "check.ts", text))
}

// command runs a command of the binary on the store and returns what it prints.
func command(t *testing.T, dir, url string, args ...string) string {
	t.Helper()
	binary, err := filepath.Abs(parts.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = dir
	cmd.Env = parts.Environ("LATCHKEY_DATABASE_URL="+url, "LATCHKEY_SECRET="+secret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("latchkey %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
