package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Revived is a key that is alive in a restored database, although it was revoked or
// deleted in the one that was in use.
type Revived struct {
	ID, Name, Start, Last4 string
	RevokedAt              time.Time // zero: deleted
}

// FindRevived returns the keys that the restored database brings back: they are revoked or
// do not exist in the file that was in use before. It only reads.
func FindRevived(ctx context.Context, restored, before string) (found []Revived, err error) {
	if err := check(ctx, before); err != nil {
		return nil, fmt.Errorf("%s: %w", before, err)
	}
	db, err := openFile(restored, "ro")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "ATTACH DATABASE ? AS before", fileURI(before)+"?mode=ro"); err != nil {
		return nil, fmt.Errorf("open %s beside the restored database: %w", before, err)
	}
	rows, err := db.QueryContext(ctx, `SELECT k.id, k.name, k.start, k.last4, b.revoked_at FROM main.keys AS k
		LEFT JOIN before.keys AS b ON b.id = k.id WHERE k.revoked_at IS NULL AND (b.id IS NULL OR b.revoked_at IS NOT NULL) ORDER BY k.id`)
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var k Revived
		if err := rows.Scan(&k.ID, &k.Name, &k.Start, &k.Last4, timeColumn{&k.RevokedAt}); err != nil {
			return nil, err
		}
		found = append(found, k)
	}
	return found, rows.Err()
}
