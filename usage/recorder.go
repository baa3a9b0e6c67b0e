package usage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/internal/ids"
)

const (
	mostRows   = 200_000 // rows not in pages yet
	directRows = 200     // most rows written to pages directly, without a journal
	mostSpare  = 50_000  // rows of a ledger whose memory is kept
	foldRows   = 2       // rows per write while the service runs: on one processor, verifications wait for the write
	flushRows  = 500     // rows per write when it ends
	foldRest   = 20      // rest after a write, as a multiple of the time it took
	adoptEvery = 15 * time.Second
)

// RecorderConfig is what a Recorder needs. All fields but Now are required.
type RecorderConfig struct {
	Store     Store
	Meter     *Meter
	Retention Retention
	Logger    *slog.Logger
	Now       func() time.Time // time.Now if nil
}

// Recorder drains a Meter about once a second and saves what it counted, so a kill
// loses at most that second. A few rows go straight to their pages. More rows go to a
// journal, one write per second, and from there to pages in small steps with long
// rests, which leave CPU time for verification. One write then holds everything that
// was counted for a key meanwhile. If a process is killed, the first other process to
// notice takes over its journal.
//
// While the store is unavailable rows wait, at most mostRows of them. Further ones are
// counted for the organization alone, so totals stay right.
type Recorder struct {
	c     RecorderConfig
	owner string // of this process's journal

	mu      sync.Mutex // guards the fields below; never held during a call of the store
	fresh   *ledger    // in memory only
	spare   *ledger    // empty; its memory is for the next fresh one
	drained time.Time
	stats   RecorderStats

	saving  sync.Mutex // guards the fields below
	waiting *ledger    // in the journal
	round   *round     // in the journal through folding.Through; folding.Rows of them are in pages
	folding journal.Progress
	written int64                // number of the last entry written
	seen    map[string]time.Time // journals of other processes
	kept    atomic.Int64         // rows of waiting and round not in pages yet

	failing bool
	life    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup
}

// NewRecorder returns a Recorder and starts it. Close stops it.
func NewRecorder(c RecorderConfig) (*Recorder, error) {
	if c.Store == nil || c.Meter == nil || c.Logger == nil {
		return nil, errors.New("usage: Store, Meter and Logger are required")
	}
	if err := c.Retention.Validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Recorder{c: c, owner: ids.New(ids.Journal), fresh: newLedger(), waiting: newLedger(), drained: c.Now(), life: ctx, stop: stop}
	r.running.Go(func() { r.run(ctx) })
	return r, nil
}

func (r *Recorder) run(ctx context.Context) {
	saving, adopting, folding := time.NewTicker(flushEvery), time.NewTicker(adoptEvery), time.NewTimer(flushEvery*3/2)
	defer saving.Stop()
	defer adopting.Stop()
	defer folding.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-adopting.C:
			r.report(ctx, r.adopt(ctx))
		case <-saving.C:
			r.report(ctx, r.save(ctx))
		case <-folding.C:
			folding.Reset(r.fold(ctx))
		}
	}
}

// report records how a round of saving ended, and logs it if that has changed.
func (r *Recorder) report(ctx context.Context, err error) {
	r.note(ctx, err)
	switch {
	case ctx.Err() != nil:
	case err != nil && !r.failing:
		r.c.Logger.Warn("usage cannot be saved and waits", "err", err)
	case err == nil && r.failing:
		r.c.Logger.Info("usage can be saved again")
	}
	r.failing = err != nil
}

func (r *Recorder) save(ctx context.Context) error {
	if err := r.keep(ctx); err != nil {
		return err
	}
	_, err := r.saveRefusals(ctx)
	return err
}

// fold moves some rows from the journal to pages, and returns how long to rest
// afterwards.
func (r *Recorder) fold(ctx context.Context) time.Duration {
	began := time.Now()
	more, err := r.foldSome(ctx, foldRows)
	if !more || err != nil { // saving reports problems of the store
		return flushEvery
	}
	return foldRest * time.Since(began)
}

