package storetest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"golang.org/x/sync/errgroup"

	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

func usageJournal(t *testing.T, s store.Store, writers int) {
	ctx, began := t.Context(), now()
	one := []usage.Page{pageOf(usage.OfKey, usage.Minutes, hour(), usage.Subject{KeyID: "key_journal"}, map[usage.Cell]uint64{0: 1})}
	if err := s.AddUsage(ctx, one, journal.Progress{Owner: "jnl_a", At: began, Through: 1, Rows: 1}); !errors.Is(err, journal.ErrClaimed) {
		t.Errorf("progress of no journal: %v", err)
	}
	for i, data := range []string{"one", "two", "\x00three"} {
		must(t, s.WriteJournal(ctx, "jnl_a", began.Add(time.Duration(i)), journal.Entry{Number: int64(9 + i), Data: []byte(data)}))
	}
	must(t, s.WriteJournal(ctx, "jnl_b", began, journal.Entry{Number: 1, Data: []byte("other")}))
	must(t, s.AddUsage(ctx, one, journal.Progress{Owner: "jnl_a", At: began.Add(3), Through: 10, Rows: 1}))
	all, err := s.Journals(ctx)
	must(t, err)
	if len(all) != 2 || !all["jnl_a"].Equal(began.Add(3)) || !all["jnl_b"].Equal(began) {
		t.Errorf("the journals are %v", all)
	}
	if _, _, err := s.ClaimJournal(ctx, "jnl_a", began.Add(2), began.Add(4)); !errors.Is(err, journal.ErrClaimed) {
		t.Errorf("claimed a journal that was written to: %v", err)
	}
	progress, entries, err := s.ClaimJournal(ctx, "jnl_a", began.Add(3), began.Add(4))
	must(t, err)
	if progress.Owner != "jnl_a" || progress.Through != 10 || progress.Rows != 1 || len(entries) != 3 || entries[0].Number != 9 ||
		string(entries[2].Data) != "\x00three" {
		t.Errorf("claimed %+v %v", progress, entries)
	}
	if err := s.AddUsage(ctx, one, journal.Progress{Owner: "jnl_a", At: began, Through: 10, Rows: 2}); !errors.Is(err, journal.ErrClaimed) {
		t.Errorf("its first owner still adds: %v", err)
	}
	must(t, s.TrimJournal(ctx, "jnl_a", 10))
	progress, entries, err = s.ClaimJournal(ctx, "jnl_a", began.Add(4), began.Add(5))
	if must(t, err); progress.Through != 0 || progress.Rows != 0 || len(entries) != 1 || entries[0].Number != 11 {
		t.Errorf("after trimming: %+v %v", progress, entries)
	}
	must(t, s.TrimJournal(ctx, "jnl_a", 11))
	all, err = s.Journals(ctx)
	if must(t, err); len(all) != 1 {
		t.Errorf("a journal without entries stays: %v", all)
	}
	claimedOnce(t, s, writers, all["jnl_b"])
	pages := stored(t, s, usage.PageFilter{Kind: usage.OfKey, Level: usage.Minutes, KeyID: "key_journal"})
	if len(pages) != 1 || pages[0].Cells[0] != 1 {
		t.Errorf("what was refused was added: %v", pages)
	}
}

// claimedOnce has four claim a journal, as many at once as the store supports.
func claimedOnce(t *testing.T, s store.Store, writers int, seen time.Time) {
	t.Helper()
	var claims atomic.Int32
	var all errgroup.Group
	all.SetLimit(writers)
	for i := range 4 {
		all.Go(func() error {
			_, _, err := s.ClaimJournal(t.Context(), "jnl_b", seen, now().Add(time.Duration(i)))
			if err == nil {
				claims.Add(1)
			} else if !errors.Is(err, journal.ErrClaimed) {
				return err
			}
			return nil
		})
	}
	must(t, all.Wait())
	if claims.Load() != 1 {
		t.Errorf("%d claimed one journal", claims.Load())
	}
	must(t, s.TrimJournal(t.Context(), "jnl_b", 1))
}
