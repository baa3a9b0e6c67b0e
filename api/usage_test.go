package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// saved makes what was counted readable.
func (s *suite) saved(t *testing.T) {
	t.Helper()
	must(t, s.Recorder.Flush(t.Context()))
	must(t, s.LastUsed.Flush(t.Context()))
}

// asked reads a report.
func asked[T any](t *testing.T, s *suite, as credential, path string) (out T) {
	t.Helper()
	got := s.send(t, call{method: "GET", path: path, as: as})
	if got.status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, got.status, got.body)
	}
	must(t, json.Unmarshal(got.body, &out))
	return out
}

// tally adds the points of a report by group and code.
func tally(items []client.UsagePoint) map[string]uint64 {
	sums := map[string]uint64{}
	for _, p := range items {
		group := ""
		if p.Group != nil {
			group = *p.Group
		}
		for code, n := range p.Codes {
			sums[strings.TrimSpace(group+" "+code)] += n
		}
	}
	return sums
}

func TestUsageTellsWhatWasVerified(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	id, secret := s.issue(t, x.account, keys.KeyFields{Scopes: []string{"invoices:*"}})
	for _, scope := range []string{"", "?scope=invoices:read", "?scope=invoices:write", "?scope=users:read"} {
		s.send(t, self(secret, scope))
	}
	s.send(t, self(x.secret, ""))
	s.send(t, self("lk_live_nonsense", ""))
	s.saved(t)
	staff := s.admin(t)
	about := "/api/usage?organization_id=" + x.organization
	for path, want := range map[string]map[string]uint64{
		about:                      {"VALID": 4, "INSUFFICIENT_SCOPE": 1},
		about + "&group_by=code":   {"VALID VALID": 4, "INSUFFICIENT_SCOPE INSUFFICIENT_SCOPE": 1},
		about + "&group_by=key":    {id + " VALID": 3, id + " INSUFFICIENT_SCOPE": 1, x.key + " VALID": 1},
		about + "&group_by=scope":  {"invoices:* VALID": 2},
		about + "&interval=minute": {"VALID": 4, "INSUFFICIENT_SCOPE": 1},
		about + "&interval=day":    {"VALID": 4, "INSUFFICIENT_SCOPE": 1},
		about + "&group_by=service_account&service_account_id=" + x.account: {x.account + " VALID": 4, x.account + " INSUFFICIENT_SCOPE": 1},
		"/api/usage?service_account_id=sa_none":                             {},
		"/api/usage":                                                        {"VALID": 4, "INSUFFICIENT_SCOPE": 1, "MALFORMED": 1},
		"/api/keys/" + id + "/usage":                                        {"VALID": 3, "INSUFFICIENT_SCOPE": 1},
		"/api/keys/" + id + "/usage?group_by=scope":                         {"invoices:* VALID": 2},
	} {
		if diff := cmp.Diff(want, tally(asked[client.UsageReport](t, s, staff, path).Items)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// What another organization did is in nobody's report but the staff's, and
// neither is what belongs to none.
func TestUsageStaysInItsOrganization(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	own, foreign := s.tenant(t), s.tenant(t)
	s.send(t, self(own.secret, ""))
	for range 3 {
		s.send(t, self(foreign.secret, ""))
	}
	s.send(t, self("lk_live_nonsense", ""))
	_, viewer := s.user(t, auth.Viewer, own.organization)
	reader := byKey(s.keyWith(t, own.organization, string(keys.ReadUsage)))
	s.saved(t)
	// The reader's own key is verified with each of its requests, so that there
	// is no saying how much its organization has.
	for name, as := range map[string]credential{"viewer": viewer, "key": reader} {
		for path, something := range map[string]bool{
			"/api/usage": true, "/api/usage?organization_id=" + own.organization: true, "/api/usage?organization_id=" + foreign.organization: false,
			"/api/usage?group_by=key&service_account_id=" + foreign.account: false, "/api/usage?group_by=scope": false,
		} {
			if got := tally(asked[client.UsageReport](t, s, as, path).Items); (got["VALID"] > 0) != something || got["MALFORMED"] != 0 ||
				got[foreign.key+" VALID"] != 0 {
				t.Errorf("%s, %s: %v", name, path, got)
			}
		}
		for _, path := range []string{"/usage", "/refusals"} {
			if got := s.send(t, call{method: "GET", path: "/api/keys/" + foreign.key + path, as: as}); got.status != http.StatusNotFound {
				t.Errorf("%s, %s of a foreign key: %d", name, path, got.status)
			}
		}
	}
}

func TestUsageQueriesAreChecked(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, staff := s.tenant(t), s.admin(t)
	for _, path := range []string{"/api/usage", "/api/keys/" + x.key + "/usage"} {
		for query, field := range map[string]string{
			"from=yesterday":   "from",
			"to=2026-13-01":    "to",
			"interval=week":    "interval",
			"group_by=address": "group_by",
			"format=xml":       "format",
			"since=x":          "since",
			"from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z":                 "to",
			"from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z":                 "to",
			"from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&interval=minute": "interval",
			"from=1990-01-01T00:00:00Z":                                         "interval",
			"interval=hour&group_by=scope":                                      "interval",
			"from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z":               "from",
		} {
			got := s.send(t, call{method: "GET", path: path + "?" + query, as: staff})
			if p := problemOf(t, got); got.status != http.StatusBadRequest || len(p.Errors) == 0 || p.Errors[0].Field != field {
				t.Errorf("%s?%s: %d %s", path, query, got.status, got.body)
			}
		}
	}
	for _, grouping := range []string{"key", "service_account"} {
		if got := s.send(t, call{
			method: "GET", path: "/api/keys/" + x.key + "/usage?group_by=" + grouping,
			as: staff,
		}); got.status != http.StatusBadRequest {
			t.Errorf("one key by %s: %d", grouping, got.status)
		}
	}
}

// The interval that is not given follows from the span.
func TestUsageHasASensibleInterval(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	staff := s.admin(t)
	for span, want := range map[time.Duration]string{time.Hour: "minute", 24 * time.Hour: "hour", 30 * 24 * time.Hour: "day"} {
		from := url.QueryEscape(s.now().Add(-span).Format(time.RFC3339))
		if got := asked[client.UsageReport](t, s, staff, "/api/usage?from="+from).Interval; got != want {
			t.Errorf("%s is reported by the %s", span, got)
		}
	}
}

func TestUsageAsCSV(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, staff := s.tenant(t), s.admin(t)
	s.send(t, self(x.secret, ""))
	s.saved(t)
	want := "start,group,total,MISSING,MALFORMED,NOT_FOUND,REVOKED,EXPIRED,NOT_YET_VALID,DISABLED,PLAIN_HTTP,IP_NOT_ALLOWED," +
		"INSUFFICIENT_SCOPE,RATE_LIMITED,QUOTA_EXCEEDED,VALID\n" +
		s.now().Truncate(time.Hour).Format(time.RFC3339) + ",%s,1,0,0,0,0,0,0,0,0,0,0,0,0,1\n"
	for _, c := range []struct {
		path, accept, group string
	}{
		{"/api/usage?format=csv&group_by=key&organization_id=" + x.organization, "", x.key},
		{"/api/usage?group_by=code&organization_id=" + x.organization, "text/csv", "VALID"},
		{"/api/keys/" + x.key + "/usage?format=csv", "application/json", ""},
	} {
		got := s.send(t, call{method: "GET", path: c.path, as: staff, header: map[string]string{"Accept": c.accept}})
		// The second that a count waits may lie in the hour before.
		if got.status != http.StatusOK || got.text(t, "Content-Type") != "text/csv; charset=utf-8" {
			t.Fatalf("%s: %d %s", c.path, got.status, got.body)
		}
		if expected := fmt.Sprintf(want, c.group); string(got.body) != expected && !strings.HasSuffix(string(got.body),
			expected[strings.IndexByte(expected, '\n')+21:]) {
			t.Errorf("%s:\n%s", c.path, got.body)
		}
	}
	if got := s.send(t, call{
		method: "GET", path: "/api/usage?format=json", as: staff, header: map[string]string{"Accept": "text/csv"},
	}); got.text(t, "Content-Type") != "application/json" {
		t.Errorf("format stands back before Accept: %s", got.body)
	}
}

// A key tells when, from where and by what it was used, its successor how much
// it still is.
func TestAKeyTellsOfItsLastUseAndItsPredecessor(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	x, staff := s.tenant(t), s.admin(t)
	id, secret := s.issue(t, x.account, keys.KeyFields{})
	successor, _, err := s.Keys.Rotate(t.Context(), auth.System(), id, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	must(t, err)
	at := s.now()
	s.send(t, call{
		method: "POST", path: "/verify", body: map[string]any{
			"key": secret, "ip": "203.0.113.9", "user_agent": "acme-sync/2",
			"scopes": []string{"invoices:read"},
		},
	})
	s.saved(t)
	k := asked[client.Key](t, s, staff, "/api/keys/"+id)
	if k.LastUsedAt == nil || at.Sub(*k.LastUsedAt).Abs() > time.Second || k.LastUsedIP == nil || *k.LastUsedIP != "203.0.113.9" ||
		*k.LastUsedUserAgent != "acme-sync/2" {
		t.Errorf("last used %v from %v by %v", k.LastUsedAt, k.LastUsedIP, k.LastUsedUserAgent)
	}
	of := asked[client.KeyUsage](t, s, staff, "/api/keys/"+successor.ID+"/usage")
	if p := of.Predecessor; p == nil || p.KeyID != id || p.UsesLastHour != 1 || p.UsesLast24Hours != 1 || *p.LastUsedIP != "203.0.113.9" {
		t.Errorf("the predecessor is reported as %+v", p)
	}
	if len(of.Scopes) != 1 || of.Scopes[0].Scope != "invoices:*" || of.Scopes[0].LastAskedOn != nil {
		t.Errorf("the successor asked for %+v", of.Scopes)
	}
	own := asked[client.KeyUsage](t, s, staff, "/api/keys/"+id+"/usage")
	if own.Predecessor != nil || own.Scopes[0].LastAskedOn == nil {
		t.Errorf("the key asked for %+v", own.Scopes)
	}
	s.advance(2 * time.Hour)
	later := asked[client.KeyUsage](t, s, staff, "/api/keys/"+successor.ID+"/usage")
	if p := later.Predecessor; p.UsesLastHour != 0 || p.UsesLast24Hours != 1 {
		t.Errorf("two hours later the predecessor is reported as %+v", p)
	}
}

// TestARefusalTellsOfTheRequest, as far as a trusted proxy does in the one way that
// the settings name.
func TestARefusalTellsOfTheRequest(t *testing.T) {
	t.Parallel()
	said := map[string]string{
		"X-Forwarded-Method": "PUT", "X-Forwarded-Uri": "/forwarded?secret=1",
		"X-Original-Method": "PATCH", "X-Original-Url": "https://h/original",
	}
	for family, want := range map[proxies.Family]string{
		"": "PUT /forwarded", proxies.XForwarded: "PUT /forwarded", proxies.XOriginal: "PATCH /original", proxies.ByPath: "DELETE /invoices/1",
	} {
		with := behindEnvoy()
		with.original = family
		s := newSuite(t, with)
		x, staff := s.tenant(t), s.admin(t)
		c := call{method: "DELETE", path: "/verify/request/invoices/1?secret=1", as: byKey(x.secret), header: map[string]string{
			"X-Latchkey-Scope": "users:read",
		}}
		maps.Copy(c.header, said)
		s.raw(t, c)
		s.advance(time.Second)
		_, err := s.envoy(t, nil).Check(t.Context(), told(map[string]string{"x-api-key": x.secret}, map[string]string{"scope": "users:read"}))
		must(t, err)
		s.advance(time.Second)
		delete(c.header, "X-Latchkey-Scope")
		c.path, c.from = "/verify?scope=users:read", "203.0.113.5"
		s.raw(t, c)
		s.saved(t)
		var got []string
		for _, r := range asked[client.List[client.Refusal]](t, s, staff, "/api/keys/"+x.key+"/refusals").Items {
			if r.Method == nil || r.Path == nil {
				got = append(got, "nobody said")
				continue
			}
			got = append(got, *r.Method+" "+*r.Path)
		}
		if wanted := []string{"nobody said", "POST /invoices", want}; !slices.Equal(got, wanted) {
			t.Errorf("%q: the refusals are of %q, want %q", family, got, wanted)
		}
	}
}

func TestAKeyTellsWhyItWasRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	x, staff := s.tenant(t), s.admin(t)
	ask := func(more map[string]any) {
		more["key"] = x.secret
		s.send(t, call{method: "POST", path: "/verify", body: more})
		s.advance(time.Second)
	}
	ask(map[string]any{"scopes": []string{"users:read"}, "ip": "203.0.113.9"})
	ask(map[string]any{"scopes": []string{"users:read"}, "dry_run": true})
	ask(map[string]any{"cost": verify.MaxCost})
	ask(map[string]any{})
	s.saved(t)
	last := asked[client.List[client.Refusal]](t, s, staff, "/api/keys/"+x.key+"/refusals").Items
	if len(last) != 2 || last[0].Code != "RATE_LIMITED" || last[0].IP != nil || last[1].Code != "INSUFFICIENT_SCOPE" ||
		*last[1].IP != "203.0.113.9" || !strings.Contains(last[1].Detail, "users:read") {
		t.Errorf("refusals: %+v", last)
	}
}
