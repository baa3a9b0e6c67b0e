package verify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

func TestStatsTellOfTheCacheAndOfPolling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		n := keystest.NewNode(t, store, 0, verify.Config{}).Fill()
		if s := n.Verifier.Stats(); !s.LastPoll.Equal(time.Now()) || s.PollErr != nil {
			t.Errorf("before the first poll nothing cached is older than the node: %+v", s)
		}
		k, text := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		before := n.Verifier.Stats()
		n.Want(text, verify.Valid)   // a miss
		time.Sleep(time.Millisecond) // the cache takes entries in the background
		for range 3 {
			n.Want(text, verify.Valid)
		}
		unknown := keystest.Format(t).New(keys.Live).Reveal()
		n.Want(unknown, verify.NotFound) // a miss
		time.Sleep(time.Millisecond)
		for range 2 {
			n.Want(unknown, verify.NotFound)
		}
		n.Want("junk", verify.Malformed) // no look-up
		s := n.Verifier.Stats()
		if hits, misses, negative := s.Hits-before.Hits, s.Misses-before.Misses, s.NegativeHits-before.NegativeHits; hits != 5 ||
			misses != 2 || negative != 2 {
			t.Errorf("%d hits, %d misses, %d negative hits", hits, misses, negative)
		}
		if s.Cached != before.Cached+2 {
			t.Errorf("%d entries, %d before", s.Cached, before.Cached)
		}
		n.Must(n.Service.DeleteKey(t.Context(), n.Admin, k.ID, keys.AnyRevision))
		if bumped := n.Verifier.Stats().Bumped; bumped <= s.Bumped {
			t.Errorf("a deletion bumped nothing: %d, then %d", s.Bumped, bumped)
		}
		if age := time.Since(s.LastPoll); s.LastPoll.IsZero() || age > keys.PollBound {
			t.Errorf("polled %s ago", age)
		}
		store.Gone.Store(true)
		time.Sleep(time.Minute)
		s = n.Verifier.Stats()
		if age := time.Since(s.LastPoll); s.PollErr == nil || age < 50*time.Second {
			t.Errorf("without a store: %v, %s ago", s.PollErr, age)
		}
		store.Gone.Store(false)
		time.Sleep(time.Minute)
		if s := n.Verifier.Stats(); s.PollErr != nil || time.Since(s.LastPoll) > keys.PollBound {
			t.Errorf("with it again: %+v", s)
		}
	})
}
