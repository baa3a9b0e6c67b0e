package imports_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
)

// loading counts the batches that are stored as if nothing else needed the store.
type loading struct {
	imports.Store
	batches int
	during  func()
}

func (l *loading) LoadKeys(ctx context.Context, all []keys.Key) ([]string, error) {
	l.batches++
	l.during()
	return l.Store.LoadKeys(ctx, all)
}

// TestNodesThatServeAreLeftRoom: a command sees a node for the first time, and cannot yet
// tell from it whether it is alive.
func TestNodesThatServeAreLeftRoom(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		polled time.Duration // ago; 0 for no node
		starts bool          // a node does, during the first batch
		keys   int
		want   int
	}{
		"no node":                {0, false, 20, 1},
		"a node":                 {time.Second, false, 20, 0},
		"a node that was killed": {time.Minute, false, 20, 1},
		"a node that starts":     {0, true, 10_100, 1},
	} {
		w := newWorld(t)
		serving := func(ago time.Duration) {
			w.Must(w.Store.PutNode(t.Context(), nodes.Node{
				ID: ids.New(ids.Node), StartedAt: w.Now().Add(-ago), PolledAt: w.Now().Add(-ago), Beat: 1, MaxStale: time.Minute,
			}))
		}
		store := &loading{Store: w.Store, during: func() {
			if tt.starts {
				serving(0)
			}
		}}
		if tt.polled > 0 {
			serving(tt.polled)
		}
		w.imports.Store = store
		if done, _ := w.run(imports.Options{}, many(tt.keys)); done.Count.Imported != tt.keys || store.batches != tt.want {
			t.Errorf("%s: %d keys, %d batches at rest, want %d", name, done.Count.Imported, store.batches, tt.want)
		}
	}
}
