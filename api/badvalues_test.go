package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// badValue is what a schema cannot forbid, in a field of a good request.
type badValue struct {
	name, field string
	value       any
	says        string // what is right
}

// badValues are by operationId.
func badValues(now time.Time) map[string][]badValue {
	many := map[string]any{}
	for i := range 101 {
		many[fmt.Sprint(i)] = i
	}
	nested := any(1)
	for range 11 {
		nested = map[string]any{"a": nested}
	}
	return map[string][]badValue{
		"createOrganization": {
			{"a name of spaces", "name", "   ", "empty"},
			{"white space alone", "name", " \u00a0\u3000", "must not be empty"},
			{"what turns the direction", "name", "Acme\u202etxt", "invisible"},
			{"no width", "name", "Ac\u200bme", "invisible"},
			{"a letter that shows nothing", "name", "\u3164", "invisible"},
			{"256 characters of several bytes", "name", strings.Repeat("é", 256), "255"},
			{"a line break", "name", "a\nb", "control"},
			{"metadata over 16 KiB", "metadata", map[string]any{"a": strings.Repeat("x", 16<<10)}, "16384"},
			{"101 entries", "metadata", many, "100"},
			{"deep metadata", "metadata", nested, "10 levels"},
			{"NUL in metadata", "metadata", map[string]any{"a": []any{"b\x00"}}, "NUL"},
			{"NUL in a name of metadata", "metadata", map[string]any{"a\x00": 1}, "NUL"},
		},
		"createServiceAccount": badAccounts(),
		"createKey": {
			{"expired already", "expires_at", now.Add(-time.Second), "future"},
			{"far in the future", "expires_at", "9999-06-01T00:00:00Z", "9998"},
			{"long ago", "not_before", "0001-02-01T00:00:00Z", "1970"},
			{"a date", "expires_at", "2030-01-31", "RFC 3339"},
			{"a number", "expires_at", 1700000000, "RFC 3339"},
			{"a scope that the account lacks", "scopes", []string{"customers:read"}, "among"},
			{"an unknown account", "service_account_id", "sa_nothing", "no such"},
		},
		"createTier": {
			{"upper case", "name", "Gold", "lower-case"},
			{"65 characters", "name", strings.Repeat("a", 65), "64"},
			{"an age of a second", "max_key_age", "1s", "1m"},
			{"a negative age", "max_key_age", "-24h", "between"},
			{"an age beyond 64 bits", "max_key_age", "99999999999h", "duration"},
		},
		"createScope": {
			{"a wildcard", "name", "jobs:*", "resource:action"},
			{"no action", "name", "jobs", "resource:action"},
			{"the management API's", "name", "latchkey:mine", "reserved"},
		},
		"createUser": {
			{"no address", "email", "ada", "ada@example.com"},
			{"an address with a name", "email", "Ada <ada@example.com>", "ada@example.com"},
			{"two addresses", "email", "a@b.c, d@e.f", "ada@example.com"},
			{"a short password", "password", "short", "12 characters"},
			{"a password too long", "password", strings.Repeat("é", 513), "1024 bytes"},
		},
		"addMember": {{"an unknown user", "user_id", "usr_nothing", "no such"}, {"an unknown role", "role", "king", "owner"}},
		"rotateKey": {
			{"a negative grace", "grace", "-1s", "between"},
			{"a long grace", "grace", "2161h", "between"},
			{"no duration", "grace", "soon", "duration"},
		},
		"verifyAsked": {
			{"a negative cost", "cost", -1, "between"},
			{"a wildcard", "scopes", []string{"invoices:*"}, "without wildcards"},
			{"no address", "ip", "localhost", "IPv4 or IPv6"},
			{"a network", "ip", "203.0.113.0/24", "IPv4 or IPv6"},
			{"a zone", "ip", "fe80::1%eth0", "IPv4 or IPv6"},
			{"an empty key", "key", "", "required"},
		},
	}
}

