package verify

import "sync/atomic"

// Stats is what a Verifier has done since it was created, and its state.
type Stats struct {
	Hits         uint64 // answered from memory
	NegativeHits uint64 // of these, that there is no such key
	Misses       uint64 // for which the store was asked
	Cached       int64  // grants and unknown hashes in memory
	Grants       int64  // of these, grants
	Bumped       uint64 // marks bumped: copies that count as old since
	PollErr      error  // of the latest poll
	Polling
}

// Stats returns the state of the Verifier.
func (v *Verifier) Stats() Stats {
	s := v.grants.stats()
	s.Polling = v.Polling()
	s.Bumped = v.grants.marks.Bumped()
	return s
}

// hitStripes spreads the counting of hits by key, so that cores that verify
// different keys do not wait for each other.
const hitStripes = 16

// counters count what became of look-ups in the cache.
type counters struct {
	hits     [hitStripes]stripe
	negative atomic.Uint64
	misses   atomic.Uint64
	polled   atomic.Pointer[error] // how the latest poll ended
}

// stripe fills a line of the processor's cache.
type stripe struct {
	count atomic.Uint64
	_     [56]byte
}

// hit counts an answer from memory: the one thing that is counted for metrics
// where keys are verified.
func (c *counters) hit(g *Grant) {
	if !g.Known() {
		c.negative.Add(1)
		return
	}
	c.hits[g.hash[0]%hitStripes].count.Add(1)
}

func (c *cache) stats() Stats {
	s := Stats{NegativeHits: c.counters.negative.Load(), Misses: c.counters.misses.Load()}
	s.Hits = s.NegativeHits
	for i := range c.counters.hits {
		s.Hits += c.counters.hits[i].count.Load()
	}
	s.Grants = c.known.MaxCost() - c.known.RemainingCost()
	s.Cached = s.Grants + c.unknown.MaxCost() - c.unknown.RemainingCost()
	if err := c.counters.polled.Load(); err != nil {
		s.PollErr = *err
	}
	return s
}
