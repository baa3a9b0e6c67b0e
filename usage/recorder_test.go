package usage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/usage"
)

// pages is a usage.Store that can be gone.
type pages struct {
	mu       sync.Mutex
	gone     bool
	kept     map[string]usage.Page
	refusals map[string][]usage.Refusal
	journals map[string]*kept
	entries  int // ever written
	delay    time.Duration
	largest  int
	refused  int // keys in the largest write of refusals
}

func newPages() *pages {
	return &pages{kept: map[string]usage.Page{}, refusals: map[string][]usage.Refusal{}, journals: map[string]*kept{}}
}

var errGone = errors.New("gone")

func (p *pages) reach() error {
	if p.gone {
		return errGone
	}
	return nil
}

func (p *pages) setGone(gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = gone
}

func (p *pages) AddUsage(ctx context.Context, added []usage.Page, progress journal.Progress) error {
	time.Sleep(p.delay)
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if progress.Owner != "" && !p.gone {
		j := p.journals[progress.Owner]
		if j == nil || j.claimed {
			return journal.ErrClaimed
		}
		j.progress, j.at = progress, progress.At
	}
	p.largest = max(p.largest, len(added))
	if err := p.reach(); err != nil {
		return err
	}
	for i := range added {
		a := &added[i]
		id := fmt.Sprint(a.Kind, a.Level, a.Start.Unix(), a.Owner())
		kept, found := p.kept[id]
		if !found {
			kept = *a
			kept.Cells = map[usage.Cell]uint64{}
		}
		for c, n := range a.Cells {
			kept.Cells[c] += n
		}
		p.kept[id] = kept
	}
	return nil
}

func (p *pages) Usage(_ context.Context, f usage.PageFilter, limit int) ([]usage.Page, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []usage.Page
	for _, id := range slices.Sorted(maps.Keys(p.kept)) {
		k := p.kept[id]
		if k.Kind == f.Kind && k.Level == f.Level && !k.Start.Before(f.From) && k.Start.Before(f.Until) &&
			(f.KeyID == "" || f.KeyID == k.KeyID) &&
			len(found) < limit {
			found = append(found, k)
		}
	}
	return found, p.reach()
}

func (p *pages) DeleteUsageBefore(_ context.Context, k usage.Kind, l usage.Level, before time.Time, limit int) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, kept := range p.kept {
		if kept.Kind == k && kept.Level == l && kept.Start.Before(before) && n < limit {
			delete(p.kept, id)
			n++
		}
	}
	return n, p.reach()
}

func (p *pages) AddRefusals(_ context.Context, of map[string][]usage.Refusal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return errGone
	}
	p.refused = max(p.refused, len(of))
	for id, more := range of {
		p.refusals[id] = usage.Join(p.refusals[id], more)
	}
	return nil
}

func (p *pages) Refusals(_ context.Context, keyID string) ([]usage.Refusal, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusals[keyID], p.reach()
}

func (p *pages) DeleteRefusalsBefore(context.Context, time.Time, int) (int, error) { return 0, nil }

// total sums the pages of one kind and level.
func (p *pages) total(k usage.Kind, l usage.Level) (n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, kept := range p.kept {
		if kept.Kind == k && kept.Level == l {
			for _, one := range kept.Cells {
				n += one
			}
		}
	}
	return n
}

func (p *pages) count(k usage.Kind, l usage.Level) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, kept := range p.kept {
		if kept.Kind == k && kept.Level == l {
			n++
		}
	}
	return n
}

// grant is what a cached entry is in keys.
type grant struct {
	usage.Counted
	counter usage.Counter
}

func (g *grant) of() usage.Counted { return g.Counted }

func newGrant(key string, scopes ...string) *grant {
	return &grant{Counted: usage.Counted{KeyID: key, Holder: &usage.Holder{AccountID: "sa_a", OrganizationID: "org_a", Scopes: scopes}}}
}

