package signing_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth/signing"
)

// TestAKeyOfTheFutureSigns where there is no other: a first start with the clock
// ahead, which was then set right.
func TestAKeyOfTheFutureSigns(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{10 * time.Minute, 24 * time.Hour} {
		n := newNode(t)
		n.time.add(ahead)
		c := n.config(signing.ES256)
		ring := n.open(c)
		first := ring.Keys()[0].ID
		n.time.add(-ahead)
		if got := kid(t, sign(t, ring, signing.UserToken, n.claims())); got != first {
			t.Errorf("%s ahead: signed by %s, want %s", ahead, got, first)
		}
		if _, err := ring.Verify(t.Context(), sign(t, ring, signing.UserToken, n.claims()), signing.UserToken, "api"); err != nil {
			t.Errorf("%s ahead: %v", ahead, err)
		}
		if err := ring.CanSign(); err != nil {
			t.Error(err)
		}
		n.time.add(ahead + 400*24*time.Hour)
		if err := ring.CanSign(); !errors.Is(err, signing.ErrNoSigner) {
			t.Errorf("when its only key is retired: %v", err)
		}
	}
}
