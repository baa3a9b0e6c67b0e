package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

// TestTransfers: an owner of both organizations asks what would be, does it if
// nothing changed since, and the key tells the new organization at once.
func TestTransfers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	to := s.tenant(t)
	id, owner := s.user(t, auth.Owner, x.organization)
	path := "/api/service-accounts/" + x.account
	ask := call{method: "POST", path: path + "/transfer", as: owner, body: map[string]any{"organization_id": to.organization, "dry_run": true}}
	refused(t, s, 400, "invalid_request", ask) // as if there were none
	member, err := s.People.Members.Add(t.Context(), auth.System(), to.organization, id, auth.Developer)
	must(t, err)
	refused(t, s, 403, "permission_denied", ask)
	_, err = s.People.Members.Change(t.Context(), auth.System(), to.organization, id, member.Revision, func(auth.Role) (auth.Role, error) {
		return auth.Owner, nil
	})
	must(t, err)
	preview, got := want[client.Transfer](t, s, 200, ask)
	if !preview.DryRun || preview.Complete || preview.Keys != 1 || preview.Certificates != 1 || preview.FromOrganizationID != x.organization ||
		preview.EffectiveEverywhereBy != nil {
		t.Errorf("the dry run: %s", got.body)
	}
	do := ask
	do.body = map[string]any{"organization_id": to.organization}
	do.header = map[string]string{"If-Match": got.header.Get("ETag")}
	want[client.ServiceAccount](t, s, 200, call{method: "PATCH", path: path, as: admin, body: map[string]any{"name": "Sync 2"}})
	refused(t, s, 412, "precondition_failed", do)
	ask.header = do.header
	refused(t, s, 412, "precondition_failed", ask)
	do.header = nil
	want[map[string]any](t, s, 200, call{method: "GET", path: "/verify", as: byKey(x.secret)})
	done, got := want[client.Transfer](t, s, 200, do)
	if done.DryRun || !done.Complete || done.OrganizationID != to.organization || done.EffectiveEverywhereBy == nil {
		t.Errorf("the transfer: %s", got.body)
	}
	if got := s.send(t, call{method: "GET", path: "/verify", as: byKey(x.secret)}); got.status != 200 ||
		valueOf(got, "X-Latchkey-Organization-Id") != to.organization {
		t.Errorf("the key: %d %v", got.status, got.header)
	}
	if again, _ := want[client.Transfer](t, s, 200, do); again.FromOrganizationID != x.organization || !again.Complete || again.Keys != 1 {
		t.Errorf("asked for twice: %+v", again)
	}
	if p := refused(t, s, 400, "invalid_request", call{
		method: "POST", path: path + "/transfer", as: owner, body: map[string]any{"organization_id": to.organization, "dry_run": true},
	}); !names(p, "organization_id") {
		t.Errorf("previewed where it is: %v", p)
	}
	_, left := s.user(t, auth.Owner, x.organization)
	refused(t, s, 404, "not_found", call{method: "GET", path: path, as: left})
	refused(t, s, 404, "not_found", call{method: "GET", path: "/api/keys/" + x.key, as: left})
	page, _ := want[client.List[client.Certificate]](t, s, 200, call{method: "GET", path: path + "/certificates", as: owner})
	if len(page.Items) != 1 || page.Items[0].OrganizationID != to.organization {
		t.Errorf("the certificate: %+v", page.Items)
	}
	_, err = s.Keys.ChangeOrganization(t.Context(), auth.System(), x.organization, keys.AnyRevision,
		func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
			f.Disabled = true
			return f, nil
		})
	must(t, err)
	back := call{method: "POST", path: path + "/transfer", as: owner, body: map[string]any{"organization_id": x.organization}}
	if p := refused(t, s, 400, "invalid_request", back); !names(p, "organization_id") {
		t.Errorf("into a disabled organization: %v", p)
	}
}

