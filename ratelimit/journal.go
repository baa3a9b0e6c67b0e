package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/internal/ids"
)

// slowAfter is the shortest fill time of a bucket whose level survives a restart. For a
// bucket that fills faster, a restart gives little away.
const slowAfter = time.Minute

// slow reports whether a bucket of the rule outlives the process.
func (r Rule) slow() bool {
	return float64(r.Burst)*float64(r.Per) > float64(slowAfter)*float64(r.Requests)
}

const (
	journalTimeout = 5 * time.Second
	journalRows    = 1000   // per entry, so that it fits into a document
	journalSpare   = 10_000 // rows beyond twice the number of buckets that trigger a compaction
)

// slowJournal writes the levels of slow buckets in the background: about twice a
// second, in one entry, those charged since the last write. When most of the entries
// are outdated it writes all levels once and deletes the rest.
//
// A process starts with the lowest levels in all journals, including those of live
// nodes. It refuses nothing that one bucket for all nodes would allow. It writes what
// it read to its own journal and deletes the journals that it read.
type slowJournal struct {
	store   journal.Store
	logger  *slog.Logger
	buckets *buckets
	owner   string

	mu       sync.Mutex // one write at a time; guards the fields below
	restored bool
	failing  bool
	written  int64 // number of the last entry written
	rows     int   // in all entries
	needed   int   // how many of them were needed when all levels were last written

	changed changes
}

// changes holds the names of buckets whose level is not in the journal yet.
type changes struct {
	mu    sync.Mutex
	names []name
}

func (c *changes) add(n name) {
	c.mu.Lock()
	c.names = append(c.names, n)
	c.mu.Unlock()
}

func (c *changes) take() []name {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.names
	c.names = nil
	return taken
}

func newSlowJournal(store journal.Store, b *buckets, logger *slog.Logger) *slowJournal {
	return &slowJournal{store: store, logger: logger, buckets: b, owner: ids.New(ids.LimitJournal)}
}

// note records that the bucket, which is locked, was charged.
func (j *slowJournal) note(h held) {
	if h.bucket == nil || h.waits || !h.rule.slow() {
		return
	}
	h.waits, h.kept = true, true
	j.changed.add(h.id)
}

// flush writes what has changed. What cannot be written waits for the next flush.
func (j *slowJournal) flush(ctx context.Context, now time.Time) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	err := j.save(ctx, now)
	if failed := err != nil; failed != j.failing && ctx.Err() == nil {
		if j.failing = failed; failed {
			j.logger.Warn("the levels of slow limits cannot be saved and wait", "err", err)
		} else {
			j.logger.Info("the levels of slow limits are saved again")
		}
	}
	return err
}

func (j *slowJournal) save(ctx context.Context, now time.Time) error {
	if !j.restored {
		if err := j.restore(ctx, now); err != nil {
			return fmt.Errorf("read the levels of slow limits: %w", err)
		}
		j.restored = true
	}
	if err := j.saveChanged(ctx, now); err != nil {
		return fmt.Errorf("save the levels of slow limits: %w", err)
	}
	if j.rows <= 2*j.needed+journalSpare {
		return nil
	}
	if err := j.compact(ctx, now); err != nil {
		return fmt.Errorf("begin the levels of slow limits anew: %w", err)
	}
	return nil
}

func (j *slowJournal) saveChanged(ctx context.Context, now time.Time) error {
	names := j.changed.take()
	levels := make([]stored, 0, min(len(names), journalRows))
	for len(names) > 0 {
		next := names[:min(len(names), journalRows)]
		levels = j.buckets.levels(levels[:0], next, now)
		if err := j.write(ctx, now, levels); err != nil {
			j.putBack(next, names[len(next):])
			return err
		}
		names = names[len(next):]
	}
	return nil
}

// putBack keeps the names of levels that could not be written or were not tried.
func (j *slowJournal) putBack(tried, untried []name) {
	for _, n := range tried {
		found := j.buckets.there(n)
		if found == nil {
			continue
		}
		if !found.waits {
			found.waits = true
			j.changed.add(n)
		}
		found.mu.Unlock()
	}
	for _, n := range untried {
		j.changed.add(n)
	}
}

func (j *slowJournal) write(ctx context.Context, now time.Time, levels []stored) error {
	if len(levels) == 0 {
		return nil
	}
	err := j.store.WriteJournal(ctx, j.owner, now, journal.Entry{Number: j.written + 1, Data: packLevels(levels)})
	if err != nil {
		return err
	}
	j.written++
	j.rows += len(levels)
	return nil
}

// compact writes the levels of all slow buckets and deletes earlier entries.
func (j *slowJournal) compact(ctx context.Context, now time.Time) error {
	before, rows := j.written, 0
	for part := range shards {
		levels := j.buckets.slow(part, now)
		rows += len(levels)
		for len(levels) > 0 {
			next := levels[:min(len(levels), journalRows)]
			if err := j.write(ctx, now, next); err != nil {
				return err
			}
			levels = levels[len(next):]
		}
	}
	if err := j.store.TrimJournal(ctx, j.owner, before); err != nil {
		return err
	}
	j.rows, j.needed = rows, rows
	return nil
}

// restore lowers the buckets to the levels in other journals, writes those to its own,
// and deletes the others.
func (j *slowJournal) restore(ctx context.Context, now time.Time) error {
	all, err := j.store.Journals(ctx)
	if err != nil {
		return err
	}
	read := map[string]int64{}
	for owner, seen := range all {
		if owner == j.owner || !strings.HasPrefix(owner, ids.LimitJournal) {
			continue
		}
		through, err := j.restoreFrom(ctx, owner, seen, now)
		if errors.Is(err, journal.ErrClaimed) {
			continue // its owner is alive and keeps it
		}
		if err != nil {
			return err
		}
		read[owner] = through
	}
	if err := j.saveChanged(ctx, now); err != nil {
		return err
	}
	for owner, through := range read {
		if err := j.store.TrimJournal(ctx, owner, through); err != nil {
			return err
		}
	}
	return nil
}

func (j *slowJournal) restoreFrom(ctx context.Context, owner string, seen, now time.Time) (through int64, err error) {
	_, entries, err := j.store.ClaimJournal(ctx, owner, seen, now)
	if err != nil {
		return 0, err
	}
	latest := map[name]stored{}
	for _, e := range entries {
		levels, err := unpackLevels(e.Data)
		if err != nil { // it is unreadable, so do not retry forever
			j.logger.ErrorContext(ctx, "some levels of slow limits are lost", "err", err)
		}
		for i := range levels {
			latest[levels[i].id] = levels[i]
		}
		through = max(through, e.Number)
	}
	for _, level := range latest {
		if j.buckets.lower(level, now) {
			j.changed.add(level.id)
		}
	}
	return through, nil
}
