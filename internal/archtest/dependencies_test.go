package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dependencies is the list of what the released binary links beside the
// standard library: each package, behind its module.
const dependencies = root + "/docs/dependencies.txt"

// TestDependencies makes a new dependency a visible change. The list holds for
// every platform that is released, so it has what any of them links.
func TestDependencies(t *testing.T) {
	t.Parallel()
	var linked []string
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"} {
		linked = append(linked, links(t, platform)...)
	}
	slices.Sort(linked)
	got := strings.Join(slices.Compact(linked), "\n") + "\n"
	if os.Getenv("UPDATE_GOLDEN") == "yes" {
		if err := os.WriteFile(dependencies, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(dependencies)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range missing(got, string(want)) {
		t.Errorf("the binary links %s, which docs/dependencies.txt does not have", line)
	}
	for _, line := range missing(string(want), got) {
		t.Errorf("the binary does not link %s any more, which docs/dependencies.txt has", line)
	}
	if t.Failed() {
		t.Log("if that is meant: UPDATE_GOLDEN=yes go test -run TestDependencies ./internal/archtest, and say why in the commit")
	}
}

// links lists the modules and packages of others in the binary for a platform,
// a package with its module before it. Versions stand in go.mod.
func links(t *testing.T, platform string) []string {
	t.Helper()
	system, processor, _ := strings.Cut(platform, "/")
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags", "nomsgpack,grpcnotrace", "-deps",
		"-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{$.ImportPath}}{{end}}{{end}}`, "./"+filepath.Join("cmd", "latchkey"))
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list for %s: %v", platform, err)
	}
	return slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool { return line == "" })
}

// missing are the lines of one text that another does not have.
func missing(from, in string) (lines []string) {
	has := strings.Split(in, "\n")
	for line := range strings.Lines(from) {
		if line = strings.TrimSuffix(line, "\n"); !slices.Contains(has, line) {
			lines = append(lines, line)
		}
	}
	return lines
}
