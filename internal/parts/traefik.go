package parts

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// traefikReady is a route that answers once Traefik has read its files. Traefik listens
// earlier, and answers 404 to everything.
const traefikReady = `
http:
  routers:
    ready: {rule: "Path(` + "`/-/ready`" + `)", service: ping@internal}
`

// Traefik starts Traefik with config, a file of its file provider, listening on
// addr, see FreeAddr.
func Traefik(tb testing.TB, addr, config string) *Server {
	tb.Helper()
	binary, dir := gatewayProgram(tb, "bin", "traefik"), tb.TempDir()
	for name, text := range map[string]string{"traefik.yaml": config, "ready.yaml": traefikReady} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatalf("write the configuration of Traefik: %v", err)
		}
	}
	s := newServer(tb, addr, func() *exec.Cmd {
		//nolint:gosec // G204: a program and files of the tests
		cmd := exec.Command(binary, "--entryPoints.public.address="+addr, "--providers.file.directory="+dir, "--providers.file.watch=false",
			"--providers.providersThrottleDuration=50ms", "--ping.manualRouting=true",
			"--global.checkNewVersion=false", "--global.sendAnonymousUsage=false")
		endWithTerm(cmd)
		return cmd
	})
	Await(tb, patience, "Traefik to read its files", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/-/ready", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			err = errors.New(answer.Status)
		}
		return errors.Join(err, answer.Body.Close())
	})
	return s
}
