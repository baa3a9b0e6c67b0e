package ratelimit

import (
	"crypto/sha256"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// bucket is one token bucket. There is one for each key in use, so it holds no pointer
// that the garbage collector would have to follow.
type bucket struct {
	mu sync.Mutex
	state
}

type state struct {
	live   bool // false: unused, callers look it up again
	kept   bool // in the journal, or about to be written
	waits  bool // its level is not in the journal yet
	lent   bool // others may hold tokens of it, see loans
	id     name
	rule   Rule
	tokens float64 // at the time latest
	latest int64   // time of the last charge, see buckets.elapsed; it never runs backwards within a bucket
}

// begin makes the bucket, which is locked or unused, the full one of the id.
func (b *bucket) begin(id name, r Rule, now int64) {
	b.state = state{live: true, id: id, rule: r, tokens: float64(r.Burst), latest: now}
}

func perSecond(r Rule) float64 { return float64(r.Requests) / r.Per.Seconds() }

// level returns what the bucket holds by the rule at the time now. It is unknown when
// the rule changed, so the bucket is taken to have filled at the faster of the two
// rates since the last charge. A raised limit thus applies at once. The bucket is
// locked.
func (b *bucket) level(r Rule, now int64) float64 {
	pace := r
	if b.rule.Faster(r) {
		pace = b.rule
	}
	added := float64(max(0, now-b.latest)) * float64(pace.Requests) / float64(pace.Per)
	return min(b.tokens+added, float64(r.Burst))
}

// set stores what the bucket holds by the rule at the time now. It is locked.
func (b *bucket) set(r Rule, tokens float64, now int64) {
	b.rule, b.tokens, b.latest = r, tokens, max(b.latest, now)
}

// available returns how many of the tokens may be spent. The tolerance makes up for
// floating-point loss in a token that is due exactly now.
func available(tokens float64) float64 {
	if whole := math.Round(tokens); math.Abs(tokens-whole) < 1e-6 {
		return whole
	}
	return tokens
}

// idle reports whether dropping the bucket would change nothing: it is full and was
// not used for a while. The bucket is locked.
func (b *bucket) idle(now int64, after time.Duration) bool {
	return now-b.latest >= int64(after) && b.level(b.rule, now) >= float64(b.rule.Burst)
}

// name is the id of a bucket in a fixed size, so that it holds no pointer either.
type name [48]byte

// nameOf returns the id's name, which is a digest if the id is too long.
func nameOf(id string) (n name) {
	const last = len(n) - 1
	if n[last] = byte(min(len(id), len(n))); len(id) <= last {
		copy(n[:last], id)
		return n
	}
	digest := sha256.Sum256([]byte(id))
	copy(n[:last], digest[:])
	return n
}

const shards = 64

// buckets holds the live buckets by id.
type buckets struct {
	seed  maphash.Seed
	epoch time.Time // when they were created; with a monotonic clock reading, if there is one
	most  int       // per shard
	parts [shards]shard
}

// shard is a part of the buckets. Buckets lie in blocks and do not move. Neither the
// blocks nor the map of places holds a pointer. Of two ids with the same hash, the
// later one takes the place: with a secret seed, that happens by chance to one in a
// million services with four million buckets.
type shard struct {
	mu     sync.RWMutex
	places map[uint64]uint32 // by the hash of the id
	blocks []*[blockSize]bucket
	made   uint32   // buckets that are or were in use
	free   []uint32 // places of unused buckets
}

const blockSize = 64

func newBuckets(most int, now time.Time) *buckets {
	b := &buckets{seed: maphash.MakeSeed(), epoch: now, most: max(1, most/shards)}
	for i := range b.parts {
		b.parts[i].places = map[uint64]uint32{}
	}
	return b
}

// elapsed returns the nanoseconds since the buckets were created. It ignores changes of
// the wall clock.
func (b *buckets) elapsed(now time.Time) int64 { return int64(now.Sub(b.epoch)) }

func (s *shard) at(place uint32) *bucket { return &s.blocks[place/blockSize][place%blockSize] }

// find returns the bucket of the id, or nil.
func (s *shard) find(id *name, hash uint64) *bucket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if place, ok := s.places[hash]; ok {
		if found := s.at(place); found.id == *id {
			return found
		}
	}
	return nil
}

func (b *buckets) hash(n *name) uint64 { return maphash.Bytes(b.seed, n[:]) }

func (b *buckets) shard(hash uint64) *shard { return &b.parts[hash%shards] }

