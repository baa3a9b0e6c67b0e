package nodes

import (
	"context"
	"math"
	"time"
)

// Vouch records that this node feeds the edge. From then on the edge counts as learning
// of changes as long as this node does. Call it before the edge gets any data.
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

// EdgeOwner returns the owner in the edge's record, "" if there is no record. Without fresh
// it may overlook one that another node has just written.
func (r *Registry) EdgeOwner(ctx context.Context, id string, fresh bool) (string, error) {
	if fresh {
		if err := r.Look(ctx); err != nil {
			return "", err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.seen[id]; s != nil {
		return s.node.Owner, nil
	}
	return "", nil
}

// Disown records that the edge has asked nothing since the given time. If another node
// feeds the edge by now, Disown does nothing.
func (r *Registry) Disown(ctx context.Context, edge Node, since time.Time) error {
	if !r.Vouches(edge.ID) {
		return nil
	}
	edge.FedBy, edge.PolledAt, edge.MaxStale = "", since, r.c.MaxStale
	return r.putEdge(ctx, edge)
}

// Doubt records that the edge may learn of nothing from now on, because it is unknown
// whether answers reach it.
func (r *Registry) Doubt(ctx context.Context, edge Node) error {
	edge.FedBy, edge.PolledAt, edge.MaxStale = "", r.c.Now(), r.c.MaxStale
	return r.putEdge(ctx, edge)
}

// ForgetEdge deletes the record of an edge that no longer serves anything.
func (r *Registry) ForgetEdge(ctx context.Context, id string) error {
	if err := r.c.Store.DeleteNode(ctx, id, math.MaxInt64); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, id)
	return nil
}

// putEdge writes the record with a later Beat than the stored one, if any.
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
