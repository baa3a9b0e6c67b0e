package usage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// Grouping is how a report groups its points, in addition to time.
type Grouping string

// The groupings.
const (
	NotGrouped Grouping = ""
	ByKey      Grouping = "key"
	ByAccount  Grouping = "service_account"
	ByOutcome  Grouping = "code"
	ByScope    Grouping = "scope" // by day only
)

// Bounds of one report.
const (
	MostIntervals = 3000   // 50 hours by the minute
	MostPoints    = 50_000 // across all groups
	mostPages     = 20_000
)

// Query asks for a report.
type Query struct {
	From, Until     time.Time // From is rounded down to the start of its interval
	Interval        Level
	Grouping        Grouping
	OrganizationIDs []string // nil: all, including counts of no organization; empty: none
	ExceptAccounts  []string // pages of these are left out
	AccountID       string
	KeyID           string
}

// Point is the count of one group in one interval. Group is an id or a scope; it is ""
// for an unknown key or account.
type Point struct {
	At     time.Time
	Group  string
	Counts Counts
}

// LevelFor returns the interval that suits the span of time.
func LevelFor(span time.Duration) Level {
	switch {
	case span <= 6*time.Hour:
		return Minutes
	case span <= 14*24*time.Hour:
		return Hours
	default:
		return Days
	}
}

// Check notes what is wrong with the query, by the names of its parameters.
func (q *Query) Check(fault func(name, text string, args ...any)) {
	if !q.From.Before(q.Until) {
		fault("to", "not_after_from")
		return
	}
	if n := q.Until.Sub(q.From) / q.Interval.Unit(); n > MostIntervals {
		fault("interval", "too_many_intervals", "count", n, "most", MostIntervals)
	}
	if q.Grouping == ByScope && q.Interval != Days {
		fault("interval", "day_by_scope")
	}
}

// Reports reads what Recorders saved.
type Reports struct{ store Store }

// NewReports returns Reports of the store.
func NewReports(s Store) *Reports { return &Reports{store: s} }

// pages reads the pages of the query. It fails if there are more than most.
func (r *Reports) pages(ctx context.Context, q *Query, most int, tooMany error) ([]Page, error) {
	pages, err := r.store.Usage(ctx, q.filter(), most+1)
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	if len(pages) > most {
		return nil, tooMany
	}
	return slices.DeleteFunc(pages, func(p Page) bool { return slices.Contains(q.ExceptAccounts, p.AccountID) }), nil
}

// eachCount calls do for each count of the page within the query's time.
func (q *Query) eachCount(p *Page, do func(at time.Time, o Outcome, n uint64)) {
	for cell, n := range p.Cells {
		if at := p.at(cell); !at.Before(q.From) && at.Before(q.Until) {
			do(at, Outcome(cell%MaxOutcomes), n)
		}
	}
}

// Report returns the points of the query by time and group. Intervals with no counts
// have no points.
func (r *Reports) Report(ctx context.Context, q Query) ([]Point, error) {
	q.From = q.Interval.Floor(q.From)
	pages, err := r.pages(ctx, &q, mostPages, tooMuch())
	if err != nil {
		return nil, err
	}
	type at struct {
		time  int64
		group string
	}
	points := map[at]*Point{}
	for i := range pages {
		p := &pages[i]
		group := q.group(p)
		q.eachCount(p, func(when time.Time, o Outcome, n uint64) {
			key := at{when.Unix(), group}
			if points[key] == nil {
				points[key] = &Point{At: when, Group: group}
			}
			points[key].Counts[o] += n
		})
		if len(points) > MostPoints {
			return nil, tooMuch()
		}
	}
	list := make([]Point, 0, len(points))
	for _, p := range points {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Point) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Group, b.Group)) })
	return list, nil
}

func tooMuch() error {
	return errs.New(errs.Invalid, "too_many_points", "most", MostPoints)
}

// filter selects the smallest set of pages that answers the query.
func (q *Query) filter() PageFilter {
	f := PageFilter{
		Kind: OfOrganization, Level: q.Interval, From: q.Interval.page(q.From), Until: q.Until,
		OrganizationIDs: q.OrganizationIDs, AccountID: q.AccountID, KeyID: q.KeyID,
	}
	switch {
	case q.Grouping == ByScope:
		f.Kind = OfScope
	case q.Grouping == ByKey || q.KeyID != "":
		f.Kind = OfKey
	case q.Grouping == ByAccount || q.AccountID != "":
		f.Kind = OfAccount
	}
	return f
}

func (q *Query) group(p *Page) string {
	switch q.Grouping {
	case ByKey:
		return p.KeyID
	case ByAccount:
		return p.AccountID
	case ByScope:
		return p.Scope
	default:
		return ""
	}
}

// Recent is how often a key was used recently, with any outcome.
type Recent struct {
	LastHour uint64
	LastDay  uint64
}

// Recent counts the uses of the key by minute for the last 60 minutes and by hour for
// the last 24 hours, including the current minute and hour.
func (r *Reports) Recent(ctx context.Context, keyID string, now time.Time) (recent Recent, err error) {
	for _, part := range []struct {
		level Level
		span  time.Duration
		into  *uint64
	}{{Minutes, time.Hour, &recent.LastHour}, {Hours, 24 * time.Hour, &recent.LastDay}} {
		points, err := r.Report(ctx, Query{From: now.Add(-part.span), Until: now.Add(part.level.Unit()), Interval: part.level, KeyID: keyID})
		if err != nil {
			return recent, err
		}
		for i := range points {
			*part.into += points[i].Counts.Total()
		}
	}
	return recent, nil
}

// LastAsked returns the day on which each granted scope of the key was last
// requested, for scopes requested within ScopesKept.
func (r *Reports) LastAsked(ctx context.Context, keyID string, now time.Time) (map[string]time.Time, error) {
	points, err := r.Report(ctx, Query{
		From: now.Add(-ScopesKept), Until: now.Add(Days.Unit()), Interval: Days,
		Grouping: ByScope, KeyID: keyID,
	})
	if err != nil {
		return nil, err
	}
	asked := map[string]time.Time{}
	for i := range points {
		asked[points[i].Group] = points[i].At // points are sorted by time
	}
	return asked, nil
}

// Refusals returns the latest refusals of the key, newest first.
func (r *Reports) Refusals(ctx context.Context, keyID string) ([]Refusal, error) {
	last, err := r.store.Refusals(ctx, keyID)
	if err != nil {
		return nil, fmt.Errorf("read refusals: %w", err)
	}
	return last, nil
}
