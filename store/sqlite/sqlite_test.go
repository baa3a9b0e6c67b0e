package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/store/storetest"
)

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	return openFor(t, path)
}

func openFor(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, 4, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "latchkey.db")) })
}

func TestDataSurvivesReopeningAndOddPaths(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c%20#d", "latchkey.db")
	o := keys.Organization{
		Stamp: keys.NewStamp(time.Now()), ID: ids.New(ids.Organization), OrganizationFields: keys.OrganizationFields{Name: "kept"},
	}
	first := open(t, path)
	if err := first.Organizations().Insert(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).Organizations().Get(t.Context(), o.ID)
	if err != nil || got.Name != "kept" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDatabaseOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 9999"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}
