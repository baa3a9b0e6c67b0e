package keys_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

func TestStatsTellOfTheCacheAndOfPolling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		n := newNode(t, store, 0, verify.Config{}).fill()
		if s := n.verifier.Stats(); !s.LastPoll.Equal(time.Now()) || s.PollErr != nil {
			t.Errorf("before the first poll nothing cached is older than the node: %+v", s)
		}
		k, text := n.issue(keys.KeyFields{})
		time.Sleep(time.Minute)
		before := n.verifier.Stats()
		n.want(text, verify.Valid)   // a miss
		time.Sleep(time.Millisecond) // the cache takes entries in the background
		for range 3 {
			n.want(text, verify.Valid)
		}
		unknown := format(t).New(keys.Live).Reveal()
		n.want(unknown, verify.NotFound) // a miss
		time.Sleep(time.Millisecond)
		for range 2 {
			n.want(unknown, verify.NotFound)
		}
		n.want("junk", verify.Malformed) // no look-up
		s := n.verifier.Stats()
		if hits, misses, negative := s.Hits-before.Hits, s.Misses-before.Misses, s.NegativeHits-before.NegativeHits; hits != 5 || misses != 2 || negative != 2 {
			t.Errorf("%d hits, %d misses, %d negative hits", hits, misses, negative)
		}
		if s.Cached != before.Cached+2 {
			t.Errorf("%d entries, %d before", s.Cached, before.Cached)
		}
		n.must(n.service.DeleteKey(t.Context(), n.admin, k.ID, keys.AnyRevision))
		if bumped := n.verifier.Stats().Bumped; bumped <= s.Bumped {
			t.Errorf("a deletion bumped nothing: %d, then %d", s.Bumped, bumped)
		}
		if age := time.Since(s.LastPoll); s.LastPoll.IsZero() || age > keys.PollBound {
			t.Errorf("polled %s ago", age)
		}
		store.gone.Store(true)
		time.Sleep(time.Minute)
		s = n.verifier.Stats()
		if age := time.Since(s.LastPoll); s.PollErr == nil || age < 50*time.Second {
			t.Errorf("without a store: %v, %s ago", s.PollErr, age)
		}
		store.gone.Store(false)
		time.Sleep(time.Minute)
		if s := n.verifier.Stats(); s.PollErr != nil || time.Since(s.LastPoll) > keys.PollBound {
			t.Errorf("with it again: %+v", s)
		}
	})
}
