package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/verify"
	"github.com/latchkey/latchkey/web"
)

// provide makes what the pages of the provider's staff need.
func (s *suite) provide(store *sqlite.Store) web.Staff {
	s.t.Helper()
	return web.Staff{
		Incidents: s.Incidents, Imports: s.Imports, Creators: store, Owners: store,
		RotateSigningKey: func(context.Context) error { s.rotated++; return nil },
		System: func(context.Context) (web.System, error) {
			return web.System{
				Version: "v1", Now: s.now(), Started: s.now(), Facts: []web.SystemFact{
					{Name: "store", Value: "SQLite"},
					{Name: "redis", Value: "none", Bad: true},
				},
				Nodes:    []web.SystemNode{{ID: "node_a", Name: "one", Self: true, LastPoll: s.now()}},
				Settings: []web.SystemSetting{{Variable: "LATCHKEY_SECRET", Secret: true, Given: true}, {Variable: "LATCHKEY_ADDR", Value: ":8080"}},
			}, nil
		},
	}
}

func (s *suite) admin(email string) auth.User {
	s.t.Helper()
	u, err := s.People.Users.Create(s.t.Context(), auth.System(), "", auth.UserFields{Email: email, IsAdmin: true})
	s.must(err)
	return u
}

// Every page and form of the provider's staff is as if it did not exist for
// others, and takes no form that is not its own.
func TestTheProvidersPagesAreTheStaffs(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "CI")
	admin, owner := s.admin("staff@example.com"), s.user("ada@example.com", auth.Owner)
	incident, err := s.Incidents.Plan(t.Context(), s.as(admin), incidents.Request{
		Action: incidents.Revoke, Selection: incidents.Selection{OrganizationID: s.organization},
	})
	s.must(err)
	imported, err := s.Imports.Receive(t.Context(), s.as(admin), imports.Options{Format: "jsonl"}, "", strings.NewReader("{}\n"))
	s.must(err)
	staff, member, stranger := s.signedIn(admin), s.signedIn(owner), s.visitor()
	ids := map[string]string{
		"incidents": incident.ID, "imports": imported.ID,
		"tiers": "free", "scopes": "invoices:read", "service-accounts": account.ID, "organizations": s.organization,
		"users": owner.ID,
	}
	parameter := regexp.MustCompile(`/:\w+`)
	seen := 0
	for _, r := range s.routes {
		if !strings.HasPrefix(r.Path, "/provider") {
			continue
		}
		seen++
		path := parameter.ReplaceAllString(r.Path, "/"+ids[strings.Split(r.Path, "/")[min(2, strings.Count(r.Path, "/"))]])
		fields := url.Values{
			"sure": {"yes"}, "confirm": {incident.Confirm()}, "action": {"revoke"}, "organization_id": {s.organization},
			"to": {"bills:read"}, "days": {"0"}, "find": {key.ID},
		}
		if r.Method == http.MethodGet {
			member.sees(member.get(path), http.StatusNotFound, "Not Found")
			stranger.sees(stranger.get(path), http.StatusSeeOther, "/login")
			if p := staff.get(path); p.status != http.StatusOK {
				t.Errorf("the staff sees %s as %d", path, p.status)
			}
			continue
		}
		member.sees(member.post(path, fields), http.StatusNotFound, "Not Found")
		if p := stranger.post(path, fields); p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/login") {
			t.Errorf("a stranger posts to %s: %d %s", path, p.status, p.location)
		}
		fields.Del(auth.CSRFField)
		if p := staff.bare(path, fields); p.status != http.StatusForbidden {
			t.Errorf("%s without the token: %d", path, p.status)
		}
		fields.Set(auth.CSRFField, "0123456789abcdef0123456789")
		if p := staff.bare(path, fields); p.status != http.StatusForbidden {
			t.Errorf("%s with a foreign token: %d", path, p.status)
		}
	}
	if seen != 44 {
		t.Errorf("%d routes of the staff were tried", seen)
	}
	if k, err := s.Keys.Key(t.Context(), auth.System(), key.ID); err != nil || !k.RevokedAt.IsZero() {
		t.Errorf("a key was revoked, %v", err)
	}
	if strings.Contains(member.get("/").body, `href="/provider"`) || !strings.Contains(staff.get("/").body, `href="/provider"`) {
		t.Error("the bar leads others to the provider's part, or the staff not")
	}
}