// lock returns the bucket of the id, locked. If there is none, it creates one if make
// is set and returns nil otherwise.
func (b *buckets) lock(id string, r Rule, now int64, make bool) *bucket {
	return b.lockNamed(nameOf(id), r, now, make)
}

// there returns the bucket of the name, locked, or nil if there is none.
func (b *buckets) there(n name) *bucket { return b.lockNamed(n, Rule{}, 0, false) }

func (b *buckets) lockNamed(n name, r Rule, now int64, make bool) *bucket {
	hash := b.hash(&n)
	s := b.shard(hash)
	for {
		found := s.find(&n, hash)
		if found == nil {
			if !make {
				return nil
			}
			found = s.add(n, hash, r, now, b.most)
		}
		found.mu.Lock()
		if found.live && found.id == n {
			return found
		}
		found.mu.Unlock()
	}
}

// add returns the bucket of the id, or one that has its place and is in use.
func (s *shard) add(id name, hash uint64, r Rule, now int64, most int) *bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place, ok := s.places[hash]; ok {
		there := s.at(place)
		if there.id == id {
			return there
		}
		if !there.mu.TryLock() {
			return there // whoever holds it may be waiting for the shard; the caller waits for them, and looks again
		}
		s.drop(there, hash)
		there.mu.Unlock()
	}
	if len(s.places) >= most {
		s.evict(now)
	}
	place := s.place()
	made := s.at(place)
	made.mu.Lock() // callers with the old bucket release it at once
	defer made.mu.Unlock()
	made.begin(id, r, now)
	s.places[hash] = place
	return made
}

// place returns the place of an unused bucket. The shard is locked.
func (s *shard) place() uint32 {
	if n := len(s.free); n > 0 {
		place := s.free[n-1]
		s.free = s.free[:n-1]
		return place
	}
	if s.made%blockSize == 0 {
		s.blocks = append(s.blocks, new([blockSize]bucket))
	}
	s.made++
	return s.made - 1
}

// drop marks the bucket unused. It is locked, and so is the shard.
func (s *shard) drop(b *bucket, hash uint64) {
	s.free = append(s.free, s.places[hash])
	delete(s.places, hash)
	b.live = false
}

const evictionSample = 8

// evict drops the bucket closest to full out of a small sample, since that forgets
// least. The shard is locked, so evict waits for no bucket: its holder may be waiting
// for the shard.
func (s *shard) evict(now int64) {
	var victim *bucket
	var of uint64
	best, tried := math.Inf(-1), 0
	for hash, place := range s.places {
		b := s.at(place)
		if b.mu.TryLock() {
			if fill := b.level(b.rule, now) / float64(b.rule.Burst); fill > best {
				if victim != nil {
					victim.mu.Unlock()
				}
				victim, of, best = b, hash, fill
			} else {
				b.mu.Unlock()
			}
		}
		if tried++; tried == evictionSample {
			break
		}
	}
	if victim == nil {
		return // all are in use, so the bound is exceeded by one for now
	}
	s.drop(victim, of)
	victim.mu.Unlock()
}

// sweep drops the idle buckets of one shard.
func (b *buckets) sweep(part int, now int64, after time.Duration) {
	s := &b.parts[part]
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, place := range s.places {
		found := s.at(place)
		if !found.mu.TryLock() {
			continue
		}
		if found.idle(now, after) {
			s.drop(found, hash)
		}
		found.mu.Unlock()
	}
	if s.made > 4*blockSize && len(s.places) < int(s.made)/2 {
		s.compact()
	}
}

// compact frees memory after a flood: it moves the buckets to fewer blocks, unless one
// of them is in use. The shard is locked.
func (s *shard) compact() {
	held := make(map[uint64]*bucket, len(s.places))
	defer func() {
		for _, b := range held {
			b.mu.Unlock()
		}
	}()
	for hash, place := range s.places {
		b := s.at(place)
		if !b.mu.TryLock() {
			return
		}
		held[hash] = b
	}
	s.places, s.blocks, s.made, s.free = make(map[uint64]uint32, len(held)), nil, 0, nil
	for hash, b := range held {
		place := s.place()
		s.at(place).state, s.places[hash] = b.state, place
		b.live = false
	}
}

func (b *buckets) len() int {
	n := 0
	for i := range b.parts {
		b.parts[i].mu.RLock()
		n += len(b.parts[i].places)
		b.parts[i].mu.RUnlock()
	}
	return n
}
