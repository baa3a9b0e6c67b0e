package usage

import (
	"maps"
	"math"
	"time"
)

// MostTallied is the most subjects that Take passes on at once.
const MostTallied = 500

// Take passes on what was counted since the last Take, in parts of at most MostTallied
// subjects. It is for a process without a Recorder. Only one Take may run at a time.
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

// TakeRefusals returns and clears the latest refusals of at most the given number of
// keys.
func (m *Meter) TakeRefusals(most int) map[string][]Refusal { return m.refusals.take(most) }

// Add adds counts from another process as if the Meter had counted them.
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