// Flush saves everything counted. What cannot be saved keeps waiting.
func (r *Recorder) Flush(ctx context.Context) error {
	if err := r.keep(ctx); err != nil {
		return err
	}
	for saved := 1; saved > 0; {
		var err error
		if saved, err = r.saveRefusals(ctx); err != nil {
			return err
		}
	}
	return r.foldAll(ctx)
}

func (r *Recorder) foldAll(ctx context.Context) error {
	for {
		if more, err := r.foldSome(ctx, flushRows); err != nil || !more {
			return err
		}
	}
}

// Close stops the background work and saves what is waiting. The next process moves
// the rest of the journal to pages.
func (r *Recorder) Close(ctx context.Context) error {
	r.stop()
	r.running.Wait()
	err := r.Flush(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && ctx.Err() != nil && r.fresh.len() == 0 {
		return nil
	}
	return err
}

// keep saves the counts, so that they survive the process.
func (r *Recorder) keep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	r.saving.Lock()
	defer r.saving.Unlock()
	taken := r.take()
	if taken.len() == 0 {
		return nil
	}
	if r.waiting.len() == 0 && r.round == nil && taken.len() <= directRows {
		if err := r.c.Store.AddUsage(ctx, pagesOf(taken.some(0, directRows), r.oldest()), journal.Progress{}); err != nil {
			r.putBack(taken, 0)
			return fmt.Errorf("save usage: %w", err)
		}
		return nil
	}
	written, err := r.journal(ctx, taken)
	r.putBack(taken, written)
	return err
}

// take drains the meter and returns everything that is only in memory.
func (r *Recorder) take() *ledger {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drain()
	taken := r.fresh
	r.fresh, r.spare = r.spare, nil
	if r.fresh == nil {
		r.fresh = newLedger()
	}
	return taken
}

// putBack keeps the rows after the first written ones, which could not be saved.
func (r *Recorder) putBack(taken *ledger, written int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := written; i < taken.len(); i++ {
		r.fresh.addFrom(taken, i)
	}
	r.release(taken)
}

// release keeps the memory of a ledger that nobody uses any more. r.mu is held.
func (r *Recorder) release(taken *ledger) {
	if taken.len() <= mostSpare {
		taken.reset()
		r.spare = taken
	}
}

// journal writes the rows to the journal, and returns how many it wrote.
func (r *Recorder) journal(ctx context.Context, taken *ledger) (written int, err error) {
	rest := &pause{life: r.life}
	for written < taken.len() {
		to := min(written+entryRows, taken.len())
		e := journal.Entry{Number: r.written + 1, Data: taken.pack(written, to, rest)}
		if err := r.c.Store.WriteJournal(ctx, r.owner, r.c.Now(), e); err != nil {
			return written, fmt.Errorf("write the journal of usage: %w", err)
		}
		r.written++
		for ; written < to; written++ {
			rest.one()
			r.waiting.addFrom(taken, written)
		}
		r.count()
	}
	return written, nil
}

// count updates the number of rows that are only in the journal.
func (r *Recorder) count() {
	left := r.waiting.len()
	if r.round != nil {
		left += max(0, len(r.round.order)-r.folding.Rows)
	}
	r.kept.Store(int64(left))
}

// drain takes what was counted since the last drain. It belongs to the minute in which
// it began.
func (r *Recorder) drain() {
	now := r.c.Now().UTC()
	since := r.drained
	if earliest := now.Add(-flushEvery); since.Before(earliest) {
		since = earliest
	}
	r.drained = now
	minute := since.Truncate(time.Minute).Unix()
	r.c.Meter.drain(&pause{life: r.life}, func(w *row) {
		w.minute = minute
		r.stats.Totals.add(&w.counts)
		r.gather(w)
	})
}

// gather adds to the row that waits for the subject. If there are too many rows, it
// adds to the organization's row instead, or finally to that of no organization.
func (r *Recorder) gather(w *row) {
	if r.isFull(w, mostRows) && w.KeyID != "" {
		w.Subject, w.scopes = Subject{OrganizationID: w.OrganizationID}, nil
	}
	if r.isFull(w, mostRows+mostOrganizations) {
		w.Subject = Subject{}
	}
	r.fresh.add(w)
}

