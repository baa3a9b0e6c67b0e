package api_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

// TestPutReplacesAll that can be set: what is not said is as in a new object.
func TestPutReplacesAll(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	key := "/api/keys/" + x.key
	full := map[string]any{
		"name": "full", "note": "a note", "scopes": []string{"invoices:read"}, "allowed_networks": []string{"203.0.113.0/24"},
		"rate_limit": map[string]any{"requests": 5, "per": "1s", "burst": 5}, "metadata": map[string]any{"a": 1}, "disabled": true,
	}
	put := func(status int, body any, header map[string]string) client.Key {
		t.Helper()
		k, _ := want[client.Key](t, s, status, call{method: "PUT", path: key, as: admin, body: body, header: header})
		return k
	}
	if k := put(200, full, nil); k.Note != "a note" || !k.Disabled || len(k.AllowedNetworks) != 1 || k.RateLimit == nil {
		t.Errorf("put in full: %+v", k)
	}
	if k := put(200, map[string]any{"name": "bare"}, nil); k.Name != "bare" || k.Note != "" || k.Disabled || len(k.AllowedNetworks) != 0 ||
		k.RateLimit != nil || k.Scopes != nil {
		t.Errorf("put with a name alone: %+v", k)
	}
	refused(t, s, 412, "precondition_failed", call{
		method: "PUT", path: key, as: admin, body: full, header: map[string]string{"If-Match": `"1"`},
	})
	account := "/api/service-accounts/" + x.account
	was, _ := want[client.ServiceAccount](t, s, 200, call{method: "GET", path: account, as: admin})
	is, _ := want[client.ServiceAccount](t, s, 200, call{method: "PUT", path: account, as: admin, body: map[string]any{"name": "bare"}})
	if is.Name != "bare" || len(is.Scopes) != 0 || is.Tier != was.Tier {
		t.Errorf("an account put with a name alone: %+v", is)
	}
	refused(t, s, 400, "invalid_request", call{method: "PUT", path: key, as: admin, body: map[string]any{"name": "x", "id": x.key}})
	refused(t, s, 415, "unsupported_media_type", call{
		method: "PUT", path: key, as: admin, body: map[string]any{"name": "x"}, kind: mergePatch,
	})
	refused(t, s, 400, "invalid_request", call{method: "PUT", path: "/api/me", as: admin, body: map[string]any{"name": "no address"}})
}

// TestPutIsJudgedAsPatchIs: nobody takes off by a replacement what binds them.
func TestPutIsJudgedAsPatchIs(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	account := s.account(t, x.organization, keys.AccountFields{Scopes: []string{string(keys.WriteKeys), string(keys.ReadKeys)}})
	id, secret := s.issue(t, account, keys.KeyFields{
		ExpiresAt: s.now().Add(time.Hour), AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	})
	for _, body := range []map[string]any{
		{"name": "free"}, {"name": "free", "expires_at": s.now().Add(time.Minute), "allowed_networks": []string{}},
	} {
		refused(t, s, 403, "permission_denied", call{method: "PUT", path: "/api/keys/" + id, as: byKey(secret), body: body})
	}
	want[client.Key](t, s, 200, call{method: "PUT", path: "/api/keys/" + id, as: byKey(secret), body: map[string]any{
		"name": "bound", "expires_at": s.now().Add(time.Minute), "allowed_networks": []string{"192.0.2.0/25"},
	}})
}
