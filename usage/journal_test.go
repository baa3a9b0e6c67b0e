package usage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/usage"
)

type kept struct {
	at       time.Time
	claimed  bool
	progress journal.Progress
	entries  []journal.Entry
}

func (p *pages) WriteJournal(_ context.Context, owner string, at time.Time, e journal.Entry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return errGone
	}
	if p.journals[owner] == nil {
		p.journals[owner] = &kept{}
	}
	j := p.journals[owner]
	j.at, j.entries = at, append(j.entries, e)
	p.entries++
	return nil
}

func (p *pages) TrimJournal(_ context.Context, owner string, through int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return errGone
	}
	j := p.journals[owner]
	if j == nil {
		return nil
	}
	j.progress = journal.Progress{}
	j.entries = slices.DeleteFunc(j.entries, func(e journal.Entry) bool { return e.Number <= through })
	if len(j.entries) == 0 {
		delete(p.journals, owner)
	}
	return nil
}

func (p *pages) Journals(context.Context) (map[string]time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]time.Time{}
	for owner, j := range p.journals {
		all[owner] = j.at
	}
	return all, p.reach()
}

func (p *pages) ClaimJournal(_ context.Context, owner string, seen, at time.Time) (journal.Progress, []journal.Entry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	j := p.journals[owner]
	if j == nil || !j.at.Equal(seen) {
		return journal.Progress{}, nil, journal.ErrClaimed
	}
	j.claimed, j.at = true, at
	return j.progress, slices.Clone(j.entries), p.reach()
}

// countMany uses so many keys once each, and some of their scopes.
func countMany(m *usage.Meter, keys int) {
	for i := range keys {
		g := newGrant(fmt.Sprintf("key_%05d", i), "a:b", "c:d")
		if i%3 == 0 {
			m.CountScope(&g.counter, i%2)
		}
		m.Count(&g.counter, g.of(), usage.Outcome(i%11))
	}
}

// node is what one process sees of the store. It is cut off after so many
// writes of what was journaled.
type node struct {
	*pages
	folds atomic.Int64
	cut   atomic.Bool
}

func newNode(p *pages, folds int64) *node {
	n := &node{pages: p}
	n.folds.Store(folds)
	return n
}

func (n *node) AddUsage(ctx context.Context, added []usage.Page, progress journal.Progress) error {
	if progress.Owner != "" && n.folds.Add(-1) < 0 {
		n.cut.Store(true)
	}
	if n.cut.Load() {
		return errGone
	}
	return n.pages.AddUsage(ctx, added, progress)
}

func (n *node) WriteJournal(ctx context.Context, owner string, at time.Time, e journal.Entry) error {
	if n.cut.Load() {
		return errGone
	}
	return n.pages.WriteJournal(ctx, owner, at, e)
}

func (n *node) TrimJournal(ctx context.Context, owner string, through int64) error {
	if n.cut.Load() {
		return errGone
	}
	return n.pages.TrimJournal(ctx, owner, through)
}

// Whatever part of the journal was folded when the process ended, its heir
// counts the rest and nothing twice.
func TestJournalIsTakenOver(t *testing.T) {
	t.Parallel()
	const keys = 1000
	for _, folds := range []int64{0, 1, 7, 19, 20, 21} {
		t.Run(fmt.Sprint(folds), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPages()
				n := newNode(p, folds)
				m, killed := newRecorder(t, n)
				countMany(m, keys)
				second()
				countMany(m, keys)
				second()
				time.Sleep(3 * time.Second) // to fold
				n.cut.Store(true)
				_ = killed.Close(t.Context())    // it cannot save any more
				want := uint64(keys * p.entries) // each second makes one, before the cut
				if got := p.total(usage.OfKey, usage.Days); got > want || (got == 0) != (folds == 0) {
					t.Errorf("%d were in pages when the process ended", got)
				}
				_, heir := newRecorder(t, p)
				time.Sleep(time.Minute)
				synctest.Wait()
				if err := heir.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if key, scopes := p.total(usage.OfKey, usage.Days), p.total(usage.OfScope, usage.Days); key != want || scopes == 0 {
					t.Errorf("%d of %d uses of keys, and %d of scopes were counted", key, want, scopes)
				}
				if len(p.journals) != 0 {
					t.Errorf("%d journals are left", len(p.journals))
				}
			})
		})
	}
}

// A process that did not run for a while finds its journal taken over, and
// does not count again. What it counts afterwards counts.
func TestJournalOfOneWhoWasAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPages()
		n := newNode(p, 3)
		m, away := newRecorder(t, n)
		countMany(m, 1000)
		second()
		_, heir := newRecorder(t, p)
		time.Sleep(time.Minute)
		n.folds.Store(1 << 40)
		n.cut.Store(false)
		time.Sleep(time.Minute)
		countMany(m, 1000)
		time.Sleep(time.Minute)
		if err := errors.Join(away.Close(t.Context()), heir.Close(t.Context())); err != nil {
			t.Error(err)
		}
		if got := p.total(usage.OfKey, usage.Days); got != 2000 {
			t.Errorf("%d of 2000 were counted", got)
		}
	})
}

// A journal that somebody writes to is left to them.
func TestJournalOfTheLivingIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPages()
		m, busy := newRecorder(t, newNode(p, 1<<40))
		_, other := newRecorder(t, p)
		for range 60 {
			countMany(m, 300)
			second()
		}
		if err := errors.Join(busy.Close(t.Context()), other.Close(t.Context())); err != nil {
			t.Error(err)
		}
		if got := p.total(usage.OfKey, usage.Days); got != 60*300 {
			t.Errorf("%d of %d were counted", got, 60*300)
		}
	})
}

// Few keys are in their pages within a second; no journal stands between.
func TestFewKeysNeedNoJournal(t *testing.T) {
	gathering(t, func(t *testing.T, p *pages, m *usage.Meter, _ *usage.Recorder) {
		countMany(m, 200)
		second()
		if p.entries != 0 || p.total(usage.OfKey, usage.Days) != 200 {
			t.Errorf("%d entries, %d counted", p.entries, p.total(usage.OfKey, usage.Days))
		}
	})
}

// An end with too little time for the pages loses nothing that is journaled.
func TestCloseInAHurry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPages()
		slow := newNode(p, 1<<40)
		m, r := newRecorder(t, slow)
		countMany(m, 5000)
		p.delay = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Errorf("ended with %v", err)
		}
		p.delay = 0
		_, heir := newRecorder(t, p)
		time.Sleep(time.Minute)
		if err := heir.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got := p.total(usage.OfKey, usage.Days); got != 5000 {
			t.Errorf("%d of 5000 were counted", got)
		}
	})
}

// What cannot be read is given up, and said.
func TestJournalThatCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPages()
		if err := p.WriteJournal(t.Context(), "jnl_x", time.Now(), journal.Entry{Number: 1, Data: []byte("rubbish")}); err != nil {
			t.Fatal(err)
		}
		_, r := newRecorder(t, p)
		time.Sleep(time.Minute)
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if len(p.journals) != 0 {
			t.Error("it is tried for ever")
		}
	})
}
