package parts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// nginxMain is the configuration around a test's own. The paths are relative to the
// test's directory, because the packaged ones belong to root.
const nginxMain = `
daemon off;
pid nginx.pid;
error_log stderr info;
%s
events {}
http {
	access_log off;
	client_body_temp_path client_body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
%s
}
`

// Nginx starts nginx with config, the content of its http block: server and upstream
// blocks. One of the servers must listen on addr, see FreeAddr. Relative paths in
// config start at a temporary directory.
func Nginx(tb testing.TB, addr, config string) *Server {
	tb.Helper()
	binary, dir := program(tb, "nginx"), tb.TempDir()
	user := ""
	if os.Geteuid() == 0 {
		// Its workers would change to a user who cannot enter dir.
		user = "user root;"
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxMain, user, config), 0o600); err != nil {
		tb.Fatalf("write the configuration of nginx: %v", err)
	}
	return newServer(tb, addr, func() *exec.Cmd {
		cmd := exec.Command(binary, "-p", dir, "-c", file, "-e", "stderr") //nolint:gosec // G204: an installed program and files of the test
		endWithTerm(cmd)
		return cmd
	})
}
