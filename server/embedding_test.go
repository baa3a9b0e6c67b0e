package server_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

// embedding is the program that brings an authenticator of its own.
func embedding(t *testing.T, addr string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	cmd.Env = parts.Environ("TEST_OF_EMBEDDING=yes", "LATCHKEY_ADDR="+addr, "LATCHKEY_AUTHENTICATORS=badge,basic",
		"LATCHKEY_DATABASE_URL=sqlite:"+filepath.Join(t.TempDir(), "latchkey.db"), "LATCHKEY_ADMIN_PASSWORD=correct horse battery")
	return cmd
}
