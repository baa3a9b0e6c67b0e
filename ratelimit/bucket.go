package ratelimit

import (
	"hash/maphash"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// bucket is one live token bucket.
type bucket struct {
	mu      sync.Mutex
	rule    Rule
	limiter rate.Limiter // by value: a bucket is one object
	latest  int64        // Unix nanoseconds of the last use; time does not run backwards in a bucket
	dead    bool         // dropped: whoever still holds it looks it up again
}

func newBucket(r Rule, now time.Time) *bucket {
	b := &bucket{rule: r, latest: now.UnixNano()}
	b.limiter.SetLimitAt(now, perSecond(r))
	b.limiter.SetBurstAt(now, int(r.Burst))
	b.limiter.ReserveN(now, -int(r.Burst)) // a Limiter begins empty, a bucket full
	return b
}

func perSecond(r Rule) rate.Limit {
	return rate.Limit(float64(r.Requests) / r.Per.Seconds())
}

// at brings the bucket to the time now, with the rule that holds now, and
// returns the time to use. The bucket is locked.
func (b *bucket) at(r Rule, now time.Time) time.Time {
	if at := now.UnixNano(); at < b.latest {
		now = time.Unix(0, b.latest)
	} else {
		b.latest = at
	}
	if b.rule != r {
		b.limiter.SetLimitAt(now, perSecond(r))
		b.limiter.SetBurstAt(now, int(r.Burst))
		b.rule = r
	}
	return now
}

// available returns what the bucket holds. The tolerance takes up what floating
// point loses of a token that is due exactly now.
func (b *bucket) available(now time.Time) float64 {
	t := b.limiter.TokensAt(now)
	if whole := math.Round(t); math.Abs(t-whole) < 1e-6 {
		return whole
	}
	return t
}

// idle reports whether dropping the bucket would change nothing: it is full
// and was not used for a while. The bucket is locked.
func (b *bucket) idle(now time.Time, after time.Duration) bool {
	return now.UnixNano()-b.latest >= int64(after) && b.limiter.TokensAt(now) >= float64(b.rule.Burst)
}

const shards = 64

// buckets holds the live buckets by id.
type buckets struct {
	seed  maphash.Seed
	most  int // in one shard
	parts [shards]shard
}

type shard struct {
	mu   sync.RWMutex
	byID map[string]*bucket
}

func newBuckets(most int) *buckets {
	b := &buckets{seed: maphash.MakeSeed(), most: max(1, most/shards)}
	for i := range b.parts {
		b.parts[i].byID = map[string]*bucket{}
	}
	return b
}

func (b *buckets) shard(id string) *shard {
	return &b.parts[maphash.String(b.seed, id)%shards]
}

// lock returns the bucket of the id, locked. With make it makes one where
// there is none; otherwise it returns nil.
func (b *buckets) lock(id string, r Rule, now time.Time, make bool) *bucket {
	s := b.shard(id)
	for {
		s.mu.RLock()
		found := s.byID[id]
		s.mu.RUnlock()
		if found == nil {
			if !make {
				return nil
			}
			found = s.add(id, r, now, b.most)
		}
		found.mu.Lock()
		if !found.dead {
			return found
		}
		found.mu.Unlock()
	}
}

func (s *shard) add(id string, r Rule, now time.Time, most int) *bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byID[id]; found != nil {
		return found
	}
	if len(s.byID) >= most {
		s.evict(now)
	}
	made := newBucket(r, now)
	s.byID[id] = made
	return made
}

const evictionSample = 8

// evict drops, among a few buckets, the one that is closest to full: what is
// forgotten with it is least. The shard is locked, so it waits for no bucket:
// who holds one may be waiting for the shard.
func (s *shard) evict(now time.Time) {
	var victim *bucket
	name, best, tried := "", -1.0, 0
	for id, b := range s.byID {
		if b.mu.TryLock() {
			if fill := b.limiter.TokensAt(now) / float64(b.rule.Burst); fill > best {
				if victim != nil {
					victim.mu.Unlock()
				}
				victim, name, best = b, id, fill
			} else {
				b.mu.Unlock()
			}
		}
		if tried++; tried == evictionSample {
			break
		}
	}
	if victim == nil {
		return // all of them are in use: the bound is exceeded by one for now
	}
	victim.dead = true
	victim.mu.Unlock()
	delete(s.byID, name)
}

// sweep drops the idle buckets of one shard.
func (b *buckets) sweep(part int, now time.Time, after time.Duration) {
	s := &b.parts[part]
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, found := range s.byID {
		if !found.mu.TryLock() {
			continue
		}
		if found.idle(now, after) {
			found.dead = true
			delete(s.byID, id)
		}
		found.mu.Unlock()
	}
}

func (b *buckets) len() int {
	n := 0
	for i := range b.parts {
		b.parts[i].mu.RLock()
		n += len(b.parts[i].byID)
		b.parts[i].mu.RUnlock()
	}
	return n
}
