package api_test

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// self asks GET /verify about the key.
func self(key, query string) call {
	return call{method: "GET", path: "/verify" + query, as: byKey(key)}
}

// about asks POST /verify.
func about(as credential, key string, more ...map[string]any) call {
	body := map[string]any{"key": key}
	for _, m := range more {
		maps.Copy(body, m)
	}
	return call{method: "POST", path: "/verify", as: as, body: body}
}

// verified are the headers of GET /verify that a gateway passes on.
var verified = []string{
	"X-Latchkey-Code", "X-Latchkey-Key-Id", "X-Latchkey-Service-Account-Id", "X-Latchkey-Organization-Id",
	"X-Latchkey-Tier", "X-Latchkey-Scopes", "X-Latchkey-Environment",
}

// header returns the one value of the header, in whatever case it is written.
func (a answer) text(t *testing.T, name string) string {
	t.Helper()
	values := valuesOf(a.header, name)
	if len(values) > 1 {
		t.Errorf("%s is there %d times", name, len(values))
	}
	return strings.Join(values, "")
}

// codes makes a key for every code that a key can end in.
func (s *suite) codes(t *testing.T, x tenant) map[verify.Code]call {
	t.Helper()
	ctx, system := t.Context(), auth.System()
	account := s.account(t, x.organization, keys.AccountFields{
		Scopes: []string{"invoices:read"}, Quota: &ratelimit.Quota{Requests: 5, Per: ratelimit.Day}, Metadata: keys.Metadata(`{"plan":"x"}`),
		ExternalID: "ext",
	})
	of := func(f keys.KeyFields) (string, string) { return s.issue(t, account, f) }
	_, good := of(keys.KeyFields{Name: "Good", Metadata: keys.Metadata(`{"a":1}`)})
	revokedID, revoked := of(keys.KeyFields{})
	_, _, err := s.Keys.Revoke(ctx, system, revokedID, keys.AnyRevision, keys.ReasonLeaked, "")
	must(t, err)
	_, expired := of(keys.KeyFields{ExpiresAt: s.now().Add(time.Minute)})
	_, early := of(keys.KeyFields{NotBefore: s.now().Add(time.Hour)})
	_, disabled := of(keys.KeyFields{Disabled: true})
	_, bound := of(keys.KeyFields{AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
	_, narrow := of(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 2}})
	want[client.VerifyResponse](t, s, 200, self(narrow, "?cost=2"))
	s.advance(2 * time.Minute)
	return map[verify.Code]call{
		verify.Missing:   {method: "GET", path: "/verify"},
		verify.Malformed: self("lk_live_nonsense", ""), verify.NotFound: self(unknownKey(t), ""), verify.Revoked: self(revoked, ""),
		verify.Expired: self(expired, ""), verify.NotYetValid: self(early, ""), verify.Disabled: self(disabled, ""),
		verify.AddressNotAllowed: self(bound, ""), verify.InsufficientScope: self(good, "?scope=invoices:read&scope=invoices:write"),
		verify.RateLimited: self(narrow, ""), verify.QuotaExceeded: self(good, "?cost=4"),
		verify.Valid: self(good, "?scope=invoices:read&cost=2"),
	}
}

// TestSelfVerification: the decision is the status, and the headers say the rest.
func TestSelfVerification(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{plain: api.PlainRefuse, trusted: []netip.Prefix{netip.MustParsePrefix(peer + "/32")}})
	x := s.tenant(t)
	calls := s.codes(t, x)
	plain := calls[verify.Valid]
	plain.header = map[string]string{"X-Forwarded-Proto": "http"}
	calls[verify.PlainHTTP] = plain
	status := map[verify.Code]int{
		verify.PlainHTTP: 403, verify.AddressNotAllowed: 403, verify.InsufficientScope: 403, verify.RateLimited: 429,
		verify.QuotaExceeded: 429, verify.Valid: 200,
	}
	for _, code := range verify.Codes() {
		got := s.send(t, calls[code])
		expected, special := status[code]
		if !special {
			expected = http.StatusUnauthorized
		}
		if got.status != expected || got.text(t, "X-Latchkey-Code") != string(code) {
			t.Errorf("%s: %d %q %s", code, got.status, got.text(t, "X-Latchkey-Code"), got.body)
		}
		if known := code != verify.Missing && code != verify.Malformed &&
			code != verify.NotFound; known != (got.text(t, "X-Latchkey-Key-Id") != "") {
			t.Errorf("%s names the key: %v", code, !known)
		}
		if told := got.text(t, "WWW-Authenticate"); told != challenges(code, expected) {
			t.Errorf("%s: WWW-Authenticate is %q", code, told)
		}
		if got.text(t, "Cache-Control") != "no-store" {
			t.Errorf("%s may be cached: %q", code, got.text(t, "Cache-Control"))
		}
		limited := expected == 429 || code == verify.Valid
		for _, name := range []string{"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
			if limited != (got.text(t, name) != "") {
				t.Errorf("%s: %s is %q", code, name, got.text(t, name))
			}
		}
		if (expected == 429) != (got.text(t, "Retry-After") != "") {
			t.Errorf("%s: Retry-After is %q", code, got.text(t, "Retry-After"))
		}
	}
}

