// Package sqlite is the embedded store: one file, in pure Go, for one machine.
// Reads go to connections of their own and never wait for the one writer
// (write-ahead log); statements are prepared once.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"modernc.org/sqlite" // registers the driver "sqlite", too
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/errs"
)

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	path   string
	writer *database
	reader *database
	notes  *database // writes what need not outlive the machine
	watch  calls.Watch
}

// Open opens the database file, making it and its folder when they do not
// exist, and brings its schema up to date. A file written by a newer version
// is refused. What is done later is told to the watches.
func Open(ctx context.Context, path string, watches ...calls.Watch) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the database: %w", err)
	}
	if err := vanished(path); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	writer, err := connect(path, 1, "immediate", "FULL")
	if err != nil {
		return nil, err
	}
	err = migrate(ctx, writer.db)
	if err == nil {
		err = identify(ctx, writer.db, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), writer.close())
	}
	reader, err := connect(path, max(4, runtime.GOMAXPROCS(0)), "deferred", "FULL")
	if err != nil {
		return nil, errors.Join(err, writer.close())
	}
	notes, err := connect(path, 1, "immediate", "NORMAL")
	if err != nil {
		return nil, errors.Join(err, reader.close(), writer.close())
	}
	s := &Store{path: path, writer: writer, reader: reader, notes: notes, watch: calls.Join(watches...)}
	writer.watch, reader.watch, notes.watch = s.watch, s.watch, s.watch
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	for _, d := range []*database{writer, reader, notes} {
		d.path, d.opened = path, info
	}
	return s, nil
}

// private makes an empty file that only we can read, where there is none: SQLite
// itself would leave it to the umask. The files beside it get the same rights.
func private(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // SQLite says what is wrong with it
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return err
	}
	return f.Close()
}

// Exposed returns the files of the database that others than their owner can
// read or write. They are left so: a group may have been let in on purpose.
func (s *Store) Exposed() (all []string) {
	for _, path := range []string{s.path, s.path + "-wal", s.path + "-shm"} {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			all = append(all, path)
		}
	}
	return all
}

// checkpointEvery is after how many pages of 4 KiB in the log they are moved to
// the file. That waits for the disk, twice, whatever their number, and on one
// processor verification with it; and a page that was written again meanwhile
// is moved once.
const checkpointEvery = "16000"

// connect opens a pool. The synchronous mode FULL keeps what was acknowledged
// through a loss of power, not only of the process, which NORMAL does.
func connect(path string, connections int, lock, synchronous string) (*database, error) {
	options := url.Values{
		"mode":    {"rw"}, // never made here: a file that is gone would come back empty
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(" + synchronous + ")", "wal_autocheckpoint(" + checkpointEvery + ")", "foreign_keys(ON)", "temp_store(MEMORY)", "cache_size(-8000)", "trusted_schema(OFF)"},
		"_txlock": {lock},
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String()+"?"+options.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return &database{db: db}, nil
}

// Name says which file this is.
func (s *Store) Name() string { return "SQLite at " + s.path }

// Close waits for running statements and closes the file.
func (s *Store) Close(context.Context) error {
	return errors.Join(s.notes.close(), s.reader.close(), s.writer.close())
}

// database is a pool of connections with its prepared statements, one for
// each text: texts are built from a bounded set of parts.
type database struct {
	db         *sql.DB
	statements sync.Map // text → *sql.Stmt
	watch      calls.Watch

	path   string
	opened fs.FileInfo // the file as it was opened; nil: it is not watched
}

func (d *database) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := d.statements.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := d.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	if earlier, taken := d.statements.LoadOrStore(text, s); taken {
		return earlier.(*sql.Stmt), s.Close()
	}
	return s, nil
}

func (d *database) exec(ctx context.Context, text string, args ...any) (changed int64, err error) {
	ctx, end := begin(ctx, d.watch, calls.Write, text)
	defer func() { end(err) }()
	if err := d.intact(); err != nil {
		return 0, err
	}
	s, err := d.prepare(ctx, text)
	if err != nil {
		return 0, known(err)
	}
	result, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, known(err)
	}
	return result.RowsAffected()
}

// scanner is a row that can be read: *sql.Row, *sql.Rows or a failure.
type scanner interface{ Scan(into ...any) error }

type failure struct{ err error }

func (f failure) Scan(...any) error { return f.err }

func (d *database) row(ctx context.Context, text string, args ...any) scanner {
	ctx, end := begin(ctx, d.watch, calls.Read, text)
	s, err := d.prepare(ctx, text)
	if err != nil {
		end(known(err))
		return failure{err}
	}
	return watched{s.QueryRowContext(ctx, args...), end}
}

// rows calls each for every row of the answer.
func (d *database) rows(ctx context.Context, text string, args []any, each func(scanner) error) (err error) {
	ctx, end := begin(ctx, d.watch, calls.Read, text)
	defer func() { end(known(err)) }()
	s, err := d.prepare(ctx, text)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (d *database) close() error {
	var all []error
	d.statements.Range(func(_, s any) bool {
		all = append(all, s.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(append(all, d.db.Close())...)
}

// transact runs do in one transaction of the writer.
func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) error {
	return s.writer.transact(ctx, do)
}

// transactBehind is transact for what is written behind anyway: a loss of power
// may cost the last of it, though nothing that was acknowledged to anybody. So
// verification never waits for a disk.
func (s *Store) transactBehind(ctx context.Context, do func(*sql.Tx) error) error {
	return s.notes.transact(ctx, do)
}

func (d *database) transact(ctx context.Context, do func(*sql.Tx) error) (err error) {
	ctx, end := begin(ctx, d.watch, calls.Write, "BEGIN IMMEDIATE")
	defer func() { end(known(err)) }()
	if err := d.intact(); err != nil {
		return err
	}
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return finish(tx, do(tx))
}

// finish commits, or undoes all after an error.
func finish(tx *sql.Tx, err error) error {
	if err != nil {
		if undo := tx.Rollback(); !errors.Is(undo, sql.ErrTxDone) { // as it is when ctx has ended
			err = errors.Join(err, undo)
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// primaryCode masks what an extended result code tells beside its class.
const primaryCode = 0xff

// known gives the database's errors the kinds that callers tell apart.
func known(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errs.New(errs.NotFound, "no such row")
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return errs.New(errs.Conflict, "an object with this id or unique field exists")
		}
		switch e.Code() & primaryCode {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY:
			return fmt.Errorf("%w: %w", errs.Unavailable, err)
		}
	}
	return err
}