func badAccounts() []badValue {
	bounds := func(per string, burst int) map[string]any {
		return map[string]any{"requests": 1, "per": per, "burst": burst}
	}
	return []badValue{
		{"host bits of IPv4", "allowed_networks", []string{"203.0.113.9/24"}, "203.0.113.0/24"},
		{"host bits of IPv6", "allowed_networks", []string{"2001:db8::1/32"}, "2001:db8::/32"},
		{"IPv4 written as IPv6", "allowed_networks", []string{"::ffff:203.0.113.0/120"}, "IPv4"},
		{"a zone", "allowed_networks", []string{"fe80::1%eth0"}, "network"},
		{"a length too long", "allowed_networks", []string{"203.0.113.0/33"}, "network"},
		{"an empty network", "allowed_networks", []string{""}, "network"},
		{"an unknown tier", "tier", "platinum", "tier"},
		{"an unknown organization", "organization_id", "org_nothing", "no such"},
		{"an unknown scope", "scopes", []string{"nothing:read"}, "catalogue"},
		{"an unknown wildcard", "scopes", []string{"nothing:*"}, "catalogue"},
		{"a wildcard inside", "scopes", []string{"invoices:*:read"}, "resource:action"},
		{"upper case", "scopes", []string{"Invoices:Read"}, "resource:action"},
		{"a negative limit", "rate_limit.requests", -1, "between"},
		{"a negative burst", "rate_limit", bounds("1s", -5), "between"},
		{"a rule without time", "rate_limit", bounds("0s", 1), "between"},
		{"a negative time", "rate_limit", bounds("-1s", 1), "between"},
		{"a time too long", "rate_limit", bounds("10000h", 1), "between"},
		{"a time without unit", "rate_limit", bounds("10", 1), "duration"},
		{"a week", "quota", map[string]any{"requests": 1, "per": "week"}, "day or month"},
	}
}

// TestBadValues sends what a schema cannot forbid. The answer names the field
// and says what is valid.
func TestBadValues(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for operation, cases := range badValues(s.now()) {
		o := s.operation(t, operation)
		for _, tt := range cases {
			c := s.good(t, o, x, admin)
			c.body = with(c.body.(map[string]any), strings.Split(tt.field, "."), tt.value)
			s.refusesAs(t, c, tt.name, tt.field, 400)
			if got := s.send(t, c); !strings.Contains(string(got.body), tt.says) {
				t.Errorf("%s: %s: %s does not say %q", operation, tt.name, got.body, tt.says)
			}
		}
	}
}

func (s *suite) operation(t *testing.T, id string) *operation {
	t.Helper()
	for _, o := range contract.operations {
		if o.OperationID == id {
			return o
		}
	}
	t.Fatalf("openapi.yaml has no operation %s", id)
	return nil
}

// TestLargestValues: what is just inside the bounds is kept as it is.
func TestLargestValues(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	metadata := map[string]any{"a": strings.Repeat("x", 16<<10-len(`{"a":""}`))}
	got, _ := want[client.ServiceAccount](t, s, 201, call{method: "POST", path: "/api/service-accounts", as: admin, body: map[string]any{
		"organization_id": x.organization, "name": strings.Repeat("é", 255), "metadata": metadata,
		"allowed_networks": []string{"0.0.0.0/0", "::/0", "203.0.113.9"}, "rate_limit": map[string]any{
			"requests": 1_000_000_000, "per": "1ms",
			"burst": 1_000_000_000,
		},
	}})
	if got.Name != strings.Repeat("é", 255) || len(got.Metadata) != 16<<10 || strings.Join(got.AllowedNetworks,
		" ") != "0.0.0.0/0 ::/0 203.0.113.9/32" {
		t.Errorf("%d bytes of name, %d of metadata, %v", len(got.Name), len(got.Metadata), got.AllowedNetworks)
	}
}

