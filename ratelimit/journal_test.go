package ratelimit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
	"github.com/latchkey/latchkey/store/sqlite"
)

func newStore(t *testing.T) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	return store
}

// began starts a process that takes up what others left.
func began(t *testing.T, c *ratelimittest.Clock, store journal.Store) *ratelimit.Local {
	t.Helper()
	l, err := ratelimit.NewLocal(ratelimit.Config{Now: c.Now, Journals: store, FlushEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) })
	flush(t, l)
	return l
}

func flush(t *testing.T, l *ratelimit.Local) {
	t.Helper()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func asked(id string, r ratelimit.Rule) ratelimit.Request {
	return ratelimit.Request{Group: "sa", Key: ratelimit.Bucket{ID: id, Rule: r}, Cost: 1}
}

// remaining is what the bucket holds.
func remaining(t *testing.T, l *ratelimit.Local, r ratelimit.Request) int64 {
	t.Helper()
	r.DryRun, r.Cost = true, 0
	return take(t, l, r).Key.Remaining
}

// TestSlowBucketsOutliveTheProcess: what takes longer than a minute to fill is not
// filled by a restart, and fills in the time that passes without a process. None
// of the processes before is closed, as none is that is killed.
func TestSlowBucketsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	c, store := newClock(), newStore(t)
	daily, quick := asked("key_daily", rule(2, 24*time.Hour, 2)), asked("key_quick", rule(60, time.Minute, 60))
	long := asked(strings.Repeat("long", 20), rule(2, 24*time.Hour, 2))
	foreign := daily
	foreign.Group, foreign.Key.ID = "", "guesses"
	both := asked("key_both", rule(10, time.Hour, 10))
	both.Account = ratelimit.Bucket{ID: "sa_both", Rule: rule(3, time.Hour, 3)}
	first := began(t, c, store)
	for _, r := range []ratelimit.Request{daily, daily, quick, long, foreign, both} {
		if d := take(t, first, r); !d.Allowed {
			t.Fatalf("%+v", d)
		}
	}
	flush(t, first)

	second := began(t, c, store)
	for id, want := range map[*ratelimit.Request]int64{&daily: 0, &quick: 60, &long: 1, &foreign: 2, &both: 9} {
		if got := remaining(t, second, *id); got != want {
			t.Errorf("%s: %d remain after a restart, want %d", id.Key.ID, got, want)
		}
	}
	if d := take(t, second, daily); d.Allowed || d.RetryAfter != 12*time.Hour {
		t.Errorf("spent before the restart: %+v", d)
	}
	if d := take(t, second, both); d.Account.Remaining != 1 {
		t.Errorf("the account's bucket: %+v", d)
	}
	flush(t, second)

	c.Advance(13 * time.Hour)
	third := began(t, c, store)
	if got := remaining(t, third, daily); got != 1 {
		t.Errorf("after 13 hours of 24: %d remain", got)
	}
	c.Advance(-20 * time.Hour)
	fourth := began(t, c, store)
	if got := remaining(t, fourth, daily); got != 0 {
		t.Errorf("with the clock set back: %d remain", got)
	}
	faster := asked("key_daily", rule(3600, time.Hour, 3600))
	if d := take(t, fourth, faster); d.Allowed {
		t.Errorf("raised before the clock has gone on: %+v", d)
	}
	c.Advance(time.Second)
	if d := take(t, fourth, faster); !d.Allowed {
		t.Errorf("raised: %+v", d)
	}
}

// TestANodeBeginsWithTheLowestLevel: nodes that count by themselves keep a journal
// each; one that starts refuses what all of them together have let pass.
func TestANodeBeginsWithTheLowestLevel(t *testing.T) {
	t.Parallel()
	c, store := newClock(), newStore(t)
	r := asked("key_shared", rule(5, 24*time.Hour, 5))
	a, b := began(t, c, store), began(t, c, store)
	for range 4 {
		take(t, a, r)
	}
	take(t, b, r)
	flush(t, a)
	flush(t, b)
	if got := remaining(t, began(t, c, store), r); got != 1 {
		t.Errorf("%d remain", got)
	}
	take(t, a, r) // it lives on, and writes on
	flush(t, a)
	if got := remaining(t, began(t, c, store), r); got != 0 {
		t.Errorf("%d remain after one more", got)
	}
}

