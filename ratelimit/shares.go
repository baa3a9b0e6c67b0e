package ratelimit

import (
	"context"
	"sync"
	"time"
)

// BucketLease asks for tokens of a bucket that a node may spend by itself.
type BucketLease struct {
	Group   string
	Account bool // an account's bucket, otherwise a key's
	Bucket  Bucket
	Node    string
	Back    int64 // returned unspent
	Holds   int64 // still held, to be spent
	Want    int64
	Need    int64         // a request waits for this many and spends them with those held; fewer are useless
	Life    time.Duration // after which unspent tokens may go to others
}

// QuotaLease asks for a share of a quota.
type QuotaLease struct {
	ID     string
	Window string // see Quota.Window
	Ends   time.Time
	Limit  int64
	Back   int64 // given back unspent
	Began  int64 // the mark of the counter that Back came from
	Want   int64
	Need   int64 // fewer are useless
}

// Granted is the result of a lease.
type Granted struct {
	Amount int64
	Left   float64 // tokens left in the bucket
	Used   int64   // of the quota, including all leases
	Began  int64   // the mark of the quota's counter
}

// Lessor hands out shares of shared counters.
type Lessor interface {
	Shared
	LeaseBucket(ctx context.Context, b BucketLease) (Granted, error)
	LeaseQuota(ctx context.Context, q QuotaLease) (Granted, error)
}

// share is what this node holds of one bucket or quota.
type share struct {
	filling sync.Mutex // one lease at a time

	mu     sync.Mutex
	bucket BucketLease // the bucket, with its current rule; or
	quota  QuotaLease  // the quota
	have   int64
	lapsed int64     // not spent in time, to be returned
	ends   time.Time // of the lease
	level  float64   // what the counter had left when last asked
	asked  time.Time // when it was last asked
	size   int64     // how much to take at a time
	used   time.Time // time of the last use
	began  int64
	steady bool // it is spent continually, so it is filled ahead of need
	busy   bool // a lease is under way in the background
	dead   bool // dropped; holders look it up again
}

// How shares grow and shrink, see decisions/0008: a share spent in less than quick is
// doubled, one that lasts longer than slow is halved.
const (
	quick      = 50 * time.Millisecond
	slow       = 500 * time.Millisecond
	shareLife  = time.Second
	longPause  = 5 * time.Millisecond
	bucketPart = 20  // a share is at most this fraction of a burst
	quotaPart  = 100 // and of what is left of a quota
)

func (s *share) isQuota() bool { return s.quota.ID != "" }

// most bounds a share, so that no node withholds much from the others.
func (s *share) most() int64 {
	if s.isQuota() {
		return max(1, int64(s.level)/quotaPart)
	}
	return max(1, s.bucket.Bucket.Rule.Burst/bucketPart)
}

// expire stops spending a share whose lease is over: by then the bucket may have filled
// in its place. A share of a quota ends only with its window.
func (s *share) expire(now time.Time) {
	if !s.isQuota() && now.After(s.ends) {
		s.have, s.lapsed = 0, s.lapsed+s.have
	}
}

// low reports whether to take more, ahead of need.
func (s *share) low() bool { return s.steady && !s.busy && s.have*2 < s.size && s.level >= 1 }

// estimate returns what can be spent, here and in the counter.
func (s *share) estimate(now time.Time) float64 {
	if s.isQuota() {
		return float64(s.have) + s.level
	}
	rule := s.bucket.Bucket.Rule
	if s.asked.IsZero() {
		return float64(rule.Burst)
	}
	added := now.Sub(s.asked).Seconds() * perSecond(rule)
	return min(float64(rule.Burst), float64(s.have)+s.level+added)
}

// dry reports whether asking for that much is useless for now.
func (s *share) dry(cost int64, now time.Time) bool {
	if s.asked.IsZero() || float64(cost-s.have) <= s.level {
		return false
	}
	since := now.Sub(s.asked)
	if since >= slow {
		return false // other nodes may have returned something
	}
	if s.isQuota() {
		return true
	}
	// Many nodes wait for each token of a quick bucket. They ask for a few at once
	// rather than for each, but not so late that it fills completely.
	rule := s.bucket.Bucket.Rule
	pause := min(longPause, rule.wait(float64(rule.Burst)/4))
	const finest = time.Microsecond // of times in the counters
	return since+finest < max(pause, rule.wait(float64(cost-s.have)-s.level))
}

// resize adjusts the size to how fast the last share was spent.
func (s *share) resize(now time.Time) {
	lasted := now.Sub(s.asked)
	s.steady = !s.asked.IsZero() && lasted <= slow
	switch {
	case s.asked.IsZero():
		s.size = 1
	case lasted < quick:
		s.size *= 2
	case lasted > slow:
		s.size /= 2
	}
	s.size = max(1, min(s.size, s.most()))
}

// want returns how much to ask for, to cover the cost and some more.
func (s *share) want(cost int64) int64 { return max(cost, s.size) - s.have }

// renew asks for what the share lacks, or ahead of need if the cost is 0. The share is
// not locked, so others may spend what it holds meanwhile.
func (s *share) renew(ctx context.Context, from Lessor, cost int64, now func() time.Time) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	s.mu.Lock()
	at := now()
	s.expire(at)
	if s.have >= max(cost, s.size/2+1) || s.dry(cost, at) || (cost == 0 && !s.steady) {
		s.mu.Unlock()
		return nil // another request got it meanwhile
	}
	s.resize(at)
	bucket, quota := s.bucket, s.quota
	bucket.Holds, bucket.Back, bucket.Want, bucket.Need = s.have, s.lapsed, s.want(cost), max(0, cost-s.have)
	quota.Began, quota.Want, quota.Need = s.began, bucket.Want, bucket.Need
	s.lapsed = 0
	s.mu.Unlock()

	granted, err := s.lease(ctx, from, bucket, quota)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(granted, at)
	return nil
}

func (s *share) lease(ctx context.Context, from Lessor, bucket BucketLease, quota QuotaLease) (Granted, error) {
	if s.isQuota() {
		return from.LeaseQuota(ctx, quota)
	}
	return from.LeaseBucket(ctx, bucket)
}

// take adds what was granted. Its lifetime starts before the request and is shorter than
// the counter's, so it ends here first.
func (s *share) take(g Granted, at time.Time) {
	if s.isQuota() {
		if s.began != 0 && s.began != g.Began {
			s.have = 0 // from a counter that was lost
		}
		s.began = g.Began
		s.level = float64(max(0, s.quota.Limit-g.Used))
	} else {
		s.level = g.Left
		s.ends = at.Add(shareLife / 2)
	}
	s.have += g.Amount
	s.asked = at
}

// giveBack returns everything held to the counters.
func (s *share) giveBack(ctx context.Context, from Lessor) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	s.mu.Lock()
	bucket, quota := s.bucket, s.quota
	bucket.Back, quota.Back, quota.Began = s.have+s.lapsed, s.have, s.began
	s.have, s.lapsed, s.steady = 0, 0, false
	s.asked = time.Time{} // the current level is unknown
	s.mu.Unlock()
	if bucket.Back == 0 {
		return nil
	}
	_, err := s.lease(ctx, from, bucket, quota)
	return err
}
