// Package nodes keeps track of the processes that serve from one store. Each process
// keeps a record there of how far it has applied the changes of others. A revoke reads
// the records to find out which nodes may not know of it, and until when they may
// accept the key. The package also assigns work that one node does for all nodes.
// Package verify does the polling.
package nodes

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
)

// MostSkew is how much the clocks of two nodes may differ.
const MostSkew = 5 * time.Second

// Node is the record of one process. It promises that everything changed before the
// poll that began at PolledAt has been applied, and that MaxStale after that poll
// nothing is served from memory unless there was a later poll.
type Node struct {
	ID        string
	Name      string
	Version   string
	StartedAt time.Time // by the node's clock
	PolledAt  time.Time // by the node's clock
	Beat      int64     // number of records that the node has written
	MaxStale  time.Duration
	// FedBy is the id of the node that feeds this edge and vouches for it: the edge has
	// applied what that node has. It is "" for a node, and for an edge that is cut off.
	FedBy string
	// Owner is the service account whose key this edge uses, "" for a node.
	Owner string
}

// IsEdge reports whether the record is of an edge, which serves without a store.
func (n *Node) IsEdge() bool { return ids.Valid(ids.Edge, n.ID) }

// since reports whether the record is at least as late as the stored one. Two nodes that
// admit an edge at once may write the same Beat; the store keeps one of the records.
func (n *Node) since(stored *Node) bool {
	return n.Beat > stored.Beat || (n.Beat == stored.Beat && n.FedBy == stored.FedBy)
}

// Lease assigns a piece of work to its holder until a time.
type Lease struct {
	Name   string
	Holder string
	Until  time.Time
}

// Store is what the package needs from a database.
type Store interface {
	// PutNode stores the record unless the stored one has the same or a later Beat,
	// which is no error: a late write must not undo a later one.
	PutNode(ctx context.Context, n Node) error
	// Nodes returns all records.
	Nodes(ctx context.Context) ([]Node, error)
	// DeleteNode deletes the record if its Beat is not above beat.
	DeleteNode(ctx context.Context, id string, beat int64) error
	// TakeLease gives the lease to the holder if nobody has it, the holder already has
	// it, it ended before expired, or it is to end after latest. It reports whether
	// the holder has it now.
	TakeLease(ctx context.Context, l Lease, expired, latest time.Time) (bool, error)
	// DropLease ends the lease if the holder has it.
	DropLease(ctx context.Context, name, holder string) error
}
