package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey/latchkey/keys"
)

const putTombstone = "INSERT OR REPLACE INTO tombstones (id, hash, deleted_at) VALUES (?, ?, ?)"

// noteDeletion records the deletion.
func noteDeletion(ctx context.Context, tx *sql.Tx, id string, hash any) error {
	_, err := tx.ExecContext(ctx, putTombstone, id, hash, time.Now().UnixMilli())
	return err
}

// DeleteTombstonesBefore deletes at most limit tombstones.
func (s *objects) DeleteTombstonesBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.writer.exec(ctx, "DELETE FROM tombstones WHERE id IN (SELECT id FROM tombstones INDEXED BY tombstones_deleted WHERE "+
		"deleted_at < ? LIMIT ?)", before.UnixMilli(), limit)
	return int(n), err
}

// changeQueries are the statements of ChangedSince. Each takes since and limit.
func changeQueries() []string {
	return []string{
		"SELECT id, hash, revision FROM keys INDEXED BY keys_updated WHERE updated_at >= ? LIMIT ?",
		"SELECT id, NULL, revision FROM service_accounts INDEXED BY service_accounts_updated WHERE updated_at >= ? LIMIT ?",
		"SELECT id, NULL, revision FROM organizations INDEXED BY organizations_updated WHERE updated_at >= ? LIMIT ?",
		"SELECT name, NULL, revision FROM tiers INDEXED BY tiers_updated WHERE updated_at >= ? LIMIT ?",
		"SELECT id, hash, -1 FROM tombstones INDEXED BY tombstones_deleted WHERE deleted_at >= ? LIMIT ?",
	}
}

// ChangedSince returns what was written or deleted not before since.
func (s *objects) ChangedSince(ctx context.Context, since time.Time, limit int) ([]keys.Change, error) {
	var changes []keys.Change
	for _, text := range changeQueries() {
		err := s.reader.rows(ctx, text, []any{since.UnixMilli(), limit}, func(row scanner) error {
			var c keys.Change
			var hash []byte
			if err := row.Scan(&c.ID, &hash, &c.Revision); err != nil {
				return err
			}
			copy(c.Hash[:], hash)
			changes = append(changes, c)
			return nil
		})
		if err != nil {
			return nil, known(err)
		}
	}
	return changes, nil
}

// PutTombstone records that the object with the id is gone.
func (s *objects) PutTombstone(ctx context.Context, id string) error {
	return known(s.transact(ctx, func(tx *sql.Tx) error { return noteDeletion(ctx, tx, id, nil) }))
}

// HasTombstone reports whether the id was deleted, or given a tombstone, lately.
func (s *objects) HasTombstone(ctx context.Context, id string) (bool, error) {
	var found bool
	err := s.reader.row(ctx, "SELECT EXISTS (SELECT 1 FROM tombstones WHERE id = ?)", id).Scan(&found)
	return found, known(err)
}
