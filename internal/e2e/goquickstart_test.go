package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestGoQuickstart builds the program of the client's README in a fresh folder,
// outside of the workspace, and asks it.
func TestGoQuickstart(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../client/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(string(readme), "```go\npackage main")
	program, _, ended := strings.Cut(program, "```")
	if !found || !ended {
		t.Fatal("the README has no program")
	}
	module, err := filepath.Abs("../../client")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": "package main" + program,
		"go.mod": "module example.com/invoices\n\ngo 1.25\n\nrequire github.com/latchkey/latchkey/client v0.1.0\n\n" +
			"replace github.com/latchkey/latchkey/client => " + module + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "invoices", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	s, service := start(t, sqliteURL(t))
	_, key := s.issue("free", "invoices:read")
	_, verifying := s.issue("free", "latchkey:verify")
	addr := parts.FreeAddr(t)
	api := exec.Command(filepath.Join(dir, "invoices"))
	api.Env = append(os.Environ(), "ADDR="+addr, "LATCHKEY_URL="+s.base, "LATCHKEY_API_KEY="+verifying)
	parts.Start(t, api).AwaitListening(addr)
	for _, tt := range []struct {
		key, want string
		status    int
	}{
		{key, "invoices of e2e\n", 200},
		{"", `"code":"MISSING"`, 401},
		{verifying, `"missing_scopes":["invoices:read"]`, 403},
	} {
		if answer, body := get(t, "http://"+addr+"/invoices", tt.key); answer.StatusCode != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%d %s, want %d %s", answer.StatusCode, body, tt.status, tt.want)
		}
	}
	if err := service.Stop(); err != nil {
		t.Fatal(err)
	}
	if answer, body := get(t, "http://"+addr+"/invoices", key); answer.StatusCode != 503 || !strings.Contains(body, `"code":"unavailable"`) {
		t.Errorf("without Latchkey: %d %s", answer.StatusCode, body)
	}
}
