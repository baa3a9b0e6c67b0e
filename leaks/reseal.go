package leaks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// Reseal seals waiting reports under the sealer's current secret. Without write it only
// counts. It returns how many were, or need to be, sealed again.
func Reseal(ctx context.Context, s Collections, sealer *seal.Sealer, now func() time.Time, write bool) (n int, err error) {
	page := keys.Page{Limit: maxQueued}
	for {
		waiting, err := s.LeakReports().List(ctx, keys.NoFilter{}, page)
		if err != nil {
			return n, fmt.Errorf("list leak reports: %w", err)
		}
		for i := range waiting {
			changed, err := resealOne(ctx, s, &waiting[i], sealer, now, write)
			if err != nil {
				return n, fmt.Errorf("leak report %s: %w", waiting[i].ID, err)
			}
			if changed {
				n++
			}
		}
		if len(waiting) < page.Limit {
			return n, nil
		}
		page.After = waiting[len(waiting)-1].ID
	}
}

func resealOne(
	ctx context.Context, s Collections, r *Report, sealer *seal.Sealer, now func() time.Time, write bool,
) (changed bool, err error) {
	_, changed, err = sealer.Reseal(sealPurpose, r.Sealed)
	if err != nil || !changed || !write {
		return changed, err
	}
	_, _, err = keys.Revise(ctx, s.LeakReports(), r.ID, keys.AnyRevision, now, func(r *Report) (err error) {
		r.Sealed, _, err = sealer.Reseal(sealPurpose, r.Sealed)
		return err
	})
	if errors.Is(err, errs.NotFound) { // worked off meanwhile
		return false, nil
	}
	return true, err
}
