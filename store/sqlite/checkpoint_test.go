package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/store/sqlite"
)

const logPage = 4120 // bytes

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// add stores so many events, about three pages each, in one transaction.
func add(t *testing.T, s *sqlite.Store, n int) {
	t.Helper()
	text, _ := json.Marshal(strings.Repeat("n", 10_000)) //nolint:errchkjson // a text
	all := make([]audit.Event, n)
	for i := range all {
		all[i] = audit.Event{ID: ids.New(ids.Event), At: time.Now(), Action: "key.create", After: text}
	}
	if err := s.AppendEvents(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

// alone counts the events in a copy of the file without its log.
func alone(t *testing.T, path string) (n int, err error) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	lone := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(lone, data, 0o600); err != nil {
		return 0, err
	}
	db, err := sql.Open("sqlite", lone)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	return n, db.QueryRowContext(t.Context(), "SELECT count(*) FROM audit_events").Scan(&n)
}

// TestTheLogIsMovedWhenIdle: what was written is in the file itself soon after the
// writing has ended, where a damaged byte of the log cannot lose it.
func TestTheLogIsMovedWhenIdle(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s := open(t, path)
	const wrote = 600
	add(t, s, wrote)
	parts.Await(t, 10*time.Second, "the log to be moved", func(context.Context) error {
		if n, err := alone(t, path); err != nil || n != wrote {
			return fmt.Errorf("%d of %d, %v", n, wrote, err) //nolint:errorlint // it may be nil
		}
		return nil
	})
	if size(t, path+"-wal") < 1000*logPage {
		t.Fatal("the test wrote too little")
	}
	parts.Await(t, 10*time.Second, "the log to begin anew", func(context.Context) error {
		add(t, s, 1)
		if got := size(t, path+"-wal"); got > 1000*logPage {
			return fmt.Errorf("it has %d pages", got/logPage)
		}
		return nil
	})
}

// TestTheLogIsBounded: without a pause it is moved at 4,000 pages.
func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s := open(t, path)
	most := int64(0)
	for range 80 {
		add(t, s, 50)
		most = max(most, size(t, path+"-wal"))
	}
	if most < 1000*logPage || most > 6000*logPage { // more than 4,000 while a move is under way
		t.Errorf("the log had %d pages at most", most/logPage)
	}
}
