package api_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

// TestAChangeOfNothingWritesNothing: no revision, no event.
func TestAChangeOfNothingWritesNothing(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, path := range []string{
		"/api/organizations/" + x.organization, "/api/service-accounts/" + x.account, "/api/keys/" + x.key, "/api/tiers/" + x.tier,
		"/api/scopes/" + x.scope,
		"/api/users/" + x.member, "/api/me", "/api/organizations/" + x.organization + "/members/" + x.member,
	} {
		before := s.send(t, call{method: "GET", path: path, as: admin})
		writes := s.store.writes.Load()
		got := s.send(t, call{method: "PATCH", path: path, as: admin, body: map[string]any{}, kind: mergePatch})
		if got.status != 200 || (path != "/api/me" && string(got.body) != string(before.body)) {
			t.Errorf("PATCH %s {}: %d %s, was %s", path, got.status, got.body, before.body)
		}
		if path != "/api/me" && valueOf(got, "ETag") != valueOf(before, "ETag") {
			t.Errorf("%s is at %s, was at %s", path, valueOf(got, "ETag"), valueOf(before, "ETag"))
		}
		if n := s.store.writes.Load() - writes; n != 0 {
			t.Errorf("PATCH %s {} wrote %d times", path, n)
		}
	}
}

// TestTheZeroTimeIsNotNever: no time that a request names means that there is
// none.
func TestTheZeroTimeIsNotNever(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, zero := range []string{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0001Z", "0001-01-01T01:00:00+01:00", "1969-12-31T23:59:59Z"} {
		for path, field := range map[string]string{
			"/api/keys": "expires_at", "/api/tokens": "expires_at", "/api/service-accounts/" + x.account + "/certificates": "expires_at",
			"/api/keys/" + x.key + "/rotate": "expires_at",
		} {
			body := map[string]any{field: zero, "name": "x"}
			switch path {
			case "/api/keys":
				body["service_account_id"] = x.account
			case "/api/service-accounts/" + x.account + "/certificates":
				body["fingerprint"] = "00:11"
			case "/api/keys/" + x.key + "/rotate":
				delete(body, "name")
			}
			if p := refused(t, s, 400, "invalid_request", call{method: "POST", path: path, as: admin, body: body}); !names(p, field) {
				t.Errorf("%s with %s: %+v", path, zero, p)
			}
		}
		for _, field := range []string{"expires_at", "not_before"} {
			p := refused(t, s, 400, "invalid_request", call{
				method: "PATCH", path: "/api/keys/" + x.key, as: admin, body: map[string]any{field: zero},
			})
			if !names(p, field) {
				t.Errorf("PATCH %s %s: %+v", field, zero, p)
			}
		}
	}
	want[client.Key](t, s, 200, call{
		method: "PATCH", path: "/api/keys/" + x.key, as: admin, body: map[string]any{"expires_at": s.now().Add(time.Hour)},
	})
	never, _ := want[client.Key](t, s, 200, call{
		method: "PATCH", path: "/api/keys/" + x.key, as: admin, body: map[string]any{"expires_at": nil},
	})
	if never.ExpiresAt != nil {
		t.Errorf("null is %v", never.ExpiresAt)
	}
}
