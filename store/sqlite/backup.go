package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of Backup and Restore.
var (
	// ErrExists is returned if a file would be overwritten.
	ErrExists = errors.New("the file exists and is not overwritten")
	// ErrNoStore is returned for a file that is not a store of this service.
	ErrNoStore = errors.New("the file is no Latchkey store")
	// ErrDamaged is returned for a file that fails SQLite's integrity check.
	ErrDamaged = errors.New("the file is damaged")
)

// Backup copies the database at path, as it is at one moment, to a new file, which only
// its owner can read, and checks the copy. The database may be in use meanwhile.
func Backup(ctx context.Context, path, file string) error {
	return whole(file, func(draft string) error {
		db, err := openFile(path, "rw") // the log beside the file must be read, too
		if err != nil {
			return err
		}
		_, err = inspect(ctx, db)
		if err == nil {
			_, err = db.ExecContext(ctx, "VACUUM INTO ?", draft)
		}
		if err = errors.Join(err, db.Close()); err != nil {
			return fmt.Errorf("copy %s: %w", path, err)
		}
		return check(ctx, draft)
	})
}

// Restore creates the database at path from a file written by Backup. It does not touch
// a database that already exists there, or the remains of one.
func Restore(ctx context.Context, file, path string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := absent(path + suffix); err != nil {
			return err
		}
		if err := absent(file + suffix); err != nil {
			return fmt.Errorf("%s is a database in use, not a backup: %w", file, err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of the database: %w", err)
	}
	err := whole(path, func(draft string) error {
		if err := duplicate(file, draft); err != nil {
			return err
		}
		return check(ctx, draft)
	})
	if err != nil {
		return err
	}
	// Which database was here before no longer matters.
	if err := os.Remove(path + markEnding); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// whole lets write fill a draft beside the file, and renames the draft to the file unless
// that name is taken.
func whole(file string, write func(draft string) error) (err error) {
	if err := absent(file); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".latchkey-*")
	if err != nil {
		return err
	}
	draft := f.Name()
	defer func() { err = errors.Join(err, os.Remove(draft)) }()
	if err := errors.Join(f.Close(), write(draft), flush(draft)); err != nil {
		return err
	}
	if err := os.Link(draft, file); err != nil {
		if errors.Is(err, fs.ErrExist) {
			err = ErrExists
		}
		return fmt.Errorf("make %s: %w", file, err)
	}
	return flush(filepath.Dir(file))
}

func absent(file string) error {
	switch _, err := os.Lstat(file); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		return fmt.Errorf("%s: %w", file, ErrExists)
	default:
		return err
	}
}

// flush syncs the file, or a folder's entries, to the disk.
func flush(file string) error {
	f, err := os.Open(file) //nolint:gosec // G304: the operator names it
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func duplicate(from, to string) (err error) {
	source, err := os.Open(from) //nolint:gosec // G304: the operator names it
	if err != nil {
		return err
	}
	defer source.Close()                                          //nolint:errcheck // only read
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // G304: a draft of ours
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String()
}

func openFile(path, mode string) (*sql.DB, error) {
	options := url.Values{"mode": {mode}, "_pragma": {"busy_timeout(5000)", "trusted_schema(OFF)"}}
	db, err := sql.Open("sqlite", fileURI(path)+"?"+options.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// check returns nil for a complete store whose schema this version knows.
func check(ctx context.Context, file string) (err error) {
	db, err := openFile(file, "ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := inspect(ctx, db); err != nil {
		return err
	}
	var said string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return unreadable(err)
	}
	if said != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, said)
	}
	return nil
}

// inspect returns the schema of the database. It only reads.
func inspect(ctx context.Context, db *sql.DB) (version int, err error) {
	newest, err := fs.Glob(migrations, migrationFiles)
	if err != nil {
		return 0, err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, unreadable(err)
	}
	if version > len(newest) {
		return version, newer(version, len(newest))
	}
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('organizations', "+
		"'service_accounts', 'keys', 'tiers')").Scan(&tables)
	if err != nil {
		return version, unreadable(err)
	}
	if version < 1 || tables != 4 {
		return version, ErrNoStore
	}
	return version, nil
}

// unreadable distinguishes a damaged database from a file that never was one.
func unreadable(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & primaryCode {
		case sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", ErrNoStore, err)
		case sqlite3.SQLITE_CORRUPT:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return err
}
