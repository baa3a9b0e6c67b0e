package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/latchkey/latchkey/keys"
)

const loadBatch = 100_000

// The page cache for loading keys, and the writer's normal one, in KiB.
const (
	whileLoading = "PRAGMA cache_size = -400000"
	afterLoading = "PRAGMA cache_size = -8000"
)

// LoadKeys inserts many keys in large transactions, so that an import does not wait for
// the disk for each key. It takes some hundred megabytes of memory. What was committed
// before an error stays.
func (s *objects) LoadKeys(ctx context.Context, all iter.Seq[keys.Key]) (err error) {
	if _, err := s.writer.db().ExecContext(ctx, whileLoading); err != nil {
		return fmt.Errorf("prepare to load keys: %w", known(err))
	}
	defer func() {
		_, undo := s.writer.db().ExecContext(context.WithoutCancel(ctx), afterLoading)
		err = errors.Join(err, undo)
	}()
	next, stop := iter.Pull(all)
	defer stop()
	for {
		var loaded int
		err := s.transact(ctx, func(tx *sql.Tx) (err error) {
			loaded, err = s.loadBatch(ctx, tx, next)
			return err
		})
		if err != nil {
			return fmt.Errorf("load keys: %w", known(err))
		}
		if loaded < loadBatch {
			return nil
		}
	}
}

// loadBatch inserts keys without the trigger that indexes the texts of each, and then
// indexes those of all keys at once: the index of texts flushes to the file at the start
// of each statement that changes it.
func (s *objects) loadBatch(ctx context.Context, tx *sql.Tx, next func() (keys.Key, bool)) (loaded int, err error) {
	var trigger string
	var last int64
	err = errors.Join(
		tx.QueryRowContext(ctx, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = 'key_text_inserted'").Scan(&trigger),
		tx.QueryRowContext(ctx, "SELECT coalesce(max(number), 0) FROM key_texts").Scan(&last),
	)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "DROP TRIGGER key_text_inserted"); err != nil {
		return 0, err
	}
	if loaded, err = s.insertKeys(ctx, tx, next); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO key_trigrams (rowid, text) SELECT number, replace(search, id, '') FROM key_texts JOIN keys "+
		"USING (id) WHERE number > ? ORDER BY number", last)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, trigger)
	return loaded, err
}

func (s *objects) insertKeys(ctx context.Context, tx *sql.Tx, next func() (keys.Key, bool)) (int, error) {
	insert, err := tx.PrepareContext(ctx, s.keyTable().insertion())
	if err != nil {
		return 0, err
	}
	defer insert.Close() //nolint:errcheck // the transaction ends it
	note, err := tx.PrepareContext(ctx, "INSERT INTO key_texts (id) VALUES (?)")
	if err != nil {
		return 0, err
	}
	defer note.Close() //nolint:errcheck // as above
	for n := range loadBatch {
		k, more := next()
		if !more {
			return n, nil
		}
		if _, err := insert.ExecContext(ctx, keyValues(&k)...); err != nil {
			return n, err
		}
		if _, err := note.ExecContext(ctx, k.ID); err != nil {
			return n, err
		}
	}
	return loadBatch, nil
}
