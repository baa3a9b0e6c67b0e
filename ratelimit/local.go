package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/internal/journal"
)

// Config is what a Local needs. Every field may be zero.
type Config struct {
	Now        func() time.Time // time.Now if nil
	Store      QuotaStore       // nil: quotas are kept only in memory
	Journals   journal.Store    // nil: slow buckets are kept only in memory
	Logger     *slog.Logger     // no log if nil
	FlushEvery time.Duration    // how long quota use may stay unsaved, 500 ms if 0
	IdleAfter  time.Duration    // how long a full bucket is kept, 1 minute if 0
	MaxBuckets int              // hard bound, 4,000,000 if 0
}

// Local is the Limiter of one process.
type Local struct {
	now     func() time.Time
	idle    time.Duration
	buckets *buckets
	quotas  *quotas
	loans   loans
	mark    int64         // of the counters of quotas in this process
	journal *slowJournal  // nil: a restart fills all buckets
	outages atomic.Uint64 // of shared counters, see doubt
	stop    context.CancelFunc
	running sync.WaitGroup
}

// NewLocal returns a Local and starts its background work. Close stops it.
func NewLocal(c Config) (*Local, error) {
	if c.FlushEvery < 0 || c.IdleAfter < 0 || c.MaxBuckets < 0 {
		return nil, errors.New("ratelimit: durations and bounds must not be negative")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	flushEvery := orDefault(c.FlushEvery, 500*time.Millisecond)
	ctx, stop := context.WithCancel(context.Background())
	l := &Local{
		now: c.Now, idle: orDefault(c.IdleAfter, time.Minute), stop: stop,
		buckets: newBuckets(orDefault(c.MaxBuckets, 4_000_000), c.Now()),
		quotas:  newQuotas(c.Store, c.Logger),
		loans:   loans{byName: map[name]map[string]loan{}},
		mark:    1 + rand.Int64N(1<<52), //nolint:gosec // G404: a name, no secret
	}
	if c.Journals != nil {
		l.journal = newSlowJournal(c.Journals, l.buckets, c.Logger)
	}
	l.running.Go(func() { l.repeat(ctx, flushEvery, func() { _ = l.Flush(ctx) }) })
	part := 0
	l.running.Go(func() {
		l.repeat(ctx, l.idle/shards+time.Millisecond, func() {
			l.buckets.sweep(part, l.buckets.elapsed(l.now()), l.idle)
			if part = (part + 1) % shards; part == 0 {
				l.loans.sweep(l.buckets.elapsed(l.now()))
			}
		})
	})
	return l, nil
}

func orDefault[T int | time.Duration](v, standard T) T {
	if v == 0 {
		return standard
	}
	return v
}

func (l *Local) repeat(ctx context.Context, every time.Duration, do func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

// Close stops the background work and saves what is unsaved, as Flush does. It may be
// called again.
func (l *Local) Close(ctx context.Context) error {
	l.stop()
	l.running.Wait()
	return l.Flush(ctx)
}

// Flush saves the unsaved quota use and levels of slow buckets. What cannot be saved is
// kept for the next time. The first Flush also lowers the buckets to the levels that
// earlier processes saved.
func (l *Local) Flush(ctx context.Context) error {
	return errors.Join(l.quotas.flush(ctx, l.now()), l.journal.flush(ctx, l.now()))
}

// Len returns the number of live buckets.
func (l *Local) Len() int { return l.buckets.len() }

// Take decides the request. It waits for the store only at the first use of a quota in
// a window, and never fails because of the store.
func (l *Local) Take(ctx context.Context, r Request) (Decision, error) {
	now := l.now()
	var counter *counter
	if !r.Quota.Quota.IsZero() {
		counter = l.quotas.counter(ctx, r.Quota.ID, windowOf(r.Quota.Quota.Per, now))
	}
	// The locks are taken in the same order everywhere: key, account, quota.
	key := l.hold(r.Key, now, r.DryRun)
	defer key.release()
	account := l.hold(r.Account, now, r.DryRun)
	defer account.release()
	if counter != nil {
		counter.mu.Lock()
		defer counter.mu.Unlock()
	}
	levels, ends := Levels{Key: key.left, Account: account.left}, time.Time{}
	if counter != nil {
		levels.Used, ends = counter.used, counter.ends
	}
	d := r.decide(levels, now, ends)
	if d.Allowed && !r.DryRun && r.Cost > 0 {
		key.charge(r.Cost)
		account.charge(r.Cost)
		counter.charge(r.Cost)
		if l.journal != nil && r.Group != "" {
			l.journal.note(key)
			l.journal.note(account)
		}
	}
	return d, nil
}

// held is a locked bucket and its state at one time, or no bucket.
type held struct {
	*bucket
	rule  Rule
	level float64 // what it holds
	left  float64 // how much of that may be spent
	at    int64
}

func (l *Local) hold(b Bucket, now time.Time, dry bool) held {
	if b.Rule.IsZero() {
		return held{}
	}
	at := l.buckets.elapsed(now)
	found := l.buckets.lock(b.ID, b.Rule, at, !dry)
	if found == nil { // a dry run creates no bucket: a new one would be full
		found = &bucket{}
		found.mu.Lock()
		found.begin(name{}, b.Rule, at)
	}
	h := held{bucket: found, rule: b.Rule, level: found.level(b.Rule, at), at: at}
	if found.lent {
		h.level = min(h.level, max(0, float64(b.Rule.Burst)-l.loans.out(found, b.Rule, at)))
	}
	h.left = available(h.level)
	if found.rule != b.Rule && !dry {
		found.set(b.Rule, h.level, at)
	}
	return h
}

func (h *held) release() {
	if h.bucket != nil {
		h.mu.Unlock()
	}
}

func (h *held) charge(cost int64) {
	if h.bucket != nil {
		h.set(h.rule, h.level-float64(cost), h.at)
	}
}
