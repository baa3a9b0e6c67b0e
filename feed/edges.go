package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
)

const (
	// mostEdges is the most edges that one node feeds.
	mostEdges = 20_000
	// mostOfOne is the most of one service account, so that it leaves room for others.
	mostOfOne = mostEdges / 20
	// maxText is the longest text that an edge sends about itself.
	maxText = 128
	// sweepEvery is how often a node looks for edges that have stopped asking.
	sweepEvery = 250 * time.Millisecond
	// recordTimeout is the limit for writing one record.
	recordTimeout = 2 * time.Second
)

// edges are the edges that this node feeds. Other nodes rely on their records: this node
// writes an edge's record before it tells the edge anything, and again when the edge
// stops asking. Nothing is written in between.
type edges struct {
	registry *nodes.Registry
	limiter  ratelimit.Limiter
	elapsed  func() time.Duration

	mu   sync.Mutex
	byID map[string]*fed
}

// fed is one edge. Writers of its record hold writing.
type fed struct {
	edge    edgewire.Edge
	owner   string // the service account whose key it uses
	writing sync.Mutex

	// By elapsed, guarded by mu of edges.
	answered time.Duration // when it was last told of changes
	heard    time.Duration // when it asked the last question whose answer reached it
}

func (e *fed) record() nodes.Node {
	return nodes.Node{ID: e.edge.ID, Name: e.edge.Name, Version: e.edge.Version, StartedAt: e.edge.StartedAt, Owner: e.owner}
}

var errEdgeOfAnother = errs.New(errs.Forbidden, "edge_of_another")

// hello finds or admits the edge, and makes sure that its record says who feeds it.
// Lost answers do not count as feeding. If the last answer that arrived is too old, the
// record says that this one may be the last.
func (e *edges) hello(ctx context.Context, edge edgewire.Edge, owner string, heard time.Duration) (*fed, error) {
	if !ids.Valid(ids.Edge, edge.ID) || !printable(edge.Name) || !printable(edge.Version) || edge.StartedAt.IsZero() {
		return nil, errs.New(errs.Invalid, "edge_message")
	}
	if err := e.owned(ctx, edge.ID, owner); err != nil {
		return nil, err
	}
	f, err := e.find(edge, owner, heard)
	if err != nil {
		return nil, err
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	record := e.registry.Vouch
	switch {
	case e.deaf(f):
		record = e.registry.Doubt
	case e.registry.Vouches(edge.ID):
		return f, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := record(ctx, f.record()); err != nil {
		return nil, fmt.Errorf("record an edge: %w", err)
	}
	return f, nil
}

// printable reports whether people can be shown the text.
func printable(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, text.Hidden)
}

// newEdges bounds how many new edges a service account begins: each costs a record that
// all nodes read.
var newEdges = ratelimit.Rule{Requests: 10, Per: time.Second, Burst: 200}

// owned makes sure that the edge is the account's: it is here, or its record says so, or
// there is none and it is new.
func (e *edges) owned(ctx context.Context, id, owner string) error {
	if fed, err := e.feeds(id, owner); fed || err != nil {
		return err
	}
	recorded, err := e.registry.EdgeOwner(ctx, id, false)
	if err == nil && recorded == "" {
		if err = e.begins(ctx, owner); err == nil {
			recorded, err = e.registry.EdgeOwner(ctx, id, true)
		}
	}
	if err == nil && recorded != "" && recorded != owner {
		err = errEdgeOfAnother
	}
	return err
}

// begins charges the account for a new edge.
func (e *edges) begins(ctx context.Context, owner string) error {
	d, err := e.limiter.Take(ctx, ratelimit.Request{Key: ratelimit.Bucket{ID: "new edges " + owner, Rule: newEdges}, Cost: 1})
	if err != nil || d.Allowed {
		return err
	}
	limited := errs.New(errs.Limited, "too_many_new_edges")
	limited.RetryAfter = d.RetryAfter
	return limited
}

func (e *edges) find(edge edgewire.Edge, owner string, heard time.Duration) (*fed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.byID[edge.ID]
	switch {
	case f == nil && len(e.byID) >= mostEdges:
		return nil, errs.New(errs.Unavailable, "too_many_edges", "most", mostEdges)
	case f == nil && e.of(owner) >= mostOfOne:
		return nil, errs.New(errs.Unavailable, "too_many_edges_of_account", "most", mostOfOne)
	case f == nil:
		f = &fed{edge: edge, owner: owner, heard: e.elapsed() - max(0, heard)}
		e.byID[edge.ID] = f
	case f.owner != owner:
		return nil, errEdgeOfAnother
	}
	f.answered = e.elapsed() // before the answer is read
	f.heard = max(f.heard, f.answered-max(0, heard))
	return f, nil
}

// of counts the edges of the account. The caller holds mu.
func (e *edges) of(owner string) (n int) {
	for _, f := range e.byID {
		if f.owner == owner {
			n++
		}
	}
	return n
}

// deaf reports whether the edge has heard nothing for so long that it counts as cut off.
func (e *edges) deaf(f *fed) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.elapsed()-f.heard >= nodes.FreshFor
}

// told records that the edge is about to get an answer.
func (e *edges) told(f *fed) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f.answered = e.elapsed()
}

// leave removes an edge that has asked its last question.
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

// feeds reports whether this node feeds the edge. The error is errs.Forbidden for an edge
// of another account.
func (e *edges) feeds(id, owner string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.byID[id]
	if f != nil && f.owner != owner {
		return false, errEdgeOfAnother
	}
	return f != nil, nil
}

// disown updates the records of edges that have heard nothing for that long. It removes
// them here; they are admitted again when they ask.
func (e *edges) disown(ctx context.Context, after time.Duration) error {
	e.mu.Lock()
	now := e.elapsed()
	var silent []*fed
	for _, f := range e.byID {
		if now-f.heard >= after {
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
	now := e.elapsed()
	since, silent := now-f.answered, now-f.heard
	e.mu.Unlock()
	if silent < after { // it has heard something meanwhile
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if err := e.registry.Disown(ctx, f.record(), time.Now().Add(-since)); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.elapsed()-f.heard >= after {
		delete(e.byID, f.edge.ID)
	}
	return nil
}
