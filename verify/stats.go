package verify

import "sync/atomic"

// Stats holds what a Verifier has done since it was created, and its state.
type Stats struct {
	Hits         uint64 // answered from memory
	NegativeHits uint64 // of the hits, keys cached as unknown
	Misses       uint64 // lookups that asked the store
	Cached       int64  // grants and unknown hashes in memory
	Grants       int64  // of Cached, grants
	Bumped       uint64 // marks bumped; copies loaded under them no longer count
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
// different keys do not contend.
const hitStripes = 16

// counters counts the results of cache lookups.
type counters struct {
	hits     [hitStripes]stripe
	negative atomic.Uint64
	misses   atomic.Uint64
	polled   atomic.Pointer[error] // how the latest poll ended
}

// stripe fills one cache line.
type stripe struct {
	count atomic.Uint64
	_     [56]byte
}

// hit counts an answer from memory. It is the only metric counted on the path of a
// verification.
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
