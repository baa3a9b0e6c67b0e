package verify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// TestAChangeThatWasLongWithoutAMajorityIsHeardOf: a write that nobody was
// answered to is seen once a majority has it, with the time at which it began.
func TestAChangeThatWasLongWithoutAMajorityIsHeardOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, notes := keystest.NewMemory(), &keystest.Records{}
		registry := notes.Registry(t, 0)
		n := keystest.NewNode(t, store, 0, verify.Config{Nodes: registry}).Fill()
		k, text := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.Want(text, verify.Valid)
		notes.Gone.Store(true)
		began := time.Now()
		time.Sleep(time.Minute)
		stored, err := store.Keys().Get(t.Context(), k.ID)
		n.Must(err)
		stored.Revision++
		stored.UpdatedAt, stored.RevokedAt = began.Add(time.Second), began.Add(time.Second)
		n.Must(store.Keys().Replace(t.Context(), stored))
		notes.Gone.Store(false)
		time.Sleep(2 * keys.PollBound)
		n.Want(text, verify.Revoked)
	})
}

// TestAPollRecordedAfterAMajorityCameBack: a poll reads while the store has no
// majority and is recorded when it has one again. It has not seen the change that
// became visible in between.
func TestAPollRecordedAfterAMajorityCameBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, notes := keystest.NewMemory(), &keystest.Records{}
		n := keystest.NewNode(t, store, 0, verify.Config{Nodes: notes.Registry(t, 0)}).Fill()
		k, text := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.Want(text, verify.Valid)
		began := time.Now()
		notes.Gone.Store(true)
		time.Sleep(time.Minute)
		notes.Slow.Store(true)
		notes.Gone.Store(false)
		time.Sleep(keys.PollBound / 2) // a poll has read, and its record is being written
		stored, err := store.Keys().Get(t.Context(), k.ID)
		n.Must(err)
		stored.Revision++
		stored.UpdatedAt, stored.RevokedAt = began.Add(time.Second), began.Add(time.Second)
		n.Must(store.Keys().Replace(t.Context(), stored))
		notes.Slow.Store(false)
		time.Sleep(2 * keys.PollBound)
		n.Want(text, verify.Revoked)
	})
}
