package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// decided is a Limiter that decides each request alike.
type decided struct {
	ratelimit.Lessor
	decision ratelimit.Decision
}

func decides(d ratelimit.Decision) decided { return decided{decision: d} }

func (d decided) Take(context.Context, ratelimit.Request) (ratelimit.Decision, error) {
	return d.decision, nil
}

// TestScopeOfLimits: an answer tells who counts, and limits that nobody can
// count refuse without a fault of the service.
func TestScopeOfLimits(t *testing.T) {
	t.Parallel()
	bucket := ratelimit.BucketState{Limit: 2, Remaining: 1}
	for _, tt := range []struct {
		name       string
		limits     ratelimit.Counters
		code, says string
		scope      string
	}{
		{"this node", nil, "VALID", "", client.ScopeNode},
		{"all nodes", decides(ratelimit.Decision{Allowed: true, HasKey: true, Key: bucket, Cluster: true}), "VALID", "", client.ScopeCluster},
		{
			"nobody", decides(ratelimit.Decision{Refused: ratelimit.PartUnreachable, RetryAfter: time.Second}),
			"RATE_LIMITED", "cannot be reached", "",
		},
	} {
		s := newSuite(t, settings{open: true, limits: tt.limits})
		_, key := s.issue(t, s.account(t, keys.FirstOrganization, keys.AccountFields{}), keys.KeyFields{})
		d, got := want[client.VerifyResponse](t, s, 200, about(anonymous, key))
		scope := ""
		if d.RateLimit != nil {
			scope = d.RateLimit.Scope
		}
		if d.Code != tt.code || scope != tt.scope || !strings.Contains(d.Detail, tt.says) {
			t.Errorf("%s: %s", tt.name, got.body)
		}
		if tt.code == "RATE_LIMITED" {
			if got := s.send(t, self(key, "")); got.status != 429 || got.text(t, "Retry-After") != "1" {
				t.Errorf("%s: %d, Retry-After %q", tt.name, got.status, got.text(t, "Retry-After"))
			}
		}
	}
}
