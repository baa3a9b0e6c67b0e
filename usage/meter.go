package usage

import (
	"sync"
	"sync/atomic"
)

const (
	mostDirty         = 200_000 // counters that wait to be drained
	mostOrganizations = 10_000  // that asked about unknown keys, or have counts folded
	fewScopes         = 8       // counted within the counter; most keys have no more
)

// Holder is whose keys they are and what they may do: what the counters of
// many keys have in common.
type Holder struct {
	AccountID      string
	OrganizationID string
	Scopes         []string // which CountScope means by their indexes
}

// Counted is what a Counter counts for: a key, or with no KeyID the Holder.
type Counted struct {
	KeyID string
	*Holder
}

// Counter counts the verifications of one key since they were last drained. It
// lives with the cached grant, so that the hot path finds it without a look-up,
// and like the grant it holds no pointer: with very many keys, the garbage
// collector must not have to scan what each of them has.
type Counter struct {
	dirty    atomic.Bool
	outcomes [MaxOutcomes]atomic.Uint32
	scopes   [fewScopes]atomic.Uint32
}

// Meter is the part of the package that verification touches. Counting is an
// atomic addition. The first one since the last drain also puts the counter
// into a list: so the list, not the cache, is what leads to counts that were
// not saved, and an entry that is evicted meanwhile loses none. The list holds
// each counter once and at most mostDirty of them, as many as can be used
// within a second or so. Beyond that the counts of further keys are folded into
// those of their organization: totals stay right, whose keys they were is not
// known. A nil Meter counts nothing.
type Meter struct {
	mu     sync.Mutex // of dirty and more: held for an addition, once a second and key
	dirty  []dirty
	more   map[scopeOf]uint32 // of the scopes behind the first few
	length atomic.Int64       // of dirty, and of what is being drained

	spare         []dirty // of the list that was drained, for the next one
	folded        atomic.Uint64
	organizations sync.Map // id → *organization
	known         atomic.Int64
	nobody        organization
	refusals      refusals
}

// dirty is a counter that is not zero.
type dirty struct {
	*Counter
	of Counted
}

// scopeOf is one scope of what the counter counts for.
type scopeOf struct {
	counter *Counter
	index   int
}

// organization counts what is known of no key.
type organization struct {
	Counter
	holder Holder
}

// NewMeter returns a Meter. A Recorder drains it.
func NewMeter() *Meter {
	return &Meter{more: map[scopeOf]uint32{}}
}

// Count adds one outcome to the counter, which is always of the same.
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
// before Count for the same verification, which registers both.
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

// register puts the counter into the list unless it is there.
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

// takeMore hands over and forgets the counts of the scopes behind the first few.
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

// drain hands over and forgets all that was counted, one at a time with others
// that drain. The row is used again.
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
	clear(taken) // nothing that was evicted is kept for it
	m.spare = taken
	if m.known.Load() >= mostOrganizations {
		// A counter that is dropped here while somebody adds to it is in the list.
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
