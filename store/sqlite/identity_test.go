package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
)

func organization() keys.Organization {
	return keys.Organization{
		Stamp: keys.NewStamp(time.Now()), ID: ids.New(ids.Organization), OrganizationFields: keys.OrganizationFields{Name: "one"},
	}
}

func removed(t *testing.T, path string) {
	t.Helper()
	for _, ending := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + ending); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

func TestAFileThatIsGoneIsNeverMadeAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s := open(t, path)
	if err := errors.Join(s.Ping(t.Context()), s.TryWrite(t.Context()), s.Organizations().Insert(t.Context(), organization())); err != nil {
		t.Fatal(err)
	}
	removed(t, path)
	if err := s.Organizations().Insert(t.Context(), organization()); !errors.Is(err, sqlite.ErrVanished) || !errors.Is(err, errs.Unavailable) {
		t.Errorf("a write to a file that nobody will find: %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, sqlite.ErrVanished) {
		t.Errorf("it is said to be well: %v", err)
	}
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrVanished) {
		t.Errorf("the next start: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrVanished) {
		t.Errorf("an empty file in its place: %v", err)
	}
	removed(t, path)
	if err := os.Remove(path + ".id"); err != nil {
		t.Fatal(err)
	}
	open(t, path) // somebody means it
}

func TestAFileThatIsAnotherOneIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "latchkey.db"), filepath.Join(dir, "other.db")
	for _, p := range []string{path, other} {
		s, err := sqlite.Open(t.Context(), p)
		if err == nil {
			err = s.Close(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	removed(t, path)
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if err := s.Organizations().Insert(t.Context(), organization()); !errors.Is(err, sqlite.ErrReplaced) {
		t.Errorf("a write: %v", err)
	}
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrReplaced) {
		t.Errorf("the next start: %v", err)
	}
}

// TestALogIsNotAddedToAnotherFile: the log of a process that was killed stays beside
// the file, and SQLite would write it into whatever is put in its place.
func TestALogIsNotAddedToAnotherFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "latchkey.db"), filepath.Join(dir, "other.db")
	for _, p := range []string{path, other} {
		s, err := sqlite.Open(t.Context(), p)
		if err == nil {
			err = s.Close(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	meant, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if err := errors.Join(s.Organizations().Insert(t.Context(), organization()), os.Rename(other, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrReplaced) {
		t.Errorf("it was opened: %v", err)
	}
	if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, meant) {
		t.Errorf("it was changed: %v", err)
	}
}

func TestAMigrationWithAnotherTextIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's own file
	change := func(text string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	change("UPDATE about SET value = 'another' WHERE name = 'migrations/0003_list_indexes.sql'")
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrMigration) {
		t.Errorf("it was opened: %v", err)
	}
	change("DROP TABLE about") // as earlier versions left it
	if err := os.Remove(path + ".id"); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// A database whose keys cannot be read answers, and is not well.
func TestPingReadsAKeyAndTryWriteWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s := open(t, path)
	if err := errors.Join(s.Ping(t.Context()), s.TryWrite(t.Context())); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's own file
	if _, err := db.ExecContext(t.Context(), "DROP TABLE about"); err != nil {
		t.Fatal(err)
	}
	if err := s.TryWrite(t.Context()); err == nil {
		t.Error("a database that cannot be written is well")
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE keys"); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a database without keys is well")
	}
}
