package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestDjangoClients sends what clients of Django REST Framework and SimpleJWT
// send: the curl lines of their documentation, and Python as people write it,
// with an OAuth 2.0 library.
func TestDjangoClients(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	s.call("POST", "/api/users", map[string]any{
		"email": "david@example.com", "username": "davidattenborough", "password": adminPassword,
		"is_admin": true,
	}, 201)
	for name, command := range map[string][]string{
		"curl":   {"bash", filepath.Join("..", "..", "scripts", "drf-curl.sh")},
		"Python": {parts.Python(t, "requests", "requests_oauthlib"), filepath.Join("testdata", "drf_client.py")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Env = parts.Environ("BASE="+s.base, "EMAIL=david@example.com", "USERNAME=davidattenborough", "PASSWORD="+adminPassword)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "all answered as") {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}
