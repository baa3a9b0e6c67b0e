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

// The heads of the tables.
const (
	faultsHead = "| fault, under load | for | verifications | refused wrongly | let in wrongly | 5xx or no answer | accepted / one limit | " +
		"recovered after |\n|---|---|---|---|---|---|---|---|"
	edgeFaultsHead = "| fault, under load | for | verifications | refused wrongly | let in wrongly | no answer | " +
		"longest without an answer | accepted / one limit |\n|---|---|---|---|---|---|---|---|"
)

// writeTable puts the rows into docs/reliability.md, between the comments that name the
// table.
func writeTable(t *testing.T, table, head, with string, rows []string) {
	t.Helper()
	file := filepath.Join("..", "..", "docs", "reliability.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+table+": written by `make test-cluster` -->", "<!-- end of "+table+" -->"
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table of %s", file, table)
	}
	told := fmt.Sprintf("Measured on %s: %s on one machine with %d cores.", time.Now().UTC().Format(time.DateOnly), with, runtime.NumCPU())
	page := before + begin + "\n" + told + "\n\n" + head + "\n" + strings.Join(rows, "\n") + "\n" + end + after
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
}
