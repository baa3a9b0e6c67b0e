package nodes_test

import (
	"testing"
	"testing/synctest"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/nodes"
)

// TestTwoNodesTakeInAnEdgeAtOnce: the store keeps the record of one. The other finds
// out and writes again, so that a record never names a node that the edge has left.
func TestTwoNodesTakeInAnEdgeAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		first, second := start(t, store, "first", 0), start(t, store, "second", 0)
		edge := nodes.Node{ID: ids.New(ids.Edge), Name: "edge"}
		first.must(first.Vouch(t.Context(), edge))
		second.must(second.Vouch(t.Context(), edge)) // it has not looked since
		second.must(second.Look(t.Context()))
		if second.Vouches(edge.ID) {
			t.Fatal("it goes by a record that the store has not kept")
		}
		second.must(second.Vouch(t.Context(), edge))
		first.must(first.Look(t.Context()))
		second.must(second.Look(t.Context()))
		if first.Vouches(edge.ID) || !second.Vouches(edge.ID) {
			t.Error("the record names the node before")
		}
	})
}
