package ratelimittest

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
)

// BucketLender is the part of a ratelimit.Lessor that hands out tokens.
type BucketLender interface {
	LeaseBucket(ctx context.Context, b ratelimit.BucketLease) (ratelimit.Granted, error)
}

// TestLoans checks that what nodes hold and what is in the bucket never come to more
// than the burst, so that no moment lets more pass than it would without leases. The
// lender goes by the clock.
func TestLoans(t *testing.T, c *Clock, from BucketLender) {
	t.Helper()
	bucket := ratelimit.Bucket{ID: "k", Rule: Rule(10, time.Second, 20)}
	for _, tt := range []struct {
		name              string
		after             time.Duration
		node              string
		holds, back, want int64
		granted           int64
		left              float64
	}{
		{"a full bucket", 0, "a", 0, 0, 10, 10, 10},
		{"what is held is not filled again", 900 * time.Millisecond, "b", 0, 0, 100, 10, 0},
		{"one that holds all may ask again", 0, "b", 10, 0, 1, 0, 0},
		{"what is given back is anybody's", 0, "b", 0, 10, 0, 0, 10},
		{"a lease ends, and its tokens fill again from then on", 1100 * time.Millisecond, "b", 0, 0, 100, 20, 0},
	} {
		c.Advance(tt.after)
		g, err := from.LeaseBucket(t.Context(), ratelimit.BucketLease{
			Group: "sa", Bucket: bucket, Node: tt.node, Holds: tt.holds, Back: tt.back, Want: tt.want, Life: time.Second,
		})
		if err != nil || g.Amount != tt.granted || g.Left != tt.left {
			t.Errorf("%s: %+v, %v, want %d and %g left", tt.name, g, err, tt.granted, tt.left)
		}
	}
}
