package usage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	mostRows = 100_000 // rows that wait, and as many in the round being saved
	rowBatch = 500     // rows a write
)

// RecorderConfig is what a Recorder needs. All fields but Now are required.
type RecorderConfig struct {
	Store     Store
	Meter     *Meter
	Retention Retention
	Logger    *slog.Logger
	Now       func() time.Time // time.Now if nil
}

// Recorder drains a Meter about once a second and saves what it counted: that
// second is all that a kill costs. Rows are written some at a time, with the
// machine left to verification in between; where the store is slower than keys
// are used, counts of one key and minute gather in one row. While the store is
// gone rows wait, at most mostRows of them; what comes then is folded into the
// rows of organizations, so that totals stay right.
type Recorder struct {
	c       RecorderConfig
	mu      sync.Mutex // of waiting and drained
	waiting map[rowKey]*row
	drained time.Time
	saving  sync.Mutex // of round
	round   []*row     // by key: neighbours share pages of the store
	failing bool
	stop    context.CancelFunc
	running sync.WaitGroup
}

// row is what was counted of one subject in one minute.
type row struct {
	Subject
	minute time.Time
	counts Counts
	scopes map[string]uint64
}

type rowKey struct {
	keyID          string
	organizationID string
	minute         int64 // 0: whenever it is saved
}

// NewRecorder returns a Recorder and starts it; Close ends it.
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
	r := &Recorder{c: c, waiting: map[rowKey]*row{}, drained: c.Now(), stop: stop}
	r.running.Go(func() { r.run(ctx) })
	return r, nil
}

func (r *Recorder) run(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := r.flushGently(ctx)
		if err == nil {
			_, err = r.saveRefusals(ctx)
		}
		switch {
		case ctx.Err() != nil:
		case err != nil && !r.failing:
			r.c.Logger.Warn("usage cannot be saved and waits", "err", err)
		case err == nil && r.failing:
			r.c.Logger.Info("usage can be saved again")
		}
		r.failing = err != nil
	}
}

// flushGently saves what waits. It rests after each write for as long as the
// write took, but drains the meter in time for the next second.
func (r *Recorder) flushGently(ctx context.Context) error {
	r.drain()
	began := r.c.Now()
	for {
		before := time.Now()
		written, err := r.flushBatch(ctx)
		if err != nil || written < rowBatch {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Since(before)):
		}
		if r.c.Now().Sub(began) > flushEvery {
			r.drain()
			began = r.c.Now()
		}
	}
}

// Flush saves all that was counted. What cannot be saved keeps waiting.
func (r *Recorder) Flush(ctx context.Context) error {
	r.drain()
	for {
		written, err := r.flushBatch(ctx)
		if err == nil && written == 0 {
			break
		}
		if err != nil {
			return err
		}
	}
	for {
		if saved, err := r.saveRefusals(ctx); err != nil || saved == 0 {
			return err
		}
	}
}

// Close ends the background work and saves what waits.
func (r *Recorder) Close(ctx context.Context) error {
	r.stop()
	r.running.Wait()
	return r.Flush(ctx)
}

// drain takes what was counted since the last time, which belongs to the
// minute in which it began.
func (r *Recorder) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now().UTC()
	since := r.drained
	if earliest := now.Add(-flushEvery); since.Before(earliest) {
		since = earliest
	}
	r.drained = now
	minute := since.Truncate(time.Minute)
	r.c.Meter.drain(func(s Subject, counts *Counts, scopes map[string]uint64) { r.gather(s, minute, counts, scopes) })
}

// gather adds to the row that waits for the subject. Where there are too many
// rows it is that of the organization, or in the end that of nobody.
func (r *Recorder) gather(s Subject, minute time.Time, counts *Counts, scopes map[string]uint64) {
	key := rowKey{s.KeyID, s.OrganizationID, minute.Unix()}
	if r.waiting[key] == nil && len(r.waiting) >= mostRows && s.KeyID != "" {
		key.keyID, s, scopes = "", Subject{OrganizationID: s.OrganizationID}, nil
	}
	if r.waiting[key] == nil && len(r.waiting) >= mostRows+mostOrganizations {
		key, s = rowKey{}, Subject{}
	}
	w := r.waiting[key]
	if w == nil {
		w = &row{Subject: s, minute: minute}
		r.waiting[key] = w
	}
	w.counts.add(counts)
	for name, n := range scopes {
		if w.scopes == nil {
			w.scopes = map[string]uint64{}
		}
		w.scopes[name] += n
	}
}

func (r *Recorder) take() []*row {
	r.mu.Lock()
	defer r.mu.Unlock()
	round := make([]*row, 0, len(r.waiting))
	for _, w := range r.waiting {
		round = append(round, w)
	}
	r.waiting = map[rowKey]*row{}
	slices.SortFunc(round, func(a, b *row) int { return strings.Compare(a.KeyID, b.KeyID) })
	return round
}

func (r *Recorder) flushBatch(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	r.saving.Lock()
	defer r.saving.Unlock()
	if len(r.round) == 0 {
		r.round = r.take()
	}
	next := r.round[:min(len(r.round), rowBatch)]
	if len(next) == 0 {
		return 0, nil
	}
	if err := r.c.Store.AddUsage(ctx, pagesOf(next, r.oldest())); err != nil {
		return 0, fmt.Errorf("save usage: %w", err)
	}
	r.round = r.round[len(next):]
	return len(next), nil
}

// oldest is the earliest minute that is still kept. What waited for longer is
// counted there.
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

// pagesOf turns rows into what is added to the store: each counts for its key,
// account and organization, by minute, hour and day, and for the scopes that
// were asked for by day.
func pagesOf(rows []*row, oldest time.Time) []Page {
	p := paging{pages: map[pageKey]int{}}
	for _, w := range rows {
		at := w.minute
		if at.Before(oldest) {
			at = oldest
		}
		for _, level := range []Level{Minutes, Hours, Days} {
			if w.KeyID != "" {
				p.add(Page{Kind: OfKey, Level: level, Subject: w.Subject}, at, &w.counts)
				p.add(Page{Kind: OfAccount, Level: level, Subject: Subject{AccountID: w.AccountID, OrganizationID: w.OrganizationID}}, at, &w.counts)
			}
			p.add(Page{Kind: OfOrganization, Level: level, Subject: Subject{OrganizationID: w.OrganizationID}}, at, &w.counts)
		}
		for scope, n := range w.scopes {
			p.add(Page{Kind: OfScope, Level: Days, Subject: w.Subject, Scope: scope}, at, &Counts{Allowed: n})
		}
	}
	return p.list
}

type pageKey struct {
	kind  Kind
	level Level
	owner string
	start int64
}

// paging gathers the cells of each page.
type paging struct {
	pages map[pageKey]int
	list  []Page
}

func (p *paging) add(page Page, at time.Time, counts *Counts) {
	page.Start = page.Level.page(at)
	key := pageKey{page.Kind, page.Level, page.Owner(), page.Start.Unix()}
	i, found := p.pages[key]
	if !found {
		i = len(p.list)
		p.pages[key] = i
		page.Cells = map[Cell]uint64{}
		p.list = append(p.list, page)
	}
	slot := int(at.Sub(page.Start) / page.Level.Unit())
	for o, n := range counts {
		if n > 0 {
			p.list[i].Cells[cellOf(slot, Outcome(o))] += n
		}
	}
}

// Waiting is how many rows wait to be saved.
func (r *Recorder) Waiting() int {
	r.saving.Lock()
	defer r.saving.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting) + len(r.round)
}
