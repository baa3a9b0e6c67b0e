package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/latchkey/latchkey/internal/parts"
)

// The command line does what people do with it, against a service of its own.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := os.Symlink(parts.Released(t), filepath.Join(bin, "latchkey")); err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, sqliteURL(t))
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "cli"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("BASE", s.base)
			e.Setenv("NOBODY", "http://"+parts.FreeAddr(t))
			e.Setenv("UNSHARE", unshare())
			return os.WriteFile(filepath.Join(e.WorkDir, "password"), []byte(adminPassword+"\n"), 0o600)
		},
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"capture": capture, "mode": mode},
		RequireExplicitExec: true, RequireUniqueNames: true,
	})
}

// unshare is the command that gives another mounts of its own. Only root may do so in a
// chroot, and nobody else outside of one without a namespace of users.
func unshare() string {
	if os.Geteuid() == 0 {
		return "unshare -m --propagation unchanged" // which it could not change in a chroot
	}
	return "unshare -rm"
}

// capture sets a variable to what a command prints.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: capture NAME COMMAND…")
	}
	ts.Check(ts.Exec(args[1], args[2:]...))
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// mode compares the permissions of a file.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm().String(); got != args[0] {
		ts.Fatalf("%s is %s", args[1], got)
	}
}
