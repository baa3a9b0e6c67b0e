package keys

import (
	"context"
	"time"
)

const (
	pollEvery   = PollBound / 2
	pollOverlap = mostSkew + WriteBound
	pollLimit   = 20_000 // changes of one kind; with more, every mark is bumped
	mostSkew    = 5 * time.Second
)

// poll bumps the marks of what other nodes changed, until ctx ends.
func (c *cache) poll(ctx context.Context) {
	started := c.now()
	seen := map[string]int64{}
	failing := false
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		next, at, err := c.pollOnce(ctx, started, seen)
		c.tally.polled.Store(&err)
		if err == nil {
			started, seen = at, next
		}
		if err != nil && !failing && ctx.Err() == nil {
			c.logger.Error("changes of other nodes cannot be read", "err", err)
		}
		if err == nil && failing {
			c.logger.Info("changes of other nodes can be read again")
		}
		failing = err != nil
	}
}

// pollOnce bumps the marks of changes not in seen, and returns all that the
// store told with the time at which it was asked. since is when the last
// successful poll began.
func (c *cache) pollOnce(ctx context.Context, since time.Time, seen map[string]int64) (map[string]int64, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	at := c.now()
	changes, err := c.store.ChangedSince(ctx, moment(since.Add(-pollOverlap)), pollLimit)
	if err != nil {
		return nil, at, err
	}
	if len(changes) >= pollLimit || at.Sub(since) > TombstoneLife-pollOverlap {
		c.marks.BumpAll()
	}
	told := make(map[string]int64, len(changes))
	for _, change := range changes {
		told[change.ID] = change.Revision
		// A deletion counts every time: its tombstone may stand before the object
		// is gone, and the object have been loaded again in between.
		if last, ok := seen[change.ID]; ok && last == change.Revision && change.Revision != Deleted {
			continue
		}
		if change.Hash != (Hash{}) {
			c.marks.Bump(string(change.Hash[:]))
		}
		c.marks.Bump(change.ID)
	}
	c.current.Store(at.UnixNano())
	return told, at, nil
}
