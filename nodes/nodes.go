// Package nodes knows which processes serve from one store. Each process keeps
// a record there that says up to when it has applied the changes of others. A
// revoke reads the records to find out who may not know of it, and until when
// they may accept the key. The package also assigns work that one node does for
// all to one node at a time. Package verify does the polling.
package nodes

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
)

// MostSkew is how much the clocks of two nodes may differ.
const MostSkew = 5 * time.Second

// Node is the record of one process. It says: everything that was changed
// before its poll began at PolledAt has been applied here, and MaxStale after
// that poll nothing is served from memory unless there was a later one.
type Node struct {
	ID        string
	Name      string
	Version   string
	StartedAt time.Time // by the node's clock
	PolledAt  time.Time // by the node's clock
	Beat      int64     // counts the records that the node wrote
	MaxStale  time.Duration
	// FedBy is the id of the node that feeds this edge and vouches for it: it has
	// applied what that node has. "" for a node, and for an edge that is cut off.
	FedBy string
}

// IsEdge reports whether the record is of an edge, which serves from no store.
func (n *Node) IsEdge() bool { return ids.Valid(ids.Edge, n.ID) }

// since reports whether the record is at least as late as what the store has. Two
// nodes that take in an edge at once may write the same Beat: the store kept one.
func (n *Node) since(stored *Node) bool {
	return n.Beat > stored.Beat || (n.Beat == stored.Beat && n.FedBy == stored.FedBy)
}

// Lease gives a piece of work to its holder until a moment.
type Lease struct {
	Name   string
	Holder string
	Until  time.Time
}

// Store is what the package needs of a database.
type Store interface {
	// PutNode stores the record unless one with the same or a later Beat is
	// there, which is no error: a write that was late must not undo a later one.
	PutNode(ctx context.Context, n Node) error
	// Nodes returns all records.
	Nodes(ctx context.Context) ([]Node, error)
	// DeleteNode removes the record if its Beat is not above beat.
	DeleteNode(ctx context.Context, id string, beat int64) error
	// TakeLease makes the lease the holder's if nobody has it, the holder has
	// it already, or it ended before expired or is to end after latest. It reports
	// whether the holder has it now.
	TakeLease(ctx context.Context, l Lease, expired, latest time.Time) (bool, error)
	// DropLease ends the lease if the holder has it.
	DropLease(ctx context.Context, name, holder string) error
}
