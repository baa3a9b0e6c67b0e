package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"github.com/latchkey/latchkey/keys"
)

const loadBatch = 20_000

// LoadKeys inserts many keys, in transactions of some thousands, so that a
// large import does not pay for durability key by key. What was committed
// before an error stays.
func (s *Store) LoadKeys(ctx context.Context, all iter.Seq[keys.Key]) error {
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
