package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey() keys.Key {
	id := ids.New(ids.Key)
	return keys.Key{
		Stamp: keys.NewStamp(time.Now()), ID: id, OrganizationID: "org_a", ServiceAccountID: "sa_a", Environment: keys.Live,
		Hash: keys.HashOf(id), HashAlgorithm: keys.SHA256, KeyFields: keys.KeyFields{Name: "k"},
	}
}

func TestABackupIsWholeWhileOthersWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, file := filepath.Join(dir, "latchkey.db"), filepath.Join(dir, "a b?c.db")
	s := open(t, path)
	var before []keys.Key
	for range 200 {
		before = append(before, newKey())
		must(t, s.Keys().Insert(t.Context(), before[len(before)-1]))
	}
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	for range 3 {
		writing.Go(func() {
			for ctx.Err() == nil {
				if err := s.Keys().Insert(ctx, newKey()); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	must(t, sqlite.Backup(t.Context(), path, file))
	stop()
	writing.Wait()
	about, err := os.Stat(file)
	must(t, err)
	if about.Mode().Perm() != 0o600 {
		t.Errorf("the backup can be read by others: %s", about.Mode())
	}
	if err := sqlite.Backup(t.Context(), path, file); !errors.Is(err, sqlite.ErrExists) {
		t.Errorf("a backup over another: %v", err)
	}
	restored := filepath.Join(dir, "new", "latchkey.db")
	must(t, sqlite.Restore(t.Context(), file, restored))
	again := open(t, restored)
	for _, k := range before {
		if _, err := again.Keys().ByHash(t.Context(), k.Hash); err != nil {
			t.Fatalf("a key from before the backup: %v", err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".latchkey-*")); err != nil || len(left) > 0 {
		t.Errorf("drafts are left: %v, %v", left, err)
	}
	if err := sqlite.Restore(t.Context(), file, restored); !errors.Is(err, sqlite.ErrExists) {
		t.Errorf("restored over a database: %v", err)
	}
}

func TestWhatIsNoBackupIsNotRestored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, good := filepath.Join(dir, "latchkey.db"), filepath.Join(dir, "good.db")
	s := open(t, path)
	for range 300 {
		must(t, s.Keys().Insert(t.Context(), newKey()))
	}
	must(t, sqlite.Backup(t.Context(), path, good))
	text, err := os.ReadFile(good)
	must(t, err)
	write := func(name string, b []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, b, 0o600))
		return file
	}
	broken := append([]byte(nil), text...)
	for i := len(broken) / 2; i < len(broken)/2+40_000; i++ {
		broken[i] = 0xa5
	}
	future, foreign := write("future.db", text), filepath.Join(dir, "foreign.db")
	execute(t, future, "PRAGMA user_version = 9999")
	execute(t, foreign, "CREATE TABLE keys (id TEXT); PRAGMA user_version = 1")
	live := write("live.db", text)
	write("live.db-wal", nil)
	for name, tt := range map[string]struct {
		file string
		kind error
	}{
		"a damaged file":                  {write("damaged.db", broken), sqlite.ErrDamaged},
		"a file that was cut":             {write("cut.db", text[:len(text)/2]), sqlite.ErrDamaged},
		"text":                            {write("text.db", []byte("keys")), sqlite.ErrNoStore},
		"an empty file":                   {write("empty.db", nil), sqlite.ErrNoStore},
		"another program's database":      {foreign, sqlite.ErrNoStore},
		"a store from the future":         {future, sqlite.ErrNewer},
		"a database with its log":         {live, sqlite.ErrExists},
		"no file":                         {filepath.Join(dir, "none.db"), os.ErrNotExist},
		"a database that is in use still": {path, sqlite.ErrExists},
	} {
		target := filepath.Join(t.TempDir(), "latchkey.db")
		if err := sqlite.Restore(t.Context(), tt.file, target); !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %v", name, err, tt.kind)
		}
		if _, err := os.Stat(target); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was restored", name)
		}
	}
	// The log of a database that is gone would be taken for that of the new one.
	target := filepath.Join(t.TempDir(), "latchkey.db")
	must(t, os.WriteFile(target+"-wal", []byte("x"), 0o600))
	if err := sqlite.Restore(t.Context(), good, target); !errors.Is(err, sqlite.ErrExists) {
		t.Errorf("restored beside another's log: %v", err)
	}
	for name, from := range map[string]string{
		"another program's database": foreign, "none": filepath.Join(dir, "none.db"),
		"the future": future,
	} {
		to := filepath.Join(t.TempDir(), "backup.db")
		if err := sqlite.Backup(t.Context(), from, to); err == nil {
			t.Errorf("backed up %s", name)
		}
		if left, err := os.ReadDir(filepath.Dir(to)); err != nil || len(left) > 0 {
			t.Errorf("%s left %v: %v", name, left, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a backup made the database that it was to read")
	}
}

func execute(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), text)
	must(t, errors.Join(err, db.Close()))
}

