package usage

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
)

const (
	// MostRefusals is how many of the last refusals of a key are kept.
	MostRefusals = 100

	mostRefused  = 2000 // keys whose refusals wait; of others the counts tell
	refusedBatch = 200  // keys a second: a flood of refusals is no flood of writes
	maxDetail    = 300  // bytes
)

// Refusal is one verification of a key that did not end well.
type Refusal struct {
	At      time.Time  `json:"at"`
	Outcome Outcome    `json:"outcome"`
	Address netip.Addr `json:"address"`       // of the key's user, zero where unknown
	Detail  string     `json:"detail"`        // in English
	Said    errs.Text  `json:"said,omitzero"` // the same for other languages; zero if not known
}

// Join returns the newest MostRefusals of both, newest first.
func Join(stored, more []Refusal) []Refusal {
	all := slices.Concat(more, stored)
	slices.SortStableFunc(all, func(a, b Refusal) int { return b.At.Compare(a.At) })
	return all[:min(len(all), MostRefusals)]
}

// refusals keeps the last refusals of keys that were refused since they were
// last taken: a ring for each key, for at most mostRefused keys.
type refusals struct {
	mu    sync.Mutex
	rings map[string]*ring
}

type ring struct {
	last []Refusal
	next int // where the oldest is, once the ring is full
}

func (r *ring) put(one Refusal) {
	if len(r.last) < MostRefusals {
		r.last = append(r.last, one)
		return
	}
	r.last[r.next] = one
	r.next = (r.next + 1) % MostRefusals
}

// Refuse remembers why the key was refused. It does no I/O.
func (m *Meter) Refuse(keyID string, one Refusal) {
	if m == nil {
		return
	}
	detail := clip(one.Detail, maxDetail)
	if detail != one.Detail {
		one.Said = errs.Text{} // is not kept in full either
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

// take returns the refusals of some keys and forgets them.
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

// putBack is for what could not be saved; what was refused meanwhile is newer.
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
