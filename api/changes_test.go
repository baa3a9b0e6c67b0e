package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

// TestConflicts: what the state of things forbids is 409, says what to do
// instead and changes nothing.
func TestConflicts(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	owner, byOwner := s.user(t, auth.Owner, x.organization)
	myself := "/api/users/" + s.me(t, admin).ID
	revoked, _ := s.issue(t, x.account, keys.KeyFields{})
	_, _, err := s.Keys.Revoke(t.Context(), auth.System(), revoked, keys.AnyRevision, "", "")
	must(t, err)
	rotated, _ := s.issue(t, x.account, keys.KeyFields{})
	_, _, err = s.Keys.Rotate(t.Context(), auth.System(), rotated, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	must(t, err)
	member := "/api/organizations/" + x.organization + "/members/" + owner
	for _, tt := range []struct {
		name, method, path string
		body               any
		as                 credential
		says               string
	}{
		{"a name of a tier is taken", "POST", "/api/tiers", map[string]any{"name": x.tier, "title": "T", "rate_limit": rule}, admin, "exists"},
		{"a name of a scope is taken", "POST", "/api/scopes", map[string]any{"name": x.scope}, admin, "exists"},
		{
			"an address is taken in another case", "POST", "/api/users",
			map[string]any{"email": strings.ToUpper(s.email(t, owner))},
			admin,
			"exists",
		},
		{
			"a member is one already", "POST", "/api/organizations/" + x.organization + "/members", map[string]any{
				"user_id": x.member,
				"role":    "viewer",
			}, admin, "already",
		},
		{"an organization with accounts stays", "DELETE", "/api/organizations/" + x.organization, nil, admin, "disable"},
		{"an account with live keys stays", "DELETE", "/api/service-accounts/" + x.account, nil, admin, "revoke"},
		{"the default tier stays", "DELETE", "/api/tiers/free", nil, admin, "default"},
		{"a management scope stays", "DELETE", "/api/scopes/latchkey:verify", nil, admin, "stay"},
		{"nobody deletes themselves", "DELETE", myself, nil, admin, "yourself"},
		{"nobody disables themselves", "PATCH", myself, map[string]any{"disabled": true}, admin, "yourself"},
		{"the last owner stays", "DELETE", member, nil, byOwner, "owner"},
		{"the last owner stays owner", "PATCH", member, map[string]any{"role": "viewer"}, byOwner, "owner"},
		{"a revoked key is not changed", "PATCH", "/api/keys/" + revoked, map[string]any{"name": "n"}, admin, "revoked"},
		{"a revoked key is not rotated", "POST", "/api/keys/" + revoked + "/rotate", nil, admin, "revoked"},
		{"a key is rotated once", "POST", "/api/keys/" + rotated + "/rotate", nil, admin, "successor"},
	} {
		before := s.objects(t)
		p := refused(t, s, 409, "conflict", call{method: tt.method, path: tt.path, body: tt.body, as: tt.as})
		if !strings.Contains(p.Detail, tt.says) {
			t.Errorf("%s: %q does not say %q", tt.name, p.Detail, tt.says)
		}
		if s.objects(t) != before {
			t.Errorf("%s: something changed", tt.name)
		}
	}
}

func (s *suite) email(t *testing.T, id string) string {
	t.Helper()
	u, err := s.People.Users.Get(t.Context(), auth.System(), id)
	must(t, err)
	return u.Email
}

// TestTooManyKeys: no more keys live than the tier allows, and none is left
// behind by the try.
func TestTooManyKeys(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	want[client.Tier](t, s, 200, call{method: "PATCH", path: "/api/tiers/free", as: admin, body: map[string]any{"max_keys": 2}})
	issue := call{method: "POST", path: "/api/keys", as: admin, body: map[string]any{"service_account_id": x.account, "name": "CI"}}
	want[client.IssuedKey](t, s, 201, issue)
	before := s.objects(t)
	refused(t, s, 409, "too_many_keys", issue)
	if s.objects(t) != before {
		t.Error("a key too many was left behind")
	}
	want[client.RevokedKey](t, s, 200, call{method: "POST", path: "/api/keys/" + x.key + "/revoke", as: admin})
	want[client.IssuedKey](t, s, 201, issue)
}

// TestRevisions: ETag and If-Match keep two writers apart.
func TestRevisions(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	for _, o := range contract.operations {
		if o.method != "PATCH" {
			continue
		}
		x := s.tenant(t)
		read := call{method: "GET", path: path(t, o, x), as: admin}
		_, first := want[map[string]any](t, s, 200, read)
		c := s.good(t, o, x, admin)
		c.header = map[string]string{"If-Match": first.header.Get("ETag")}
		_, changed := want[map[string]any](t, s, 200, c)
		if tag := changed.header.Get("ETag"); tag == first.header.Get("ETag") || tag == "" {
			t.Errorf("%s: the ETag is %q after the change and was %q", o, tag, first.header.Get("ETag"))
		}
		refused(t, s, 412, "precondition_failed", c)
		gone := call{method: "DELETE", path: read.path, as: admin, header: c.header}
		if got := s.send(t, gone); got.status != 412 && contract.serves("DELETE", o.path) {
			t.Errorf("%s with an old ETag: %d %s", gone.path, got.status, got.body)
		}
		_, now := want[map[string]any](t, s, 200, read)
		if diff := cmp.Diff(string(changed.body), string(now.body)); diff != "" {
			t.Errorf("%s: read after the change: %s", o, diff)
		}
	}
}

// TestDeletions: what may go is gone, at the revision that was read.
func TestDeletions(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	for _, o := range contract.operations {
		// some cannot be read one by one
		if o.method != "DELETE" || !contract.serves("GET", o.path) || strings.HasPrefix(o.path, "/api/session") &&
			!strings.Contains(o.path, "{") {
			continue
		}
		c := s.good(t, o, s.removable(t, o), admin)
		read := call{method: "GET", path: c.path, as: admin}
		_, found := want[map[string]any](t, s, 200, read)
		c.header = map[string]string{"If-Match": found.header.Get("ETag")}
		if got := s.send(t, c); got.status != 204 {
			t.Errorf("%s: %d %s", o, got.status, got.body)
		}
		refused(t, s, 404, "not_found", read)
		refused(t, s, 404, "not_found", c)
	}
}

// TestMergePatch: a patch sets what it names, null takes away, the rest stays.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	account, key, tier := "/api/service-accounts/"+x.account, "/api/keys/"+x.key, "/api/tiers/"+x.tier
	for i, tt := range []struct {
		path  string
		patch string
		want  string // members after it
	}{
		{
			account, `{"description":"d","external_id":"e","metadata":{"a":1,"b":{"c":2,"d":[1,2]}},"allowed_networks":["203.0.113.0/24"],` +
				`"rate_limit":{"requests":5,"per":"1s"}}`,
			`{"name":"Sync","description":"d","external_id":"e","metadata":{"a":1,"b":{"c":2,"d":[1,2]}},"allowed_networks":["203.0.113.0/24"],` +
				`"rate_limit":{"requests":5,"per":"1s","burst":5},"scopes":["invoices:*"]}`,
		},
		{
			account, `{"metadata":{"a":null,"b":{"c":3}},"rate_limit":{"burst":50}}`,
			`{"description":"d","metadata":{"b":{"c":3,"d":[1,2]}},"rate_limit":{"requests":5,"per":"1s","burst":50}}`,
		},
		{account, `{}`, `{"description":"d","external_id":"e","allowed_networks":["203.0.113.0/24"]}`},
		{
			account, `{"description":null,"external_id":null,"metadata":null,"allowed_networks":null,"rate_limit":null,"scopes":null,` +
				`"disabled":null}`,
			`{"name":"Sync","description":"","external_id":"","metadata":{},"allowed_networks":[],"rate_limit":null,"scopes":[],"disabled":false}`,
		},
		{
			key, `{"expires_at":"2030-01-31T12:00:00+01:00","note":"two\nlines"}`, `{"expires_at":"2030-01-31T11:00:00Z","note":"two\nlines",` +
				`"scopes":[]}`,
		},
		{key, `{"expires_at":null,"scopes":null,"note":null}`, `{"expires_at":null,"scopes":null,"note":""}`},
		{tier, `{"quota":{"requests":7},"max_key_age":"36h"}`, `{"quota":{"requests":7,"per":"month"},"max_key_age":"36h"}`},
		{tier, `{"quota":null,"max_key_age":null}`, `{"quota":null,"max_key_age":null}`},
	} {
		got, _ := want[map[string]any](t, s, 200, call{method: "PATCH", path: tt.path, as: admin, body: tt.patch, kind: mergePatch})
		members := decoded(t, tt.want)
		for name, value := range members {
			if diff := cmp.Diff(value, got[name]); diff != "" {
				t.Errorf("patch %d %s: %s: %s", i, tt.patch, name, diff)
			}
		}
	}
	for _, patch := range []string{`{"name":null}`, `{"tier":null}`, `{"rate_limit":{"requests":null}}`, `{"metadata":[1]}`} {
		before := s.objects(t)
		if got := s.send(t, call{method: "PATCH", path: account, as: admin, body: patch, kind: mergePatch}); got.status != 400 ||
			s.objects(t) != before {
			t.Errorf("%s: %d %s", patch, got.status, got.body)
		}
	}
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	must(t, json.Unmarshal([]byte(text), &out))
	return out
}

