package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// The page cache for loading keys, and the writer's normal one, in KiB.
const (
	whileLoading = "PRAGMA cache_size = -400000"
	afterLoading = "PRAGMA cache_size = -8000"
)

// LoadKeys inserts many keys in one transaction, during which nothing else can be written.
// It returns the ids of those that are not stored because their id or digest is taken. It
// may use some hundred megabytes of memory, which the writer keeps: with less, the next
// call would read most indexes again.
func (s *objects) LoadKeys(ctx context.Context, all []keys.Key) (taken []string, err error) {
	if _, err := s.writer.db().ExecContext(ctx, whileLoading); err != nil {
		return nil, fmt.Errorf("prepare to load keys: %w", known(err))
	}
	err = s.transact(ctx, func(tx *sql.Tx) (err error) {
		taken, err = s.load(ctx, tx, all)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", known(err))
	}
	return taken, nil
}

// load inserts keys without the trigger that indexes the texts of each, and then indexes
// those of all keys at once: the index of texts flushes to the file at the start of each
// statement that changes it.
func (s *objects) load(ctx context.Context, tx *sql.Tx, all []keys.Key) (taken []string, err error) {
	var trigger string
	var last int64
	err = errors.Join(
		tx.QueryRowContext(ctx, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = 'key_text_inserted'").Scan(&trigger),
		tx.QueryRowContext(ctx, "SELECT coalesce(max(number), 0) FROM key_texts").Scan(&last),
	)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "DROP TRIGGER key_text_inserted"); err != nil {
		return nil, err
	}
	stored, taken, err := s.insertKeys(ctx, tx, all)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO key_texts (id) SELECT value FROM json_each(?)", putJSON(stored)); err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO key_trigrams (rowid, text) SELECT number, replace(search, id, '') FROM key_texts JOIN keys "+
		"USING (id) WHERE number > ? ORDER BY number", last)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, trigger)
	return taken, err
}

func (s *objects) insertKeys(ctx context.Context, tx *sql.Tx, all []keys.Key) (stored, taken []string, err error) {
	insert, err := tx.PrepareContext(ctx, s.keyTable().insertion()+unlessTaken)
	if err != nil {
		return nil, nil, err
	}
	defer insert.Close() //nolint:errcheck // the transaction ends it
	for i := range all {
		inserted, err := changes(ctx, insert, keyValues(&all[i]))
		switch {
		case err != nil:
			return nil, nil, err
		case inserted:
			stored = append(stored, all[i].ID)
		default:
			taken = append(taken, all[i].ID)
		}
	}
	return stored, taken, nil
}

const loadBatch = 100_000

// LoadAll inserts any number of keys, which must be new. It keeps no memory.
func (s *objects) LoadAll(ctx context.Context, all iter.Seq[keys.Key]) (err error) {
	next, stop := iter.Pull(all)
	defer stop()
	defer func() {
		_, undo := s.writer.db().ExecContext(context.WithoutCancel(ctx), afterLoading)
		err = errors.Join(err, undo)
	}()
	for {
		batch := make([]keys.Key, 0, loadBatch)
		for len(batch) < loadBatch {
			k, more := next()
			if !more {
				break
			}
			batch = append(batch, k)
		}
		taken, err := s.LoadKeys(ctx, batch)
		if err != nil {
			return err
		}
		if len(taken) > 0 {
			return errs.New(errs.Conflict, "import_key_taken")
		}
		if len(batch) < loadBatch {
			return nil
		}
	}
}