// TestLevelsWaitForTheStore: while the store is gone charges wait, and the log says so once.
func TestLevelsWaitForTheStore(t *testing.T) {
	t.Parallel()
	c, log := newClock(), bytes.Buffer{}
	store := &absent{Store: newStore(t), gone: true}
	l, err := ratelimit.NewLocal(ratelimit.Config{
		Now: c.Now, Journals: store, FlushEvery: time.Hour, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := asked("key", rule(5, 24*time.Hour, 5))
	for range 3 {
		take(t, l, r)
		if err := l.Flush(t.Context()); err == nil {
			t.Error("a flush without a store succeeds")
		}
	}
	store.gone = false
	flush(t, l)
	store.gone = true
	take(t, l, r)
	_ = l.Flush(t.Context())
	store.gone = false
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := remaining(t, began(t, c, store), r); got != 1 {
		t.Errorf("%d remain", got)
	}
	if got := strings.Count(log.String(), "cannot be saved"); got != 2 {
		t.Errorf("%d lines for two outages:\n%s", got, &log)
	}
}

type absent struct {
	*sqlite.Store
	gone bool
}

func (a *absent) Journals(ctx context.Context) (map[string]time.Time, error) {
	if a.gone {
		return nil, errGone
	}
	return a.Store.Journals(ctx)
}

func (a *absent) WriteJournal(ctx context.Context, owner string, at time.Time, e journal.Entry) error {
	if a.gone {
		return errGone
	}
	return a.Store.WriteJournal(ctx, owner, at, e)
}

// TestJournalsOfLimitsAreBounded: however often buckets are charged, the journal
// follows the number of buckets that are not full.
func TestJournalsOfLimitsAreBounded(t *testing.T) {
	t.Parallel()
	c, store := newClock(), newStore(t)
	l := began(t, c, store)
	for range 40 {
		for i := range 500 {
			take(t, l, asked(fmt.Sprintf("key_%d", i), rule(1000, 24*time.Hour, 1000)))
		}
		flush(t, l)
	}
	entries := 0
	all, err := store.Journals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for owner, seen := range all {
		_, found, err := store.ClaimJournal(t.Context(), owner, seen, c.Now())
		if err != nil || !strings.HasPrefix(owner, ids.LimitJournal) {
			t.Fatalf("%s: %v", owner, err)
		}
		for _, e := range found {
			entries += len(e.Data)
		}
	}
	if most := 100 * (11_500 + 64); entries > most {
		t.Errorf("%d bytes are kept, want %d at most", entries, most)
	}
	next := began(t, c, store)
	for i := range 500 {
		if got := remaining(t, next, asked(fmt.Sprintf("key_%d", i), rule(1000, 24*time.Hour, 1000))); got != 960 {
			t.Fatalf("key_%d: %d remain", i, got)
		}
	}
}

// TestAnUnreadableJournalOfLimitsIsPassedOver: it is logged and removed, and the
// other journals are used.
func TestAnUnreadableJournalOfLimitsIsPassedOver(t *testing.T) {
	t.Parallel()
	c, store := newClock(), newStore(t)
	r := asked("key", rule(5, 24*time.Hour, 5))
	l := began(t, c, store)
	take(t, l, r)
	flush(t, l)
	if err := store.WriteJournal(t.Context(), ids.New(ids.LimitJournal), c.Now(), journal.Entry{Number: 1, Data: []byte("?")}); err != nil {
		t.Fatal(err)
	}
	next := began(t, c, store)
	if got := remaining(t, next, r); got != 4 {
		t.Errorf("%d remain", got)
	}
	if all, err := store.Journals(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("journals: %v, %v", all, err)
	}
}
