package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestModules holds what go install …@version needs: go.mod has no replace, and
// go.work stands in for just the client that go.mod requires.
func TestModules(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{".", "client"} {
		if text := fileOf(t, filepath.Join(dir, "go.mod")); regexp.MustCompile(`(?m)^replace\b`).MatchString(text) {
			t.Errorf("%s/go.mod replaces a module, so the go command refuses to install it by version", dir)
		}
	}
	required := regexp.MustCompile(`\t` + module + `/client (v\S+)`).FindStringSubmatch(fileOf(t, "go.mod"))
	if required == nil {
		t.Fatal("go.mod does not require the client")
	}
	for _, adapter := range []string{"client/gin", "client/grpc"} {
		if want := "\t" + module + "/client " + required[1] + "\n"; !strings.Contains(fileOf(t, filepath.Join(adapter, "go.mod")), want) {
			t.Errorf("%s/go.mod does not require %s of the client, as go.mod does", adapter, required[1])
		}
	}
	if want := "replace " + module + "/client " + required[1] + " => ./client\n"; !strings.Contains(fileOf(t, "go.work"), want) {
		t.Errorf("go.work has no line %q: go.mod and go.work name different versions of the client", want)
	}
}

func fileOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
