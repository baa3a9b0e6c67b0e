package usage

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
)

const (
	// MostRefusals is how many refusals of a key are kept.
	MostRefusals = 100

	mostRefused  = 2000 // keys whose refusals wait; refusals of others are only counted
	refusedBatch = 200  // keys a second, so that a flood of refusals is no flood of writes
	maxDetail    = 300  // bytes
)

// Refusal is one failed verification of a key.
type Refusal struct {
	At      time.Time  `json:"at"`
	Outcome Outcome    `json:"outcome"`
	Address netip.Addr `json:"address"`       // of the key's user, zero if unknown
	Detail  string     `json:"detail"`        // in English
	Said    errs.Text  `json:"said,omitzero"` // the same, for other languages; zero if unknown
	// Method and Path are of the request that carried the key, "" if unknown. They are
	// bounded, and Path has no query.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
}

// Join merges two lists and returns the newest MostRefusals, newest first.
func Join(stored, more []Refusal) []Refusal {
	all := slices.Concat(more, stored)
	slices.SortStableFunc(all, func(a, b Refusal) int { return b.At.Compare(a.At) })
	return all[:min(len(all), MostRefusals)]
}

// refusals keeps the latest refusals since the last take: a ring for each of at most
// mostRefused keys.
type refusals struct {
	mu    sync.Mutex
	rings map[string]*ring
}

type ring struct {
	last []Refusal
	next int // index of the oldest, once the ring is full
}

func (r *ring) put(one Refusal) {
	if len(r.last) < MostRefusals {
		r.last = append(r.last, one)
		return
	}
	r.last[r.next] = one
	r.next = (r.next + 1) % MostRefusals
}

// Refuse records why the key was refused. It does no I/O.
func (m *Meter) Refuse(keyID string, one Refusal) {
	if m == nil {
		return
	}
	detail := clip(one.Detail, maxDetail)
	if detail != one.Detail {
		one.Said = errs.Text{} // would not be complete either
	}
	one.At, one.Detail = one.At.UTC().Truncate(time.Millisecond), detail
	r := &m.refusals
	r.mu.Lock()
	defer r.mu.Unlock()
	of, found := r.rings[keyID]
	if !found {
		if len(r.rings) >= mostRefused {
			return
		}
		if r.rings == nil {
			r.rings = map[string]*ring{}
		}
		of = &ring{}
		r.rings[keyID] = of
	}
	of.put(one)
}

// take returns and clears the refusals of some keys.
func (r *refusals) take(most int) map[string][]Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := map[string][]Refusal{}
	for id, of := range r.rings {
		if len(taken) == most {
			break
		}
		taken[id] = of.last
		delete(r.rings, id)
	}
	return taken
}

// putBack keeps refusals that could not be saved. Those added meanwhile are newer.
func (r *refusals) putBack(of map[string][]Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, last := range of {
		if newer, found := r.rings[id]; found {
			last = Join(last, newer.last)
			slices.Reverse(last)
		} else if len(r.rings) >= mostRefused {
			continue
		}
		if r.rings == nil {
			r.rings = map[string]*ring{}
		}
		r.rings[id] = &ring{last: last}
	}
}
