package parts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Caddy starts Caddy with config, a Caddyfile with global options. One of its servers
// must listen on addr, see FreeAddr.
func Caddy(tb testing.TB, addr, config string) *Server {
	tb.Helper()
	binary, dir := caddy(tb), tb.TempDir()
	file := filepath.Join(dir, "Caddyfile")
	// Every Caddy has its admin interface on the same port.
	config = strings.Replace(config, "{\n", "{\n\tadmin off\n", 1)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatalf("write the Caddyfile: %v", err)
	}
	return newServer(tb, addr, func() *exec.Cmd {
		//nolint:gosec // G204: an installed program and a file of the test
		cmd := exec.Command(binary, "run", "--adapter", "caddyfile", "--config", file)
		cmd.Env = Environ("XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
		endWithTerm(cmd)
		return cmd
	})
}

// caddy returns the path of the program: the installed one, or the one that
// scripts/parts unpacked without its service.
func caddy(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("caddy"); err == nil {
		return path
	}
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	return program(tb, filepath.Join(root, "build", "parts", "caddy"))
}
