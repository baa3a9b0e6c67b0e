package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/nodes"
)

const (
	// mostEdges bounds how many edges one node feeds.
	mostEdges = 20_000
	// maxText bounds what an edge says of itself.
	maxText = 128
	// sweepEvery is how often a node looks for edges that do not ask any more.
	sweepEvery = 250 * time.Millisecond
	// recordTimeout bounds the write of one record.
	recordTimeout = 2 * time.Second
)

// edges are those that this node feeds. Others go by its word: it puts each into the
// store before it tells it anything, and again when it does not ask any more. Between
// the two nothing is written.
type edges struct {
	registry *nodes.Registry
	elapsed  func() time.Duration

	mu   sync.Mutex
	byID map[string]*fed
}

// fed is one edge. Its record is written while writing is held.
type fed struct {
	edge    edgewire.Edge
	owner   string // the service account by whose key it asks
	writing sync.Mutex
	batch   uint64 // of its last Usage that was counted; writing guards it

	answered time.Duration // when it was last told of changes, by elapsed; mu of edges guards it
}

func (e *fed) record() nodes.Node {
	return nodes.Node{ID: e.edge.ID, Name: e.edge.Name, Version: e.edge.Version, StartedAt: e.edge.StartedAt}
}

var errEdgeOfAnother = errs.New(errs.Forbidden, "edge_of_another")

// hello finds the edge, or takes it in, and makes sure that its record says who
// feeds it.
func (e *edges) hello(ctx context.Context, edge edgewire.Edge, owner string) (*fed, error) {
	if !ids.Valid(ids.Edge, edge.ID) || len(edge.Name) > maxText || len(edge.Version) > maxText || edge.StartedAt.IsZero() {
		return nil, errs.New(errs.Invalid, "edge_message")
	}
	f, err := e.find(edge, owner)
	if err != nil {
		return nil, err
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	if e.registry.Vouches(edge.ID) {
		return f, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := e.registry.Vouch(ctx, f.record()); err != nil {
		return nil, fmt.Errorf("record an edge: %w", err)
	}
	return f, nil
}

func (e *edges) find(edge edgewire.Edge, owner string) (*fed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.byID[edge.ID]
	switch {
	case f == nil && len(e.byID) >= mostEdges:
		return nil, errs.New(errs.Unavailable, "too_many_edges", "most", mostEdges)
	case f == nil:
		f = &fed{edge: edge, owner: owner}
		e.byID[edge.ID] = f
	case f.owner != owner:
		return nil, errEdgeOfAnother
	}
	f.answered = e.elapsed() // it asks: nobody disowns it meanwhile
	return f, nil
}

// told notes that the edge is about to be answered.
func (e *edges) told(f *fed) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f.answered = e.elapsed()
}

// leave forgets an edge that has answered its last question.
func (e *edges) leave(ctx context.Context, edge edgewire.Edge, owner string) error {
	e.mu.Lock()
	f := e.byID[edge.ID]
	if f == nil || f.owner != owner {
		e.mu.Unlock()
		return nil
	}
	delete(e.byID, edge.ID)
	e.mu.Unlock()
	f.writing.Lock()
	defer f.writing.Unlock()
	return e.registry.ForgetEdge(ctx, edge.ID)
}

// sweep disowns edges that do not ask any more, until ctx ends.
func (e *edges) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		_ = e.disown(ctx, nodes.FreshFor) // tried again
	}
}

// disown writes records of the edges that were not answered for so long. They are
// forgotten here, and known again when they ask.
func (e *edges) disown(ctx context.Context, after time.Duration) error {
	e.mu.Lock()
	now := e.elapsed()
	var silent []*fed
	for _, f := range e.byID {
		if now-f.answered >= after {
			silent = append(silent, f)
		}
	}
	e.mu.Unlock()
	var faults []error
	for _, f := range silent {
		faults = append(faults, e.disownOne(ctx, f, after))
	}
	return errors.Join(faults...)
}

func (e *edges) disownOne(ctx context.Context, f *fed, after time.Duration) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	e.mu.Lock()
	since := e.elapsed() - f.answered
	e.mu.Unlock()
	if since < after { // it has asked meanwhile
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if err := e.registry.Disown(ctx, f.record(), time.Now().Add(-since)); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.elapsed()-f.answered >= after {
		delete(e.byID, f.edge.ID)
	}
	return nil
}
