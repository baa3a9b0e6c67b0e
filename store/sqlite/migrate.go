package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrations embed.FS

const migrationFiles = "migrations/*.sql"

// migrate applies the numbered migrations that the file does not have yet. Each runs in a
// transaction that first locks the file, so that two processes never apply the same one.
// PRAGMA user_version holds the number of the last.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Glob(migrations, migrationFiles)
	if err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	for number, file := range files {
		if number+1 <= version && version <= len(files) {
			continue // no transaction, which a full disk would refuse
		}
		if err := apply(ctx, db, number+1, len(files), file); err != nil {
			return fmt.Errorf("apply %s: %w", file, err)
		}
	}
	if _, err := db.ExecContext(ctx, aboutTable); err != nil {
		return err
	}
	return agree(ctx, db, files)
}

func apply(ctx context.Context, db *sql.DB, number, newest int, file string) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > newest {
		return newer(version, newest)
	}
	if version >= number {
		return nil
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", number)); err != nil {
		return err
	}
	return tx.Commit()
}

// ErrNewer is returned for a database written by a newer version.
var ErrNewer = errors.New("the database was written by a newer version")

func newer(version, newest int) error {
	return fmt.Errorf("%w: it has schema %d, this version knows up to %d; use a newer latchkey", ErrNewer, version, newest)
}