func (r *Recorder) isFull(w *row, most int) bool {
	return r.rows() >= most && !r.fresh.has(w)
}

// foldSome moves up to that many rows of the journal to pages, and reports whether
// there are more.
func (r *Recorder) foldSome(ctx context.Context, most int) (more bool, err error) {
	r.saving.Lock()
	defer r.saving.Unlock()
	defer r.count()
	if r.round == nil {
		if r.waiting.len() == 0 {
			return false, nil
		}
		r.round, r.waiting = roundOf(r.waiting, &pause{life: r.life}), newLedger()
		r.folding = journal.Progress{Owner: r.owner, Through: r.written}
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout) // starts here, because sorting a round takes a while
	defer cancel()
	next := r.round.some(r.folding.Rows, most)
	done := r.folding
	done.At, done.Rows = r.c.Now(), done.Rows+len(next)
	if len(next) > 0 {
		if err := r.c.Store.AddUsage(ctx, pagesOf(next, r.oldest()), done); err != nil {
			return true, r.lost(err)
		}
		r.folding = done
	}
	if done.Rows == len(r.round.order) {
		if err := r.c.Store.TrimJournal(ctx, r.owner, done.Through); err != nil {
			return true, fmt.Errorf("trim the journal of usage: %w", err)
		}
		r.round = nil
	}
	return r.round != nil || r.waiting.len() > 0, nil
}

// lost drops what another process has taken over, as happens if this one did not run
// for a while.
func (r *Recorder) lost(err error) error {
	if errors.Is(err, journal.ErrClaimed) {
		r.round, r.waiting, r.owner = nil, newLedger(), ids.New(ids.Journal)
	}
	return fmt.Errorf("save usage: %w", err)
}

// adopt takes over a journal that nobody has written to since the last check.
func (r *Recorder) adopt(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	r.saving.Lock()
	defer r.saving.Unlock()
	all, err := r.c.Store.Journals(ctx)
	if err != nil {
		return fmt.Errorf("list journals of usage: %w", err)
	}
	before := r.seen
	maps.DeleteFunc(all, func(owner string, _ time.Time) bool {
		return owner == r.owner || strings.HasPrefix(owner, ids.LimitJournal)
	})
	r.seen = all
	for owner, at := range all {
		if last, known := before[owner]; known && last.Equal(at) {
			return r.adoptFrom(ctx, owner, at)
		}
	}
	return nil
}

func (r *Recorder) adoptFrom(ctx context.Context, owner string, seen time.Time) error {
	progress, entries, err := r.c.Store.ClaimJournal(ctx, owner, seen, r.c.Now())
	if errors.Is(err, journal.ErrClaimed) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("claim a journal of usage: %w", err)
	}
	left, err := unfinished(progress, entries)
	if err != nil { // it is unreadable, so do not retry forever
		left = newLedger()
		r.c.Logger.ErrorContext(ctx, "a journal of usage is lost", "entries", len(entries), "err", err)
	}
	if _, err := r.journal(ctx, left); err != nil {
		return err
	}
	through := progress.Through
	for _, e := range entries {
		through = max(through, e.Number)
	}
	if err := r.c.Store.TrimJournal(ctx, owner, through); err != nil {
		return fmt.Errorf("trim a journal of usage: %w", err)
	}
	r.c.Logger.InfoContext(ctx, "took over what another process had counted", "entries", len(entries))
	return nil
}

// oldest returns the earliest minute that is still kept. Rows that waited for longer
// are counted there.
func (r *Recorder) oldest() time.Time { return Minutes.page(r.c.Now().Add(-r.c.Retention.Minutes)) }

func (r *Recorder) saveRefusals(ctx context.Context) (int, error) {
	of := r.c.Meter.refusals.take(refusedBatch)
	if len(of) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	if err := r.c.Store.AddRefusals(ctx, of); err != nil {
		r.c.Meter.refusals.putBack(of)
		return 0, fmt.Errorf("save refusals: %w", err)
	}
	return len(of), nil
}

// rows returns how many rows are not in pages yet. The caller holds mu.
func (r *Recorder) rows() int { return r.fresh.len() + int(r.kept.Load()) }
