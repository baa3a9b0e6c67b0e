package usage

import (
	"context"
	"errors"
	"time"
)

// Retention is how long counts are kept by minute, hour and day.
type Retention struct {
	Minutes time.Duration
	Hours   time.Duration
	Days    time.Duration
}

// ScopesKept is the shortest time that refusals and requested scopes are kept.
const ScopesKept = 90 * 24 * time.Hour

// The shortest retentions: reports need the counts of the last hour and the last day.
const (
	LeastMinutes = 2 * time.Hour
	LeastHours   = 48 * time.Hour
)

// Validate returns an error unless coarser counts are kept longer than finer ones.
func (r Retention) Validate() error {
	if r.Minutes < LeastMinutes || r.Hours < r.Minutes || r.Hours < LeastHours || r.Days < r.Hours {
		return errors.New("usage is kept for at least 2h by the minute and 48h by the hour, and no finer count for longer than a coarser one")
	}
	return nil
}

const (
	cleanBatch = 500 // pages per step
	cleanSteps = 20  // per round, for each kind and level
	cleanRest  = 50 * time.Millisecond
)

// Clean removes some of what is past its retention, in small steps with rests in
// between. It is enough that one node at a time does this for all.
func (r *Recorder) Clean(ctx context.Context) error {
	now := r.c.Now()
	keep := map[Level]time.Duration{Minutes: r.c.Retention.Minutes, Hours: r.c.Retention.Hours, Days: r.c.Retention.Days}
	var faults []error
	for _, kind := range []Kind{OfKey, OfAccount, OfOrganization} {
		for level, life := range keep {
			faults = append(faults, r.cleanPages(ctx, kind, level, level.page(now.Add(-life))))
		}
	}
	faults = append(faults, r.cleanPages(ctx, OfScope, Days, Days.page(now.Add(-ScopesKept))),
		inSteps(ctx, func() (int, error) {
			return r.c.Store.DeleteRefusalsBefore(ctx, now.Add(-ScopesKept), cleanBatch)
		}))
	return errors.Join(faults...)
}

func (r *Recorder) cleanPages(ctx context.Context, k Kind, l Level, before time.Time) error {
	return inSteps(ctx, func() (int, error) { return r.c.Store.DeleteUsageBefore(ctx, k, l, before, cleanBatch) })
}

func inSteps(ctx context.Context, step func() (int, error)) error {
	for range cleanSteps {
		if n, err := step(); err != nil || n < cleanBatch {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(cleanRest):
		}
	}
	return nil
}
