package ratelimit

import (
	"context"
	"errors"
	"fmt"
)

// ErrQuotaUnknown means that the use of a quota cannot be determined now.
var ErrQuotaUnknown = errors.New("what was used of the quota is not known")

// Settlement is what a node allowed of a quota by itself.
type Settlement struct {
	ID     string
	Window string // see Quota.Window
	Add    int64
	Began  int64 // the mark of the shared counter when last seen, see QuotaState; 0: only Used counts
	Known  int64 // the count of that counter, without Add; 0: unknown
	Used   int64 // total, as far as this node knows
	Before bool  // Used is from a counter that was lost; it excludes what the new one has since counted
}

// Observe records a decision of shared counters. It saves quota use that they allowed
// to the store with the use of this process, which continues from there when it
// decides alone; by then it also knows of a quota that other nodes used up. Observe
// reports whether the shared counter has counted less than this process, because it
// was lost and restarted, or came from a replica that missed writes. The caller must
// then settle it.
func (l *Local) Observe(ctx context.Context, r *Request, d *Decision) (behind bool) {
	spent := d.Refused == PartQuota // perhaps by others
	if !d.HasQuota || !d.Allowed && !spent || r.DryRun || r.Cost <= 0 {
		return false
	}
	c := l.quotas.counter(ctx, r.Quota.ID, windowOf(r.Quota.Quota.Per, l.now()))
	c.mu.Lock()
	defer c.mu.Unlock()
	shared := d.Quota.Limit - d.Quota.Remaining
	if spent {
		if c.began == 0 || c.began == d.Quota.Began {
			c.used = max(c.used, shared)
		}
		return false
	}
	c.compare(&d.Quota, shared, l.outages.Load())
	if !d.Quota.Leased {
		c.known = max(c.known, shared)
	}
	c.used = max(c.used+c.missing(r.Cost), shared)
	c.unsaved += r.Cost
	return c.behind
}

// observeLease is Observe for a share of a quota. What is leased counts as used until it
// is returned.
func (l *Local) observeLease(ctx context.Context, q *QuotaLease, g Granted) (behind bool, err error) {
	w, err := windowNamed(q.Window)
	if err != nil {
		return false, err
	}
	c := l.quotas.counter(ctx, q.ID, w)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compare(&QuotaState{Began: g.Began, Leased: true}, g.Used, l.outages.Load())
	c.used = max(c.used+c.missing(g.Amount), g.Used)
	c.unsaved += g.Amount
	if q.Began == g.Began {
		c.unsaved -= q.Back
	}
	return c.behind, nil
}

// missing returns how much a request of that cost adds to the use that this node knows
// of, if the shared counter does not know all of it.
func (c *counter) missing(cost int64) int64 {
	if !c.behind {
		return 0
	}
	if c.before == 0 {
		return cost
	}
	c.since += cost
	return max(0, c.before+c.since-c.used)
}

// compare checks whether the shared counter is behind, when it is a different counter
// than before or was unreachable since. A counter with the same mark never counts
// down, except for leases.
func (c *counter) compare(q *QuotaState, shared int64, outages uint64) {
	switch {
	case c.began == q.Began:
		if c.outages != outages && c.apart == 0 {
			c.outages, c.before = outages, 0
			c.behind = c.known > shared
		}
	case c.began > q.Began: // a late answer from the counter that was lost
		if !q.Leased && shared > c.before {
			c.before, c.behind = shared, true
		}
	default:
		// Nodes may spend or return what they hold of a quota. A leased counter gives only
		// an upper bound of the use, so what was lost of it is unknown.
		if c.before = 0; c.began != 0 && !q.Leased {
			c.before = c.used
		}
		c.began, c.apart, c.known, c.since, c.outages = q.Began, 0, 0, 0, outages
		c.behind = c.used > shared || c.before > 0
	}
}

// doubt makes Observe compare each counter with what this process knows, at its next
// use. Shared counters that were unreachable may have lost recent use.
func (l *Local) doubt() { l.outages.Add(1) }

// QuotaUsed returns the use of a quota in a window: the stored use, or this process's
// if that is more. A shared counter starts with it.
func (l *Local) QuotaUsed(ctx context.Context, id, window string) (int64, error) {
	var stored int64
	if l.quotas.store != nil {
		var err error
		if stored, err = l.quotas.store.QuotaUse(ctx, id, window); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrQuotaUnknown, err)
		}
	}
	c := l.quotas.find(id, window)
	if c == nil {
		return stored, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(stored, c.used), nil
}

func (q *quotas) find(id, window string) *counter {
	q.mu.RLock()
	defer q.mu.RUnlock()
	w, err := windowNamed(window)
	if err != nil {
		return nil
	}
	return q.byName[counterName{id, w}]
}

// tell reports a settlement to shared counters.
type tell func(context.Context, Settlement) error

// settle passes what shared counters do not know to tell, and clears it once tell
// succeeds.
func (l *Local) settle(ctx context.Context, tell tell) error {
	for name, c := range l.quotas.unsettled() {
		if err := c.settle(ctx, name, tell); err != nil {
			return err
		}
	}
	return nil
}

// settleQuota is settle for the one counter that was found behind.
func (l *Local) settleQuota(ctx context.Context, id string, w window, tell tell) error {
	return l.quotas.counter(ctx, id, w).settle(ctx, counterName{id, w}, tell)
}

func (c *counter) settle(ctx context.Context, name counterName, tell tell) error {
	c.mu.Lock()
	s := Settlement{ID: name.id, Window: name.window.label(), Add: c.apart, Began: c.began, Known: c.known, Used: c.used}
	if c.behind {
		s.Began = 0
		if c.before > 0 {
			s.Used, s.Before = c.before, true
		}
	}
	c.mu.Unlock()
	if err := tell(ctx, s); err != nil {
		return err
	}
	c.mu.Lock()
	c.apart, c.behind = max(0, c.apart-s.Add), c.behind && s.Began != 0
	c.mu.Unlock()
	return nil
}

func (q *quotas) unsettled() map[counterName]*counter {
	q.mu.RLock()
	defer q.mu.RUnlock()
	found := map[counterName]*counter{}
	for name, c := range q.byName {
		c.mu.Lock()
		if c.apart > 0 || c.behind {
			found[name] = c
		}
		c.mu.Unlock()
	}
	return found
}