// A pasted key is found by its hash, and is neither shown nor logged.
func TestFindAnyKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, secret := s.issued(s.organization, "CI")
	v := s.signedIn(s.admin("staff@example.com"))
	for _, what := range []string{secret, key.ID, key.Start + "…" + key.Last4} {
		v.sees(v.post("/provider/find", url.Values{"find": {what}}), http.StatusSeeOther, "/keys/"+key.ID)
	}
	v.sees(v.post("/provider/find", url.Values{"find": {key.Start}}), http.StatusSeeOther, "/keys/"+key.ID)
	p := v.post("/provider/find", url.Values{"find": {secret[:len(secret)-2] + "xx"}})
	v.sees(p, http.StatusUnprocessableEntity, "checksum is wrong")
	if strings.Contains(p.body, secret[:len(secret)-10]) {
		t.Error("what was pasted is shown again")
	}
	v.sees(v.post("/provider/find", url.Values{"find": {"zzzz"}}), http.StatusOK, "No such key")
	if strings.Contains(s.log.String(), secret) {
		t.Error("the key is in the log")
	}
}

func (v *visitor) planned(fields url.Values) (path string, confirm string) {
	v.t.Helper()
	p := v.post("/provider/incidents/new", fields)
	if p.status != http.StatusSeeOther {
		v.t.Fatalf("the dry run: %d %s", p.status, text(p.body))
	}
	return p.location, field(v.get(p.location).body, "confirm")
}

func TestAnIncidentOnItsPages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, secret := s.issued(s.organization, "=CI")
	v := s.signedIn(s.admin("staff@example.com"))
	v.sees(v.get("/provider/incidents"), http.StatusOK, "No incidents yet")
	v.sees(v.post("/provider/incidents/new", url.Values{"action": {"disable"}}), http.StatusUnprocessableEntity, "nothing is selected")
	p := v.post("/provider/incidents/new", url.Values{
		"action": {"disable"}, "note": {"kept"}, "scope": {"Not a scope"},
		"created_before": {"never"}, "keys": {secret},
	})
	v.sees(p, http.StatusUnprocessableEntity, "choose a day")
	if !strings.Contains(p.body, `value="kept"`) || strings.Contains(p.body, secret) {
		t.Error("what was typed is gone, or the pasted key is shown")
	}
	path, confirm := v.planned(url.Values{
		"action": {"disable"}, "reason": {"leaked"}, "note": {"a paste"}, "service_account_id": {account.ID},
	})
	v.sees(v.get(path), http.StatusOK, "Nothing has been changed yet")
	v.sees(v.post(path+"/run", url.Values{"confirm": {confirm}}), http.StatusUnprocessableEntity, "tick this")
	v.sees(v.post(path+"/run", url.Values{"sure": {"yes"}, "confirm": {"inc_x.1"}}), http.StatusUnprocessableEntity, "a different dry run")
	v.sees(v.post(path+"/run", url.Values{"sure": {"yes"}, "confirm": {confirm[:len(confirm)-1] + "x"}}), http.StatusUnprocessableEntity,
		"look at it again")
	if k, err := s.Keys.Key(t.Context(), auth.System(), key.ID); err != nil || k.Disabled {
		t.Fatalf("something was done: %v", err)
	}
	v.sees(v.post(path+"/run", url.Values{"sure": {"yes"}, "confirm": {confirm}}), http.StatusSeeOther, path)
	v.sees(v.get(path), http.StatusOK, "Undo")
	v.sees(v.get("/keys/"+key.ID), http.StatusOK, "incident.disable")
	report := v.get(path + "/report.csv")
	if report.status != http.StatusOK || !strings.Contains(report.body, key.ID+",'=CI,") || !strings.Contains(report.body, ",done,") ||
		strings.Contains(report.body, secret) {
		t.Errorf("the report: %d %s", report.status, report.body)
	}
	v.sees(v.post(path+"/continue", nil), http.StatusUnprocessableEntity, "nothing to continue")
	v.sees(v.post(path+"/undo", nil), http.StatusSeeOther, path)
	v.sees(v.get(path), http.StatusOK, "undone")
	path, confirm = v.planned(url.Values{"action": {"revoke"}, "keys": {secret + "\r\nrubbish\r\n" + key.ID}})
	v.sees(v.get(path), http.StatusOK, "This cannot be undone")
	v.post(path+"/run", url.Values{"sure": {"yes"}, "confirm": {confirm}})
	v.sees(v.post(path+"/undo", nil), http.StatusUnprocessableEntity, "cannot be undone")
	v.sees(v.get("/provider/incidents"), http.StatusOK, "Revoke keys")
	v.sees(v.get("/provider/incidents/inc_none"), http.StatusNotFound, "Not Found")
	if strings.Contains(s.log.String(), secret) {
		t.Error("the key is in the log")
	}
}

