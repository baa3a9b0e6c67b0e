package parts

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Python returns the path of the system's Python, which has the modules, or fails the
// test with instructions.
func Python(tb testing.TB, modules ...string) string {
	tb.Helper()
	// Debian's own, whatever else is on the PATH: it has Debian's modules.
	path := "/usr/bin/python3"
	for _, module := range modules {
		if err := exec.Command(path, "-c", "import "+module).Run(); err != nil { //nolint:gosec // G204: names that a test gives
			tb.Fatalf("%s has no module %s: run `make parts` (%v)", path, module, err)
		}
	}
	return path
}

// Node returns the path of Node.js, or fails the test with instructions.
func Node(tb testing.TB) string {
	tb.Helper()
	return program(tb, "node", "nodejs")
}

// Bun returns the path of Bun, as the TypeScript client is tested with. Otherwise it fails
// the test with instructions.
func Bun(tb testing.TB) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	machine := map[string]string{"amd64": "x64", "arm64": "aarch64"}[runtime.GOARCH]
	path := filepath.Join(root, "build", "typescript", "node_modules", "@oven", "bun-linux-"+machine, "bin", "bun")
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("there is no %s: run `make parts` (%v)", path, err)
	}
	return path
}

// BetterAuth returns the folder with the modules of better-auth, or fails the test with
// instructions.
func BetterAuth(tb testing.TB) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(root, "build", "betterauth", "node_modules")
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("there is no %s: run `make parts` (%v)", path, err)
	}
	return path
}

// Venv returns the path of a Python with modules from PyPI: Django REST Framework,
// SimpleJWT and PyJWT. Otherwise it fails the test with instructions.
func Venv(tb testing.TB) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(root, "build", "venv", "bin", "python")
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("there is no %s: run `make parts` (%v)", path, err)
	}
	return path
}