// challenges is what WWW-Authenticate says with the code, as RFC 6750 has it.
func challenges(code verify.Code, status int) string {
	switch {
	case code == verify.Missing:
		return `Bearer realm="latchkey"`
	case code == verify.InsufficientScope:
		return `Bearer realm="latchkey", error="insufficient_scope", scope="invoices:write"`
	case status == http.StatusUnauthorized:
		return `Bearer realm="latchkey", error="invalid_token"`
	default:
		return ""
	}
}

// TestNoKeyIsNotAWrongOne: nothing was sent under a header that is read, and the
// answer says which are.
func TestNoKeyIsNotAWrongOne(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	for name, headers := range map[string]map[string]string{
		"nothing": {}, "another header": {"Apikey": x.secret}, "an empty one": {"X-API-Key": ""},
		"a scheme of users": {"Authorization": "Token " + x.secret}, "Basic": {"Authorization": "Basic YTpi"},
	} {
		p := refused(t, s, 401, string(verify.Missing), call{method: "GET", path: "/verify", header: headers})
		for _, header := range []string{"X-API-Key", "Authorization", "Bearer", "Api-Key"} {
			if !strings.Contains(p.Detail, header) {
				t.Errorf("%s: %q does not name %s", name, p.Detail, header)
			}
		}
	}
}

// TestAKeyIsToldWhichScopeItLacks at the management API as well; no scope helps a
// person.
func TestAKeyIsToldWhichScopeItLacks(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	_, viewer := s.user(t, auth.Viewer, x.organization)
	for want, as := range map[string]credential{
		`Bearer realm="latchkey", error="insufficient_scope", scope="latchkey:keys:write"`: byKey(s.keyWith(t, x.organization,
			"latchkey:keys:read")), "": viewer,
	} {
		got := s.send(t, call{method: "POST", path: "/api/keys", as: as, body: map[string]any{"service_account_id": x.account, "name": "x"}})
		if got.status != 403 || got.text(t, "WWW-Authenticate") != want {
			t.Errorf("%d %q, want 403 %q", got.status, got.text(t, "WWW-Authenticate"), want)
		}
	}
}

// TestAKeyIsToldOfEveryScope that it lacks, also where the route lets it in and the
// domain does not, and where it asks about other keys.
func TestAKeyIsToldOfEveryScope(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	member, viewer := s.user(t, auth.Viewer, x.organization)
	other, _ := s.user(t, auth.Viewer, x.organization)
	as := byKey(s.keyWith(t, x.organization, "latchkey:members:read"))
	remove := call{method: "DELETE", path: "/api/organizations/" + x.organization + "/members/" + member, as: as}
	for scope, c := range map[string]call{"latchkey:verify": about(as, x.secret), "latchkey:members:write": remove} {
		got := s.send(t, c)
		if want := `Bearer realm="latchkey", error="insufficient_scope", scope="` + scope + `"`; got.status != 403 ||
			got.text(t, "WWW-Authenticate") != want {
			t.Errorf("%s %s: %d %q, want 403 %q", c.method, c.path, got.status, got.text(t, "WWW-Authenticate"), want)
		}
	}
	remove.path, remove.as = "/api/organizations/"+x.organization+"/members/"+other, viewer
	if got := s.send(t, remove); got.status != 403 || got.text(t, "WWW-Authenticate") != "" {
		t.Errorf("a person: %d %q", got.status, got.text(t, "WWW-Authenticate"))
	}
}

