package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// counter is what one account used in one window. The base comes from the store;
// unsaved is this process's own; used is the sum.
type counter struct {
	mu      sync.Mutex
	window  window
	ends    time.Time // of the window
	used    int64
	unsaved int64
	synced  bool // used includes the base

	apart   int64  // allowed here while a shared counter could not be asked
	began   int64  // the mark of the shared counter when last seen
	known   int64  // the highest use that the shared counter of that mark reported
	outages uint64 // Local.outages when it was last compared
	behind  bool   // the shared counter has counted less than used
	before  int64  // the use of the previous shared counter, which was lost; 0: unknown
	since   int64  // what this node allowed since the loss was found
}

func (c *counter) charge(cost int64) {
	if c == nil {
		return
	}
	c.used += cost
	c.unsaved += cost
	c.apart += cost
}

type counterName struct {
	id     string
	window window
}

// quotas holds the counters of the current windows.
type quotas struct {
	store   QuotaStore
	logger  *slog.Logger
	mu      sync.RWMutex
	byName  map[counterName]*counter
	loading sync.Map   // counterName → *sync.Mutex
	flushes sync.Mutex // one flush at a time
	failing atomic.Bool
}

func newQuotas(store QuotaStore, logger *slog.Logger) *quotas {
	return &quotas{store: store, logger: logger, byName: map[counterName]*counter{}}
}

// loadTimeout bounds how long a request waits for the store at the first use of a
// quota in a window.
const loadTimeout = time.Second

func (q *quotas) counter(ctx context.Context, id string, w window) *counter {
	name := counterName{id, w}
	q.mu.RLock()
	c := q.byName[name]
	q.mu.RUnlock()
	if c != nil {
		return c
	}
	return q.first(ctx, name)
}

// first creates the counter with the use in the store. Others that need the same
// counter wait. If the store is unavailable the count starts from zero, and the earlier
// use is added when the store is back.
func (q *quotas) first(ctx context.Context, name counterName) *counter {
	lock, _ := q.loading.LoadOrStore(name, &sync.Mutex{})
	lock.(*sync.Mutex).Lock()
	defer lock.(*sync.Mutex).Unlock()
	q.mu.RLock()
	c := q.byName[name]
	q.mu.RUnlock()
	if c != nil {
		return c
	}
	c = &counter{window: name.window, ends: name.window.end(), synced: q.store == nil}
	if q.store != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		base, err := q.store.QuotaUse(ctx, name.id, name.window.label())
		q.note(err)
		c.used, c.synced = base, err == nil
	}
	q.mu.Lock()
	q.byName[name] = c
	q.mu.Unlock()
	q.loading.Delete(name)
	return c
}

// note logs the first failure of an outage, and its end.
func (q *quotas) note(err error) {
	if err != nil && q.failing.CompareAndSwap(false, true) {
		q.logger.Warn("quota use cannot be saved or read; counting on in memory", "err", err)
	}
	if err == nil && q.failing.CompareAndSwap(true, false) {
		q.logger.Info("quota use is saved again")
	}
}

const (
	flushBatch = 100                    // counters per write: verifications may wait for the write
	flushRest  = 100 * time.Millisecond // at most, between the writes of a flush
)

// flush adds unsaved use to the store, reads what could not be read before, and drops
// counters of past windows.
func (q *quotas) flush(ctx context.Context, now time.Time) error {
	q.flushes.Lock()
	defer q.flushes.Unlock()
	if q.store == nil {
		q.drop(now)
		return nil
	}
	pending := q.take()
	rest := min(5*time.Millisecond, flushRest/time.Duration(len(pending)/flushBatch+1))
	var faults []error
	for len(pending) > 0 {
		batch := pending[:min(len(pending), flushBatch)]
		pending = pending[len(batch):]
		if err := q.save(ctx, batch); err != nil {
			faults = append(faults, err)
		}
		if len(pending) > 0 {
			time.Sleep(rest)
		}
	}
	if err := errors.Join(append(faults, q.sync(ctx))...); err != nil {
		q.note(err)
		return fmt.Errorf("save quota use: %w", err)
	}
	q.note(nil)
	q.drop(now)
	return nil
}

type charge struct {
	name    counterName
	counter *counter
	amount  int64
}

// take collects the unsaved use and marks it saved.
func (q *quotas) take() []charge {
	q.mu.RLock()
	defer q.mu.RUnlock()
	var pending []charge
	for name, c := range q.byName {
		c.mu.Lock()
		if c.unsaved != 0 { // less than 0 if shares were returned
			pending = append(pending, charge{name, c, c.unsaved})
			c.unsaved = 0
		}
		c.mu.Unlock()
	}
	return pending
}

// save adds the batch to the store. If that fails the charges are unsaved again. If the
// store failed after it had added them, they count twice, which errs on the side of
// refusing.
func (q *quotas) save(ctx context.Context, batch []charge) error {
	uses := make([]QuotaUse, len(batch))
	for i, p := range batch {
		uses[i] = QuotaUse{ID: p.name.id, Window: p.name.window.label(), Used: p.amount}
	}
	err := q.store.AddQuotaUse(ctx, uses)
	if err == nil {
		return nil
	}
	for _, p := range batch {
		p.counter.mu.Lock()
		p.counter.unsaved += p.amount
		p.counter.mu.Unlock()
	}
	return err
}

// sync reads the earlier use for counters that started while the store was unavailable.
func (q *quotas) sync(ctx context.Context) error {
	for name, c := range q.unsynced() {
		stored, err := q.store.QuotaUse(ctx, name.id, name.window.label())
		if err != nil {
			return err
		}
		c.mu.Lock()
		// Everything that this process used and saved is in stored by now.
		c.used, c.synced = stored+c.unsaved, true
		c.mu.Unlock()
	}
	return nil
}

func (q *quotas) unsynced() map[counterName]*counter {
	q.mu.RLock()
	defer q.mu.RUnlock()
	found := map[counterName]*counter{}
	for name, c := range q.byName {
		c.mu.Lock()
		if !c.synced {
			found[name] = c
		}
		c.mu.Unlock()
	}
	return found
}

// drop removes counters that are saved and whose window is over.
func (q *quotas) drop(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for name, c := range q.byName {
		c.mu.Lock()
		over := !now.Before(c.ends.Add(time.Minute))
		if over && (c.unsaved == 0 || q.store == nil) {
			delete(q.byName, name)
		}
		c.mu.Unlock()
	}
}
