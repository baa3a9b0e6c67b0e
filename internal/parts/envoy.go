package parts

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// gatewayProgram returns the path of a gateway that scripts/parts got from PyPI,
// because Debian has none.
func gatewayProgram(tb testing.TB, below ...string) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	return program(tb, filepath.Join(append([]string{root, "build", "gateways"}, below...)...))
}

// Envoy starts Envoy with config, a whole configuration in YAML. One of its listeners
// must be at addr, see FreeAddr.
func Envoy(tb testing.TB, addr, config string) *Server {
	tb.Helper()
	binary, file := gatewayProgram(tb, "envoy"), filepath.Join(tb.TempDir(), "envoy.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatalf("write the configuration of Envoy: %v", err)
	}
	return newServer(tb, addr, func() *exec.Cmd {
		// Its shared memory has one name for the whole machine, and is only for restarts.
		//nolint:gosec // G204: a program and a file of the tests
		cmd := exec.Command(binary, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning")
		endWithTerm(cmd)
		return cmd
	})
}
