//go:build cluster

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The table of faults stands in the page between these lines.
const (
	faultsBegin = "<!-- faults: written by `make test-cluster` -->"
	faultsEnd   = "<!-- end of faults -->"
	faultsHead  = "| fault, under load | for | verifications | refused wrongly | let in wrongly | 5xx or no answer | accepted / one limit | " +
		"recovered after |\n|---|---|---|---|---|---|---|---|"
)

// writeFaults puts the rows into docs/reliability.md.
func writeFaults(t *testing.T, rows []string) {
	t.Helper()
	file := filepath.Join("..", "..", "docs", "reliability.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), faultsBegin)
	_, after, ended := strings.Cut(rest, faultsEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", file)
	}
	told := fmt.Sprintf("Measured on %s: three nodes, store, Redis, nginx and the load on one machine with %d cores.",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU())
	page := before + faultsBegin + "\n" + told + "\n\n" + faultsHead + "\n" + strings.Join(rows, "\n") + "\n" + faultsEnd + after
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
}
