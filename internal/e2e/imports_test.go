package e2e

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
)

// foreignKey is the nth key of another system.
func foreignKey(n int) string {
	return fmt.Sprintf("pay_%x", sha256.Sum256(fmt.Append(nil, "key ", n)))[:40]
}

// foreignKeys writes a file with so many keys, of a tenth as many owners.
func foreignKeys(t *testing.T, path string, many int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for n := range many {
		_, _ = fmt.Fprintf(w, `{"id":"k%d","owner_id":"u%d","algorithm":"sha256","digest":"%x","scopes":["invoices:read"]}`+"\n",
			n, n/10, sha256.Sum256([]byte(foreignKey(n))))
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestKilledImportContinues kills an import of 100,000 keys again and again. In the end each
// key is there once.
func TestKilledImportContinues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	many := 100_000
	if raceEnabled { // the detector makes the command ten times as slow
		many = 20_000
	}
	foreignKeys(t, filepath.Join(dir, "keys.jsonl"), many)
	url := "sqlite:" + filepath.Join(dir, "latchkey.db")
	killed := 0
	for range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+time.Duration(rand.IntN(4000))*time.Millisecond)
		cmd := exec.CommandContext(ctx, parts.Binary(t), "import", "--from", "jsonl", "keys.jsonl") // ctx kills it
		cmd.Dir, cmd.Env = dir, parts.Environ("LATCHKEY_DATABASE_URL="+url, "LATCHKEY_SECRET="+secret)
		if out, err := cmd.CombinedOutput(); err != nil {
			if ctx.Err() == nil {
				t.Fatalf("%v: %s", err, out)
			}
			killed++
		}
		cancel()
	}
	said := command(t, dir, url, "import", "--from", "jsonl", "keys.jsonl")
	again := command(t, dir, url, "import", "--from", "jsonl", "keys.jsonl")
	if !strings.Contains(again, fmt.Sprint(many, "  keys were here, unchanged")) || killed == 0 {
		t.Errorf("killed %d times; then it says\n%s\nand then\n%s", killed, said, again)
	}
	if got := countKeys(t, url); got != many {
		t.Errorf("the store has %d keys, want %d", got, many)
	}
	s, _ := start(t, url)
	for _, n := range []int{0, many / 2, many - 1} {
		if got := code(t, s.base, foreignKey(n)); got != "VALID" {
			t.Errorf("key %d is %s", n, got)
		}
	}
}

func countKeys(t *testing.T, url string) (n int) {
	t.Helper()
	s, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // only read
	after := ""
	for {
		page, err := s.Keys().List(t.Context(), keys.KeyFilter{Imported: true}, keys.Page{After: after, Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		n += len(page)
		if len(page) < 10_000 {
			return n
		}
		after = page[len(page)-1].ID
	}
}

// TestImportBesideAServingNode: keys are revoked meanwhile, and verify as ever.
func TestImportBesideAServingNode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	foreignKeys(t, filepath.Join(dir, "keys.jsonl"), 5000)
	url := "sqlite:" + filepath.Join(dir, "latchkey.db")
	s, _ := start(t, url)
	var ids, own []string
	for range 20 {
		id, key := s.issue("free", "invoices:read")
		ids, own = append(ids, id), append(own, key)
	}
	done := make(chan string, 1)
	go func() { done <- command(t, dir, url, "import", "--from", "jsonl", "keys.jsonl") }()
	var longest time.Duration
	for i, id := range ids {
		began := time.Now()
		s.call("POST", "/api/keys/"+id+"/revoke", map[string]any{}, 200)
		longest = max(longest, time.Since(began))
		if got := code(t, s.base, own[i]); got != "REVOKED" {
			t.Errorf("a key that was revoked beside the import is %s", got)
		}
	}
	said := <-done
	t.Logf("the slowest revoke beside an import took %v", longest)
	if !strings.Contains(said, "5000  keys imported") {
		t.Error(said)
	}
	for began := time.Now(); code(t, s.base, foreignKey(4999)) != "VALID"; time.Sleep(100 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the service does not know a key that was imported beside it")
		}
	}
}
