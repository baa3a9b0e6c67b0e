package ratelimit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// BucketLease asks for tokens of a bucket that a node may spend by itself.
type BucketLease struct {
	// Digest is the digest of a credential that the bucket belongs to, by which a remote
	// Lessor finds it; nil if there is none.
	Digest  *[32]byte
	Group   string
	Account bool // an account's bucket, otherwise a key's
	Bucket  Bucket
	Node    string
	Back    int64 // returned unspent
	Holds   int64 // still held, to be spent
	Want    int64
	Need    int64         // a request waits for this many and spends them with those held; fewer are useless
	Life    time.Duration // after which unspent tokens may go to others
	Began   int64         // the mark of the bucket that Back and Holds came from
}

// QuotaLease asks for a share of a quota.
type QuotaLease struct {
	Digest *[32]byte // see BucketLease
	ID     string
	Window string // see Quota.Window
	Ends   time.Time
	Limit  int64
	Back   int64 // given back unspent
	Began  int64 // the mark of the counter that Back came from
	Holds  int64 // still held, to be spent
	Want   int64
	Need   int64 // fewer are useless
}

// Granted is the result of a lease.
type Granted struct {
	Amount int64
	Left   float64 // tokens left in the bucket
	Used   int64   // of the quota, including all leases
	Began  int64   // the mark of the counter; with another one, what was granted before is void
	// Exact, if not 0, is how long requests must be decided by the counters themselves,
	// because shares would be too small to be of use.
	Exact time.Duration
}

// Lessor hands out shares of counters.
type Lessor interface {
	LeaseBucket(ctx context.Context, b BucketLease) (Granted, error)
	LeaseQuota(ctx context.Context, q QuotaLease) (Granted, error)
}

// Counters are what a Leased takes its shares from, and what decides the requests that
// shares cannot.
type Counters interface {
	Limiter
	Lessor
}

// ErrNotAsked is wrapped by the error of a Lessor that knows that its counters were not
// reached: what was to be returned is still held.
var ErrNotAsked = errors.New("the counters were not asked")

// share is what this node holds of one bucket or quota.
type share struct {
	filling sync.Mutex // one lease at a time

	mu     sync.Mutex
	bucket BucketLease // the bucket, with its current rule; or
	quota  QuotaLease  // the quota
	have   int64
	lapsed int64     // must not be spent any more, to be returned
	ends   time.Time // of the lease
	level  float64   // what the counter had left when last asked
	asked  time.Time // when it was last asked
	got    time.Time // when the answer came
	exact  time.Time // until then the counters decide
	waits  int64     // what requests wait for
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
	waitPart   = 4   // as much of a burst may be taken at once for requests that wait
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
	if now.Sub(s.got) >= slow {
		return false // other nodes may have returned something
	}
	if s.isQuota() {
		return true
	}
	// Many nodes wait for each token of a quick bucket. They ask for a few at once
	// rather than for each, but not so late that it fills completely. All who waited for
	// the last answer make do with it.
	rule := s.bucket.Bucket.Rule
	pause := min(longPause, rule.wait(float64(rule.Burst)/4))
	const finest = time.Microsecond // of times in the counters
	return now.Sub(s.got)+finest < pause || now.Sub(s.asked)+finest < rule.wait(float64(cost-s.have)-s.level)
}

// resize adjusts the size to how fast the last share was spent. It should last for at
// least as long as the next one takes to come.
func (s *share) resize(now time.Time) {
	lasted := now.Sub(s.got)
	s.steady = !s.asked.IsZero() && lasted <= slow
	switch {
	case s.asked.IsZero():
		s.size = 1
	case lasted < max(quick, s.got.Sub(s.asked)):
		s.size *= 2
	case lasted > slow:
		s.size /= 2
	}
	s.size = max(1, min(s.size, s.most()))
}

// want returns how much to ask for, to cover the cost, what others wait for, and some
// more.
func (s *share) want(cost int64) int64 {
	waits := s.waits
	if !s.isQuota() {
		waits = min(waits, s.bucket.Bucket.Rule.Burst/waitPart)
	}
	return max(cost, waits, s.size) - s.have
}

// enough reports whether nothing needs to be taken: for a request of the cost, or ahead of
// need if that is 0.
func (s *share) enough(cost int64) bool {
	if cost > 0 {
		return s.have >= cost
	}
	return !s.steady || s.have >= s.size/2+1
}

// renew asks for what the share lacks, or ahead of need if the cost is 0. The share is
// not locked, so others may spend what it holds meanwhile.
func (s *share) renew(ctx context.Context, from Lessor, cost int64, now func() time.Time) error {
	s.wait(cost)
	defer s.wait(-cost)
	s.filling.Lock()
	defer s.filling.Unlock()
	s.mu.Lock()
	at := now()
	s.expire(at)
	if s.enough(cost) || s.dry(cost, at) || at.Before(s.exact) {
		s.mu.Unlock()
		return nil // another request got it meanwhile
	}
	s.resize(at)
	bucket, quota := s.bucket, s.quota
	bucket.Holds, bucket.Back, bucket.Want, bucket.Need = s.have, s.lapsed, s.want(cost), max(0, cost-s.have)
	bucket.Began, quota.Began, quota.Holds, quota.Back, quota.Want, quota.Need = s.began, s.began, s.have, s.lapsed, bucket.Want, bucket.Need
	s.lapsed = 0
	s.mu.Unlock()

	granted, err := s.lease(ctx, from, bucket, quota)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, ErrNotAsked):
		s.lapsed += bucket.Back
		return err
	case err != nil:
		return err
	}
	s.take(granted, at, now())
	return nil
}

// wait adds to what requests wait for.
func (s *share) wait(cost int64) {
	s.mu.Lock()
	s.waits += cost
	s.mu.Unlock()
}

func (s *share) lease(ctx context.Context, from Lessor, bucket BucketLease, quota QuotaLease) (Granted, error) {
	if s.isQuota() {
		return from.LeaseQuota(ctx, quota)
	}
	return from.LeaseBucket(ctx, bucket)
}

// take adds what was granted. Its lifetime starts before the request and is shorter than
// the counter's, so it ends here first.
func (s *share) take(g Granted, at, got time.Time) {
	if s.began != 0 && s.began != g.Began {
		s.have, s.lapsed = 0, 0 // from counters that were lost, or of another node
	}
	s.began = g.Began
	if s.isQuota() {
		s.level = float64(max(0, s.quota.Limit-g.Used))
	} else {
		s.level = g.Left
		s.ends = at.Add(shareLife / 2)
	}
	s.have += g.Amount
	s.asked, s.got, s.exact = at, got, at.Add(g.Exact)
}

// giveBack returns everything held to the counters.
func (s *share) giveBack(ctx context.Context, from Lessor) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	s.mu.Lock()
	bucket, quota := s.bucket, s.quota
	have, lapsed := s.have, s.lapsed
	bucket.Back, quota.Back, bucket.Began, quota.Began = have+lapsed, have+lapsed, s.began, s.began
	s.have, s.lapsed, s.steady = 0, 0, false
	s.asked = time.Time{} // the current level is unknown
	s.mu.Unlock()
	if bucket.Back == 0 {
		return nil
	}
	_, err := s.lease(ctx, from, bucket, quota)
	if errors.Is(err, ErrNotAsked) {
		s.mu.Lock()
		s.have, s.lapsed = s.have+have, s.lapsed+lapsed
		s.mu.Unlock()
	}
	return err
}
