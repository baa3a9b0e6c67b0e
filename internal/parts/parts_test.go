package parts

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestFreePortCanBeListenedOn(t *testing.T) {
	t.Parallel()
	port := FreePort(t)
	if port < firstPort || port >= lastPort {
		t.Errorf("port %d is among those of outgoing connections", port)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatalf("the port is taken: %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPollTriesUntilTheProbeIsContent(t *testing.T) {
	t.Parallel()
	tries := 0
	err := poll(t.Context(), nil, func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("poll ended with %v after %d tries, want nil after 3", err, tries)
	}
}

func TestPollGivesUp(t *testing.T) {
	t.Parallel()
	never := errors.New("never")
	probe := func(context.Context) error { return never }

	t.Run("when its time is over", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := poll(ctx, nil, probe)
		if !errors.Is(err, never) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("poll = %v, want the probe's error and the deadline", err)
		}
	})
	t.Run("when told to stop", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		close(stop)
		if err := poll(t.Context(), stop, probe); !errors.Is(err, never) {
			t.Errorf("poll = %v, want the probe's error", err)
		}
	})
}

func TestWhatIsMissingFailsTheTestAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	recorder := &failures{TB: t}
	recorder.run(func() { program(recorder, "no-such-server") })
	const want = "no-such-server is not installed: run `make parts`"
	if recorder.message != want {
		t.Errorf("failed with %q, want %q", recorder.message, want)
	}
}

// A command of the module is built, and so is it again over a running one.
func TestBuildCommand(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.org/hello\n\ngo 1.26.0\n",
		"main.go": "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"hello\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	target := filepath.Join(root, "bin", "hello")
	for range 2 {
		path, err := buildCommand(root, ".", target)
		if err != nil {
			t.Fatal(err)
		}
		p := Start(t, command(path))
		if err := p.Wait(); err != nil || p.Output() != "hello" {
			t.Errorf("the built command ended with %v and said %q", err, p.Output())
		}
	}
	if left, err := filepath.Glob(filepath.Join(root, "bin", "link-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	_, err := buildCommand(root, "./missing", target)
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("missing")) {
		t.Errorf("a package that is not there: %v, want an error that names it", err)
	}
}
