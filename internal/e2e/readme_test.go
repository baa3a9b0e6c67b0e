package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeCommands runs the README's curl lines as they stand there.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "With curl,")
	_, rest, _ = strings.Cut(rest, "```sh\n")
	commands, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the README has no curl lines")
	}
	s, _ := start(t, sqliteURL(t))
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", strings.ReplaceAll(commands, "http://localhost:8080", s.base))
	cmd.Env = append(os.Environ(), "LATCHKEY_ADMIN_PASSWORD="+adminPassword)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "X-Latchkey-Code: VALID") {
		t.Errorf("%v: %s", err, out)
	}
}
