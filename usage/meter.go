package usage

import (
	"sync"
	"sync/atomic"
)

const (
	mostDirty         = 200_000 // counters waiting to be drained
	mostOrganizations = 10_000  // that verified unknown keys, or have folded counts
	fewScopes         = 4       // counted within the counter; most keys have no more
)

// Holder identifies whose keys they are and what they may do: what the counters of
// many keys have in common.
type Holder struct {
	AccountID      string
	OrganizationID string
	Scopes         []string // indexed by CountScope
}

// Counted is what a Counter counts for: a key, or the Holder if KeyID is empty.
type Counted struct {
	KeyID string
	*Holder
}

// Counter counts the verifications of one key since the last drain. It lives in the
// cached grant, so the hot path finds it without a lookup. Like the grant it holds no
// pointer, so with very many keys the garbage collector does not have to scan them.
type Counter struct {
	dirty    atomic.Bool
	outcomes [MaxOutcomes]atomic.Uint32
	scopes   [fewScopes]atomic.Uint32
}

// Meter is the part of the package that verification calls. Counting is an atomic
// addition. The first one since the last drain also adds the counter to a list. The
// list, not the cache, leads to unsaved counts, so evicting an entry loses none. The
// list holds each counter once and at most mostDirty of them, as many as can be used
// within about a second. Beyond that, the counts of further keys are folded into those
// of their organization: totals stay right, but the keys are lost. A nil Meter counts
// nothing.
type Meter struct {
	mu     sync.Mutex // guards dirty and more; held for one addition, once per second and key
	dirty  []dirty
	more   map[scopeOf]uint32 // of the scopes after the first few
	length atomic.Int64       // of dirty, and of the list being drained

	spare         []dirty // the drained list, for reuse
	folded        atomic.Uint64
	organizations sync.Map // id → *organization
	known         atomic.Int64
	nobody        organization
	refusals      refusals
}

// dirty is a counter with unsaved counts.
type dirty struct {
	*Counter
	of Counted
}

// scopeOf identifies one scope of what the counter counts for.
type scopeOf struct {
	counter *Counter
	index   int
}

// organization counts what cannot be attributed to a key.
type organization struct {
	Counter
	holder Holder
}

// NewMeter returns a Meter. A Recorder drains it.
func NewMeter() *Meter {
	return &Meter{more: map[scopeOf]uint32{}}
}

// Count adds one outcome to the counter. A counter always belongs to the same Counted.
func (m *Meter) Count(c *Counter, of Counted, o Outcome) {
	if m == nil {
		return
	}
	c.outcomes[o].Add(1)
	if !c.dirty.Load() {
		m.register(c, of)
	}
}

// CountScope adds one verification that requested the scope with the index. Call it
// before Count for the same verification; Count registers both.
func (m *Meter) CountScope(c *Counter, index int) {
	if m == nil {
		return
	}
	if index < fewScopes {
		c.scopes[index].Add(1)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.more[scopeOf{c, index}]++
}

// CountUnknown adds one outcome for an unknown key.
func (m *Meter) CountUnknown(organizationID string, o Outcome) {
	if m != nil {
		in := m.organization(organizationID)
		m.Count(&in.Counter, Counted{Holder: &in.holder}, o)
	}
}

func (m *Meter) organization(id string) *organization {
	if id == "" {
		return &m.nobody
	}
	if found, ok := m.organizations.Load(id); ok {
		return found.(*organization)
	}
	if m.known.Load() >= mostOrganizations {
		return &m.nobody
	}
	found, taken := m.organizations.LoadOrStore(id, &organization{holder: Holder{OrganizationID: id}})
	if !taken {
		m.known.Add(1)
	}
	return found.(*organization)
}

// register adds the counter to the list unless it is there already.
func (m *Meter) register(c *Counter, of Counted) {
	if !c.dirty.CompareAndSwap(false, true) {
		return
	}
	if m.length.Add(1) > mostDirty && of.KeyID != "" {
		m.length.Add(-1)
		m.fold(c, of)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty = append(m.dirty, dirty{c, of})
}

// fold moves the counts to the organization's own. Counts added after
// dirty was cleared register again; counts added before are swapped out here.
func (m *Meter) fold(c *Counter, of Counted) {
	c.dirty.Store(false)
	m.takeMore(c, len(of.Scopes), func(int, uint32) {})
	into := m.organization(of.OrganizationID)
	for i := range c.outcomes {
		n := c.outcomes[i].Swap(0)
		into.outcomes[i].Add(n)
		m.folded.Add(uint64(n))
	}
	if !into.dirty.Load() {
		m.register(&into.Counter, Counted{Holder: &into.holder})
	}
}

// takeMore passes on and clears the counts of the scopes after the first few.
func (m *Meter) takeMore(c *Counter, scopes int, each func(index int, n uint32)) {
	if scopes <= fewScopes {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := fewScopes; i < scopes; i++ {
		if n := m.more[scopeOf{c, i}]; n > 0 {
			delete(m.more, scopeOf{c, i})
			each(i, n)
		}
	}
}

// drain passes on and clears everything counted. Drains must not
// run concurrently. It reuses the row.
func (m *Meter) drain(rest *pause, each func(*row)) {
	m.mu.Lock()
	taken := m.dirty
	m.dirty = m.spare[:0]
	m.mu.Unlock()
	w := &row{}
	for i := range taken {
		rest.one()
		m.take(&taken[i], w)
		each(w)
	}
	clear(taken) // do not keep evicted entries alive
	m.spare = taken
	if m.known.Load() >= mostOrganizations {
		// A counter dropped here while somebody adds to it is in the list.
		m.organizations.Clear()
		m.known.Store(0)
	}
}

func (m *Meter) take(d *dirty, into *row) {
	m.length.Add(-1)
	d.Counter.dirty.Store(false)
	subject := Subject{KeyID: d.of.KeyID, AccountID: d.of.AccountID, OrganizationID: d.of.OrganizationID}
	*into = row{Subject: subject, scopes: into.scopes[:0]}
	for i := range d.outcomes {
		if d.outcomes[i].Load() > 0 {
			into.counts[i] = d.outcomes[i].Swap(0)
		}
	}
	for i, name := range d.of.Scopes[:min(len(d.of.Scopes), fewScopes)] {
		if n := d.scopes[i].Swap(0); n > 0 {
			into.addScope(name, uint64(n))
		}
	}
	m.takeMore(d.Counter, len(d.of.Scopes), func(i int, n uint32) { into.addScope(d.of.Scopes[i], uint64(n)) })
}
