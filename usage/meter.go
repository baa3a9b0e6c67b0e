package usage

import (
	"sync"
	"sync/atomic"
)

const (
	mostDirty         = 200_000 // counters that wait to be drained
	mostOrganizations = 10_000  // that asked about unknown keys, or have counts folded
	fewScopes         = 4       // counted within the counter; most keys have no more
)

// Counted is what a Counter counts for: its subject, and the scopes that
// CountScope means by their indexes.
type Counted interface {
	Counted() (s Subject, scopes []string)
}

// Counter counts the verifications of one subject since they were last
// drained. It lives with the cached grant, so that the hot path finds it
// without a look-up.
type Counter struct {
	of       Counted
	next     *Counter // in the meter's list; of whoever set dirty
	scopes   [fewScopes]atomic.Uint32
	more     atomic.Pointer[[]atomic.Uint32] // of the scopes behind the first few
	dirty    atomic.Bool
	outcomes [MaxOutcomes]atomic.Uint32
}

// Init says what the counter counts for. It is called once, before the first
// use.
func (c *Counter) Init(of Counted) { c.of = of }

// Meter is the part of the package that verification touches. Counting is an
// atomic addition. The first one since the last drain also links the counter
// into a list, without a lock: so the list, not the cache, is what leads to
// counts that were not saved, and an entry that is evicted meanwhile loses
// none. The list holds each counter once and at most mostDirty of them, as
// many as can be used within a second or so. Beyond that the counts of further
// keys are folded into those of their organization: totals stay right, whose
// keys they were is not known. A nil Meter counts nothing.
type Meter struct {
	head          atomic.Pointer[Counter]
	length        atomic.Int64
	folded        atomic.Uint64
	organizations sync.Map // id → *Counter
	known         atomic.Int64
	nobody        Counter
	refusals      refusals
}

// NewMeter returns a Meter. A Recorder drains it.
func NewMeter() *Meter {
	m := &Meter{}
	m.nobody.Init(organization(""))
	return m
}

// organization is what counts for no key.
type organization string

// Counted implements the interface.
func (o organization) Counted() (Subject, []string) {
	return Subject{OrganizationID: string(o)}, nil
}

// Count adds one outcome.
func (m *Meter) Count(c *Counter, o Outcome) {
	if m == nil {
		return
	}
	c.outcomes[o].Add(1)
	if !c.dirty.Load() {
		m.register(c)
	}
}

// CountScope adds one verification that asked for the scope with the index. It
// stands before the Count of the same verification, which registers both.
func (m *Meter) CountScope(c *Counter, index, scopes int) {
	if m == nil {
		return
	}
	if index < fewScopes {
		c.scopes[index].Add(1)
		return
	}
	counts := c.more.Load()
	if counts == nil {
		made := make([]atomic.Uint32, scopes-fewScopes)
		c.more.CompareAndSwap(nil, &made)
		counts = c.more.Load()
	}
	(*counts)[index-fewScopes].Add(1)
}

// CountUnknown adds one outcome of a key of which nothing is known.
func (m *Meter) CountUnknown(organizationID string, o Outcome) {
	if m != nil {
		m.Count(m.organization(organizationID), o)
	}
}

func (m *Meter) organization(id string) *Counter {
	if id == "" {
		return &m.nobody
	}
	if c, ok := m.organizations.Load(id); ok {
		return c.(*Counter)
	}
	if m.known.Load() >= mostOrganizations {
		return &m.nobody
	}
	made := &Counter{of: organization(id)}
	c, taken := m.organizations.LoadOrStore(id, made)
	if !taken {
		m.known.Add(1)
	}
	return c.(*Counter)
}

// register links the counter into the list unless it is there.
func (m *Meter) register(c *Counter) {
	if !c.dirty.CompareAndSwap(false, true) {
		return
	}
	_, ofNoKey := c.of.(organization)
	if m.length.Add(1) > mostDirty && !ofNoKey {
		m.length.Add(-1)
		m.fold(c)
		return
	}
	for {
		c.next = m.head.Load()
		if m.head.CompareAndSwap(c.next, c) {
			return
		}
	}
}

// fold moves the counts to the organization's own. Whoever adds after dirty
// was cleared registers anew, whoever added before is swapped out here.
func (m *Meter) fold(c *Counter) {
	c.dirty.Store(false)
	s, _ := c.of.Counted()
	into := m.organization(s.OrganizationID)
	for i := range c.outcomes {
		n := c.outcomes[i].Swap(0)
		into.outcomes[i].Add(n)
		m.folded.Add(uint64(n))
	}
	if !into.dirty.Load() {
		m.register(into)
	}
}

// drain hands over and forgets all that was counted.
// The row is used again.
func (m *Meter) drain(rest *pause, each func(*row)) {
	w := &row{}
	for c := m.head.Swap(nil); c != nil; {
		rest.one()
		next := c.next // before dirty is cleared: then it is another's
		m.length.Add(-1)
		c.dirty.Store(false)
		s, names := c.of.Counted()
		*w = row{Subject: s, scopes: w.scopes[:0]}
		for i := range c.outcomes {
			if c.outcomes[i].Load() > 0 {
				w.counts[i] = c.outcomes[i].Swap(0)
			}
		}
		c.takeScopes(names, w)
		each(w)
		c = next
	}
	if m.known.Load() >= mostOrganizations {
		// A counter that is dropped here while somebody adds to it is in the list.
		m.organizations.Clear()
		m.known.Store(0)
	}
}

func (c *Counter) takeScopes(names []string, into *row) {
	take := func(counts []atomic.Uint32, names []string) {
		for i, name := range names {
			if n := counts[i].Swap(0); n > 0 {
				into.addScope(name, uint64(n))
			}
		}
	}
	few := min(len(names), fewScopes)
	take(c.scopes[:], names[:few])
	if counts := c.more.Load(); counts != nil {
		take(*counts, names[few:])
	}
}
