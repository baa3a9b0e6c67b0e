package ratelimit

import (
	"context"
	"sync"
	"time"
)

// loans are the tokens of buckets that others hold, to spend by themselves. A bucket and
// what is held of it never come to more than its burst, as in redislimit.
type loans struct {
	mu     sync.Mutex
	byName map[name]map[string]loan // by bucket, then by holder
}

// loan is what one holder has of a bucket.
type loan struct {
	amount float64
	ends   int64 // see buckets.elapsed
}

// keepLoans is how long an ended loan is remembered: a bucket that is not used for
// longer has filled in its place, or fills slowly.
const keepLoans = int64(time.Minute)

// out returns what is out on loan from the bucket, which is locked.
func (l *loans) out(b *bucket, r Rule, now int64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.byName[b.id]
	b.lent = held != nil
	return outstanding(held, r, now)
}

// outstanding returns the sum of the loans. What was not returned in time fills again
// from the end of the last of them.
func outstanding(held map[string]loan, r Rule, now int64) float64 {
	var current, over float64
	var latest int64
	for _, h := range held {
		if h.ends > now {
			current += h.amount
			continue
		}
		over, latest = over+h.amount, max(latest, h.ends)
	}
	filled := float64(now-latest) * float64(r.Requests) / float64(r.Per)
	return current + max(0, over-filled)
}

// others is out without what the holder itself has, which it returns as own.
func (l *loans) others(n name, holder string, r Rule, now int64) (others, own float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.byName[n]
	if mine, ok := held[holder]; ok {
		own = outstanding(map[string]loan{holder: mine}, r, now)
		delete(held, holder)
	}
	return outstanding(held, r, now), own
}

// set records what the holder has of the bucket, which is locked.
func (l *loans) set(b *bucket, holder string, has loan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.byName[b.id]
	switch {
	case has.amount > 0 && held == nil:
		l.byName[b.id] = map[string]loan{holder: has}
	case has.amount > 0:
		held[holder] = has
	case len(held) == 0:
		delete(l.byName, b.id)
	}
	b.lent = l.byName[b.id] != nil
}

// sweep forgets loans that ended long ago.
func (l *loans) sweep(now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n, held := range l.byName {
		for holder, h := range held {
			if now-h.ends > keepLoans {
				delete(held, holder)
			}
		}
		if len(held) == 0 {
			delete(l.byName, n)
		}
	}
}

// LeaseBucket implements Lessor.
func (l *Local) LeaseBucket(_ context.Context, b BucketLease) (Granted, error) {
	h := l.hold(b.Bucket, l.now(), false)
	defer h.release()
	burst := float64(h.rule.Burst)
	others, own := l.loans.others(h.id, b.Node, h.rule, h.at)
	tokens := min(h.level, max(0, burst-others-own))
	tokens = min(tokens+float64(b.Back), max(0, burst-others-float64(b.Holds)))
	grant := max(0, min(b.Want, int64(available(tokens))))
	held := b.Holds
	switch {
	case grant < b.Need:
		grant = 0
	case b.Need > 0:
		held = grant - b.Need // a request waits for it, and spends what is held
	default:
		held += grant
	}
	tokens -= float64(grant)
	l.loans.set(h.bucket, b.Node, loan{amount: float64(held), ends: h.at + int64(b.Life)})
	h.set(h.rule, tokens, h.at)
	if l.journal != nil && b.Group != "" {
		l.journal.note(h)
	}
	return Granted{Amount: grant, Left: available(tokens)}, nil
}

// LeaseQuota implements Lessor. What it hands out counts as used until it is returned.
func (l *Local) LeaseQuota(ctx context.Context, q QuotaLease) (Granted, error) {
	w, err := windowNamed(q.Window)
	if err != nil {
		return Granted{}, err
	}
	c := l.quotas.counter(ctx, q.ID, w)
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.Began == l.mark {
		c.putBack(min(q.Back, c.used))
	}
	grant := max(0, min(q.Want, q.Limit-c.used))
	if grant < q.Need {
		grant = 0
	}
	c.charge(grant)
	return Granted{Amount: grant, Used: c.used, Began: l.mark}, nil
}

// putBack undoes a charge. Use that was saved already is reduced by the next flush.
func (c *counter) putBack(n int64) {
	c.used -= n
	c.unsaved -= n
	c.apart = max(0, c.apart-n)
}
