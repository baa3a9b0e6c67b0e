package verify

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
)

const (
	// A poll begins every pollEvery, whether or not earlier ones have finished. One
	// that takes longer than pollTime is applied but does not count. The two together
	// are less than PollBound.
	pollEvery   = keys.PollBound / 4
	pollTime    = keys.PollBound * 7 / 10
	pollTimeout = 2 * keys.PollBound
	mostPolls   = int(pollTimeout / pollEvery) // concurrent polls
	pollOverlap = nodes.MostSkew + keys.WriteBound
	pollLimit   = 20_000 // changes of one kind; beyond that, every mark is bumped
	beatTimeout = keys.PollBound
)

// polling is how far this node knows what other nodes changed.
type polling struct {
	mu       sync.Mutex
	applied  time.Time        // when the last poll that succeeded began
	majority time.Time        // what was recorded then, see lookBack
	began    time.Duration    // the same, by a clock that includes sleep
	told     map[string]int64 // what it reported, by id
	failures int              // since the last poll that was applied and recorded
	source   uint64           // number of the current source, see Moved; a poll of an earlier one does not count
}

// Polling reports how a Verifier learns of changes.
type Polling struct {
	// Everything changed before it is applied, and other nodes know that. At first it
	// is when this node began. Zero means that nobody knows of this node.
	LastPoll time.Time
	Age      time.Duration // time since LastPoll, by the clock that shows most: some stop during sleep, some are set back
	Failures int           // failed polls since then
	Stale    bool          // nothing is served from memory: LastPoll is too long ago
}

// Polling returns how the Verifier currently learns of changes.
func (v *Verifier) Polling() Polling {
	c := v.grants
	c.polling.mu.Lock()
	defer c.polling.mu.Unlock()
	last, now := *c.recorded.Load(), c.now()
	age := max(0, now.Sub(last), time.Duration(now.UnixNano()-last.UnixNano()), c.pulse.elapsed()-time.Duration(c.pulse.heard.Load()))
	return Polling{LastPoll: last, Age: age, Failures: c.polling.failures, Stale: c.tooStale(now)}
}

// RememberNothing makes the Verifier ask the store for every key until a poll of
// this node is recorded. It is called if the node could not be registered.
func (v *Verifier) RememberNothing() { v.grants.recorded.CompareAndSwap(v.grants.start, &time.Time{}) }

// Moved is called by a Source when it switches to another Latchkey, whose cached
// grants may be older than what the previous one reported. Nothing is then served
// from memory until a poll that begins after the call counts, even if that poll
// reaches less far than the last one, and then for maxStale.
func (v *Verifier) Moved(maxStale time.Duration) {
	c := v.grants
	c.polling.mu.Lock()
	defer c.polling.mu.Unlock()
	c.polling.source++
	c.polling.began = never
	c.maxStale.Store(int64(maxStale))
	c.recorded.Store(&time.Time{})
	c.pulse.forget()
}

// CatchUp polls once, without waiting for the next poll.
func (v *Verifier) CatchUp() error { return v.grants.catchUp() }

// poll begins a poll of other nodes' changes every pollEvery, until ctx ends.
func (c *cache) poll(ctx context.Context) {
	going := make(chan struct{}, mostPolls)
	ticker := time.NewTicker(c.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.pulse.tick()
		select {
		case going <- struct{}{}:
		default:
			continue
		}
		c.running.Go(func() {
			defer func() { <-going }()
			err := c.pollOnce(ctx)
			c.counters.polled.Store(&err)
			if err != nil {
				c.unheard(err)
				return
			}
			select {
			case c.beats <- struct{}{}:
			default: // one is already pending
			}
		})
	}
}

func (c *cache) unheard(err error) { c.failed("changes of other nodes cannot be read", err) }

func (c *cache) failed(what string, err error) {
	if c.life.Err() != nil {
		return
	}
	if !errors.Is(err, errMoved) { // after a move a poll is worth waiting for
		c.pulse.fail(c.now())
	}
	c.polling.mu.Lock()
	c.polling.failures++
	first := c.polling.failures == 1
	c.polling.mu.Unlock()
	if first {
		c.logger.Error(what, "err", err)
	}
}

