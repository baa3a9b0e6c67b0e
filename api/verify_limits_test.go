package api_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// TestLimits: a key draws from its own bucket and its account's, and learns
// when to retry.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	account := s.account(t, keys.FirstOrganization, keys.AccountFields{
		RateLimit: &ratelimit.Rule{Requests: 1, Per: 10 * time.Second, Burst: 3},
	})
	fast := &ratelimit.Rule{Requests: 2, Per: 3 * time.Second, Burst: 2}
	_, one := s.issue(t, account, keys.KeyFields{RateLimit: fast})
	_, two := s.issue(t, account, keys.KeyFields{RateLimit: fast})
	for _, tt := range []struct {
		name        string
		key, query  string
		after       time.Duration
		status      int
		says        string
		retry       string
		limit, left string
	}{
		{"the key's bucket is the narrower", one, "", 0, 200, "", "", "2", "1"},
		{"a cost of 0 takes nothing", one, "?cost=0", 0, 200, "", "", "2", "1"},
		{"a cost larger than the burst never passes", one, "?cost=3", 0, 429, "never", "", "2", "1"},
		{"the key's last", one, "", 0, 200, "", "", "2", "0"},
		{"over the key's limit", one, "", 0, 429, "key is over", "2", "2", "0"},
		{"a refusal took nothing from the account", two, "", 0, 200, "", "", "3", "0"},
		{"over the account's limit, which all keys share", two, "", 0, 429, "account is over", "10", "3", "0"},
		{"a cost of 0 passes an empty bucket", two, "?cost=0", 0, 200, "", "", "3", "0"},
		{"the buckets fill again", two, "", 10 * time.Second, 200, "", "", "3", "0"},
	} {
		s.advance(tt.after)
		got := s.send(t, self(tt.key, tt.query))
		if got.status != tt.status || got.text(t, "Retry-After") != tt.retry || !strings.Contains(problemOf(t, got).Detail, tt.says) {
			t.Errorf("%s: %d, Retry-After %q: %s", tt.name, got.status, got.text(t, "Retry-After"), got.body)
		}
		if got.text(t, "X-RateLimit-Limit") != tt.limit || got.text(t, "X-RateLimit-Remaining") != tt.left {
			t.Errorf("%s: %s of %s left", tt.name, got.text(t, "X-RateLimit-Remaining"), got.text(t, "X-RateLimit-Limit"))
		}
		if policy := got.text(t, "RateLimit-Policy"); policy != `"key";q=2;w=3, "account";q=1;w=10` {
			t.Errorf("%s: the policy is %s", tt.name, policy)
		}
	}
}

