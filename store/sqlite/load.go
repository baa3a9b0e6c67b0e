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

// What a load of keys may take of memory for pages and for the index of texts,
// and what the writer has otherwise. Each transaction of the load adds one
// segment to the index then, not one for each megabyte.
const (
	whileLoading = "PRAGMA cache_size = -400000; INSERT INTO key_trigrams (key_trigrams, rank) VALUES ('hashsize', 200000000)"
	afterLoading = "PRAGMA cache_size = -8000; INSERT INTO key_trigrams (key_trigrams, rank) VALUES ('hashsize', 1048576)"
)

// LoadKeys inserts many keys, in large transactions, so that an import does
// not pay for durability key by key. It takes some hundred megabytes of memory.
// What was committed before an error stays.
func (s *Store) LoadKeys(ctx context.Context, all iter.Seq[keys.Key]) (err error) {
	if _, err := s.writer.db.ExecContext(ctx, whileLoading); err != nil {
		return fmt.Errorf("prepare to load keys: %w", known(err))
	}
	defer func() {
		_, undo := s.writer.db.ExecContext(context.WithoutCancel(ctx), afterLoading)
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

func (s *Store) loadBatch(ctx context.Context, tx *sql.Tx, next func() (keys.Key, bool)) (int, error) {
	insert, err := tx.PrepareContext(ctx, s.keyTable().insertion())
	if err != nil {
		return 0, err
	}
	defer insert.Close() //nolint:errcheck // the transaction ends it
	for n := range loadBatch {
		k, more := next()
		if !more {
			return n, nil
		}
		if _, err := insert.ExecContext(ctx, keyValues(&k)...); err != nil {
			return n, err
		}
	}
	return loadBatch, nil
}
