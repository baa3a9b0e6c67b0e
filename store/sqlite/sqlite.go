// Package sqlite is the embedded store: one file, in pure Go, for one machine. Reads use
// connections of their own and never wait for the one writer (write-ahead log).
// Statements are prepared once.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite" // registers the driver "sqlite", too
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/calls"
)

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	*engine
	objects
	people
	records
	counts
	cluster
}

// The parts of a Store, by what they store. They share its engine.
type (
	objects struct{ *engine } // organizations, service accounts, keys, tiers, scopes and incidents
	people  struct{ *engine } // users, memberships, sessions and what they sign in with
	records struct{ *engine } // audit events, quotas, idempotency keys and reminders
	counts  struct{ *engine } // usage, refusals and the journals of both
	cluster struct{ *engine } // nodes and leases
)

// newStore returns the Store on the engine.
func newStore(e *engine) *Store {
	return &Store{e, objects{e}, people{e}, records{e}, counts{e}, cluster{e}}
}

// engine is the open file.
type engine struct {
	path   string
	writer *database
	reader *database
	notes  *database // for writes that need not survive a power loss
	moves  *checkpoints
	watch  calls.Watch

	unwritable atomic.Pointer[error] // nil: the file can be written
	mending    sync.WaitGroup
	stop       context.CancelFunc
}

// private creates an empty file that only its owner can read, if none exists. SQLite
// itself would leave the mode to the umask. The files beside it get the same mode.
func private(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // SQLite reports what is wrong with it
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return err
	}
	return f.Close()
}

// Exposed returns the files of the database that others than their owner can read or
// write. It does not change them: a group may have access on purpose.
func (s *engine) Exposed() (all []string) {
	for _, path := range []string{s.path, s.path + "-wal", s.path + "-shm"} {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			all = append(all, path)
		}
	}
	return all
}

// Name returns the name of the file.
func (s *engine) Name() string { return "SQLite at " + s.path }

// Close waits for running statements and closes the file.
func (s *engine) Close(context.Context) error {
	s.stop()
	s.mending.Wait()
	s.moves.close()
	return errors.Join(s.notes.close(), s.reader.close(), s.writer.close())
}

// database is the connections for one purpose. If the file could only be read at first,
// other connections replace them later.
type database struct {
	pool  atomic.Pointer[pool]
	past  *pool // may still be used by calls that started with it
	path  string
	watch calls.Watch
	moves *checkpoints // nil: writes are not reported
}

func (d *database) db() *sql.DB { return d.pool.Load().db }

func (d *database) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	return d.pool.Load().prepare(ctx, text)
}

func (d *database) exec(ctx context.Context, text string, args ...any) (changed int64, err error) {
	ctx, end := begin(ctx, d.watch, calls.Write, text)
	defer func() { end(err) }()
	defer d.moves.note()
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

// scanner is a row to scan: *sql.Row, *sql.Rows or a failure.
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

// rows calls each for every row of the result.
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

func (d *database) close() error { return errors.Join(d.past.close(), d.pool.Load().close()) }

// transact runs do in one transaction of the writer.
func (s *engine) transact(ctx context.Context, do func(*sql.Tx) error) error {
	return s.writer.transact(ctx, do)
}

// transactBehind is transact for background writes: a power loss may cost the latest of
// them, but nothing that was acknowledged. Verification thus never waits for a disk.
func (s *engine) transactBehind(ctx context.Context, do func(*sql.Tx) error) error {
	return s.notes.transact(ctx, do)
}

func (d *database) transact(ctx context.Context, do func(*sql.Tx) error) (err error) {
	ctx, end := begin(ctx, d.watch, calls.Write, "BEGIN IMMEDIATE")
	defer func() { end(known(err)) }()
	defer d.moves.note()
	if err := d.intact(); err != nil {
		return err
	}
	tx, err := d.db().BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return finish(tx, do(tx))
}

// finish commits, or rolls back after an error.
func finish(tx *sql.Tx, err error) error {
	if err != nil {
		if undo := tx.Rollback(); !errors.Is(undo, sql.ErrTxDone) { // ErrTxDone if ctx has ended
			err = errors.Join(err, undo)
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// primaryCode masks the part of an extended result code that follows its class.
const primaryCode = 0xff

// known gives the database's errors the kinds that callers check.
func known(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errs.New(errs.NotFound, "no_row")
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return errs.New(errs.Conflict, "object_exists")
		}
		switch e.Code() & primaryCode {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL,
			sqlite3.SQLITE_READONLY:
			return fmt.Errorf("%w: %w", errs.Unavailable, err)
		}
	}
	return err
}
