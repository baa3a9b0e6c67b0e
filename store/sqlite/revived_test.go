package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey/latchkey/store/sqlite"
)

func TestRevivedKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, file, back := filepath.Join(dir, "a?b.db"), filepath.Join(dir, "backup.db"), filepath.Join(dir, "back.db")
	s := open(t, path)
	kept, revoked, deleted, ended := newKey(), newKey(), newKey(), newKey()
	ended.RevokedAt = ended.CreatedAt
	must(t, s.Keys().Insert(t.Context(), kept))
	must(t, s.Keys().Insert(t.Context(), revoked))
	must(t, s.Keys().Insert(t.Context(), deleted))
	must(t, s.Keys().Insert(t.Context(), ended))
	must(t, sqlite.Backup(t.Context(), path, file))
	revoked.Revision++
	revoked.RevokedAt = revoked.CreatedAt.Add(time.Second)
	must(t, s.Keys().Replace(t.Context(), revoked))
	must(t, s.Keys().Delete(t.Context(), deleted.ID, deleted.Revision))
	must(t, s.Keys().Insert(t.Context(), newKey()))
	must(t, sqlite.Restore(t.Context(), file, back))
	found, err := sqlite.FindRevived(t.Context(), back, path)
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, k := range found {
		if k.ID != revoked.ID && k.ID != deleted.ID || k.RevokedAt.IsZero() != (k.ID == deleted.ID) {
			t.Errorf("%+v", k)
		}
	}
	if _, err := sqlite.FindRevived(t.Context(), back, filepath.Join(dir, "gone.db")); err == nil {
		t.Error("without the database that was in use")
	}
	if found, err := sqlite.FindRevived(t.Context(), path, path); err != nil || len(found) != 0 {
		t.Error(found, err)
	}
	if _, err := sqlite.FindRevived(t.Context(), back, writeText(t, dir)); !errors.Is(err, sqlite.ErrNoStore) {
		t.Errorf("a file of text: %v", err)
	}
}

func writeText(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "text.db")
	must(t, os.WriteFile(path, []byte("this is no database, but a text that is long enough to be looked at"), 0o600))
	return path
}
