package usage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// mostRanked is the most pages that a Ranking reads, because people wait for it.
const mostRanked = 5000

// Ranking reports the groups with the most verifications, and all others together.
type Ranking struct {
	Groups []string // most verifications first
	Others bool     // there are more groups, which are counted together
	// Totals holds verifications by interval and then by group. The first interval
	// contains the query's From; the others are the last group.
	Totals [][]uint64
}

// Ranking returns at most the given number of groups, the others included.
func (r *Reports) Ranking(ctx context.Context, q Query, most int) (Ranking, error) {
	q.From = q.Interval.Floor(q.From)
	pages, err := r.pages(ctx, &q, mostRanked, tooManyRanked())
	if err != nil {
		return Ranking{}, err
	}
	out := Ranking{Totals: make([][]uint64, int(q.Until.Sub(q.From)/q.Interval.Unit())+1)}
	totals, all := map[string]uint64{}, make([]uint64, len(out.Totals))
	for i := range pages {
		q.eachCount(&pages[i], func(at time.Time, _ Outcome, n uint64) {
			all[q.slot(at)] += n
			totals[q.group(&pages[i])] += n
		})
	}
	out.Groups = slices.SortedFunc(maps.Keys(totals), func(a, b string) int {
		return cmp.Or(cmp.Compare(totals[b], totals[a]), cmp.Compare(a, b))
	})
	if out.Others = len(out.Groups) > most; out.Others {
		out.Groups = out.Groups[:most-1]
	}
	out.fill(&q, pages, all, min(len(totals), most))
	return out, nil
}

func tooManyRanked() error {
	return errs.New(errs.Invalid, "too_many_ranked")
}

// fill counts for each of the groups. The others get the rest of the total.
func (r *Ranking) fill(q *Query, pages []Page, all []uint64, columns int) {
	place := map[string]int{}
	for i, group := range r.Groups {
		place[group] = i
	}
	for slot := range r.Totals {
		r.Totals[slot] = make([]uint64, columns)
	}
	for i := range pages {
		if column, named := place[q.group(&pages[i])]; named {
			q.eachCount(&pages[i], func(at time.Time, _ Outcome, n uint64) {
				slot := q.slot(at)
				r.Totals[slot][column] += n
				all[slot] -= n
			})
		}
	}
	for slot := range r.Totals {
		if r.Others {
			r.Totals[slot][columns-1] = all[slot]
		}
	}
}

// slot returns the index of the query's interval that contains the time.
func (q *Query) slot(at time.Time) int { return int(at.Sub(q.From) / q.Interval.Unit()) }
