package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey/latchkey/internal/journal"
)

const (
	touchJournal = `INSERT INTO usage_journals (owner, written_at) VALUES (?, ?)
		ON CONFLICT (owner) DO UPDATE SET written_at = excluded.written_at`
	insertEntry     = "INSERT INTO usage_entries (owner, number, data) VALUES (?, ?, ?)"
	noteProgress    = "UPDATE usage_journals SET written_at = ?, through = ?, row_count = ? WHERE owner = ? AND claimed = 0"
	deleteEntries   = "DELETE FROM usage_entries WHERE owner = ? AND number <= ?"
	deleteJournal   = "DELETE FROM usage_journals WHERE owner = ?1 AND NOT EXISTS (SELECT 1 FROM usage_entries WHERE owner = ?1)"
	restartProgress = "UPDATE usage_journals SET through = 0, row_count = 0 WHERE owner = ?"
	claimJournal    = "UPDATE usage_journals SET claimed = 1, written_at = ? WHERE owner = ? AND written_at = ?"
	selectJournals  = "SELECT owner, written_at FROM usage_journals WHERE owner > ''"
	selectProgress  = "SELECT through, row_count FROM usage_journals WHERE owner = ?"
	selectEntries   = "SELECT number, data FROM usage_entries WHERE owner = ? ORDER BY number"
)

// WriteJournal appends an entry to the owner's journal.
func (s *counts) WriteJournal(ctx context.Context, owner string, at time.Time, e journal.Entry) error {
	return known(s.transactBehind(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, touchJournal, owner, at.UnixNano()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, insertEntry, owner, e.Number, e.Data)
		return err
	}))
}

// TrimJournal removes the owner's entries up to and including the number.
func (s *counts) TrimJournal(ctx context.Context, owner string, through int64) error {
	return known(s.transactBehind(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, deleteEntries, owner, through); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, restartProgress, owner); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, deleteJournal, owner)
		return err
	}))
}

// Journals returns when each journal was last written to, by owner.
func (s *counts) Journals(ctx context.Context) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	err := s.reader.rows(ctx, selectJournals, nil, func(row scanner) error {
		var owner string
		var at int64
		if err := row.Scan(&owner, &at); err != nil {
			return err
		}
		all[owner] = time.Unix(0, at)
		return nil
	})
	return all, known(err)
}

// ClaimJournal takes over the owner's journal.
func (s *counts) ClaimJournal(ctx context.Context, owner string, seen, at time.Time) (p journal.Progress,
	entries []journal.Entry, err error,
) {
	p.Owner = owner
	err = s.transactBehind(ctx, func(tx *sql.Tx) error {
		if err := oneChanged(tx.ExecContext(ctx, claimJournal, at.UnixNano(), owner, seen.UnixNano())); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, selectProgress, owner).Scan(&p.Through, &p.Rows); err != nil {
			return err
		}
		entries, err = entriesOf(ctx, tx, owner)
		return err
	})
	return p, entries, known(err)
}

func entriesOf(ctx context.Context, tx *sql.Tx, owner string) (entries []journal.Entry, err error) {
	rows, err := tx.QueryContext(ctx, selectEntries, owner)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e journal.Entry
		if err := rows.Scan(&e.Number, &e.Data); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// oneChanged returns journal.ErrClaimed unless the statement changed a journal.
func oneChanged(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return journal.ErrClaimed
}