func valueOf(got answer, name string) string {
	if values := valuesOf(got.header, name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// TestOverrides: the staff sets them, everybody who sees the account sees them,
// and nobody sets them by the way.
func TestOverrides(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	_, viewer := s.user(t, auth.Viewer, x.organization)
	path := "/api/service-accounts/" + x.account
	until := s.now().Add(time.Hour).Truncate(time.Second)
	set := call{
		method: "PUT", path: path + "/override", as: admin, body: map[string]any{
			"key_rate_limit": map[string]any{"requests": 7, "per": "1s"}, "until": until,
		},
	}
	_, read := want[client.ServiceAccount](t, s, 200, call{method: "GET", path: path, as: viewer})
	set.header = map[string]string{"If-Match": read.header.Get("ETag")}
	made, got := want[client.ServiceAccount](t, s, 200, set)
	if made.Override == nil || made.Override.KeyRateLimit.Burst != 7 || !made.Override.Until.Equal(until) ||
		got.header.Get("ETag") == read.header.Get("ETag") {
		t.Errorf("set: %s", got.body)
	}
	refused(t, s, 412, "precondition_failed", set)
	if seen, _ := want[client.ServiceAccount](t, s, 200, call{method: "GET", path: path, as: viewer}); seen.Override == nil {
		t.Error("a viewer does not see it")
	}
	if got := s.send(t, call{method: "GET", path: "/verify", as: byKey(x.secret)}); valueOf(got, "X-RateLimit-Limit") != "7" {
		t.Errorf("the key's limit: %v", got.header)
	}
	refused(t, s, 400, "invalid_request", call{
		method: "PATCH", path: path, as: admin, body: map[string]any{"override": map[string]any{"until": until}},
	})
	for name, body := range map[string]map[string]any{
		"until":          {"rate_limit": rule, "until": s.now()},
		"key_rate_limit": {"until": until},
	} {
		if p := refused(t, s, 400, "invalid_request", call{method: "PUT", path: path + "/override", as: admin, body: body}); !names(p, name) {
			t.Errorf("%s is not named in %v", name, p)
		}
	}
	refused(t, s, 404, "not_found", call{method: "DELETE", path: "/api/service-accounts/sa_none/override", as: admin})
	s.advance(2 * time.Hour)
	admin = s.admin(t)
	for _, c := range []call{
		{method: "GET", path: path},
		{method: "GET", path: "/api/service-accounts?organization_id=" + x.organization},
		{method: "PATCH", path: path, body: map[string]any{"description": "changed"}},
		{method: "PUT", path: path, body: map[string]any{"name": "replaced"}},
		{method: "POST", path: path + "/limits/reset"},
		{method: "POST", path: path + "/transfer", body: map[string]any{"organization_id": s.tenant(t).organization}},
		{method: "GET", path: "/api/audit-events?limit=5"}, // of these changes
	} {
		c.as = admin
		if got := s.send(t, c); got.status != 200 || strings.Contains(string(got.body), `"key_rate_limit":{`) {
			t.Errorf("after its end %s %s shows %d %s", c.method, c.path, got.status, got.body)
		}
	}
	if ended, _ := want[client.ServiceAccount](t, s, 200, call{method: "DELETE", path: path + "/override", as: admin}); ended.Override != nil {
		t.Errorf("ended: %+v", ended.Override)
	}
}

// TestTierPreview: what a patch would do, without doing it.
func TestTierPreview(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	s.tenant(t)
	_, before := want[client.Tier](t, s, 200, call{method: "GET", path: "/api/tiers/free", as: admin})
	for _, kind := range []string{mergePatch, "application/json"} {
		impact, _ := want[client.TierImpact](t, s, 200, call{
			method: "POST", path: "/api/tiers/free/preview", as: admin, kind: kind,
			body: `{"rate_limit":{"requests":1}}`,
		})
		if impact != (client.TierImpact{Accounts: 1, Keys: 1, Lower: 1}) {
			t.Errorf("the impact: %+v", impact)
		}
	}
	if p := refused(t, s, 400, "invalid_request", call{
		method: "POST", path: "/api/tiers/free/preview", as: admin,
		body: map[string]any{"max_keys": 0},
	}); !names(p, "max_keys") {
		t.Errorf("a bad tier: %v", p)
	}
	refused(t, s, 404, "not_found", call{method: "POST", path: "/api/tiers/nothing/preview", as: admin, body: map[string]any{}})
	if _, after := want[client.Tier](t, s, 200, call{
		method: "GET", path: "/api/tiers/free",
		as: admin,
	}); string(after.body) != string(before.body) {
		t.Error("the preview changed the tier")
	}
}

// TestScopesAreRenamedAndRetired, with what they then show.
func TestScopesAreRenamedAndRetired(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	s.account(t, x.organization, keys.AccountFields{Scopes: []string{x.scope}})
	path := "/api/scopes/" + x.scope
	if n, _ := want[client.ScopeHolders](t, s, 200, call{method: "GET", path: path + "/holders", as: admin}); n != (client.ScopeHolders{
		Accounts: 1,
	}) {
		t.Errorf("its holders: %+v", n)
	}
	retired, first := want[client.Scope](t, s, 200, call{method: "POST", path: path + "/retire", as: admin})
	if retired.RetiredAt == nil || retired.RenamedTo != nil {
		t.Errorf("retired: %+v", retired)
	}
	p := refused(t, s, 400, "invalid_request", call{
		method: "POST", path: "/api/service-accounts", as: admin, body: map[string]any{
			"organization_id": x.organization, "name": "n",
			"scopes": []string{x.scope},
		},
	})
	if !names(p, "scopes") {
		t.Errorf("a retired scope was granted: %v", p)
	}
	restored, second := want[client.Scope](t, s, 200, call{
		method: "POST", path: path + "/restore", as: admin, header: map[string]string{"If-Match": first.header.Get("ETag")},
	})
	if restored.RetiredAt != nil {
		t.Errorf("restored: %+v", restored)
	}
	rename := call{
		method: "POST", path: path + "/rename", as: admin, body: map[string]any{"name": "renamed:read"},
		header: map[string]string{"If-Match": first.header.Get("ETag")},
	}
	refused(t, s, 412, "precondition_failed", rename)
	refused(t, s, 404, "not_found", call{method: "GET", path: "/api/scopes/renamed:read", as: admin})
	rename.header["If-Match"] = second.header.Get("ETag")
	renamed, got := want[client.Scope](t, s, 200, rename)
	if renamed.RenamedTo == nil || *renamed.RenamedTo != "renamed:read" || renamed.RenamedUntil == nil ||
		renamed.RenamedUntil.Sub(*renamed.RetiredAt) != 30*24*time.Hour {
		t.Errorf("renamed: %s", got.body)
	}
	if _, now := want[client.Scope](t, s, 200, call{method: "GET", path: path, as: admin}); now.header.Get("ETag") != got.header.Get("ETag") {
		t.Errorf("the ETag is %s and was told as %s", now.header.Get("ETag"), got.header.Get("ETag"))
	}
	if n, _ := want[client.ScopeHolders](t, s, 200, call{
		method: "GET", path: "/api/scopes/renamed:read/holders",
		as: admin,
	}); n.Accounts != 1 {
		t.Errorf("holders of the new name: %+v", n)
	}
	refused(t, s, 409, "conflict", call{method: "POST", path: "/api/scopes/latchkey:verify/retire", as: admin})
	for field, body := range map[string]map[string]any{"keep": {"name": "other:read", "keep": "9000h"}, "name": {"name": "Nothing"}} {
		if p := refused(t, s, 400, "invalid_request", call{
			method: "POST", path: "/api/scopes/renamed:read/rename", as: admin,
			body: body,
		}); !names(p, field) {
			t.Errorf("%s is not named in %v", field, p)
		}
	}
	ended, _ := want[client.Scope](t, s, 200, call{
		method: "POST", path: "/api/scopes/renamed:read/rename", as: admin,
		body: map[string]any{"name": "last:read", "keep": "0s"},
	})
	if *ended.RenamedTo != "last:read" {
		t.Errorf("renamed at once: %+v", ended)
	}
}

// TestKeysAreFound by whatever somebody has of them, which no address and no log
// holds.
func TestKeysAreFound(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	k, _ := want[client.Key](t, s, 200, call{method: "GET", path: "/api/keys/" + x.key, as: admin})
	for _, what := range []string{x.secret, x.key, k.Start, k.Last4, k.Start + "…" + k.Last4} {
		page, _ := want[client.List[client.Key]](t, s, 200, call{
			method: "POST", path: "/api/keys/find", as: admin,
			body: map[string]any{"find": what},
		})
		if len(page.Items) == 0 || page.Items[0].ID != x.key || page.NextCursor != nil {
			t.Errorf("by %s: %+v", what, page)
		}
	}
	page, _ := want[client.List[client.Key]](t, s, 200, call{
		method: "POST", path: "/api/keys/find", as: admin,
		body: map[string]any{"find": unknownKey(t)},
	})
	if len(page.Items) != 0 {
		t.Errorf("an unknown key: %+v", page)
	}
	if p := refused(t, s, 400, "invalid_request", call{
		method: "POST", path: "/api/keys/find", as: admin, body: map[string]any{"find": x.secret + "x"},
	}); !names(p, "find") {
		t.Errorf("a mistyped key: %v", p)
	}
}

// TestTheSessionOfARequest says who it is and until when, and no secret.
func TestTheSessionOfARequest(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	id, signedIn := s.user(t, auth.Owner, keys.FirstOrganization)
	in, _ := want[client.SignedIn](t, s, 200, call{method: "GET", path: "/api/session", as: signedIn})
	if in.User.ID != id || in.User.Roles[keys.FirstOrganization] != "owner" || !in.Session.Current || !in.Session.ExpiresAt.After(s.now()) {
		t.Errorf("signed in as %+v", in)
	}
}