// TestQuota: what is asked beyond the quota waits for the next period.
func TestQuota(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	s.at.Store(time.Date(2030, 1, 31, 23, 0, 0, 0, time.UTC).UnixNano())
	account := s.account(t, keys.FirstOrganization, keys.AccountFields{Quota: &ratelimit.Quota{Requests: 3, Per: ratelimit.Month}})
	_, key := s.issue(t, account, keys.KeyFields{})
	ask := func(cost int) client.VerifyResponse {
		d, _ := want[client.VerifyResponse](t, s, 200, about(anonymous, key, map[string]any{"cost": cost}))
		return d
	}
	if d := ask(2); d.Code != "VALID" || d.Quota.Remaining != 1 || !d.Quota.ResetsAt.Equal(time.Date(2030, 2, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("two of three: %+v %+v", d, d.Quota)
	}
	if d := ask(4); d.Code != "QUOTA_EXCEEDED" || !strings.Contains(d.Detail, "never") {
		t.Errorf("more than the whole quota: %+v", d)
	}
	if d := ask(2); d.Code != "QUOTA_EXCEEDED" || d.Quota.Remaining != 1 {
		t.Errorf("more than is left: %+v", d)
	}
	got := s.send(t, self(key, "?cost=2"))
	if got.status != 429 || got.text(t, "Retry-After") != "3600" {
		t.Errorf("an hour before the month ends: %d, Retry-After %q", got.status, got.text(t, "Retry-After"))
	}
	if d := ask(1); d.Code != "VALID" || d.Quota.Remaining != 0 {
		t.Errorf("the last: %+v", d)
	}
	s.advance(time.Hour)
	if d := ask(1); d.Code != "VALID" || d.Quota.Remaining != 2 {
		t.Errorf("in the next month: %+v", d)
	}
}

// TestGuesses: an address that asks for many unknown keys has to wait; for IPv6
// the whole /64 counts as one address.
func TestGuesses(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 2, Per: time.Minute, Burst: 2}})
	guess := func(from string) answer {
		c := self(unknownKey(t), "")
		c.from = from
		return s.send(t, c)
	}
	for _, tt := range []struct {
		from   string
		status int
	}{
		{"2001:db8::1", 401},
		{"2001:db8::2", 401},
		{"2001:db8::3", 429},
		{"2001:db8:0:1::1", 401},
		{"203.0.113.1", 401},
		{"203.0.113.1", 401},
		{"203.0.113.1", 429},
		{"203.0.113.2", 401},
	} {
		got := guess(tt.from)
		if got.status != tt.status || (tt.status == 429) != (got.text(t, "Retry-After") == "30") {
			t.Errorf("%s: %d, Retry-After %q", tt.from, got.status, got.text(t, "Retry-After"))
		}
		if tt.status == 429 && got.text(t, "X-Latchkey-Code") != "RATE_LIMITED" {
			t.Errorf("%s: %s", tt.from, got.text(t, "X-Latchkey-Code"))
		}
	}
	malformed := self("lk_live_typo", "")
	malformed.from = "203.0.113.1"
	refused(t, s, 401, "MALFORMED", malformed) // costs no look-up, so it is no guess
	s.advance(30 * time.Second)
	if got := guess("203.0.113.1"); got.status != 401 {
		t.Errorf("after the wait: %d", got.status)
	}
}

const allChecks = "format known revoked expiry not_before enabled network scopes rate_limit quota"

// checksWith returns the checks of a dry run that have the outcome. Those that
// failed say what was found and what would have to change.
func checksWith(t *testing.T, d client.VerifyResponse, outcome string) (having []string) {
	t.Helper()
	var all []string
	for _, step := range d.Steps {
		all = append(all, step.Check)
		if step.Outcome == outcome {
			having = append(having, step.Check)
		}
		if (step.Outcome == "failed") != (step.Change != "" && step.Detail != "") {
			t.Errorf("the step %s says what would have to change: %+v", step.Check, step)
		}
	}
	if got := strings.Join(all, " "); got != allChecks {
		t.Errorf("the steps are %s", got)
	}
	return having
}

// TestDryRun explains every check and charges nothing.
func TestDryRun(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	account := s.account(t, keys.FirstOrganization, keys.AccountFields{Scopes: []string{"invoices:read"}})
	id, key := s.issue(t, account, keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1}})
	dry := func(key string, more map[string]any) client.VerifyResponse {
		d, _ := want[client.VerifyResponse](t, s, 200, about(anonymous, key, more, map[string]any{"dry_run": true}))
		return d
	}
	all := strings.Fields(allChecks)
	outcomes := func(d client.VerifyResponse, outcome string) []string {
		t.Helper()
		return checksWith(t, d, outcome)
	}
	for range 3 {
		if d := dry(key, nil); d.Code != "VALID" || len(outcomes(d, "passed")) != len(all) || d.RateLimit.Remaining != 1 {
			t.Errorf("a dry run: %+v", d)
		}
	}
	if d := dry("lk_live_typo", nil); d.Code != "MALFORMED" || !slices.Equal(outcomes(d, "failed"), all[:1]) ||
		len(outcomes(d, "skipped")) != len(all)-1 {
		t.Errorf("a malformed key: %+v", d)
	}
	if d := dry(unknownKey(t), nil); d.Code != "NOT_FOUND" || !slices.Equal(outcomes(d, "failed"), all[1:2]) {
		t.Errorf("an unknown key: %+v", d)
	}
	want[client.VerifyResponse](t, s, 200, self(key, ""))
	_, err := s.Keys.ChangeKey(t.Context(), auth.System(), id, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
		f.Disabled = true
		return f, nil
	})
	must(t, err)
	d := dry(key, map[string]any{"scopes": []string{"invoices:write"}})
	if failed := outcomes(d, "failed"); d.Code != "DISABLED" || !slices.Equal(failed, []string{"enabled", "scopes", "rate_limit"}) ||
		!slices.Equal(d.MissingScopes, []string{"invoices:write"}) {
		t.Errorf("disabled, lacking a scope and over the limit: %v %+v", failed, d)
	}
}

