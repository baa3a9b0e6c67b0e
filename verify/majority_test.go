package verify_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/verify"
)

// TestAChangeThatWasLongWithoutAMajorityIsHeardOf: a write that nobody was
// answered to is seen once a majority has it, with the time at which it began.
func TestAChangeThatWasLongWithoutAMajorityIsHeardOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, notes := keystest.NewMemory(), &records{}
		registry, err := nodes.New(nodes.Config{
			Store: notes, Name: "n", Version: "v", MaxStale: verify.DefaultMaxStale,
			Logger: slog.New(slog.DiscardHandler),
		})
		if err == nil {
			err = registry.Join(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		n := keystest.NewNode(t, store, 0, verify.Config{Nodes: registry}).Fill()
		k, text := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.Want(text, verify.Valid)
		notes.gone.Store(true)
		began := time.Now()
		time.Sleep(time.Minute)
		stored, err := store.Keys().Get(t.Context(), k.ID)
		n.Must(err)
		stored.Revision++
		stored.UpdatedAt, stored.RevokedAt = began.Add(time.Second), began.Add(time.Second)
		n.Must(store.Keys().Replace(t.Context(), stored))
		notes.gone.Store(false)
		time.Sleep(2 * keys.PollBound)
		n.Want(text, verify.Revoked)
	})
}