func TestTiersOnTheirPages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, "CI")
	v := s.signedIn(s.admin("staff@example.com"))
	revision := field(v.get("/provider/tiers/free").body, "revision")
	fields := func() url.Values {
		return url.Values{
			"title": {"Free"}, "rate_limit": {"10/10s"}, "quota": {"100000/month"}, "max_keys": {"10"}, "max_key_age": {""},
			"revision": {revision},
		}
	}
	p := v.post("/provider/tiers/free", fields())
	v.sees(p, http.StatusOK, "Affected keys: 1")
	v.sees(p, http.StatusOK, "Keys with lower limits from now on: 1")
	if tier, err := s.Keys.Tier(t.Context(), "free"); err != nil || tier.RateLimit.Requests == 10 {
		t.Fatalf("the preview saved: %v", err)
	}
	wrong := fields()
	wrong.Set("rate_limit", "fast")
	v.sees(v.post("/provider/tiers/free", wrong), http.StatusUnprocessableEntity, "write a rate as")
	wrong = fields()
	wrong.Set("max_keys", "0")
	v.sees(v.post("/provider/tiers/free", wrong), http.StatusUnprocessableEntity, "must be between 1")
	sure := fields()
	sure.Set("sure", "yes")
	v.sees(v.post("/provider/tiers/free", sure), http.StatusSeeOther, "done=saved")
	v.sees(v.get("/provider/tiers?done=saved"), http.StatusOK, "10 / 10s")
	if p := v.post("/provider/tiers/free", sure); p.status != http.StatusPreconditionFailed && p.status != http.StatusUnprocessableEntity {
		t.Errorf("saving what somebody changed meanwhile: %d", p.status)
	}
	v.sees(v.post("/provider/tiers/free/delete", url.Values{"sure": {"yes"}}), http.StatusUnprocessableEntity,
		"service accounts are on this tier")
	made := fields()
	made.Set("name", "gold")
	v.sees(v.post("/provider/tiers/new", made), http.StatusSeeOther, "done=saved")
	v.sees(v.post("/provider/tiers/new", made), http.StatusUnprocessableEntity, "exists")
	v.sees(v.post("/provider/tiers/gold/delete", nil), http.StatusUnprocessableEntity, "tick this")
	v.sees(v.post("/provider/tiers/gold/delete", url.Values{"sure": {"yes"}}), http.StatusSeeOther, "done=deleted")

	path := "/provider/service-accounts/" + account.ID + "/override"
	until := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	v.sees(v.post(path, url.Values{"until": {until}}), http.StatusUnprocessableEntity, "set at least one limit")
	v.sees(v.post(path, url.Values{"until": {"2001-01-01"}, "quota": {"5/day"}}), http.StatusUnprocessableEntity, "must be in the future")
	p = v.post(path, url.Values{"until": {until}, "quota": {"much"}, "note": {"a launch"}})
	v.sees(p, http.StatusUnprocessableEntity, "write a quota as")
	if field(p.body, "quota") != "much" || field(p.body, "note") != "a launch" {
		t.Error("what was typed is gone")
	}
	v.sees(v.post(path, url.Values{"until": {until}, "quota": {"5000/day"}, "key_rate_limit": {"900/1s"}, "note": {"a launch"}}),
		http.StatusSeeOther, "/service-accounts/"+account.ID)
	v.sees(v.get("/service-accounts/"+account.ID), http.StatusOK, "Temporary limits each key 900 / 1s. quota 5")
	v.sees(v.post(path+"/end", nil), http.StatusSeeOther, "/service-accounts/"+account.ID)
	if strings.Contains(v.get("/service-accounts/"+account.ID).body, "a launch") {
		t.Error("the ended override is shown")
	}
}