// TestNoCache: Cache-Control: no-cache of a verifier asks the store, and is
// never answered by what is cached. Who shows no credential is not heard, nor
// is the holder of a key that speaks for itself.
func TestNoCache(t *testing.T) {
	t.Parallel()
	fresh := func(c call) call { c.header = map[string]string{"Cache-Control": "max-age=0, No-Cache"}; return c }
	s := newSuite(t, settings{})
	x := s.tenant(t)
	asker := byKey(s.verifier(t, x).secret)
	s.warm(t, self(x.secret, ""))
	s.warm(t, about(asker, x.secret))
	s.store.breakBy(always(errBroken))
	want[client.VerifyResponse](t, s, 200, fresh(self(x.secret, "")))
	refused(t, s, 503, "unavailable", fresh(about(asker, x.secret)))
	s.store.breakBy(nil)
	want[client.VerifyResponse](t, s, 200, fresh(about(asker, x.secret)))

	open := newSuite(t, settings{open: true})
	x = open.tenant(t)
	open.warm(t, about(anonymous, x.secret))
	open.store.breakBy(always(errBroken))
	want[client.VerifyResponse](t, open, 200, fresh(about(anonymous, x.secret)))
}

// warm repeats the question until it is answered from memory: the cache takes
// in what was loaded a moment later.
func (s *suite) warm(t *testing.T, c call) {
	t.Helper()
	var reads atomic.Int64
	s.store.breakBy(func(context.Context, string) error { reads.Add(1); return nil })
	defer s.store.breakBy(nil)
	for range 10_000 {
		before := reads.Load()
		if want[client.VerifyResponse](t, s, 200, c); reads.Load() == before {
			return
		}
	}
	t.Fatal("the question is never answered from memory")
}

// TestChangesReachVerification: what an answer said is true for the next
// verification.
func TestChangesReachVerification(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	patch := func(path string, body map[string]any) call {
		return call{method: "PATCH", path: path, as: admin, body: body}
	}
	organization, account, key := "/api/organizations/"+x.organization, "/api/service-accounts/"+x.account, "/api/keys/"+x.key
	on, off := map[string]any{"disabled": false}, map[string]any{"disabled": true}
	for _, step := range []struct {
		change call
		status int
		code   verify.Code
	}{
		{patch(key, off), 200, verify.Disabled},
		{patch(key, on), 200, verify.Valid},
		{patch(account, off), 200, verify.Disabled},
		{patch(account, on), 200, verify.Valid},
		{patch(organization, off), 200, verify.Disabled},
		{patch(organization, on), 200, verify.Valid},
		{patch(account, map[string]any{"allowed_networks": []string{"2001:db8::/32"}}), 200, verify.AddressNotAllowed},
		{patch(account, map[string]any{"allowed_networks": nil}), 200, verify.Valid},
		{patch("/api/tiers/free", map[string]any{"rate_limit": map[string]any{"requests": 1, "burst": 1}}), 200, verify.Valid}, // the last token
		{patch("/api/tiers/free", map[string]any{"title": "Freer"}), 200, verify.RateLimited},
		{call{method: "POST", path: key + "/rotate", as: admin, body: map[string]any{"grace": "0s"}}, 201, verify.Expired},
		{call{method: "POST", path: key + "/revoke", as: admin}, 200, verify.Revoked},
		{call{method: "DELETE", path: key, as: admin}, 204, verify.NotFound},
	} {
		if got := s.send(t, step.change); got.status != step.status {
			t.Fatalf("%s %s: %d %s", step.change.method, step.change.path, got.status, got.body)
		}
		if got := s.send(t, self(x.secret, "")).text(t, "X-Latchkey-Code"); got != string(step.code) {
			t.Errorf("after %s %s %v the key is %s, want %s", step.change.method, step.change.path, step.change.body, got, step.code)
		}
	}
}
