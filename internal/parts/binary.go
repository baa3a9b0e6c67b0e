package parts

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/internal/buildinfo"
)

// once builds something from the tree at its first call.
func once(build func(root string) (string, error)) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		if err := dependOnTree(root); err != nil {
			return "", err
		}
		return build(root)
	})
}

// buildOnce builds the service once for all tests of a test binary.
var buildOnce = once(func(root string) (string, error) {
	return buildCommand(root, "./cmd/latchkey", filepath.Join(root, "build", "test", "latchkey"), "-ldflags", stamp())
})

// Built is the version that Binary reports.
var Built = buildinfo.Build{Version: "v0.0.0-tested", Commit: "0123456789abcdef0123456789abcdef01234567", Date: "2026-01-02T03:04:05Z"}

// stamp returns the linker's flags, those of scripts/build.
func stamp() string {
	const name = "-X github.com/latchkey/latchkey/internal/buildinfo."
	return name + "version=" + Built.Version + " " + name + "commit=" + Built.Commit + " " + name + "date=" + Built.Date
}

// Binary returns the path of the latchkey binary, built from the current tree in the
// way it is released, and with the race detector if the tests use it.
func Binary(tb testing.TB) string {
	tb.Helper()
	path, err := buildOnce()
	if err != nil {
		tb.Fatalf("build latchkey: %v", err)
	}
	return path
}

// releasedOnce builds the service as a release does, once for all tests of a test binary.
var releasedOnce = once(func(root string) (string, error) {
	target := filepath.Join(root, "build", "test", "latchkey-released")
	cmd := exec.Command(filepath.Join(root, "scripts", "build"), target) //nolint:gosec // G204: our own script
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("scripts/build: %w\n%s", err, output)
	}
	return target, nil
})

// Released returns the path of the binary that scripts/build makes, never with the race
// detector: with it, a command that runs for a moment takes seconds to start.
func Released(tb testing.TB) string {
	tb.Helper()
	path, err := releasedOnce()
	if err != nil {
		tb.Fatalf("build latchkey: %v", err)
	}
	return path
}

// buildCommand builds the main package pkg of the module at root into target, with
// extra flags for go build, and returns the path. Test binaries of several packages may
// do so at the same time, so each links a file of its own and then moves it into place.
func buildCommand(root, pkg, target string, further ...string) (string, error) {
	flags, cgo := []string{"build", "-tags", "nomsgpack,grpcnotrace", "-trimpath"}, "CGO_ENABLED=0"
	if raceEnabled {
		// Without -trimpath, the build cache already has the packages that the tests
		// were built from.
		flags, cgo = []string{"build", "-tags", "nomsgpack,grpcnotrace", "-race"}, "CGO_ENABLED=1"
		target += "-race"
	}
	dir := filepath.Dir(target)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(dir, "link-")
	if err != nil {
		return "", err
	}
	linked := filepath.Join(work, "latchkey")
	//nolint:gosec // G204: the go command on our own package
	cmd := exec.Command("go", slices.Concat(flags, further, []string{"-o", linked, pkg})...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), cgo)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, output)
	}
	if err := os.Rename(linked, target); err != nil {
		return "", err
	}
	return target, os.Remove(work)
}

// dependOnTree reads every directory of the module. The go command caches test results
// by the files that a test itself opened, and would otherwise repeat an old result
// after a change to a package that only the built binary contains.
func dependOnTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && (entry.Name() == "build" || entry.Name()[0] == '.') {
			return filepath.SkipDir
		}
		return nil
	})
}
