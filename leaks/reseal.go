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
	err = keys.Each(ctx, "leak reports", s.LeakReports(), keys.NoFilter{}, func(r *Report) string { return r.ID }, func(r *Report) error {
		changed, err := resealOne(ctx, s, r, sealer, now, write)
		if err != nil {
			return fmt.Errorf("leak report %s: %w", r.ID, err)
		}
		if changed {
			n++
		}
		return nil
	})
	return n, err
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
