package verify_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// sleeper is a node whose machine can sleep. Of the clocks that Go reads only
// the one on the wall tells of it, and here not even that.
func sleeper(t *testing.T, store *keystest.Memory) (n *keystest.Node, sleep func(time.Duration)) {
	t.Helper()
	var slept atomic.Int64
	began := time.Now()
	n = keystest.NewNode(t, store, 0, verify.Config{Elapsed: func() time.Duration { return time.Since(began) + time.Duration(slept.Load()) }})
	return n, func(d time.Duration) { slept.Add(int64(d)) }
}

func TestANodeThatDidNotPollAsksFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		writer := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		n := keystest.NewNode(t, store, 0, verify.Config{})
		k, text := writer.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.Want(text, verify.Valid)
		store.PollTakes.Store(int64(650 * time.Millisecond))
		time.Sleep(10 * time.Second)
		before := store.Loads.Load()
		n.Want(text, verify.Valid)
		if got := store.Loads.Load() - before; got != 0 {
			t.Errorf("%d reads while polls are slow, but in time", got)
		}
		writer.Revoke(k)
		time.Sleep(keys.PollBound)
		n.Want(text, verify.Revoked)
	})
}

// Where the store is away while the process runs, nobody waits for long, and
// what is cached serves.
func TestAnOutageIsNoSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		n := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		_, text := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.Want(text, verify.Valid)
		store.Gone.Store(true)
		for range 100 {
			time.Sleep(300 * time.Millisecond)
			began := time.Now()
			n.Want(text, verify.Valid)
			if waited := time.Since(began); waited != 0 {
				t.Fatalf("a question waited for %s", waited)
			}
		}
	})
}

func TestAfterASleepNothingIsSaidWithoutTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		n, sleep := sleeper(t, store)
		n.Fill()
		_, text := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		n.Want(text, verify.Valid)
		store.Gone.Store(true)
		sleep(2 * time.Minute)
		time.Sleep(time.Second)
		if _, err := n.Verifier.Verify(t.Context(), &verify.Question{Key: text, Cost: 1}); !errors.Is(err, errs.Unavailable) {
			t.Errorf("a node that slept and cannot ask: %v", err)
		}
		store.Gone.Store(false)
		time.Sleep(keys.PollBound)
		n.Want(text, verify.Valid)
	})
}

// TestASleepMakesPollsOld: an edge is told by how much its node may be behind, and a
// clock that stands still during sleep does not say.
func TestASleepMakesPollsOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, sleep := sleeper(t, keystest.NewMemory())
		time.Sleep(10 * time.Second)
		if age := n.Verifier.Polling().Age; age > keys.PollBound {
			t.Errorf("while it polls: %s", age)
		}
		sleep(time.Minute)
		if age := n.Verifier.Polling().Age; age < time.Minute {
			t.Errorf("after a minute of sleep: %s", age)
		}
		time.Sleep(keys.PollBound)
		if age := n.Verifier.Polling().Age; age > keys.PollBound {
			t.Errorf("when it has polled again: %s", age)
		}
	})
}
