//go:build contract

package contract

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestGeneratedClients makes clients of the contract, each by another
// generator, and lets each tell the main story to one running service: sign in,
// make a service account and a key, verify, rotate, revoke, page through a
// list, read problems.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	c := parts.NewContract(t)
	base := serve(t)
	t.Run("go", func(t *testing.T) {
		t.Parallel()
		goClients(t, c, base)
	})
	t.Run("typescript", func(t *testing.T) {
		t.Parallel()
		typescriptClients(t, c, base)
	})
}

func goClients(t *testing.T, c *parts.Contract, base string) {
	t.Helper()
	dir := place(t, c, "clients", "clients")
	tool := func(arguments ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", arguments...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
		run(t, cmd)
	}
	for _, name := range []string{"ogen/api", "oapicodegen/api"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	tool("tool", "oapi-codegen", "-generate", "types,client,skip-prune", "-package", "api", "-o", "oapicodegen/api/api.gen.go", c.Document())
	tool("tool", "ogen", "--target", "ogen/api", "--package", "api", "--clean", c.Document())
	tool("build", "-trimpath", "-o", "bin/", "./ogen", "./oapicodegen")
	for _, name := range []string{"oapicodegen", "ogen"} {
		t.Run(name, func(t *testing.T) {
			run(t, exec.CommandContext(t.Context(), filepath.Join(dir, "bin", name), base, email, password))
		})
	}
}

func typescriptClients(t *testing.T, c *parts.Contract, base string) {
	t.Helper()
	place(t, c, "npm", "npm")
	run(t, c.Node("openapi-typescript", c.Document(), "-o", "fetch/api.d.ts"))
	run(t, c.Node("openapi-ts"))
	run(t, c.Node("tsc", "-p", "."))
	for name, main := range map[string]string{"openapi-fetch": "fetch/main.ts", "hey-api": "heyapi/main.ts"} {
		t.Run(name, func(t *testing.T) {
			cmd := c.Node("", main)
			cmd.Env = append(cmd.Env, "LATCHKEY_BASE="+base, "LATCHKEY_EMAIL="+email, "LATCHKEY_PASSWORD="+password)
			run(t, cmd)
		})
	}
}
