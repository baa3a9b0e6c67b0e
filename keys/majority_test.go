package keys_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/verify"
)

// TestAChangeThatWasLongWithoutAMajorityIsHeardOf: a write that nobody was
// answered to is seen once a majority has it, with the time at which it began.
func TestAChangeThatWasLongWithoutAMajorityIsHeardOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, notes := newMemory(), &records{}
		registry, err := nodes.New(nodes.Config{Store: notes, Name: "n", Version: "v", MaxStale: verify.DefaultMaxStale, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			err = registry.Join(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		n := newNode(t, store, 0, verify.Config{Nodes: registry}).fill()
		k, text := n.issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.want(text, verify.Valid)
		notes.gone.Store(true)
		began := time.Now()
		time.Sleep(time.Minute)
		stored, err := store.Keys().Get(t.Context(), k.ID)
		n.must(err)
		stored.Revision++
		stored.UpdatedAt, stored.RevokedAt = began.Add(time.Second), began.Add(time.Second)
		n.must(store.Keys().Replace(t.Context(), stored))
		notes.gone.Store(false)
		time.Sleep(2 * keys.PollBound)
		n.want(text, verify.Revoked)
	})
}
