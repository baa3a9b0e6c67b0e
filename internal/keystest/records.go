package keystest

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/nodes"
)

// Records is a nodes.Store without I/O that nodes of a test share.
type Records struct {
	nodes.Store
	Gone atomic.Bool // nothing can be written
	Slow atomic.Bool // a write is answered when Slow is false again

	mu   sync.Mutex
	byID map[string]nodes.Node
}

// PutNode implements nodes.Store.
func (r *Records) PutNode(ctx context.Context, n nodes.Node) error {
	for r.Slow.Load() && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if r.Gone.Load() || ctx.Err() != nil {
		return ErrGone
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID = map[string]nodes.Node{}
	}
	r.byID[n.ID] = n
	return nil
}

// Nodes implements nodes.Store.
func (r *Records) Nodes(context.Context) ([]nodes.Node, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.byID)), nil
}

// Registry returns the registry of a joined node whose clock is off by skew.
func (r *Records) Registry(t *testing.T, skew time.Duration) *nodes.Registry {
	t.Helper()
	made, err := nodes.New(nodes.Config{
		Store: r, MaxStale: time.Minute, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().Add(skew) },
	})
	if err == nil {
		err = made.Join(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}