// pollOnce bumps the marks of changes that were not reported before.
func (c *cache) pollOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	at, began := c.now(), c.pulse.elapsed()
	c.polling.mu.Lock()
	since, source, recorded := c.lookBack(at), c.polling.source, *c.recorded.Load()
	c.polling.mu.Unlock()
	overlap := c.overlap()
	news, err := c.source.Changes(ctx, since.Add(-overlap))
	if err != nil {
		return c.unlessMoved(source, err)
	}
	if news.All || (c.store != nil && at.Sub(since) > keys.TombstoneLife-overlap) {
		c.marks.BumpAll()
	}
	c.polling.mu.Lock()
	defer c.polling.mu.Unlock()
	told := make(map[string]int64, len(news.Changes))
	for _, change := range news.Changes {
		told[change.ID] = change.Revision
		// Every deletion counts: its tombstone may be written before the object is
		// gone, and the object may have been loaded again in between.
		if last, ok := c.polling.told[change.ID]; ok && last == change.Revision && change.Revision != keys.Deleted {
			continue
		}
		if change.Hash != (keys.Hash{}) {
			c.marks.Bump(change.Hash.MarkID())
		}
		c.marks.Bump(change.ID)
	}
	if source != c.polling.source {
		return errMoved
	}
	if began-news.Age > c.polling.began {
		c.polling.applied, c.polling.told, c.polling.began = at.Add(-news.Age), told, began-news.Age
		c.polling.majority = recorded
	}
	if c.now().Sub(at) > pollTime || c.pulse.elapsed()-began > pollTime {
		return errLate // others rely on the bound
	}
	return nil
}

// lookBack returns the time from which a poll that begins at at reads changes,
// before the overlap. The caller holds polling.mu.
//
// What is written while the store has no majority becomes visible when it has one
// again, with the time at which it was written. No poll is recorded meanwhile, but
// one that read before may be recorded afterwards. So a poll looks back to what was
// recorded when the one before it began: the store had a majority after that.
func (c *cache) lookBack(at time.Time) time.Time {
	since := at // earlier than applied if this node's clock was set back
	for _, t := range []time.Time{c.polling.applied, c.polling.majority} {
		if t.Before(since) {
			since = t
		}
	}
	return since
}

func (c *cache) unlessMoved(source uint64, err error) error {
	c.polling.mu.Lock()
	defer c.polling.mu.Unlock()
	if source != c.polling.source {
		return errMoved
	}
	return err
}

// overlap is how far a poll looks back beyond the previous one: a change carries
// the time at which the node that wrote it began to write.
func (c *cache) overlap() time.Duration {
	if c.nodes == nil {
		return pollOverlap
	}
	return pollOverlap + min(c.nodes.Lag(), keys.TombstoneLife)
}

var (
	errLate  = errors.New("the store takes too long to tell of changes")
	errMoved = errors.New("another node answers than the one before")
)

// beat records each poll that was applied, and reads what others record. The cache
// relies on the poll only once the record is written: other nodes assume that the
// recorded poll is no earlier than the one this node relies on.
func (c *cache) beat(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.beats:
		}
		if err := c.settle(ctx); err != nil {
			c.failed("this node's polls cannot be recorded", err)
		}
	}
}

// settle records the last poll that was applied, and then relies on it.
func (c *cache) settle(ctx context.Context) error {
	c.settling.Lock()
	defer c.settling.Unlock()
	c.polling.mu.Lock()
	at, began, source := c.polling.applied, c.polling.began, c.polling.source
	c.polling.mu.Unlock()
	if err := c.recordPoll(ctx, at); err != nil {
		return err
	}
	c.polling.mu.Lock()
	if source != c.polling.source || began == never {
		c.polling.mu.Unlock()
		return errMoved
	}
	c.recorded.Store(&at)
	c.pulse.hear(began, at)
	failed := c.polling.failures > 0
	c.polling.failures = 0
	c.polling.mu.Unlock()
	if failed {
		c.logger.Info("changes of other nodes are known again")
	}
	return nil
}

func (c *cache) recordPoll(ctx context.Context, at time.Time) error {
	if c.nodes == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	return c.nodes.Beat(ctx, at)
}

// watch reads the records of other nodes every pollEvery, until ctx ends.
func (c *cache) watch(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		looking, cancel := context.WithTimeout(ctx, beatTimeout)
		if err := c.nodes.Look(looking); err != nil && ctx.Err() == nil {
			c.logger.Debug("records of other nodes cannot be read", "err", err)
		}
		cancel()
	}
}

// tooStale reports whether the last recorded poll is too old for anything to be
// served from memory. It uses the monotonic clock and the wall clock, which
// continues while the machine sleeps.
func (c *cache) tooStale(now time.Time) bool {
	last := *c.recorded.Load()
	most := c.maxStale.Load()
	return last.IsZero() || now.Sub(last) > time.Duration(most) || now.UnixNano()-last.UnixNano() > most
}
