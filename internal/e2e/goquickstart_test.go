package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// quickstart builds the program of the client's README in a fresh folder, outside
// of the workspace.
func quickstart(t *testing.T) (dir string) {
	t.Helper()
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
	dir = t.TempDir()
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
	return dir
}

// TestGoQuickstart asks the program of the client's README.
func TestGoQuickstart(t *testing.T) {
	t.Parallel()
	dir := quickstart(t)
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

// TestGoQuickstartCommands runs the commands of the client's README, after those
// of the service's README that they name.
func TestGoQuickstartCommands(t *testing.T) {
	t.Parallel()
	dir := quickstart(t)
	s, _ := start(t, sqliteURL(t))
	var commands []string
	for _, block := range blocks(t, "../../README.md") {
		for line := range strings.Lines(block) {
			if strings.HasPrefix(line, "api() {") || strings.HasPrefix(line, "field() {") {
				commands = append(commands, line)
			}
		}
	}
	commands = append(append(commands, blocks(t, "../../client/README.md")...), "kill %1")
	text := strings.NewReplacer("http://localhost:8080", s.base, "localhost:3000", parts.FreeAddr(t), "go run .", "./invoices").
		Replace(strings.Join(commands, "\n"))
	shell := exec.CommandContext(t.Context(), "bash", "-c", text)
	shell.Dir, shell.Env = dir, parts.Environ("LATCHKEY_ADMIN_PASSWORD="+adminPassword)
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "invoices of Acme") {
		t.Errorf("%v: %s", err, out)
	}
}
