package sqlite

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/nodes"
)

// PutNode stores the record unless a later one is stored. It uses a connection that does
// not wait for the disk: nodes write a few records a second, and after a power loss none
// of them is useful.
func (s *cluster) PutNode(ctx context.Context, n nodes.Node) error {
	_, err := s.notes.exec(ctx, `INSERT INTO nodes (id, name, version, started_at, polled_at, beat, max_stale, fed_by, owner)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET polled_at = excluded.polled_at, beat = excluded.beat, fed_by = excluded.fed_by, owner = excluded.owner
		WHERE excluded.beat > nodes.beat`,
		n.ID, n.Name, n.Version, putTime(n.StartedAt), putTime(n.PolledAt), n.Beat, int64(n.MaxStale), n.FedBy, n.Owner)
	return err
}

// Nodes returns all records, which are few.
func (s *cluster) Nodes(ctx context.Context) ([]nodes.Node, error) {
	all := []nodes.Node{}
	err := s.reader.rows(ctx, "SELECT id, name, version, started_at, polled_at, beat, max_stale, fed_by, owner FROM nodes WHERE id > '' "+
		"ORDER BY id", nil,
		func(row scanner) error {
			var n nodes.Node
			err := row.Scan(&n.ID, &n.Name, &n.Version, timeColumn{&n.StartedAt}, timeColumn{&n.PolledAt}, &n.Beat, &n.MaxStale, &n.FedBy, &n.Owner)
			all = append(all, n)
			return err
		})
	return all, known(err)
}

// DeleteNode deletes the record if its Beat is not above beat.
func (s *cluster) DeleteNode(ctx context.Context, id string, beat int64) error {
	_, err := s.notes.exec(ctx, "DELETE FROM nodes WHERE id = ? AND beat <= ?", id, beat)
	return err
}

// TakeLease gives the lease to the holder if it is free.
func (s *cluster) TakeLease(ctx context.Context, l nodes.Lease, expired, latest time.Time) (bool, error) {
	n, err := s.notes.exec(ctx, `INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE leases.holder = excluded.holder OR leases.until < ? OR leases.until > ?`,
		l.Name, l.Holder, putTime(l.Until), putTime(expired), putTime(latest))
	return n == 1, err
}

// DropLease ends the lease if the holder has it.
func (s *cluster) DropLease(ctx context.Context, name, holder string) error {
	_, err := s.notes.exec(ctx, "DELETE FROM leases WHERE name = ? AND holder = ?", name, holder)
	return err
}