// TestEveryFaultIsToldAtOnce: a request with several faults names them all.
func TestEveryFaultIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	p := refused(t, s, 400, "invalid_request", call{method: "GET", path: "/api/keys?limit=0&status=x&cursor=!&nonsense=1", as: s.admin(t)})
	for _, field := range []string{"limit", "status", "cursor", "nonsense"} {
		if !names(p, field) {
			t.Errorf("%s is not named in %v", field, p.Errors)
		}
	}
	body := map[string]any{"name": "", "title": " ", "rate_limit": map[string]any{"requests": 0, "per": "0s"}, "max_keys": 0}
	p = refused(t, s, 400, "invalid_request", call{method: "POST", path: "/api/tiers", as: s.admin(t), body: body})
	for _, field := range []string{"name", "title", "rate_limit.requests", "rate_limit.per", "max_keys"} {
		if !names(p, field) {
			t.Errorf("%s is not named in %v", field, p.Errors)
		}
	}
}

// TestBadCredentials: a wrong credential is 401 with the schemes that are on,
// and never falls through to another.
func TestBadCredentials(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	_, signedIn := s.user(t, "", "")
	basic := func(text string) credential {
		return func(r *http.Request) { r.Header.Set("Authorization", "Basic "+text) }
	}
	encoded := func(text string) credential { return basic(base64.StdEncoding.EncodeToString([]byte(text))) }
	for name, as := range map[string]credential{
		"no base64": basic("!!!"), "no colon": encoded("ada"), "an unknown user": encoded("nobody@example.com:correct horse battery"),
		"invalid UTF-8": encoded("\xff:\xff"), "NUL": encoded("a\x00:b\x00"), "nothing": encoded(":"),
		"a malformed key": byKey("lk_live_typo"), "a malformed key as bearer": byBearer("lk_live_typo"), "an unknown key": byKey(unknownKey(t)),
	} {
		got := s.send(t, call{method: "GET", path: "/api/me", as: as})
		if challenges := got.header.Values("WWW-Authenticate"); got.status != 401 || len(challenges) != 3 {
			t.Errorf("%s: %d %v %s", name, got.status, challenges, got.body)
		}
	}
	wrong := func(r *http.Request) {
		byKey(unknownKey(t))(r)
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("a:b")))
	}
	refused(t, s, 401, "NOT_FOUND", call{method: "GET", path: "/api/me", as: wrong})
	for _, cookie := range []string{"", "nonsense", strings.Repeat("x", 5000), "token-of-a-session-0"} {
		as := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "sessionid", Value: cookie}) }
		refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: as})
	}
	want[client.Me](t, s, 200, call{method: "GET", path: "/api/me", as: signedIn})
	s.advance(25 * time.Hour)
	refused(t, s, 401, "not_authenticated", call{method: "GET", path: "/api/me", as: signedIn})
}

// TestSignInsAreThrottled per account and address, so that nobody is locked
// out by a stranger.
func TestSignInsAreThrottled(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signIns: ratelimit.Rule{Requests: 2, Per: time.Minute, Burst: 2}})
	try := func(from string) answer {
		return s.send(t, call{method: "GET", path: "/api/me", from: from, as: func(r *http.Request) {
			r.SetBasicAuth("ada@example.com", "a wrong password")
		}})
	}
	for i, expected := range []int{401, 401, 429, 429} {
		if got := try("203.0.113.5"); got.status != expected || (expected == 429) != (got.header.Get("Retry-After") == "30") {
			t.Errorf("try %d: %d, Retry-After %q", i, got.status, got.header.Get("Retry-After"))
		}
	}
	if got := try("203.0.113.6"); got.status != 401 {
		t.Errorf("from another address: %d", got.status)
	}
	key := s.keyWith(t, keys.FirstOrganization)
	want[client.Me](t, s, 200, call{method: "GET", path: "/api/me", as: byKey(key), from: "203.0.113.5"})
}
