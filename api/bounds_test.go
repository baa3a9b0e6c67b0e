package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// unknownMembers is an object of so many members that no request has.
func unknownMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// TestStrangersSendLittle: without a credential, every reachable route refuses
// a body over 16 KiB, whether or not its length is declared.
func TestStrangersSendLittle(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	x, seen := s.tenant(t), 0
	for _, o := range contract.operations {
		if o.reportsLeaks() && o.path != "/leaks" {
			continue // who does not show who they are is refused before their body is read
		}
		if o.method == "GET" || (!o.open() && o.OperationID != "verifyAsked") {
			continue
		}
		seen++
		c := s.good(t, o, x, anonymous)
		c.as, c.body = nil, `{"token":"`+strings.Repeat("x", 16<<10)+`"}`
		if c.kind == formType {
			c.body = "token=" + strings.Repeat("x", 16<<10)
		}
		for _, told := range []bool{true, false} {
			r := request(t, c)
			if !told {
				r.ContentLength = -1
			}
			w := httptest.NewRecorder()
			handler := s.engine
			if o.speaksOAuth() {
				handler = contract.wrap(s.engine, func(text string) { t.Errorf("contract: %s", text) })
			}
			handler.ServeHTTP(w, r)
			if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "16384 bytes") {
				t.Errorf("%s, length told %t: %d %s", o, told, w.Code, w.Body)
			}
			if o.speaksOAuth() && !strings.Contains(w.Body.String(), `"error":"invalid_request"`) {
				t.Errorf("%s does not answer as RFC 6749 has it: %s", o, w.Body)
			}
		}
	}
	if seen < 12 {
		t.Errorf("only %d routes were asked", seen)
	}
}

// TestARefusalListsFewFaults, then says how many there are.
func TestARefusalListsFewFaults(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, c := range []call{
		{method: "POST", path: "/api/token", body: unknownMembers(1000)},
		{method: "POST", path: "/api/signup", body: unknownMembers(1000)},
		{method: "PATCH", path: "/api/keys/" + x.key, as: admin, body: unknownMembers(1000), kind: mergePatch},
		{method: "POST", path: "/api/keys", as: admin, body: `{"service_account_id":"` + x.account + `","name":"x","scopes":["A` +
			strings.Repeat(`","A`, 500) + `"]}`},
		{method: "GET", path: "/api/keys?a=1" + manyParameters(500), as: admin},
	} {
		p, got := want[client.Problem](t, s, 400, c)
		if len(p.Errors) == 0 || len(p.Errors) > 20 || len(got.body) > 32<<10 {
			t.Errorf("%s %s: %d faults in %d bytes", c.method, c.path, len(p.Errors), len(got.body))
		}
		if len(p.Errors) == 20 && !strings.Contains(p.Detail, "the first 20 of ") {
			t.Errorf("%s %s does not say how many faults there are: %s", c.method, c.path, p.Detail)
		}
	}
}

func manyParameters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&p%d=1", i)
	}
	return b.String()
}

// TestAPatchIsRefusedBeforeItIsMerged: what no object has is named even where
// the object is not there, and null does not hide it.
func TestAPatchIsRefusedBeforeItIsMerged(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	before := s.objects(t)
	for _, body := range []string{
		unknownMembers(1500), unknownMembers(50_000), `{"nonsense":null}`, `{"rate_limit":{"nonsense":null}}`,
		`{"metadata":` + unknownMembers(50_000) + `}`, strings.Repeat(`{"metadata":`, 5000) + "1" + strings.Repeat("}", 5000),
	} {
		for _, path := range []string{"/api/keys/" + x.key, "/api/keys/key_none", "/api/service-accounts/" + x.account} {
			p, _ := want[client.Problem](t, s, 400, call{method: "PATCH", path: path, as: admin, body: body, kind: mergePatch})
			if len(p.Errors) == 0 || len(p.Errors) > 20 {
				t.Errorf("%s: %d faults", path, len(p.Errors))
			}
		}
	}
	if s.objects(t) != before {
		t.Error("a refused patch changed something")
	}
}

// TestATenantLocksNobodyOut: who asks about unknown keys in the name of an
// address does not pay with what that address may do.
func TestATenantLocksNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 5, Per: time.Hour, Burst: 5}})
	x, y := s.tenant(t), s.tenant(t)
	mallory, bob := byKey(s.verifier(t, x).secret), byKey(s.verifier(t, y).secret)
	const victim = "203.0.113.7"
	of := map[string]any{"ip": victim}
	limited := 0
	for range 70 {
		if d, _ := want[client.VerifyResponse](t, s, 200, about(mallory, unknownKey(t), of)); d.Code == "RATE_LIMITED" {
			limited++
		}
	}
	if limited != 65 {
		t.Errorf("of 70 unknown keys %d were over the limit", limited)
	}
	from := func(c call) call { c.from = victim; return c }
	want[client.VerifyResponse](t, s, 200, from(self(y.secret, "")))
	refused(t, s, 401, "NOT_FOUND", from(self(unknownKey(t), "")))
	want[client.Me](t, s, 200, from(call{method: "GET", path: "/api/me", as: byKey(y.secret)}))
	r := robot{account: s.verifier(t, y).account}
	_, r.secret = s.issue(t, r.account, keys.KeyFields{})
	want[map[string]any](t, s, 200, from(form("/oauth/token", r.with("grant_type", "client_credentials"))))
	if d, _ := want[client.VerifyResponse](t, s, 200, about(bob, unknownKey(t), of)); d.Code != "NOT_FOUND" {
		t.Errorf("another tenant that asks about the address gets %s", d.Code)
	}
}

// TestARepeatedDeadKeyLocksNobodyOut who shares its address.
func TestARepeatedDeadKeyLocksNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 3, Per: time.Hour, Burst: 3}})
	dead := unknownKey(t)
	for range 50 {
		refused(t, s, 401, "NOT_FOUND", self(dead, ""))
	}
	_, good := s.issue(t, s.tenant(t).account, keys.KeyFields{})
	want[client.VerifyResponse](t, s, 200, self(good, ""))
}