// TestSelfVerificationTellsTheKey what a gateway needs, and nothing that the
// provider noted.
func TestSelfVerificationTellsTheKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	calls := s.codes(t, x)
	d, got := want[map[string]any](t, s, 200, calls[verify.Valid])
	headers := map[string]string{}
	for _, name := range verified {
		headers[name] = got.text(t, name)
	}
	if diff := cmp.Diff(map[string]string{
		"X-Latchkey-Code": "VALID", "X-Latchkey-Key-Id": d["key_id"].(string), "X-Latchkey-Organization-Id": x.organization,
		"X-Latchkey-Service-Account-Id": headers["X-Latchkey-Service-Account-Id"], "X-Latchkey-Tier": "free",
		"X-Latchkey-Scopes": "invoices:read", "X-Latchkey-Environment": "live",
	}, headers); diff != "" || !strings.HasPrefix(headers["X-Latchkey-Service-Account-Id"], "sa_") {
		t.Errorf("headers: %s", diff)
	}
	for _, name := range []string{"metadata", "name", "service_account"} {
		if _, told := d[name]; told {
			t.Errorf("the answer to a key contains its %s", name)
		}
	}
	if got.text(t, "RateLimit-Policy") != `"key";q=100;w=10` || got.text(t, "RateLimit") != `"key";r=98;t=1` {
		t.Errorf("limits are %q and %q", got.text(t, "RateLimit-Policy"), got.text(t, "RateLimit"))
	}
	p := refused(t, s, 403, "INSUFFICIENT_SCOPE", calls[verify.InsufficientScope])
	if !slices.Equal(p.MissingScopes, []string{"invoices:write"}) {
		t.Errorf("missing scopes are %v", p.MissingScopes)
	}
	key := d["key_id"].(string)
	for name, as := range map[string]credential{
		"bearer": byBearer(keyText(calls[verify.Valid])), "Api-Key": func(r *http.Request) {
			r.Header.Set("Authorization", "Api-Key "+keyText(calls[verify.Valid]))
		},
	} {
		if d, _ := want[map[string]any](t, s, 200, call{method: "GET", path: "/verify/?cost=0", as: as}); d["key_id"] != key {
			t.Errorf("by %s: %v", name, d)
		}
	}
}

// keyText is the key that the call carries.
func keyText(c call) string {
	r := &http.Request{Header: http.Header{}}
	c.as(r)
	return r.Header.Get("X-Api-Key")
}

// TestAskedVerification: always 200 for a good question; the body decides.
func TestAskedVerification(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	calls := s.codes(t, x)
	verifier := byKey(s.keyWith(t, x.organization, "latchkey:verify"))
	more := map[verify.Code]map[string]any{
		verify.AddressNotAllowed: {"ip": "192.0.2.77"}, verify.InsufficientScope: {"scopes": []string{"invoices:write", "invoices:read"}},
		verify.QuotaExceeded: {"cost": 6}, verify.Valid: {"scopes": []string{"invoices:read"}, "cost": 2},
	}
	for _, code := range verify.Codes() {
		if code == verify.Missing || code == verify.PlainHTTP {
			continue // a question without a key is no question: 400; how a verifier's own request came is another matter
		}
		d, got := want[client.VerifyResponse](t, s, 200, about(verifier, keyText(calls[code]), more[code]))
		if d.Code != string(code) || d.Valid != (code == verify.Valid) || (d.Detail == "") != d.Valid {
			t.Errorf("%s: %s", code, got.body)
		}
		if got.text(t, "X-Latchkey-Key-Id") != "" {
			t.Errorf("%s: a verifier reads the body, not headers", code)
		}
		if limited := code == verify.Valid || code == verify.RateLimited || code == verify.QuotaExceeded; limited != (d.RateLimit != nil &&
			got.text(t, "RateLimit") != "") {
			t.Errorf("%s: limits are %v, %q", code, d.RateLimit, got.text(t, "RateLimit"))
		}
		if code == verify.InsufficientScope && !slices.Equal(d.MissingScopes, []string{"invoices:write"}) {
			t.Errorf("missing scopes are %v", d.MissingScopes)
		}
		if code == verify.Valid && (d.Name != "Good" || string(d.Metadata) != `{"a":1}` || d.ServiceAccount.ExternalID != "ext" ||
			string(d.ServiceAccount.Metadata) != `{"plan":"x"}`) {
			t.Errorf("a verifier gets %s", got.body)
		}
	}
}

