package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestMongoDBInAndOut moves keys into MongoDB with an import that is killed, and again, and
// out of it into an empty MongoDB and into SQLite. All three stores export the same.
// LATCHKEY_TEST_LONG makes it 10,000 keys, or 100,000 on the MongoDB of
// LATCHKEY_TEST_MONGODB_URL: the server that tests start reads a whole collection for
// everything but one _id.
func TestMongoDBInAndOut(t *testing.T) {
	t.Parallel()
	dir, server, many := t.TempDir(), parts.Mongo(t), 3000
	switch external := os.Getenv("LATCHKEY_TEST_MONGODB_URL") != ""; {
	case long() && external:
		many = 100_000
	case long():
		many = 10_000
	}
	foreignKeys(t, filepath.Join(dir, "keys.jsonl"), many)
	url, killed := server.URL(), 0
	for _, after := range []time.Duration{time.Second, 1500 * time.Millisecond} {
		if interrupted(t, dir, url, after) {
			killed++
		}
	}
	said := timed(t, dir, url, "import", "--from", "jsonl", "keys.jsonl")
	again := strings.Fields(timed(t, dir, url, "import", "--from", "jsonl", "keys.jsonl"))
	if want := strings.Fields(fmt.Sprintf("0 keys imported %d keys were here, unchanged", many)); !slices.Equal(again, want) || killed == 0 {
		t.Errorf("killed %d times; then it says\n%s\nand then\n%s", killed, said, again)
	}
	first := exported(t, dir, url)
	if got := strings.Count(first, `{"type":"key",`); got != many {
		t.Errorf("the export has %d keys, want %d", got, many)
	}
	if err := os.Rename(filepath.Join(dir, "latchkey.jsonl"), filepath.Join(dir, "first.jsonl")); err != nil {
		t.Fatal(err)
	}
	other := sqliteURL(t)
	for _, empty := range []string{server.URL(), other} {
		timed(t, dir, empty, "import", "--from", "latchkey", "first.jsonl")
		if second := exported(t, dir, empty); second != first {
			t.Errorf("%s exports %d bytes, the first store %d: %s", empty, len(second), len(first), difference(first, second))
		}
	}
	s, _ := start(t, other)
	for _, n := range []int{0, many / 2, many - 1} {
		if got := code(t, s.base, foreignKey(n)); got != "VALID" {
			t.Errorf("key %d is %s", n, got)
		}
	}
}

// interrupted kills an import after the time, and reports whether it still ran.
func interrupted(t *testing.T, dir, url string, after time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	cmd := exec.CommandContext(ctx, parts.Binary(t), "import", "--from", "jsonl", "keys.jsonl") // ctx kills it
	cmd.Dir, cmd.Env = dir, parts.Environ("LATCHKEY_DATABASE_URL="+url, "LATCHKEY_SECRET="+secret)
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() == nil {
		t.Fatalf("%v: %s", err, out)
	}
	return err != nil
}

// timed is command, and logs how long it took.
func timed(t *testing.T, dir, url string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), parts.Binary(t), args...)
	cmd.Dir, cmd.Env = dir, parts.Environ("LATCHKEY_DATABASE_URL="+url, "LATCHKEY_SECRET="+secret)
	began := time.Now()
	out, err := cmd.Output() // progress is on the standard error
	if err != nil {
		t.Fatalf("latchkey %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	scheme, _, _ := strings.Cut(url, ":")
	t.Logf("%s into or out of %s: %s, %d MiB", strings.Join(args, " "), scheme, time.Since(began).Round(time.Millisecond),
		cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss>>10)
	return string(out)
}

// exported exports the store into latchkey.jsonl and returns all but the first line, which
// has the time.
func exported(t *testing.T, dir, url string) string {
	t.Helper()
	path := filepath.Join(dir, "latchkey.jsonl")
	_ = os.Remove(path)
	timed(t, dir, url, "export", "--with-hashes", "--output", "latchkey.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	return rest
}

// difference returns the first lines that differ.
func difference(a, b string) string {
	for a != "" || b != "" {
		var one, other string
		one, a, _ = strings.Cut(a, "\n")
		other, b, _ = strings.Cut(b, "\n")
		if one != other {
			return fmt.Sprintf("%.500s\nand\n%.500s", one, other)
		}
	}
	return ""
}