// A store of each earlier schema opens with what is in it.
func TestStoresOfEarlierReleasesOpen(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	for version := 1; version < len(files); version++ {
		t.Run(fmt.Sprint("schema ", version), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "latchkey.db")
			for _, file := range files[:version] {
				text, err := os.ReadFile(file)
				must(t, err)
				execute(t, path, string(text))
			}
			k := newKey()
			execute(t, path, fmt.Sprintf(`PRAGMA user_version = %d;
				INSERT INTO organizations (id, revision, created_at, updated_at, name, disabled, metadata, search)
				VALUES ('org_a', 1, 1, 1, 'A', 0, '{}', 'a');
				INSERT INTO service_accounts (id, revision, created_at, updated_at, organization_id, created_by, name, description, tier,
					external_id, disabled, search)
				VALUES ('sa_a', 4, 1, 2, 'org_a', 'usr_a', 'by a user', '', 'free', '', 0, ''),
					('sa_b', 4, 1, 2, 'org_a', 'sa_a', 'by an account', '', 'free', '', 0, ''),
					('sa_c', 4, 1, 2, 'org_a', '', 'by Latchkey', '', 'free', '', 0, '');
				INSERT INTO quota_use (id, window, used) VALUES ('sa_a', '2026-10', 7);
				INSERT INTO keys (id, revision, created_at, updated_at, hash, hash_algorithm, organization_id, service_account_id,
					environment, start, last4,
					name, note, scopes, allowed_networks, metadata, disabled, revoke_reason, revoke_note, rotated_from, rotated_to,
					created_by, search, ends_at)
				VALUES ('%s', 3, 1, 2, x'%x', 'sha256', 'org_a', 'sa_a', 'live', 'lk_live_abcd', 'wxyz',
					'old', '', NULL, '[]', '{}', 0, '', '', '', '', 'usr_a', 'old', NULL)`,
				version, k.ID, k.Hash[:]))
			moved := moveAt(t, path, version)
			s := open(t, path)
			if a, err := s.ServiceAccounts().Get(t.Context(), "sa_c"); err != nil || !reflect.DeepEqual(a.Move, moved) {
				t.Errorf("the account moved by %+v, %v; want %+v", a.Move, err, moved)
			}
			got, err := s.Keys().ByHash(t.Context(), k.Hash)
			if err != nil || got.ID != k.ID || got.Name != "old" || got.Revision != 3 {
				t.Errorf("the key is %+v, %v", got, err)
			}
			if o, err := s.Organizations().Get(t.Context(), "org_a"); err != nil || o.Name != "A" {
				t.Errorf("the organization is %+v, %v", o, err)
			}
			first := "usr_a" // from its creator, by the step that made owners
			if version >= 12 {
				first = ""
			}
			for id, owner := range map[string]string{"sa_a": first, "sa_b": "", "sa_c": ""} {
				if a, err := s.ServiceAccounts().Get(t.Context(), id); err != nil || a.OwnerID != owner || a.Revision != 4 {
					t.Errorf("the account %s is owned by %q at revision %d, %v", id, a.OwnerID, a.Revision, err)
				}
			}
			if used, err := s.QuotaUse(t.Context(), "sa_a", "2026-10"); err != nil || used != 7 {
				t.Errorf("the quota has %d, %v", used, err)
			}
			must(t, s.Keys().Insert(t.Context(), newKey()))
			if all, err := s.Nodes(t.Context()); err != nil || len(all) != 0 {
				t.Errorf("nodes %v, %v", all, err)
			}
			if _, err := s.Keys().Get(t.Context(), "key_none"); errs.KindOf(err) != errs.NotFound {
				t.Error(err)
			}
		})
	}
}

// moveAt notes a transfer of an account as the schema kept it, if it did.
func moveAt(t *testing.T, path string, version int) *keys.Move {
	t.Helper()
	const transfers, owners, objects = 11, 12, 18
	m := &keys.Move{
		From: "org_b", At: time.UnixMilli(1700000000123).UTC(), By: audit.Subject{Kind: "user", ID: "usr_a", Name: `Ada "A"`, KeyID: "key_a"},
	}
	text := `["org_b", "1700000000123", "user", "usr_a", "Ada \"A\"", "key_a"`
	switch {
	case version < transfers:
		return nil
	case version >= objects:
		m.OwnerID = "usr_b"
		text = `{"from": "org_b", "at": 1700000000123, "by": {"kind": "user", "id": "usr_a", "name": "Ada \"A\"", "key_id": "key_a"}, ` +
			`"owner_id": "usr_b"}`
	case version >= owners:
		m.OwnerID = "usr_b"
		text += `, "usr_b"]`
	default:
		text += "]"
	}
	execute(t, path, fmt.Sprintf("UPDATE service_accounts SET move = '%s' WHERE id = 'sa_c'", text))
	return m
}
