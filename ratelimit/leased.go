package ratelimit

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// LeasedConfig is what a Leased needs.
type LeasedConfig struct {
	From    Counters
	Timeout time.Duration    // of a lease taken ahead of need
	Now     func() time.Time // time.Now if nil
	// MaxShares is the most shares held at once, 500,000 if 0. Beyond it the counters
	// decide.
	MaxShares int
}

// Leased is a Limiter that spends shares of shared counters. It takes them ahead of
// need, in the background, so a steady stream of requests waits for no other machine.
// It spends only what it took from the shared counters, so several of them together
// allow no more than one.
type Leased struct {
	from    Counters
	now     func() time.Time
	timeout time.Duration
	most    int // shares per shard
	node    string
	seed    maphash.Seed
	parts   [shards]shareShard
	ctx     context.Context // of background work
	stop    context.CancelFunc
	closing sync.RWMutex // held for reading while work starts
	closed  bool
	running sync.WaitGroup
}

type shareName struct {
	part   Part
	id     string
	window window
}

type shareShard struct {
	mu     sync.RWMutex
	byName map[shareName]*share
}

// NewLeased returns a Leased. Close stops it and returns what it holds.
func NewLeased(c LeasedConfig) (*Leased, error) {
	if c.From == nil || c.Timeout <= 0 {
		return nil, errors.New("ratelimit: From and Timeout are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	most := max(1, orDefault(c.MaxShares, 500_000)/shards)
	l := &Leased{from: c.From, now: c.Now, timeout: c.Timeout, most: most, node: rand.Text(), seed: maphash.MakeSeed()}
	for i := range l.parts {
		l.parts[i].byName = map[shareName]*share{}
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.running.Go(l.sweep)
	return l, nil
}

// Close stops the background work and returns what was not spent.
func (l *Leased) Close(ctx context.Context) error {
	l.closing.Lock()
	l.closed = true
	l.closing.Unlock()
	l.stop()
	l.running.Wait()
	var all []*share
	for i := range l.parts {
		all = append(all, l.parts[i].all()...)
	}
	if err := l.giveBack(ctx, all); err != nil {
		return fmt.Errorf("give shares of limits back: %w", err)
	}
	return nil
}

// backAtOnce is how many shares are returned at the same time.
const backAtOnce = 16

// giveBack returns what the shares hold, and the first error.
func (l *Leased) giveBack(ctx context.Context, all []*share) error {
	var returning sync.WaitGroup
	var next atomic.Int64
	faults := make([]error, min(len(all), backAtOnce))
	for i := range faults {
		returning.Go(func() {
			for n := next.Add(1); n <= int64(len(all)) && faults[i] == nil; n = next.Add(1) {
				faults[i] = all[n-1].giveBack(ctx, l.from)
			}
		})
	}
	returning.Wait()
	return cmp.Or(faults...)
}

// tries bounds how often a request asks for a share that others then spend. After that
// the counters decide.
const tries = 3

// Take decides the request with what this node holds. It first asks the shared counters
// if it holds too little and they may have more.
func (l *Leased) Take(ctx context.Context, r Request) (Decision, error) {
	now := l.now()
	var shares [3]*share
	for try := 0; ; try++ {
		d, short, shared := l.spend(&r, &shares, now)
		switch {
		case !shared:
			r.DryRun = r.DryRun || r.never()
			return l.look(ctx, r, &shares)
		case len(short) == 0:
			return d, nil
		case try == tries:
			return l.from.Take(ctx, r)
		}
		if err := l.renew(ctx, short, r.Cost); err != nil {
			return Decision{}, err
		}
		now = l.now()
	}
}

// Alone decides the request while the counters cannot be asked: its rates by others, and
// its quota by what is held of it.
func (l *Leased) Alone(ctx context.Context, r Request, rates Limiter) (Decision, error) {
	charged := r.Quota
	r.Quota = QuotaCharge{}
	if charged.Quota.IsZero() {
		return rates.Take(ctx, r)
	}
	w := windowOf(charged.Quota.Per, l.now())
	s := l.share(shareName{part: PartQuota, id: charged.ID, window: w})
	if s == nil {
		return Decision{Refused: PartUnreachable, RetryAfter: time.Second}, nil
	}
	defer s.mu.Unlock()
	if s.have < r.Cost || charged.Quota.Requests < s.quota.Limit {
		return Decision{Refused: PartUnreachable, RetryAfter: time.Second}, nil
	}
	d, err := rates.Take(ctx, r)
	if err != nil {
		return d, err
	}
	if d.Allowed && !r.DryRun {
		s.have -= r.Cost
	}
	d.HasQuota = true
	d.Quota = QuotaState{Limit: charged.Quota.Requests, Remaining: s.have, ResetsAt: w.end(), Began: s.began, Leased: true}
	return d, nil
}

// look lets the counters decide. It first returns what this node holds, so that they
// include it.
func (l *Leased) look(ctx context.Context, r Request, shares *[3]*share) (Decision, error) {
	for _, s := range shares {
		if s != nil {
			if err := s.giveBack(ctx, l.from); err != nil {
				return Decision{}, err
			}
		}
	}
	return l.from.Take(ctx, r)
}

func unlock(shares *[3]*share) {
	for _, s := range shares {
		if s != nil {
			s.mu.Unlock()
		}
	}
}

// never reports whether the cost can never pass.
func (r *Request) never() bool {
	over := func(b Bucket) bool { return !b.Rule.IsZero() && r.Cost > b.Rule.Burst }
	return over(r.Key) || over(r.Account) || (!r.Quota.Quota.IsZero() && r.Cost > r.Quota.Quota.Requests)
}

// spend takes the cost from all shares or none. It returns the shares that hold too
// little and may get more. shared is false if the counters must decide.
func (l *Leased) spend(r *Request, shares *[3]*share, now time.Time) (_ Decision, short []*share, shared bool) {
	shared = l.lock(r, shares, now)
	defer unlock(shares)
	if !shared || r.never() {
		return Decision{}, nil, false
	}
	dry := false
	levels := [3]float64{}
	for i, s := range shares {
		if s == nil {
			continue
		}
		levels[i] = s.estimate(now)
		switch {
		case s.have >= r.Cost:
			levels[i] = max(levels[i], float64(r.Cost))
		case s.dry(r.Cost, now):
			dry = true
			levels[i] = min(levels[i], float64(r.Cost-1))
		default:
			short = append(short, s)
		}
	}
	if len(short) > 0 && !dry {
		return Decision{}, short, !r.DryRun
	}
	if !dry && !r.DryRun && r.Cost > 0 {
		l.charge(shares, r.Cost)
	}
	return decideByShares(r, shares, levels, now), nil, true
}

// charge takes the cost from shares that hold it, and refills those that run low.
func (l *Leased) charge(shares *[3]*share, cost int64) {
	for _, s := range shares {
		if s == nil {
			continue
		}
		s.have -= cost
		if s.low() {
			s.busy = true
			l.fill(s)
		}
	}
}

func decideByShares(r *Request, shares *[3]*share, levels [3]float64, now time.Time) Decision {
	l := Levels{Key: levels[0], Account: levels[1]}
	if q := shares[2]; q != nil {
		l.Used = r.Quota.Quota.Requests - int64(levels[2])
	}
	d := r.Decide(l, now)
	d.Cluster = true
	if q := shares[2]; q != nil {
		d.Quota.Began, d.Quota.Leased = q.began, true
	}
	return d
}

// lock stores the shares of the request, locked, in the same order everywhere. It
// reports whether the request can be decided by them.
func (l *Leased) lock(r *Request, shares *[3]*share, now time.Time) (shared bool) {
	*shares, shared = [3]*share{}, true
	for i, b := range []Bucket{r.Key, r.Account} {
		if !b.Rule.IsZero() {
			part := PartKey
			if i == 1 {
				part = PartAccount
			}
			s := l.share(shareName{part: part, id: b.ID})
			if s == nil {
				return false
			}
			if s.bucket.Bucket.Rule != b.Rule { // new, or changed: what is known of it is no longer valid
				s.bucket = BucketLease{Group: r.Counters(), Account: i == 1, Bucket: b, Node: l.node, Life: shareLife}
				s.asked, s.exact = time.Time{}, time.Time{}
				if over := s.have - b.Rule.Burst; over > 0 {
					s.have, s.lapsed = s.have-over, s.lapsed+over
				}
			}
			s.expire(now)
			s.bucket.Digest, s.used = r.Digest, now
			shares[i], shared = s, shared && !now.Before(s.exact)
		}
	}
	if q := r.Quota.Quota; !q.IsZero() {
		w := windowOf(q.Per, now)
		s := l.share(shareName{part: PartQuota, id: r.Quota.ID, window: w})
		if s == nil {
			return false
		}
		if s.quota.Limit != q.Requests {
			if q.Requests < s.quota.Limit { // what is held may be more than is left
				s.have, s.lapsed = 0, s.lapsed+s.have
			}
			s.quota = QuotaLease{ID: r.Quota.ID, Window: w.label(), Ends: w.end(), Limit: q.Requests}
			s.asked, s.exact = time.Time{}, time.Time{}
		}
		s.quota.Digest, s.used = r.Digest, now
		shares[2], shared = s, shared && !now.Before(s.exact)
	}
	return shared
}

// share returns the share of the name, locked, or nil if there are too many.
func (l *Leased) share(name shareName) *share {
	part := &l.parts[maphash.Comparable(l.seed, name)%shards]
	for {
		part.mu.RLock()
		s := part.byName[name]
		part.mu.RUnlock()
		if s == nil {
			s = part.add(name, l.most)
		}
		if s == nil {
			return nil
		}
		s.mu.Lock()
		if !s.dead {
			return s
		}
		s.mu.Unlock()
	}
}

func (p *shareShard) add(name shareName, most int) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.byName[name]; s != nil {
		return s
	}
	if len(p.byName) >= most {
		return nil
	}
	s := &share{}
	p.byName[name] = s
	return s
}

func (p *shareShard) all() []*share {
	p.mu.RLock()
	defer p.mu.RUnlock()
	all := make([]*share, 0, len(p.byName))
	for _, s := range p.byName {
		all = append(all, s)
	}
	return all
}

// renew fills all shares at once.
func (l *Leased) renew(ctx context.Context, short []*share, cost int64) error {
	faults := make([]error, len(short))
	var others sync.WaitGroup
	for i, s := range short[1:] {
		others.Go(func() { faults[i+1] = s.renew(ctx, l.from, cost, l.now) })
	}
	faults[0] = short[0].renew(ctx, l.from, cost, l.now)
	others.Wait()
	return errors.Join(faults...)
}

// fill renews a share in the background. It ignores errors; the next request that waits
// for the share sees them.
func (l *Leased) fill(s *share) {
	l.closing.RLock()
	defer l.closing.RUnlock()
	if l.closed {
		return
	}
	l.running.Go(func() {
		// Closing the Leased does not cancel it, because what was already granted would
		// be lost.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), l.timeout)
		defer cancel()
		_ = s.renew(ctx, l.from, 0, l.now)
		s.mu.Lock()
		s.busy = false
		s.mu.Unlock()
	})
}

const (
	idleShare   = shareLife / 4 // unused for this long: returned
	forgetShare = time.Minute   // unused for this long: dropped
)

// sweep returns what is not used, one shard at a time.
func (l *Leased) sweep() {
	ticker := time.NewTicker(idleShare / shards)
	defer ticker.Stop()
	for part := 0; ; part = (part + 1) % shards {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
			l.sweepShard(&l.parts[part])
		}
	}
}

func (l *Leased) sweepShard(p *shareShard) {
	if idle := p.drop(l.now()); len(idle) > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), l.timeout)
		defer cancel()
		_ = l.giveBack(ctx, idle) // what is lost expires soon, or is a small part of a quota
	}
}

// drop removes shares that were not used for long, and returns those that hold
// something but are not used now.
func (p *shareShard) drop(now time.Time) (idle []*share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, s := range p.byName {
		if !s.mu.TryLock() {
			continue // in use
		}
		unused := now.Sub(s.used)
		if s.asked.After(s.used) {
			unused = now.Sub(s.asked)
		}
		s.expire(now)
		switch {
		case s.have+s.lapsed > 0 && unused >= idleShare:
			idle = append(idle, s)
		case s.have+s.lapsed == 0 && unused >= forgetShare && !s.busy:
			s.dead = true
			delete(p.byName, name)
		}
		s.mu.Unlock()
	}
	return idle
}
