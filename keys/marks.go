package keys

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"sync/atomic"
	"time"
)

// PollBound is how long another node that polls may take to learn of a change:
// the next poll begins within an interval, and takes no longer than its
// time-out, or it does not count.
const PollBound = time.Second

const (
	markSlots = 1 << 16
	markBits  = 17 // hold a slot, counted from 1
)

// Marks is a table of generation counters. A change to an object bumps the mark
// of its id. A cache keeps the mark that it read before it loaded the object, and
// trusts its copy only while the mark has not changed. Ids that share a slot make each other reload, never the reverse.
type Marks struct {
	seed  maphash.Seed
	slots [markSlots]atomic.Uint64

	digested bool // ids are known by their MarkDigest alone
	bumped   atomic.Uint64
	watch    atomic.Pointer[func(digest uint64, all bool)]
}

// NewMarks returns a table of zero marks. It takes 512 KiB.
func NewMarks() *Marks { return &Marks{seed: maphash.MakeSeed()} }

// NewDigestMarks returns a table for an edge, which is told of changes by the
// digests of ids alone.
func NewDigestMarks() *Marks {
	m := NewMarks()
	m.digested = true
	return m
}

// MarkDigest is what an edge is told in place of the id of an object: it tells
// nothing of an object that the edge does not know.
func MarkDigest(id string) uint64 {
	sum := sha256.Sum256([]byte("latchkey edge mark " + id))
	return binary.BigEndian.Uint64(sum[:8])
}

// Watch has f told of every later bump, by the digest of the id or as all of
// them, before Bump returns. f must not block.
func (m *Marks) Watch(f func(digest uint64, all bool)) { m.watch.Store(&f) }

// Bump makes every copy of the object with the id count as old.
func (m *Marks) Bump(id string) {
	m.bumped.Add(1)
	m.slots[m.slot(id)].Add(1)
	if f := m.watch.Load(); f != nil {
		(*f)(MarkDigest(id), false)
	}
}

// BumpDigest is Bump for whoever knows the digest of the id alone. It is for
// tables of NewDigestMarks.
func (m *Marks) BumpDigest(digest uint64) {
	m.bumped.Add(1)
	m.slots[digest%markSlots].Add(1)
}

// Bumped is how many marks were bumped since the table was made.
func (m *Marks) Bumped() uint64 { return m.bumped.Load() }

// BumpAll makes every copy of every object count as old.
func (m *Marks) BumpAll() {
	m.bumped.Add(markSlots)
	for i := range m.slots {
		m.slots[i].Add(1)
	}
	if f := m.watch.Load(); f != nil {
		(*f)(0, true)
	}
}

// Mark returns the object's mark as it stands now.
func (m *Marks) Mark(id string) Mark {
	slot := m.slot(id)
	return Mark(m.slots[slot].Load()<<markBits | slot + 1)
}

// Stands reports whether nothing was bumped since the mark was read. The zero
// Mark, of nothing, stands for ever.
func (m *Marks) Stands(k Mark) bool {
	if k == 0 {
		return true
	}
	slot := k&(1<<markBits-1) - 1
	return m.slots[slot].Load()&(1<<(64-markBits)-1) == uint64(k>>markBits)
}

// MarkID is the id of the mark of the key with the hash. It is another digest
// of it, so that it can be told to other nodes.
func (h Hash) MarkID() string {
	sum := sha256.Sum256(append([]byte("latchkey mark "), h[:]...))
	return hex.EncodeToString(sum[:16])
}

func (m *Marks) slot(id string) uint64 {
	if m.digested {
		return MarkDigest(id) % markSlots
	}
	return maphash.String(m.seed, id) % markSlots
}

// Mark is one counter as it was read: its slot, counted from 1, in the low
// markBits and its value above. A cache holds five for each key, so it takes
// no more than it must, and is no pointer that the collector would follow.
type Mark uint64

// SignersMark is bumped when a key that signs tokens is retired: what it
// signed, and was verified before, is verified again.
const SignersMark = "signers of tokens"

// SignerRetired makes every token be verified again. It is called once the
// TokenReader takes no token of the retired key any more.
func (m *Marks) SignerRetired() { m.Bump(SignersMark) }

// EndToken makes the signed token with the id count as revoked: at once on
// this node, within PollBound on the others.
func (s *base) EndToken(ctx context.Context, id string) error {
	err := s.store.PutTombstone(ctx, id)
	s.Bump(id)
	return err
}
