package parts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// haproxyMain is the configuration around a test's own.
const haproxyMain = `
global
	maxconn 1000
defaults
	mode http
	timeout connect 2s
	timeout client 15s
	timeout server 15s
	timeout http-keep-alive 15s
%s
`

// HAProxy starts HAProxy with config: frontends and backends, one of which must listen
// on addr, see FreeAddr.
func HAProxy(tb testing.TB, addr, config string) *Server {
	tb.Helper()
	binary, file := program(tb, "haproxy"), filepath.Join(tb.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, fmt.Appendf(nil, haproxyMain, config), 0o600); err != nil {
		tb.Fatalf("write the configuration of HAProxy: %v", err)
	}
	return newServer(tb, addr, func() *exec.Cmd {
		// SIGUSR1 ends it gracefully; SIGTERM gives a special exit status.
		//nolint:gosec // G204: an installed program and a file of the test
		cmd := exec.Command("sh", "-c", `trap 'kill "$p"; wait "$p"; exit 0' TERM; "$0" -db -f "$1" & p=$!; wait "$p"`, binary, file)
		endWithTerm(cmd)
		return cmd
	})
}
