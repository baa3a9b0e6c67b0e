package parts

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Traefik starts Traefik with config, a file of its file provider, listening on
// addr, see FreeAddr.
func Traefik(tb testing.TB, addr, config string) *Server {
	tb.Helper()
	binary, file := gatewayProgram(tb, "bin", "traefik"), filepath.Join(tb.TempDir(), "traefik.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatalf("write the configuration of Traefik: %v", err)
	}
	return newServer(tb, addr, func() *exec.Cmd {
		//nolint:gosec // G204: a program and a file of the tests
		cmd := exec.Command(binary, "--entryPoints.public.address="+addr, "--providers.file.filename="+file, "--providers.file.watch=false",
			"--global.checkNewVersion=false", "--global.sendAnonymousUsage=false")
		endWithTerm(cmd)
		return cmd
	})
}
