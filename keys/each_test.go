package keys_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
)

// A walk over all accounts ends with its context, also while it rests between
// two batches.
func TestWalksEndWithTheirContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := keystest.NewMemory()
		const batch = 500
		for range batch + 1 {
			if err := store.ServiceAccounts().Insert(t.Context(), keys.ServiceAccount{ID: ids.New(ids.ServiceAccount)}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		began, seen := time.Now(), 0
		err := keys.EachAccount(ctx, store, keys.AccountFilter{}, func(*keys.ServiceAccount) error {
			if seen++; seen == batch {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || seen != batch {
			t.Errorf("%d accounts, then %v", seen, err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("rested for %s after the context had ended", took)
		}
	})
}
