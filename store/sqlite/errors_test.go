package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"

	"github.com/latchkey/latchkey/errs"
)

// A file that cannot be opened, read or written is a store that is gone, also
// where SQLite tells more than the class of what went wrong.
func TestFailuresOfTheFileAreUnavailable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, statement string }{
		"a folder":              {"file:" + t.TempDir(), "PRAGMA user_version"},
		"a folder that is gone": {"file:" + filepath.Join(t.TempDir(), "gone", "db"), "PRAGMA user_version"},
		"not to be written":     {"file:" + filepath.Join(t.TempDir(), "db") + "?_pragma=query_only(1)", "CREATE TABLE t (a)"},
	} {
		db, err := sql.Open("sqlite", tt.file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), tt.statement)
		if got := known(err); err == nil || !errors.Is(got, errs.Unavailable) {
			t.Errorf("%s: %v has the kind %q", name, err, errs.KindOf(got))
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A writer that was overtaken gets an extended code.
func TestExtendedCodesHaveTheKindOfTheirClass(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "db")+"?_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's own file
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	reading, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reading.Rollback() }()
	var n int
	if err := reading.QueryRowContext(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	_, err = reading.ExecContext(t.Context(), "INSERT INTO t VALUES (2)")
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || e.Code() <= primaryCode {
		t.Fatalf("%v is no extended code", err)
	}
	if got := known(err); !errors.Is(got, errs.Unavailable) {
		t.Errorf("code %d has the kind %q", e.Code(), errs.KindOf(got))
	}
}
