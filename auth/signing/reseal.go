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

// Reseal seals the keys under the sealer's current secret, each in a write of its
// own, so that an interrupted call can be repeated. Without write it only counts.
// It returns how many keys were, or need to be, sealed again.
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
