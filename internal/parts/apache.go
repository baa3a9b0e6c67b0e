package parts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// apacheMain is the configuration around a test's own: the modules that Debian's
// packages of Apache enable, and those that the tests need.
const apacheMain = `
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/pid
ServerName localhost
ErrorLog /proc/self/fd/2
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule lua_module /usr/lib/apache2/modules/mod_lua.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so
LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so
<IfModule unixd_module>
	User www-data
	Group www-data
</IfModule>
<Directory />
	Require all denied
</Directory>
%[2]s
`

// Apache starts Apache with config, in which one server must listen on addr, see
// FreeAddr. script, a Lua file, is stored as apache.lua in Lua's working directory.
func Apache(tb testing.TB, addr, config, script string) *Server {
	tb.Helper()
	binary, dir := program(tb, "apache2"), apacheRoot(tb)
	main := filepath.Join(dir, "apache2.conf")
	for file, text := range map[string]string{main: fmt.Sprintf(apacheMain, dir, config), filepath.Join(dir, "apache.lua"): script} {
		//nolint:gosec // G306: Apache's user reads them
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			tb.Fatalf("write a file of Apache: %v", err)
		}
	}
	return newServer(tb, addr, func() *exec.Cmd {
		//nolint:gosec // G204: an installed program and files of the test
		cmd := exec.Command(binary, "-D", "FOREGROUND", "-d", dir, "-f", main)
		cmd.Dir = dir // Lua's working directory
		endWithTerm(cmd)
		return cmd
	})
}

// apacheRoot returns a directory that Apache's own user can enter. Apache changes to
// that user when root starts it.
func apacheRoot(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "apache-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // G302: see above
		tb.Fatal(err)
	}
	return dir
}