func TestScopesOnTheirPages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, "CI")
	v := s.signedIn(s.admin("staff@example.com"))
	v.sees(v.get("/provider/scopes"), http.StatusOK, "invoices:read")
	p := v.post("/provider/scopes", url.Values{"name": {"Not a scope"}, "description": {"kept"}})
	v.sees(p, http.StatusUnprocessableEntity, "must be resource:action")
	if field(p.body, "description") != "kept" {
		t.Error("what was typed is gone")
	}
	v.sees(v.post("/provider/scopes", url.Values{"name": {"jobs:run"}, "description": {"Run jobs"}}), http.StatusSeeOther, "done=saved")
	v.sees(v.post("/provider/scopes/jobs:run", url.Values{"description": {"Run any job"}}), http.StatusSeeOther, "done=saved")
	v.sees(v.get("/provider/scopes/jobs:run"), http.StatusOK, "Retire")
	v.sees(v.post("/provider/scopes/jobs:run/retire", nil), http.StatusSeeOther, "done=saved")
	v.sees(v.get("/provider/scopes/jobs:run"), http.StatusOK, "retired")
	if offered := v.get("/service-accounts/new"); strings.Contains(offered.body, "jobs:run") ||
		!strings.Contains(offered.body, "invoices:read") {
		t.Errorf("the form of a new account: %s", text(offered.body))
	}
	v.sees(v.post("/provider/scopes/jobs:run/restore", nil), http.StatusSeeOther, "done=saved")
	v.sees(v.post("/provider/scopes/latchkey:verify/retire", nil), http.StatusUnprocessableEntity, "keep their names")
	rename := "/provider/scopes/invoices:read/rename"
	v.sees(v.post(rename, url.Values{"to": {"bills"}, "days": {"30"}}), http.StatusUnprocessableEntity, "must be resource:action")
	v.sees(v.post(rename, url.Values{"to": {"bills:read"}, "days": {"soon"}}), http.StatusUnprocessableEntity, "whole number of days")
	v.sees(v.post(rename, url.Values{"to": {"bills:read"}, "days": {"30"}}), http.StatusOK,
		"invoices:read becomes bills:read. Accounts that get the new name: 1. Keys that name it and get the new name: 0")
	v.sees(v.post(rename, url.Values{"to": {"bills:read"}, "days": {"30"}, "sure": {"yes"}}), http.StatusSeeOther, "done=renamed")
	if a, err := s.Keys.Account(t.Context(), auth.System(), account.ID); err != nil || !keys.CoveredBy(a.Scopes, "bills:read") ||
		!keys.CoveredBy(a.Scopes, "invoices:read") {
		t.Errorf("the account has %v, %v", a.Scopes, err)
	}
	v.sees(v.get("/provider/scopes/invoices:read"), http.StatusOK, "Everyone has the new name")
	v.sees(v.post(rename, url.Values{"to": {"other:read"}, "days": {"0"}, "sure": {"yes"}}), http.StatusUnprocessableEntity, "being renamed")
}

