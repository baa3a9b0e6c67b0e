package nodes

import (
	"context"
	"math"
	"time"
)

// Vouch makes the edge known, as one that this node feeds: from here on it is
// taken to hear of changes as long as this node does. It is called before the edge
// is told anything.
func (r *Registry) Vouch(ctx context.Context, edge Node) error {
	edge.FedBy, edge.PolledAt, edge.MaxStale = r.self.ID, r.c.Now(), r.c.MaxStale
	return r.putEdge(ctx, edge)
}

// Vouches reports whether the edge's record says that this node feeds it.
func (r *Registry) Vouches(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seen[id]
	return s != nil && s.node.FedBy == r.self.ID
}

// Disown notes that the edge has asked nothing since then. One that another node
// feeds by now is that node's business.
func (r *Registry) Disown(ctx context.Context, edge Node, since time.Time) error {
	if !r.Vouches(edge.ID) {
		return nil
	}
	edge.FedBy, edge.PolledAt, edge.MaxStale = "", since, r.c.MaxStale
	return r.putEdge(ctx, edge)
}

// Doubt makes the edge known as one that may hear nothing from here on: nobody knows
// whether what it is told arrives.
func (r *Registry) Doubt(ctx context.Context, edge Node) error {
	edge.FedBy, edge.PolledAt, edge.MaxStale = "", r.c.Now(), r.c.MaxStale
	return r.putEdge(ctx, edge)
}

// ForgetEdge removes the record of an edge that serves nothing any more.
func (r *Registry) ForgetEdge(ctx context.Context, id string) error {
	if err := r.c.Store.DeleteNode(ctx, id, math.MaxInt64); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, id)
	return nil
}

// putEdge writes the record behind whatever one there is.
func (r *Registry) putEdge(ctx context.Context, edge Node) error {
	r.mu.Lock()
	edge.Beat = 1
	if s := r.seen[edge.ID]; s != nil {
		edge.Beat = s.node.Beat + 1
	}
	r.mu.Unlock()
	if err := r.c.Store.PutNode(ctx, edge); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now()
	r.seen[edge.ID] = &sighting{node: edge, at: now, passed: r.c.Elapsed(), proven: true, vouched: now}
	return nil
}
