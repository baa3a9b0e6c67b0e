//go:build contract

package contract

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

const (
	email    = "admin@localhost"
	password = "correct horse battery staple"
)

// serve starts the service on an empty folder, and returns its address.
func serve(t *testing.T, settings ...string) string {
	t.Helper()
	addr := parts.FreeAddr(t)
	base := "http://" + addr
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), parts.Binary(t), "serve")
	cmd.Env = parts.Environ(append([]string{
		"LATCHKEY_ADDR=" + addr, "LATCHKEY_URL=" + base, "LATCHKEY_DATA_DIR=" + t.TempDir(), "LATCHKEY_ADMIN_PASSWORD=" + password,
		"LATCHKEY_DRAIN=0s",
	}, settings...)...)
	p := parts.Start(t, cmd)
	t.Cleanup(func() {
		if out := p.Output(); strings.Contains(out, "panic") {
			t.Errorf("the service panicked:\n%s", out)
		}
	})
	p.AwaitListening(addr)
	parts.Await(t, 20*time.Second, "the service to be ready", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
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
	return base
}

// run runs the command to its end, which must be good.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

// place copies files of tools/contract to where what they need is installed or
// generated.
func place(t *testing.T, c *parts.Contract, from, to string) string {
	t.Helper()
	target := c.Built(to)
	if err := filepath.WalkDir(c.Source(from), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(c.Source(from), path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(target, name)), 0o750); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(target, name), text, 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	return target
}

// TestLinters: no linter has anything to say that tools/contract does not
// explain.
func TestLinters(t *testing.T) {
	t.Parallel()
	c := parts.NewContract(t)
	t.Run("redocly", func(t *testing.T) {
		t.Parallel()
		out := run(t, c.Node("redocly", "lint", "--config", c.Source("redocly.yaml"), "--format", "stylish", c.Document()))
		if !strings.Contains(out, "2 problems are explicitly ignored") || strings.Contains(out, "warning") {
			t.Errorf("redocly: %s", out)
		}
	})
	t.Run("spectral", func(t *testing.T) {
		t.Parallel()
		run(t, c.Node("spectral", "lint", "--ruleset", c.Source("spectral.yaml"), "--fail-severity", "hint", c.Document()))
	})
}