func retention() usage.Retention {
	return usage.Retention{Minutes: 48 * time.Hour, Hours: 90 * 24 * time.Hour, Days: 730 * 24 * time.Hour}
}

// skewed is a clock that tests put forward.
type skewed struct{ by atomic.Int64 }

func (s *skewed) now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

func newRecorder(t *testing.T, s usage.Store) (*usage.Meter, *usage.Recorder) {
	t.Helper()
	return newRecorderAt(t, s, time.Now)
}

func newRecorderAt(t *testing.T, s usage.Store, now func() time.Time) (*usage.Meter, *usage.Recorder) {
	t.Helper()
	m := usage.NewMeter()
	r, err := usage.NewRecorder(usage.RecorderConfig{
		Store: s, Meter: m, Retention: retention(), Logger: slog.New(slog.DiscardHandler), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

// gathering runs the test in a bubble of time with a recorder that is closed
// at its end.
func gathering(t *testing.T, run func(t *testing.T, p *pages, m *usage.Meter, r *usage.Recorder)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPages()
		m, r := newRecorder(t, p)
		run(t, p, m, r)
		p.setGone(false)
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// second lets the recorder save once.
func second() {
	time.Sleep(1001 * time.Millisecond)
	synctest.Wait()
}

func TestCountsAreSavedBehindAtEveryLevel(t *testing.T) {
	gathering(t, func(t *testing.T, p *pages, m *usage.Meter, _ *usage.Recorder) {
		g := newGrant("key_a", "invoices:*", "users:read")
		m.CountScope(&g.counter, 1)
		m.Count(&g.counter, g.of(), usage.Allowed)
		m.Count(&g.counter, g.of(), 9)
		m.CountUnknown("org_b", 1)
		m.CountUnknown("", 1)
		if p.count(usage.OfKey, usage.Minutes) != 0 {
			t.Error("counts were written at once")
		}
		second()
		for _, level := range []usage.Level{usage.Minutes, usage.Hours, usage.Days} {
			if key, account, organization := p.total(usage.OfKey, level), p.total(usage.OfAccount, level), p.total(usage.OfOrganization,
				level); key != 2 || account != 2 || organization != 4 {
				t.Errorf("level %d: %d of the key, %d of the account, %d of organizations", level, key, account, organization)
			}
		}
		if got := p.total(usage.OfScope, usage.Days); got != 1 {
			t.Errorf("%d uses of scopes", got)
		}
	})
}

// Close saves what is counted until then, of many keys as of one.
func TestCloseSavesEverything(t *testing.T) {
	t.Parallel()
	p := newPages()
	m, r := newRecorder(t, p)
	for i := range 5000 {
		g := newGrant(fmt.Sprint("key_", i))
		m.Count(&g.counter, g.of(), usage.Allowed)
		m.Refuse(g.KeyID, usage.Refusal{At: time.Now()})
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.total(usage.OfKey, usage.Days); got != 5000 {
		t.Errorf("%d of 5000 were saved", got)
	}
	if len(p.refusals) != 2000 || p.refused > 200 {
		t.Errorf("refusals of %d keys were saved, %d at a time", len(p.refusals), p.refused)
	}
}

func TestCountsOutlastAnOutage(t *testing.T) {
	gathering(t, func(t *testing.T, p *pages, m *usage.Meter, _ *usage.Recorder) {
		g := newGrant("key_a")
		p.setGone(true)
		for range 600 {
			m.Count(&g.counter, g.of(), usage.Allowed)
			m.Refuse(g.KeyID, usage.Refusal{At: time.Now(), Outcome: 9})
			second()
		}
		p.setGone(false)
		second()
		second()
		if got := p.total(usage.OfKey, usage.Minutes); got != 600 {
			t.Errorf("after ten minutes without a store %d of 600 were saved", got)
		}
		minutes := 0
		for _, kept := range p.kept {
			if kept.Kind == usage.OfKey && kept.Level == usage.Minutes {
				minutes += len(kept.Cells)
			}
		}
		if minutes < 10 || minutes > 12 {
			t.Errorf("ten minutes are told as %d", minutes)
		}
		if last := p.refusals["key_a"]; len(last) != usage.MostRefusals || !last[0].At.After(last[99].At) {
			t.Errorf("%d refusals, newest first, after the outage", len(last))
		}
	})
}

// What waited for longer than minutes are kept is counted at the oldest that
// is, instead of in a page that nobody cleans up any more.
func TestCountsOlderThanTheRetentionAreNotLost(t *testing.T) {
	t.Parallel()
	p, clock := newPages(), &skewed{}
	m, r := newRecorderAt(t, p, clock.now)
	g := newGrant("key_a")
	p.setGone(true)
	m.Count(&g.counter, g.of(), usage.Allowed)
	if err := r.Flush(t.Context()); !errors.Is(err, errGone) {
		t.Errorf("saved without a store: %v", err)
	}
	clock.by.Store(int64(72 * time.Hour))
	p.setGone(false)
	if err := errors.Join(r.Close(t.Context()), r.Clean(t.Context())); err != nil {
		t.Error(err)
	}
	if got := p.total(usage.OfKey, usage.Minutes); got != 1 {
		t.Errorf("%d of 1 is left", got)
	}
}

// An entry that was evicted is known to nobody but the meter.
func TestEvictedEntriesLoseNothing(t *testing.T) {
	gathering(t, func(t *testing.T, p *pages, m *usage.Meter, _ *usage.Recorder) {
		for range 100 {
			g := newGrant("key_a")
			m.Count(&g.counter, g.of(), usage.Allowed)
		}
		second()
		if got := p.total(usage.OfKey, usage.Minutes); got != 100 || p.count(usage.OfKey, usage.Minutes) != 1 {
			t.Errorf("%d of 100 were saved", got)
		}
	})
}

// Half a million keys within a second leave a bounded number of rows, and a total
// that is right.
func TestKeysBeyondCountingAreBounded(t *testing.T) {
	t.Parallel()
	p := newPages()
	m, r := newRecorder(t, p)
	p.setGone(true)
	const keys = 500_000
	most := 0
	for i := range keys {
		g := newGrant(fmt.Sprint("key_", i))
		m.Count(&g.counter, g.of(), usage.Outcome(i%11))
		if i%1000 == 0 {
			most = max(most, m.Waiting()+r.Waiting())
		}
	}
	// Counters and rows, and of each the organization's.
	if most > 200_000+200_000+3 {
		t.Errorf("%d subjects were waited for at once", most)
	}
	p.setGone(false)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.total(usage.OfOrganization, usage.Days); got != keys {
		t.Errorf("%d of %d were counted", got, keys)
	}
	if kept := p.count(usage.OfKey, usage.Minutes); kept == 0 || kept > 400_000 {
		t.Errorf("%d pages of keys were kept", kept)
	}
}

func TestManyCountersAtOnce(t *testing.T) {
	t.Parallel()
	p := newPages()
	m, r := newRecorder(t, p)
	grants := make([]*grant, 50)
	for i := range grants {
		grants[i] = newGrant(fmt.Sprint("key_", i), "a:b", "c:*")
	}
	const workers, rounds = 4, 20_000
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range rounds {
				g := grants[(i*7+w)%len(grants)]
				m.CountScope(&g.counter, i%2)
				m.Count(&g.counter, g.of(), usage.Allowed)
				if i%100 == 0 {
					m.CountUnknown(fmt.Sprint("org_", i%7), 1)
					m.Refuse(g.KeyID, usage.Refusal{At: time.Now(), Address: netip.MustParseAddr("203.0.113.9")})
				}
			}
		})
	}
	for range 20 {
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if key, scope := p.total(usage.OfKey, usage.Days), p.total(usage.OfScope, usage.Days); key != workers*rounds || scope != workers*rounds {
		t.Errorf("%d uses and %d of scopes were counted, of %d", key, scope, workers*rounds)
	}
	if got := p.total(usage.OfOrganization, usage.Days); got != workers*(rounds+rounds/100) {
		t.Errorf("organizations have %d", got)
	}
}

// Two nodes count into the same page.
func TestTwoNodesAddUp(t *testing.T) {
	t.Parallel()
	p := newPages()
	for range 2 {
		m, r := newRecorder(t, p)
		g := newGrant("key_a")
		m.Count(&g.counter, g.of(), usage.Allowed)
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.total(usage.OfKey, usage.Days); got != 2 || p.count(usage.OfKey, usage.Days) != 1 {
		t.Errorf("two nodes counted %d", got)
	}
}

func TestAFloodOfRefusalsOfOneKeyIsFewWrites(t *testing.T) {
	gathering(t, func(t *testing.T, p *pages, m *usage.Meter, _ *usage.Recorder) {
		for i := range 10_000 {
			m.Refuse("key_a", usage.Refusal{At: time.Now().Add(time.Duration(i) * time.Millisecond), Outcome: 9, Detail: fmt.Sprint(i)})
		}
		second()
		last := p.refusals["key_a"]
		if len(last) != usage.MostRefusals || last[0].Detail != "9999" || last[99].Detail != "9900" {
			t.Errorf("kept %d, from %v", len(last), last)
		}
	})
}

func TestOldPagesAreCleaned(t *testing.T) {
	t.Parallel()
	p, clock := newPages(), &skewed{}
	// A fixed day, as months are of different lengths.
	began := time.Until(time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC))
	clock.by.Store(int64(began))
	m, r := newRecorderAt(t, p, clock.now)
	g := newGrant("key_a", "a:b")
	m.CountScope(&g.counter, 0)
	m.Count(&g.counter, g.of(), usage.Allowed)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	for _, step := range []struct {
		at                           time.Duration
		minutes, hours, days, scopes int
	}{
		{47 * time.Hour, 1, 1, 1, 1},
		{50 * time.Hour, 0, 1, 1, 1},
		{92 * day, 0, 0, 1, 1},
		{124 * day, 0, 0, 1, 0},
		{800 * day, 0, 0, 0, 0},
	} {
		clock.by.Store(int64(began + step.at))
		if err := r.Clean(t.Context()); err != nil {
			t.Error(err)
		}
		if m, h, d, s := p.count(usage.OfKey, usage.Minutes), p.count(usage.OfKey, usage.Hours), p.count(usage.OfKey, usage.Days),
			p.count(usage.OfScope, usage.Days); m != step.minutes || h != step.hours || d != step.days || s != step.scopes {
			t.Errorf("after %s: %d by the minute, %d by the hour, %d by the day, %d of scopes", step.at, m, h, d, s)
		}
	}
}

func TestRetentionMustMakeSense(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		retention usage.Retention
		good      bool
	}{
		"defaults":              {retention(), true},
		"too short":             {usage.Retention{Minutes: time.Hour, Hours: 48 * time.Hour, Days: 48 * time.Hour}, false},
		"hours below minutes":   {usage.Retention{Minutes: 72 * time.Hour, Hours: 48 * time.Hour, Days: 96 * time.Hour}, false},
		"days below hours":      {usage.Retention{Minutes: 2 * time.Hour, Hours: 72 * time.Hour, Days: 48 * time.Hour}, false},
		"hours below two days":  {usage.Retention{Minutes: 2 * time.Hour, Hours: 47 * time.Hour, Days: 48 * time.Hour}, false},
		"the shortest possible": {usage.Retention{Minutes: 2 * time.Hour, Hours: 48 * time.Hour, Days: 48 * time.Hour}, true},
	} {
		if err := tt.retention.Validate(); (err == nil) != tt.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