// TestPaging: pages neither repeat nor skip while others insert.
func TestPaging(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	must(t, s.raise(t, 500))
	first := map[string]bool{x.key: true}
	for range 10 {
		id, _ := s.issue(t, x.account, keys.KeyFields{})
		first[id] = true
	}
	seen := map[string]int{}
	next := ""
	for pages := 0; ; pages++ {
		page, _ := want[client.List[client.Key]](t, s, 200, call{
			method: "GET", as: admin, path: "/api/keys?limit=3&service_account_id=" + x.account + next,
		})
		if len(page.Items) > 3 {
			t.Fatalf("a page of 3 has %d", len(page.Items))
		}
		for _, k := range page.Items {
			seen[k.ID]++
		}
		if page.NextCursor == nil {
			break
		}
		next = "&cursor=" + *page.NextCursor
		s.issue(t, x.account, keys.KeyFields{}) // newer than all that is still to come
		if pages > 10 {
			t.Fatal("the pages do not end")
		}
	}
	for id := range first {
		if seen[id] != 1 {
			t.Errorf("%s was listed %d times", id, seen[id])
		}
	}
}

// raise lets accounts of the free tier have so many keys.
func (s *suite) raise(t *testing.T, most int) error {
	t.Helper()
	_, err := s.Keys.ChangeTier(t.Context(), auth.System(), keys.DefaultTier, keys.AnyRevision,
		func(f keys.TierFields) (keys.TierFields, error) {
			f.MaxKeys = most
			return f, nil
		})
	return err
}
