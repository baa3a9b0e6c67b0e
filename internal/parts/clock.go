package parts

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BinaryAhead returns the latchkey binary with a clock that is that many whole seconds
// ahead of the machine's, or behind it. A binary without a C library reads the time
// directly from the kernel, so the offset is built in: an overlay replaces time.Now of
// the standard library by one that adds it. Monotonic time, which timeouts use, is
// unchanged.
func BinaryAhead(tb testing.TB, by time.Duration) string {
	tb.Helper()
	path, err := buildAhead(tb.TempDir(), by)
	if err != nil {
		tb.Fatalf("build latchkey with a clock %s off: %v", by, err)
	}
	return path
}

func buildAhead(dir string, by time.Duration) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	overlay, err := overlayClock(filepath.Join(strings.TrimSpace(string(goroot)), "src", "time", "time.go"), dir, by)
	if err != nil {
		return "", err
	}
	return buildCommand(root, "./cmd/latchkey", filepath.Join(dir, "latchkey"), "-overlay", overlay)
}

// overlayClock writes an overlay for go build -overlay that shifts the clock in the
// source file, and returns its path.
func overlayClock(source, dir string, by time.Duration) (string, error) {
	text, err := os.ReadFile(source) //nolint:gosec // G304: of the Go distribution
	if err != nil {
		return "", err
	}
	const read = "sec, nsec, mono := runtimeNow()\n"
	before, after, found := strings.Cut(string(text), read)
	if !found {
		return "", fmt.Errorf("%s reads the clock in another way than Go 1.26 does", source)
	}
	shifted := before + read + fmt.Sprintf("\tsec += %d\n", int64(by/time.Second)) + after
	replacement := filepath.Join(dir, "time.go")
	if err := os.WriteFile(replacement, []byte(shifted), 0o600); err != nil { //nolint:gosec // G703: in a folder of the test
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: replacement}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, overlay, 0o600)
}
