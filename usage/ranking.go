package usage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// mostRanked bounds the pages that a Ranking reads: people wait for it.
const mostRanked = 5000

// Ranking tells of the groups with the most verifications, and of all others
// together.
type Ranking struct {
	Groups []string // the most verifications first
	Others bool     // there are more groups, which are counted together
	// Totals are verifications by interval, the first of which holds the
	// query's From, and then by group; the others are the last one.
	Totals [][]uint64
}

// Ranking returns at most so many groups of the query, the others among them.
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

// fill counts for each of the groups; the others have what is left of all.
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

// slot is which of the query's intervals the time is in.
func (q *Query) slot(at time.Time) int { return int(at.Sub(q.From) / q.Interval.Unit()) }