// TestVerifierSeesItsOwn: keys of other organizations are NOT_FOUND, unless
// the verifier is the provider's own.
func TestVerifierSeesItsOwn(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, other := s.tenant(t), s.tenant(t)
	for _, tt := range []struct {
		scope string
		code  verify.Code
	}{{"latchkey:verify", verify.NotFound}, {"latchkey:*", verify.NotFound}, {"*", verify.NotFound}, {"latchkey:verify-all", verify.Valid}} {
		verifier := byKey(s.keyWith(t, x.organization, tt.scope))
		foreign, got := want[client.VerifyResponse](t, s, 200, about(verifier, other.secret))
		if foreign.Code != string(tt.code) || (tt.code == verify.NotFound && foreign.OrganizationID != "") {
			t.Errorf("with %s a foreign key is %s", tt.scope, got.body)
		}
		if own, _ := want[client.VerifyResponse](t, s, 200, about(verifier, x.secret)); own.Code != "VALID" {
			t.Errorf("with %s the own key is %s", tt.scope, own.Code)
		}
	}
	_, owner := s.user(t, auth.Owner, x.organization)
	if got := s.send(t, call{method: "POST", path: "/api/service-accounts", as: owner, body: map[string]any{
		"organization_id": x.organization, "name": "Gateway", "scopes": []string{"latchkey:verify-all"},
	}}); got.status != 403 || !names(problemOf(t, got), "scopes") {
		t.Errorf("an owner grants verify-all: %d %s", got.status, got.body)
	}
	open := newSuite(t, settings{open: true})
	if d, _ := want[client.VerifyResponse](t, open, 200, about(anonymous, open.tenant(t).secret)); d.Code != "VALID" {
		t.Errorf("in an open network: %v", d)
	}
}

func network(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// TestNetworks: keys and accounts are bound to networks of IPv4 and IPv6, and
// the client is who the trusted proxies say.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		trusted   []netip.Prefix
		forwarded proxies.Header
		from      string
		header    map[string]string
		allowed   bool
	}{
		{"IPv4 inside", nil, "", "203.0.113.200", nil, true},
		{"IPv4 outside", nil, "", "203.0.114.1", nil, false},
		{"IPv6 inside", nil, "", "2001:db8:1::7", nil, true},
		{"IPv6 outside", nil, "", "2001:db9::1", nil, false},
		{"IPv4 written as IPv6", nil, "", "::ffff:203.0.113.1", nil, true},
		{"a header of a stranger is not believed", nil, "", "198.51.100.1", map[string]string{"X-Forwarded-For": "203.0.113.1"}, false},
		{
			"a trusted proxy is believed", network("198.51.100.0/24"), "", "198.51.100.1", map[string]string{"X-Forwarded-For": "203.0.113.1"}, true,
		},
		{
			"the chain is read from the right", network("198.51.100.0/24"), "", "198.51.100.1",
			map[string]string{"X-Forwarded-For": "203.0.113.1, 192.0.2.1"},
			false,
		},
		{
			"as far as trusted hops go", network("198.51.100.0/24", "2001:db8:ffff::/48"), "", "198.51.100.1",
			map[string]string{"X-Forwarded-For": "192.0.2.1, 203.0.113.1, 2001:db8:ffff::1, 198.51.100.7"},
			true,
		},
		{
			"nonsense in the chain is nobody", network("198.51.100.0/24"), "", "198.51.100.1",
			map[string]string{"X-Forwarded-For": "203.0.113.1, nonsense"},
			false,
		},
		{
			"the other header is not read", network("198.51.100.0/24"), "", "198.51.100.1", map[string]string{"Forwarded": "for=203.0.113.1"}, false,
		},
		{
			"RFC 7239", network("198.51.100.0/24"), proxies.Forwarded, "198.51.100.1", map[string]string{
				"Forwarded": `for="[2001:db8:1::7]:4711";proto=https`,
			}, true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSuite(t, settings{trusted: tt.trusted, forwarded: tt.forwarded})
			account := s.account(t, keys.FirstOrganization, keys.AccountFields{AllowedNetworks: network("203.0.113.0/24", "2001:db8::/32")})
			_, key := s.issue(t, account, keys.KeyFields{AllowedNetworks: network("203.0.0.0/16", "2001:db8:1::/48")})
			c := self(key, "")
			c.from, c.header = tt.from, tt.header
			if got := s.send(t, c); (got.status == 200) != tt.allowed {
				t.Errorf("%d %s", got.status, got.body)
			}
			c.path = "/api/me"
			if got := s.send(t, c); (got.status == 200) != tt.allowed {
				t.Errorf("as a credential: %d %s", got.status, got.body)
			}
		})
	}
}
