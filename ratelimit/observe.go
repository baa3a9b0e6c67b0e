package ratelimit

import (
	"context"
	"errors"
	"fmt"
)

// ErrQuotaUnknown means that what was used of a quota cannot be told now.
var ErrQuotaUnknown = errors.New("what was used of the quota is not known")

// Settlement is what a node let pass of a quota by itself.
type Settlement struct {
	ID     string
	Window string // see Quota.Window
	Add    int64
	Began  int64 // the mark of the shared counter when it was last seen, see QuotaState; 0: only Used counts
	Known  int64 // what that counter had come to, Add not included; 0: not known
	Used   int64 // in all, as far as this node knows
	Before bool  // Used was so of a counter that was lost: what it has since is not in it
}

// Observe records what shared counters decided. Quota use that they allowed is
// saved to the store with the use of this process, which continues from there
// when it decides alone; by then it also knows of a quota that others spent.
// Observe reports whether the shared counter knows of less than this process
// does, because it was lost and restarted, or came from a replica that missed
// writes. The caller must then settle it.
func (l *Local) Observe(ctx context.Context, r *Request, d *Decision) (behind bool) {
	spent := d.Refused == PartQuota // by others, maybe
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

// missing is what a request that cost so much adds to what was used, as this node
// knows it, where the shared counter does not know all of that.
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

// compare finds out whether the shared counter is behind: where it is another
// than before, and where it was out of reach since. One of the same mark never
// counts down, but for what is leased.
func (c *counter) compare(q *QuotaState, shared int64, outages uint64) {
	switch {
	case c.began == q.Began:
		if c.outages != outages && c.apart == 0 {
			c.outages, c.before = outages, 0
			c.behind = c.known > shared
		}
	case c.began > q.Began: // an answer that was on its way when the counter was lost
		if !q.Leased && shared > c.before {
			c.before, c.behind = shared, true
		}
	default:
		// What nodes hold of a quota may be spent or given back: a leased counter tells
		// what was used at most, and what was lost of it cannot be told from that.
		if c.before = 0; c.began != 0 && !q.Leased {
			c.before = c.used
		}
		c.began, c.apart, c.known, c.since, c.outages = q.Began, 0, 0, 0, outages
		c.behind = c.used > shared || c.before > 0
	}
}

// doubt has Observe compare each counter with what this process knows, at its
// next use. Shared counters that were out of reach may be older than they were.
func (l *Local) doubt() { l.outages.Add(1) }

// QuotaUsed tells what was used of a quota in a window: what the store has, or
// this process where it knows of more. A shared counter begins with it.
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
	for _, per := range []Period{Day, Month} {
		if w, err := parseWindow(per, window); err == nil {
			return q.byName[counterName{id, w}]
		}
	}
	return nil
}

// tell tells shared counters.
type tell func(context.Context, Settlement) error

// settle hands what shared counters do not know of to tell, and forgets it
// where tell has taken it.
func (l *Local) settle(ctx context.Context, tell tell) error {
	for name, c := range l.quotas.unsettled() {
		if err := c.settle(ctx, name, tell); err != nil {
			return err
		}
	}
	return nil
}

// settleQuota is settle for the one counter that Observe found behind.
func (l *Local) settleQuota(ctx context.Context, q QuotaCharge, tell tell) error {
	name := counterName{q.ID, windowOf(q.Quota.Per, l.now())}
	return l.quotas.counter(ctx, name.id, name.window).settle(ctx, name, tell)
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