func TestOrganizationsAndUsersOnTheirPages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, secret := s.issued(s.organization, "CI")
	admin := s.admin("staff@example.com")
	u := s.user("ada@example.com", auth.Owner)
	v, ada := s.signedIn(admin), s.signedIn(u)
	decides := func(want verify.Code) {
		t.Helper()
		verdict, err := s.Verifier.Verify(t.Context(), &verify.Question{Key: secret, Cost: 1})
		if err != nil || verdict.Code != want {
			t.Errorf("the key is %s, want %s; %v", verdict.Code, want, err)
		}
	}
	path := "/provider/organizations/" + s.organization
	v.sees(v.get("/provider/organizations?q=nothing"), http.StatusOK, "No matches")
	v.sees(v.get("/provider/organizations?q="+s.organization), http.StatusOK, "active")
	v.sees(v.get(path), http.StatusOK, "active keys: 1")
	v.sees(v.post(path+"/disable", nil), http.StatusUnprocessableEntity, "tick this")
	decides(verify.Valid)
	v.sees(v.post(path+"/disable", url.Values{"sure": {"yes"}}), http.StatusSeeOther, path)
	decides(verify.Disabled)
	v.sees(v.post(path+"/enable", nil), http.StatusSeeOther, path)
	decides(verify.Valid)
	v.sees(v.get("/provider/users?q=ADA@"), http.StatusOK, "ada@example.com")
	v.sees(v.post("/provider/users/"+admin.ID+"/disable", url.Values{"sure": {"yes"}}), http.StatusUnprocessableEntity,
		"cannot disable yourself")
	v.sees(v.get("/provider/users/"+admin.ID), http.StatusOK, "This is you")
	v.sees(v.post("/provider/users/"+u.ID+"/disable", nil), http.StatusUnprocessableEntity, "tick this")
	ada.sees(ada.get("/"), http.StatusOK, "Home")
	v.sees(v.post("/provider/users/"+u.ID+"/disable", url.Values{"sure": {"yes"}}), http.StatusSeeOther, "done=saved")
	ada.sees(ada.get("/"), http.StatusSeeOther, "/login")
	v.sees(v.post("/provider/users/"+u.ID+"/enable", nil), http.StatusSeeOther, "done=saved")
	for _, wrong := range []string{
		"/provider/users/usr_none", "/provider/organizations/org_none", "/provider/tiers/none",
		"/provider/scopes/no:ne", "/provider/service-accounts/sa_none/override", "/provider/incidents/" + key.ID,
	} {
		v.sees(v.get(wrong), http.StatusNotFound, "Not Found")
	}
}

func TestOrphansAndSystemOnTheirPages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, "CI")
	u := s.user("ada@example.com", auth.Owner)
	left, _, err := s.Keys.Issue(t.Context(), s.as(u), keys.IssueInput{
		ServiceAccountID: account.ID, KeyFields: keys.KeyFields{Name: "left behind"},
	})
	s.must(err)
	v := s.signedIn(s.admin("staff@example.com"))
	v.sees(v.get("/provider/orphans"), http.StatusOK, "CI Acme nobody")
	s.given(account.ID, u.ID)
	v.sees(v.get("/provider/orphans"), http.StatusOK, "None found")
	v.sees(v.get("/provider/orphans?kind=creator_left"), http.StatusOK, "None found")
	v.sees(v.get("/provider/orphans?kind=no_expiry"), http.StatusOK, "left behind")
	v.sees(v.get("/provider/orphans?kind=never_used"), http.StatusOK, "None found")
	s.must(s.People.Members.Remove(t.Context(), auth.System(), s.organization, u.ID, keys.AnyRevision))
	v.sees(v.get("/provider/orphans"), http.StatusOK, "CI Acme ada@example.com")
	path, _ := v.planned(url.Values{"action": {"disable"}, "neglect": {"no_owner"}})
	v.sees(v.get(path), http.StatusOK, left.Name)
	p := v.get("/provider/orphans?kind=creator_left")
	v.sees(p, http.StatusOK, "ada@example.com")
	if !strings.Contains(p.body, "/provider/incidents/new?created_by="+u.ID+"&amp;organization_id="+s.organization) {
		t.Error("no way into an incident")
	}
	path, _ = v.planned(url.Values{"action": {"disable"}, "neglect": {"creator_left"}})
	v.sees(v.get(path), http.StatusOK, left.Name)
	v.sees(v.get("/provider/incidents/new?neglect=never_used"), http.StatusOK, "Dry run")
	s.advance(keys.NeverUsedFor + time.Hour)
	v.sees(s.signedIn(s.admin("late@example.com")).get("/provider/orphans?kind=never_used"), http.StatusOK, "left behind")

	v = s.signedIn(s.admin("later@example.com"))
	p = v.get("/provider/system")
	v.sees(p, http.StatusOK, "LATCHKEY_SECRET set, not shown")
	v.sees(p, http.StatusOK, "needs attention")
	v.sees(v.post("/provider/system/rotate", nil), http.StatusUnprocessableEntity, "tick this")
	v.sees(v.post("/provider/system/rotate", url.Values{"sure": {"yes"}}), http.StatusSeeOther, "done=rotated")
	if s.rotated != 1 {
		t.Errorf("%d keys were made", s.rotated)
	}
}

