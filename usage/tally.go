package usage

import (
	"maps"
	"math"
	"time"
)

// MostTallied is how many subjects Take returns at once.
const MostTallied = 500

// Take hands over what was counted since it was last taken, in parts of at most
// MostTallied. It is for a process that has no Recorder: one at a time.
func (m *Meter) Take(now time.Time, part func([]Tally)) {
	var some []Tally
	m.drain(&pause{}, func(w *row) {
		t := Tally{Subject: w.Subject, At: now.UTC()}
		t.Counts.add(&w.counts)
		for _, s := range w.scopes {
			if t.Scopes == nil {
				t.Scopes = map[string]uint64{}
			}
			t.Scopes[s.name] += s.n
		}
		if some = append(some, t); len(some) == MostTallied {
			part(some)
			some = nil
		}
	})
	if len(some) > 0 {
		part(some)
	}
}

// TakeRefusals hands over the last refusals of at most so many keys.
func (m *Meter) TakeRefusals(most int) map[string][]Refusal { return m.refusals.take(most) }

// Add counts what another process has counted, as if the Meter had.
func (r *Recorder) Add(tallies []Tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range tallies {
		t := &tallies[i]
		w := &row{Subject: t.Subject, minute: t.At.UTC().Truncate(time.Minute).Unix()}
		for o, n := range t.Counts {
			w.counts[o] = uint32(min(n, math.MaxUint32/2))
		}
		for name, n := range maps.All(t.Scopes) {
			w.addScope(name, n)
		}
		r.stats.Totals.add(&w.counts)
		r.gather(w)
	}
}
