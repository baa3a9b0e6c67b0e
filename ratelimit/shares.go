package ratelimit

import (
	"context"
	"sync"
	"time"
)

// BucketLease asks for tokens of a bucket, for a node to spend by itself.
type BucketLease struct {
	Group   string
	Account bool // an account's bucket, else a key's
	Bucket  Bucket
	Node    string
	Back    int64 // given back unspent
	Holds   int64 // still held, to be spent
	Want    int64
	Need    int64         // a request waits for this many and spends them with those held; fewer are of no use
	Life    time.Duration // after which tokens that were not spent may be anybody's
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
	Need   int64 // less than this is of no use
}

// Granted is what a lease has brought.
type Granted struct {
	Amount int64
	Left   float64 // tokens that are left in the bucket
	Used   int64   // of the quota, with all that is leased
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
	bucket BucketLease // the bucket, with the rule that holds now; or
	quota  QuotaLease  // the quota
	have   int64
	lapsed int64     // was not spent in time, and is to be given back
	ends   time.Time // of the lease
	level  float64   // what the counter had left when it was last asked
	asked  time.Time // when that was
	size   int64     // how much is taken at a time
	used   time.Time // the last use
	began  int64
	steady bool // it is spent again and again, so it is filled ahead of need
	busy   bool // a lease is under way in the background
	dead   bool // dropped: holders look it up again
}

// How shares grow and shrink, see decisions/0008: one that is spent in less
// than quick is doubled, one that lasts longer than slow is halved.
const (
	quick      = 50 * time.Millisecond
	slow       = 500 * time.Millisecond
	shareLife  = time.Second
	longPause  = 5 * time.Millisecond
	bucketPart = 20  // a share is at most this part of a burst
	quotaPart  = 100 // and of what is left of a quota
)

func (s *share) isQuota() bool { return s.quota.ID != "" }

// most bounds a share, so that no node keeps much from the others.
func (s *share) most() int64 {
	if s.isQuota() {
		return max(1, int64(s.level)/quotaPart)
	}
	return max(1, s.bucket.Bucket.Rule.Burst/bucketPart)
}

// expire spends no more of a share whose lease is over: by then the bucket may
// have filled in its place. A share of a quota has no end but its window's.
func (s *share) expire(now time.Time) {
	if !s.isQuota() && now.After(s.ends) {
		s.have, s.lapsed = 0, s.lapsed+s.have
	}
}

// low reports whether it is time to take more, ahead of need.
func (s *share) low() bool { return s.steady && !s.busy && s.have*2 < s.size && s.level >= 1 }

// estimate is what there is to spend, here and in the counter.
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

// dry reports that asking for so much is of no use yet.
func (s *share) dry(cost int64, now time.Time) bool {
	if s.asked.IsZero() || float64(cost-s.have) <= s.level {
		return false
	}
	since := now.Sub(s.asked)
	if since >= slow {
		return false // other nodes may have given something back
	}
	if s.isQuota() {
		return true
	}
	// Many nodes wait for each token of a quick bucket: they ask for a few at
	// once rather than for each, but not so late that it fills to its brim.
	rule := s.bucket.Bucket.Rule
	pause := min(longPause, rule.wait(float64(rule.Burst)/4))
	const finest = time.Microsecond // of the time in the counters
	return since+finest < max(pause, rule.wait(float64(cost-s.have)-s.level))
}

// resize fits the size to how fast the last share was spent.
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

// want is how much to ask for so that the cost is covered and some more.
func (s *share) want(cost int64) int64 { return max(cost, s.size) - s.have }

// renew asks for what the share lacks, or ahead of need where the cost is 0.
// The share is not locked, so that others may spend what there is meanwhile.
func (s *share) renew(ctx context.Context, from Lessor, cost int64, now func() time.Time) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	s.mu.Lock()
	at := now()
	s.expire(at)
	if s.have >= max(cost, s.size/2+1) || s.dry(cost, at) || (cost == 0 && !s.steady) {
		s.mu.Unlock()
		return nil // somebody else has asked meanwhile
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

// take adds what was granted. Its lifetime starts before the request and is shorter
// than the counter's, so it ends here first.
func (s *share) take(g Granted, at time.Time) {
	if s.isQuota() {
		if s.began != 0 && s.began != g.Began {
			s.have = 0 // of a counter that was lost
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

// giveBack returns all that is held.
func (s *share) giveBack(ctx context.Context, from Lessor) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	s.mu.Lock()
	bucket, quota := s.bucket, s.quota
	bucket.Back, quota.Back, quota.Began = s.have+s.lapsed, s.have, s.began
	s.have, s.lapsed, s.steady = 0, 0, false
	s.asked = time.Time{} // what there is now is not known
	s.mu.Unlock()
	if bucket.Back == 0 {
		return nil
	}
	_, err := s.lease(ctx, from, bucket, quota)
	return err
}
