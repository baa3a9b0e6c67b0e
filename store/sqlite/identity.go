package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/latchkey/latchkey/errs"
)

// Errors about the file as a whole. None is repaired automatically: that could hide
// existing data.
var (
	// ErrVanished is returned at start if the database that was here is gone.
	ErrVanished = errors.New("the database is gone")
	// ErrReplaced is returned if the file is another database than before.
	ErrReplaced = errors.New("the database is another one than before")
	// ErrMigration is returned if the text of an applied migration has changed.
	ErrMigration = errors.New("the schema was made by other migrations than this version has")
)

const (
	markEnding = ".id" // suffix of the file beside the database that holds its id
	aboutTable = "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID"
	selectWord = "SELECT value FROM about WHERE name = ?"
	insertWord = "INSERT INTO about (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
)

// vanished refuses to create a database where one was before.
func vanished(path string) error {
	mark, err := os.ReadFile(path + markEnding) //nolint:gosec // G304: beside the file that the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && info.Size() == 0) {
		return fmt.Errorf("%w: database %s was at %s; put it back or `latchkey restore` it, or remove %s to begin with an empty one",
			ErrVanished, strings.TrimSpace(string(mark)), path, path+markEnding)
	}
	return nil // SQLite reports what is wrong with it
}

// identify gives a new database an id, and writes it to a file beside it. It refuses a
// database whose id differs from that file.
func identify(ctx context.Context, db *sql.DB, path string) error {
	id, err := word(ctx, db, "identity", func() string { return rand.Text() })
	if err != nil {
		return fmt.Errorf("the id of the database: %w", err)
	}
	mark, err := os.ReadFile(path + markEnding) //nolint:gosec // G304: beside the file that the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(path+markEnding, []byte(id+"\n"), 0o600)
	}
	if err != nil {
		return err
	}
	return same(path, id, mark)
}

// replaced refuses a file that is another database than the one that was here, before
// SQLite combines it with that one's log.
func replaced(ctx context.Context, path string) error {
	mark, err := os.ReadFile(path + markEnding) //nolint:gosec // G304: beside the file that the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	alone, err := connect(path, wanted{connections: 1, readOnly: true, immutable: true}) // without its log
	if err != nil {
		return err
	}
	var id string
	err = alone.db.QueryRowContext(ctx, selectWord, "identity").Scan(&id)
	if closed := alone.db.Close(); closed != nil {
		return closed
	}
	if err != nil { // the id is in the log, or SQLite reports what is wrong
		return nil
	}
	return same(path, id, mark)
}

// same compares the id of the database with the mark beside it.
func same(path, id string, mark []byte) error {
	if was := strings.TrimSpace(string(mark)); was != id {
		return fmt.Errorf("%w: %s has the id %s, and %s was here; if that is meant, remove %s, and the log of the other, %s and %s",
			ErrReplaced, path, id, was,
			path+markEnding, path+"-wal", path+"-shm")
	}
	return nil
}

// word returns a value that the database stores about itself, and creates it the first
// time.
func word(ctx context.Context, db *sql.DB, name string, first func() string) (value string, err error) {
	err = db.QueryRowContext(ctx, selectWord, name).Scan(&value)
	if !errors.Is(err, sql.ErrNoRows) {
		return value, err
	}
	if _, err := db.ExecContext(ctx, insertWord, name, first()); err != nil {
		return "", err
	}
	return value, db.QueryRowContext(ctx, selectWord, name).Scan(&value)
}

// agree compares the applied migrations with the texts in this version. If the database
// has no digest of one, because it predates them, agree stores the digest.
func agree(ctx context.Context, db *sql.DB, files []string) error {
	for _, file := range files {
		text, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		digest := hex.EncodeToString(sum[:])
		had, err := word(ctx, db, file, func() string { return digest })
		if err != nil {
			return err
		}
		if had != digest {
			return fmt.Errorf("%w: %s has another text than the one that was applied; use the latchkey that made this database, or a release "+
				"after it", ErrMigration, file)
		}
	}
	return nil
}

// intact returns an error if the file at the path is no longer the one that was opened.
// Open connections keep reading the old file. Nothing is written to it, because the
// writes would be lost.
func (d *database) intact() error {
	info, err := os.Stat(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w: there is no file %s any more", errs.Unavailable, ErrVanished, d.path)
	case err == nil && !os.SameFile(info, d.pool.Load().file):
		return fmt.Errorf("%w: %w: %s was replaced while it was in use", errs.Unavailable, ErrReplaced, d.path)
	}
	return nil
}

const (
	anyKey    = "SELECT id, hash FROM keys WHERE id > '' ORDER BY id DESC LIMIT 1"
	writeWord = "INSERT INTO about (name, value) VALUES ('ping', ?) ON CONFLICT DO UPDATE SET value = excluded.value"
)

// Ping reads a key: a database that answers may still have lost its keys. The file must
// be the one that was opened.
func (s *engine) Ping(ctx context.Context) error {
	if err := s.reader.intact(); err != nil {
		return err
	}
	var one int
	if err := s.reader.row(ctx, "PRAGMA user_version").Scan(&one); err != nil {
		return known(err)
	}
	var id string
	var hash []byte
	if err := s.reader.row(ctx, anyKey).Scan(&id, &hash); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return known(err)
	}
	return nil
}

// TryWrite writes a row of its own, because the disk may be full.
func (s *engine) TryWrite(ctx context.Context) error {
	_, err := s.notes.exec(ctx, writeWord, rand.Text())
	return err
}
