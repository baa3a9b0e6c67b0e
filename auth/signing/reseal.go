package signing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// Reseal seals the keys under the sealer's secret of today, each in a write of
// its own, so that it can be called again where it broke off. Without write it
// only looks. It tells how many were, or are to be, sealed anew.
func Reseal(ctx context.Context, s Store, sealer *seal.Sealer, now func() time.Time, write bool) (int, error) {
	found, err := all(ctx, s)
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range found {
		_, changed, err := sealer.Reseal(sealPurpose, found[i].Sealed)
		if err != nil {
			return n, fmt.Errorf("signing key %s: %w", found[i].ID, err)
		}
		if !changed {
			continue
		}
		n++
		if !write {
			continue
		}
		_, _, err = keys.Revise(ctx, s.SigningKeys(), found[i].ID, keys.AnyRevision, now, func(k *Key) (err error) {
			k.Sealed, _, err = sealer.Reseal(sealPurpose, k.Sealed)
			return err
		})
		if err != nil && !errors.Is(err, errs.NotFound) { // retired meanwhile
			return n, fmt.Errorf("store signing key %s: %w", found[i].ID, err)
		}
	}
	return n, nil
}
