package ratelimit_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
)

// TestALoweredQuotaEndsWhatIsHeldOfIt: a share from when it was higher would let pass what
// is beyond it, for as long as it lasts.
func TestALoweredQuotaEndsWhatIsHeldOfIt(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(t *testing.T, l *ratelimit.Leased, alone *ratelimit.Local, r ratelimit.Request) ratelimit.Decision{
		"connected": func(t *testing.T, l *ratelimit.Leased, _ *ratelimit.Local, r ratelimit.Request) ratelimit.Decision {
			return ratelimittest.Take(t, l, r)
		},
		"alone": func(t *testing.T, l *ratelimit.Leased, alone *ratelimit.Local, r ratelimit.Request) ratelimit.Decision {
			t.Helper()
			d, err := l.Alone(t.Context(), r, alone)
			if err != nil {
				t.Fatal(err)
			}
			return d
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := ratelimittest.NewClock()
			local, alone := newLocal(t, c, nil), newLocal(t, c, nil)
			l := newLeased(t, local, c)
			r := ratelimit.Request{
				Group: "sa", Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 100_000, Per: ratelimit.Day}}, Cost: 1,
			}
			const used = 2000
			for range used {
				ratelimittest.Take(t, l, r)
			}
			lowered := r
			lowered.Quota.Quota.Requests = used / 2
			for i := range 200 {
				c.Advance(10 * time.Millisecond)
				if d := take(t, l, alone, lowered); d.Allowed {
					t.Fatalf("request %d passed a quota of %d, of which %d are used", i, used/2, used)
				}
			}
			r.DryRun = true
			if d := ratelimittest.Take(t, l, r); d.Quota.Remaining != 100_000-used {
				t.Errorf("what was held is lost: %+v", d.Quota)
			}
		})
	}
}
