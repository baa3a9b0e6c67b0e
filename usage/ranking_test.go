package usage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/usage"
)

// shelf is a store with pages to read.
type shelf struct {
	usage.Store
	pages []usage.Page
}

// Usage implements usage.Store.
func (s shelf) Usage(_ context.Context, _ usage.PageFilter, limit int) ([]usage.Page, error) {
	return s.pages[:min(len(s.pages), limit)], nil
}

// counted are pages of days: each key has as many verifications as its number on the
// first and the second day of the month.
func counted(n int, first time.Time) shelf {
	var tallies []usage.Tally
	for i := 1; i <= n; i++ {
		for day := range 2 {
			t := usage.Tally{
				Subject: usage.Subject{KeyID: fmt.Sprintf("key_%d", i), AccountID: "sa", OrganizationID: "org"},
				At:      first.AddDate(0, 0, day),
			}
			t.Counts[usage.Allowed] = uint64(i)
			tallies = append(tallies, t)
		}
	}
	var s shelf
	for _, p := range usage.PagesOf(tallies, func(time.Time) []usage.Level { return []usage.Level{usage.Days} }) {
		if p.Kind == usage.OfKey {
			s.pages = append(s.pages, p)
		}
	}
	return s
}

func TestRanking(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	query := usage.Query{From: first.Add(time.Hour), Until: first.AddDate(0, 0, 1), Interval: usage.Days, Grouping: usage.ByKey}
	long := query
	long.From, long.Until = first.AddDate(0, 0, -1), first.AddDate(0, 0, 1).Add(time.Hour)
	for _, tt := range []struct {
		name  string
		keys  int
		query usage.Query
		want  usage.Ranking
	}{
		{"nothing was counted", 0, query, usage.Ranking{Totals: [][]uint64{{}, {}}}},
		{
			"as many as are asked for are all told", 3, query, usage.Ranking{
				Groups: []string{"key_3", "key_2", "key_1"},
				Totals: [][]uint64{{3, 2, 1}, {0, 0, 0}},
			},
		},
		{
			"the smaller ones are counted together", 5, query, usage.Ranking{
				Groups: []string{"key_5", "key_4"}, Others: true,
				Totals: [][]uint64{{5, 4, 6}, {0, 0, 0}},
			},
		},
		{
			"days without any have their place", 2, long, usage.Ranking{
				Groups: []string{"key_2", "key_1"}, Totals: [][]uint64{{0, 0}, {2, 1}, {2, 1}},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := usage.NewReports(counted(tt.keys, first)).Ranking(t.Context(), tt.query, 3)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
	if _, err := usage.NewReports(counted(5001, first)).Ranking(t.Context(), query, 3); !errors.Is(err, errs.Invalid) {
		t.Errorf("more groups than allowed: %v", err)
	}
}
