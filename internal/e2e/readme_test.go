package e2e

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// blocks returns the shell commands of a page, block by block.
func blocks(t *testing.T, page string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(text), "```") {
		if commands, is := strings.CutPrefix(part, "sh\n"); is && i%2 == 1 {
			all = append(all, commands)
		}
	}
	return all
}

// TestReadmeCommands runs every command of the README as it stands there, but
// `make test`, which is what runs this. Only addresses are other ones: tests
// must not meet what runs on the machine. The blocks that speak to the service
// are pasted into one fresh shell, which asks for the password; on both stores.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	var pasted []string
	ran := 0
	for _, block := range blocks(t, filepath.Join("..", "..", "README.md")) {
		if !strings.Contains(block, "make ") {
			pasted = append(pasted, block)
			continue
		}
		for line := range strings.Lines(block) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), "#")
			switch {
			case strings.TrimSpace(command) == "make test" || strings.TrimSpace(command) == "":
			case strings.Contains(command, "make run"):
				t.Run(strings.TrimSpace(command), func(t *testing.T) { makeRun(t, command) })
				ran++
			default:
				t.Errorf("nothing runs the README's %q", line)
			}
		}
	}
	if ran != 2 || len(pasted) != 3 {
		t.Fatalf("%d commands were run and %d blocks pasted, want 2 and 3", ran, len(pasted))
	}
	for name, database := range databases(t) {
		t.Run("pasted on "+name, func(t *testing.T) { paste(t, database, pasted) })
	}
}

// paste runs the blocks in a shell that has nothing of ours.
func paste(t *testing.T, database string, blocks []string) {
	s, _ := start(t, database)
	shell := func(in string, blocks ...string) (string, error) {
		commands := strings.ReplaceAll(strings.Join(blocks, "\n"), "http://localhost:8080", s.base)
		cmd := exec.CommandContext(t.Context(), "bash", "-c", commands) // as an interactive one, it goes on after a failure
		cmd.Env, cmd.Stdin = parts.Environ(), strings.NewReader(in)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := shell(adminPassword+"\n", blocks...)
	if err != nil || !strings.Contains(out, "X-Latchkey-Code: VALID") || !strings.Contains(out, s.base+"/invitation?token=") {
		t.Errorf("%v: %s", err, out)
	}
	for in, says := range map[string]string{"": "LATCHKEY_ADMIN_PASSWORD: is not set", "wrong\n": "authentication_failed"} {
		if out, _ := shell(in, blocks...); !strings.Contains(out, says) || strings.Contains(out, "VALID") {
			t.Errorf("with the password %q the shell says nothing of %s:\n%s", in, says, out)
		}
	}
}

// makeRun runs the command at the module's root and waits for the service.
func makeRun(t *testing.T, command string) {
	addr := parts.FreeAddr(t)
	settings := []string{"LATCHKEY_ADDR=" + addr, "LATCHKEY_DATA_DIR=" + t.TempDir()}
	if strings.Contains(command, "mongodb://") {
		url := parts.Mongo(t).URL()
		command = strings.Replace(command, "mongodb://localhost:27017/latchkey", url, 1)
		if !strings.Contains(command, url) {
			t.Fatalf("another database than expected: %s", command)
		}
	} else {
		settings = append(settings, "LATCHKEY_DATABASE_URL="+sqliteURL(t))
	}
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = parts.Environ(settings...)
	p := parts.Start(t, cmd)
	parts.Await(t, 5*time.Minute, "the service to be built and ready", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
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
	// What the service printed before it was ready reaches us through a pipe, a little later.
	parts.Await(t, 30*time.Second, "the portal's address and the first password", func(context.Context) error {
		if out := p.Output(); !strings.Contains(out, "http://"+addr+"/") || !strings.Contains(out, "Password") {
			return errors.New("not in the output")
		}
		return nil
	})
	p.Kill() // make and what it started: make itself tells of a signal as an error
}

// pagesRun are the pages whose commands other tests run: those of the edge here, and
// those of the Python client.
var pagesRun = []string{"edge.md", "moving-from-djangorestframework-api-key.md"}

// TestPagesHaveNoCommandsThatNothingRuns keeps the other pages honest.
func TestPagesHaveNoCommandsThatNothingRuns(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(filepath.Join("..", "..", "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") && !slices.Contains(pagesRun, filepath.Base(path)) && len(blocks(t, path)) > 0 {
			t.Errorf("%s has commands and no test that runs them", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
