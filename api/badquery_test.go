package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// TestBadQueries sends to every operation parameters that the document
// forbids or does not know.
func TestBadQueries(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, o := range contract.operations {
		if o.path == "/openapi.yaml" || o.path == "/docs" {
			continue // files take any query, as caches use it
		}
		good := s.good(t, o, x, admin)
		good.path, _, _ = strings.Cut(good.path, "?")
		if o.OperationID == "verifySelf" {
			good.as = byKey(x.secret)
		}
		for _, f := range badParameters(o) {
			bad := good
			bad.path += "?" + f.value.(string)
			s.refusesAs(t, bad, f.name, f.field, 400)
		}
	}
}

func badParameters(o *operation) []fault {
	all := []fault{
		{"unknown", "surprise", "surprise=1"},
		{"unknown, without value", "surprise", "surprise"},
		{"not percent-encoded", "query", "%zz"},
		{"a semicolon", "query", "a;b"},
	}
	for _, p := range o.parameters {
		if p.In != "query" {
			continue
		}
		schema, is := p.Schema.Value, p.Name+"="
		add := func(name, value string) { all = append(all, fault{name, p.Name, is + value}) }
		add("NUL", "a%00b")
		add("invalid UTF-8", "%ff")
		add("too long", strings.Repeat("x", 5000))
		switch {
		case schema.Type.Is("array"):
			add("a wrong element", "Not%20a%20scope")
			all = append(all, fault{"too many", p.Name, strings.Repeat(is+"a:b&", int(*schema.MaxItems)) + is + "a:b"})
			continue
		case schema.Type.Is("integer"):
			for _, v := range []string{"x", "1.5", "-1", "99999999999999999999", "1e3", "0x1", "%201"} {
				add("no good number "+v, v)
			}
		case schema.Type.Is("boolean"):
			add("neither true nor false", "maybe")
		case schema.Enum != nil:
			add("not one of them", "nonsense")
		case schema.Format == "date-time":
			add("no time", "yesterday")
			add("a plus that is a space", "2026-01-31T12:00:00+01:00")
		}
		all = append(all, fault{"given twice", p.Name, is + "1&" + is + "1"})
	}
	return all
}

// TestBadCursors: only what an answer gave is taken back.
func TestBadCursors(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	for _, cursor := range []string{"!!!", "MQ", "MQ==", "a", "MSUlJQ", "MidrZXk", url.QueryEscape("MWtleV8x\n"), strings.Repeat("A", 400)} {
		s.refusesAs(t, call{method: "GET", path: "/api/keys?cursor=" + cursor, as: admin}, cursor, "cursor", 400)
	}
}

// TestBadHeaders sends headers that the document names with values that are
// wrong.
func TestBadHeaders(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, o := range contract.operations {
		good := s.good(t, o, x, admin)
		if o.takes("header", "If-Match") {
			for _, tag := range []string{"abc", "3", `"0"`, `"-1"`, `W/"1"`, `"01"`, `"1","2"`, `"99999999999999999999"`, "\"\xff\""} {
				bad := good
				bad.header = map[string]string{"If-Match": tag}
				s.refusesAs(t, bad, tag, "If-Match", 412)
			}
			bad := good
			bad.header = map[string]string{"If-Match": `"77"`}
			s.refusesAs(t, bad, "another revision", "changed", 412)
		}
		if o.takes("header", "Idempotency-Key") {
			bad := good
			bad.header = map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}
			s.refusesAs(t, bad, "a long key", "Idempotency-Key", 400)
		}
	}
}

// TestBadPaths asks for objects that cannot be.
func TestBadPaths(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, o := range contract.operations {
		good := s.good(t, o, x, admin)
		for _, p := range o.parameters {
			if p.In != "path" {
				continue
			}
			for _, id := range []string{"nothing", "%00", "%ff", "a%20b", strings.Repeat("x", 3000), "%2e%2e", "*", "'%20OR%201=1--"} {
				bad := good
				bad.path = strings.Replace(path(t, o, x), valueIn(t, o, x, p.Name), id, 1)
				s.refusesAs(t, bad, p.Name+" "+id, "there is no", 404)
			}
		}
	}
}

// valueIn is what the parameter stands for in the path about the tenant.
func valueIn(t *testing.T, o *operation, x tenant, name string) string {
	t.Helper()
	values, ok := match(strings.Split(o.path, "/"), strings.Split(path(t, o, x), "/"))
	if !ok {
		t.Fatalf("%s does not match its own path", o)
	}
	return values[name]
}

// TestAnEmptyFilterIsNoFilter: an unset variable of a script must not list, or
// revoke, everything.
func TestAnEmptyFilterIsNoFilter(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for path, filters := range map[string][]string{
		"/api/keys":             {"organization_id", "service_account_id", "environment", "status", "expiring_before", "q", "limit"},
		"/api/service-accounts": {"organization_id", "owner_id", "q"}, "/api/users": {"q"}, "/api/organizations": {"q"},
		"/api/audit-events": {"organization_id"}, "/api/usage": {"organization_id", "service_account_id", "key_id"},
	} {
		for _, filter := range filters {
			for _, empty := range []string{"", "%20", "%0A", "%C2%A0"} {
				got := s.raw(t, call{method: "GET", path: path + "?" + filter + "=" + empty, as: admin})
				var p client.Problem
				if err := json.Unmarshal(got.Body.Bytes(), &p); err != nil || got.Code != 400 || !names(p, filter) {
					t.Errorf("%s?%s=%s: %d %s", path, filter, empty, got.Code, got.Body)
				}
			}
		}
	}
	for _, member := range []string{"organization_id", "service_account_id", "tier", "scope", "created_by", "neglect"} {
		body := map[string]any{"action": "revoke", "organization_id": x.organization, "service_account_id": x.account}
		body[member] = ""
		if p := refused(t, s, 400, "invalid_request", call{method: "POST", path: "/api/incidents", as: admin, body: body}); !names(p, member) {
			t.Errorf("an incident with an empty %s: %+v", member, p)
		}
	}
}

// TestMillionCharacterKeys: a credential of any size is a wrong one.
func TestMillionCharacterKeys(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	_, signedIn := s.user(t, "", "")
	long := "lk_live_" + strings.Repeat("a", 1_000_000)
	for name, as := range map[string]credential{"X-API-Key": byKey(long), "bearer": byBearer(long)} {
		refused(t, s, 401, "MALFORMED", call{method: "GET", path: "/verify", as: as})
		refused(t, s, 401, "MALFORMED", call{method: "GET", path: "/api/me", as: as})
		if got := s.send(t, call{method: "GET", path: "/api/me", as: signedIn}); got.status != 200 {
			t.Errorf("after %s: %d", name, got.status)
		}
	}
	asker := byKey(s.keyWith(t, s.tenant(t).organization, "latchkey:verify"))
	d, _ := want[map[string]any](t, s, 200, call{method: "POST", path: "/verify", as: asker, body: map[string]any{"key": long}})
	if d["code"] != "MALFORMED" {
		t.Errorf("a long key is %v", d)
	}
}
