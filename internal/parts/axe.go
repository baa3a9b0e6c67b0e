package parts

import (
	"os"
	"path/filepath"
	"testing"
)

// Axe returns the script of axe-core, which finds accessibility problems of a page.
func Axe(tb testing.TB) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(root, "build", "axe", "axe.min.js")) //nolint:gosec // G304: a file that make parts puts there
	if err != nil {
		tb.Fatalf("axe-core is missing, run make parts: %v", err)
	}
	return string(script)
}
