package api_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// TestLimitsBeginAnew: of a key, its own; of an account, what its keys share, its
// quota, and those of all its keys. Nobody but the staff lifts a limit so.
func TestLimitsBeginAnew(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	account := s.account(t, x.organization, keys.AccountFields{
		Scopes: []string{}, RateLimit: &ratelimit.Rule{Requests: 4, Per: time.Hour, Burst: 4}, Quota: &ratelimit.Quota{
			Requests: 6,
			Per:      ratelimit.Month,
		},
	})
	two := &ratelimit.Rule{Requests: 2, Per: time.Hour, Burst: 2}
	first, firstSecret := s.issue(t, account, keys.KeyFields{RateLimit: two})
	_, secondSecret := s.issue(t, account, keys.KeyFields{RateLimit: two})
	passes := func(secret string) (n int) {
		t.Helper()
		for range 10 {
			if s.send(t, self(secret, "")).status != 200 {
				return n
			}
			n++
		}
		return n
	}
	reset := func(path string) call { return call{method: "POST", path: path + "/limits/reset", as: admin} }
	if n, m := passes(firstSecret), passes(secondSecret); n != 2 || m != 2 {
		t.Fatalf("%d and %d pass, want 2 of each key", n, m)
	}
	_, owner := s.user(t, auth.Owner, x.organization)
	byOwner := reset("/api/keys/" + first)
	byOwner.as = owner
	refused(t, s, 403, "permission_denied", byOwner)
	want[client.Key](t, s, 200, reset("/api/keys/"+first))
	if n := passes(firstSecret); n != 0 {
		t.Errorf("%d pass, want none: the account's own limit is spent", n)
	}
	want[client.ServiceAccount](t, s, 200, reset("/api/service-accounts/"+account))
	if n, m := passes(firstSecret), passes(secondSecret); n != 2 || m != 2 {
		t.Errorf("%d and %d pass after the account began anew, want 2 of each", n, m)
	}
	want[client.Key](t, s, 200, reset("/api/keys/"+first))
	must(t, s.limiter.Flush(t.Context()))
	refused(t, s, 404, "not_found", reset("/api/keys/key_none"))
	refused(t, s, 404, "not_found", reset("/api/service-accounts/sa_none"))
}