// What people typed is text on every page of the staff.
func TestScriptIsTextOnTheStaffsPages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, script)
	_, err := s.Keys.ChangeOrganization(t.Context(), auth.System(), s.organization, keys.AnyRevision,
		func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
			f.Name = script
			return f, nil
		})
	s.must(err)
	v := s.signedIn(s.admin("staff@example.com"))
	all := url.Values{}
	for _, name := range []string{
		"find", "reason", "note", "organization_id", "service_account_id", "tier", "scope", "created_by", "neglect", "keys", "name", "title",
		"rate_limit", "account_rate_limit",
		"quota", "max_keys", "max_key_age", "key_rate_limit", "until", "description", "to", "days", "confirm", "sure", "action", "created_before",
		"last_used_before",
	} {
		all.Set(name, script)
	}
	path, _ := v.planned(url.Values{"action": {"disable"}, "organization_id": {s.organization}, "note": {script}})
	var pages []page
	for _, post := range []string{
		"/provider/find", "/provider/incidents/new", path + "/run", "/provider/tiers/new", "/provider/tiers/free", "/provider/scopes",
		"/provider/scopes/invoices:read",
		"/provider/scopes/invoices:read/rename", "/provider/service-accounts/" + account.ID + "/override", "/provider/system/rotate",
	} {
		pages = append(pages, v.post(post, all))
	}
	pages = append(pages, v.post("/provider/tiers/new", url.Values{
		"name": {"evil"}, "title": {script}, "rate_limit": {"1/1s"},
		"max_keys": {"1"},
	}))
	typed := url.QueryEscape(script)
	for _, get := range []string{
		"/provider", path, path + "?page=" + typed, "/provider/incidents", "/provider/incidents/new?tier=" + typed + "&scope=" + typed +
			"&organization_id=" + typed, "/provider/tiers", "/provider/tiers/evil",
		"/provider/scopes?after=" + typed, "/provider/organizations?q=" + typed, "/provider/organizations/" + s.organization,
		"/provider/users?q=" + typed, "/provider/orphans?kind=" + typed,
		"/provider/orphans?kind=no_expiry&after=" + typed, "/provider/system?done=" + typed, "/provider/service-accounts/" +
			account.ID + "/override",
	} {
		pages = append(pages, v.get(get))
	}
	inline := regexp.MustCompile(`(?i) (style|on\w+)=`)
	for i, p := range pages {
		if p.status >= 500 || strings.Contains(p.body, "<script>alert") || inline.MatchString(p.body) {
			t.Errorf("page %d: %d, or it has script in it", i, p.status)
		}
	}
}

// Lists of the staff go on behind a full page.
func TestTheStaffsListsHavePages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	for i := range 60 {
		_, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: fmt.Sprintf("Tenant %02d", i)})
		s.must(err)
	}
	v := s.signedIn(s.admin("staff@example.com"))
	p := v.get("/provider/organizations?q=tenant")
	next := regexp.MustCompile(`href="(\?q=tenant&amp;after=org_[0-9a-f]+)"`).FindStringSubmatch(p.body)
	if next == nil || !strings.Contains(p.body, "Tenant 59") || strings.Contains(p.body, "Tenant 09") {
		t.Fatalf("the first page: %s", text(p.body))
	}
	v.sees(v.get("/provider/organizations"+strings.ReplaceAll(next[1], "&amp;", "&")), http.StatusOK, "Tenant 09")
}

// TestAnIncidentIsOfWhatExists: names are taken for ids, and what is neither is
// refused beside its field, for "no key is selected" would be taken for safety.
func TestAnIncidentIsOfWhatExists(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, "Nightly sync")
	v := s.signedIn(s.admin("staff@example.com"))
	o, err := s.Keys.Organization(t.Context(), auth.System(), s.organization)
	s.must(err)
	for _, fields := range []url.Values{
		{"organization_id": {o.Name}}, {"service_account_id": {"nightly SYNC"}}, {"organization_id": {o.ID}, "service_account_id": {account.ID}},
	} {
		fields.Set("action", "disable")
		v.sees(v.post("/provider/incidents/new", fields), http.StatusSeeOther, "/provider/incidents/inc_")
	}
	for field, typed := range map[string]string{
		"organization_id": "No such company", "service_account_id": "sa_none", "created_by": "nobody@example.com", "scope": "nothing:read",
	} {
		p := v.post("/provider/incidents/new", url.Values{"action": {"revoke"}, field: {typed}})
		if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, field+"-fault") {
			t.Errorf("%s %q: %d %s", field, typed, p.status, text(p.body))
		}
	}
}
