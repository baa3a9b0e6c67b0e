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

// PollBound is the longest that another polling node takes to learn of a change. The
// next poll begins within an interval. It must finish within its timeout to count.
const PollBound = time.Second

const (
	markSlots = 1 << 16
	markBits  = 17 // bits that hold a slot, counted from 1
)

// Marks is a table of generation counters. A change to an object bumps the mark of
// its id. A cache keeps the mark that it read before it loaded the object, and uses
// its copy only while the mark is unchanged. Ids that share a slot cause extra
// reloads, never stale copies.
type Marks struct {
	seed  maphash.Seed
	slots [markSlots]atomic.Uint64

	digested bool // ids are known only by their MarkDigest
	bumped   atomic.Uint64
	watch    atomic.Pointer[func(digest uint64, all bool)]
}

// NewMarks returns a table of zero marks. It takes 512 KiB.
func NewMarks() *Marks { return &Marks{seed: maphash.MakeSeed()} }

// NewDigestMarks returns a table for an edge, which learns of changes only by the
// digests of ids.
func NewDigestMarks() *Marks {
	m := NewMarks()
	m.digested = true
	return m
}

// MarkDigest returns what an edge gets in place of an object's id. It reveals nothing
// about an object that the edge does not know.
func MarkDigest(id string) uint64 {
	sum := sha256.Sum256([]byte("latchkey edge mark " + id))
	return binary.BigEndian.Uint64(sum[:8])
}

// Watch calls f for every later bump, before Bump returns, with the digest of the id
// or for all ids. f must not block.
func (m *Marks) Watch(f func(digest uint64, all bool)) { m.watch.Store(&f) }

// Bump invalidates every copy of the object with the id.
func (m *Marks) Bump(id string) {
	m.bumped.Add(1)
	m.slots[m.slot(id)].Add(1)
	if f := m.watch.Load(); f != nil {
		(*f)(MarkDigest(id), false)
	}
}

// BumpDigest is Bump for callers who know only the digest of the id. It is for tables
// made by NewDigestMarks.
func (m *Marks) BumpDigest(digest uint64) {
	m.bumped.Add(1)
	m.slots[digest%markSlots].Add(1)
}

// Bumped returns how many marks were bumped since the table was made.
func (m *Marks) Bumped() uint64 { return m.bumped.Load() }

// BumpAll invalidates every copy of every object.
func (m *Marks) BumpAll() {
	m.bumped.Add(markSlots)
	for i := range m.slots {
		m.slots[i].Add(1)
	}
	if f := m.watch.Load(); f != nil {
		(*f)(0, true)
	}
}

// Mark returns the object's current mark.
func (m *Marks) Mark(id string) Mark {
	slot := m.slot(id)
	return Mark(m.slots[slot].Load()<<markBits | slot + 1)
}

// Stands reports whether nothing was bumped since the mark was read. The zero Mark
// never changes.
func (m *Marks) Stands(k Mark) bool {
	if k == 0 {
		return true
	}
	slot := k&(1<<markBits-1) - 1
	return m.slots[slot].Load()&(1<<(64-markBits)-1) == uint64(k>>markBits)
}

// MarkID returns the id of the mark of the key with the hash. It is a digest of the
// hash, so other nodes may see it.
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

// Mark is a counter as it was read: its slot, counted from 1, in the low markBits
// and its value above. A cache holds five per key, so a Mark is small and holds no
// pointer for the garbage collector to follow.
type Mark uint64

// SignersMark is bumped when a key that signs tokens is retired. Tokens that were
// verified before are then verified again.
const SignersMark = "signers of tokens"

// SignerRetired makes every token be verified again. Call it once the TokenReader no
// longer accepts tokens of the retired key.
func (m *Marks) SignerRetired() { m.Bump(SignersMark) }

// EndToken revokes the signed token with the id: at once on this node, within
// PollBound on the others.
func (s *base) EndToken(ctx context.Context, id string) error {
	err := s.store.PutTombstone(ctx, id)
	s.Bump(id)
	return err
}
