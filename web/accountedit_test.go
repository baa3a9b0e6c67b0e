package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// TestAServiceAccountIsCaredFor: edited with faults beside their fields,
// disabled and enabled, and deleted only when its name is typed and no key of it lives.
func TestAServiceAccountIsCaredFor(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "sync")
	owner := s.signedIn(s.user("ada@example.com", auth.Owner))
	viewer := s.signedIn(s.user("vera@example.com", auth.Viewer))
	path := "/service-accounts/" + account.ID
	owner.sees(owner.get(path), 200, "at most")
	wrong := owner.post(path+"/edit", url.Values{
		"name": {"sync 2"}, "networks": {"10.0.0.0/8\nnowhere"}, "scopes": {"invoices:read"},
		"metadata": {`{"a":1}`},
	})
	owner.sees(wrong, 422, "nowhere is not a network")
	if !strings.Contains(wrong.body, `aria-describedby="allowed_networks-fault"`) || field(wrong.body, "name") != "sync 2" ||
		!strings.Contains(wrong.body, "10.0.0.0/8\nnowhere") {
		t.Errorf("the form came back as %s", wrong.body)
	}
	owner.sees(owner.post(path+"/edit", url.Values{"name": {"sync 2"}, "metadata": {"[1]"}}), 422, "object")
	good := url.Values{
		"name": {"sync 2"}, "description": {"nightly"}, "networks": {"10.0.0.0/8, 192.0.2.1"}, "scopes": {"invoices:read"},
		"metadata": {`{"a":1}`}, "external_id": {"crm-7"},
	}
	owner.sees(owner.post(path+"/edit", good), 303, path+"?done=saved")
	got, err := s.Keys.Account(t.Context(), auth.System(), account.ID)
	s.must(err)
	if got.Name != "sync 2" || len(got.AllowedNetworks) != 2 || len(got.Scopes) != 1 || string(got.Metadata) != `{"a":1}` ||
		got.ExternalID != "crm-7" || got.Tier != account.Tier {
		t.Errorf("saved %+v", got)
	}
	viewer.sees(viewer.get(path+"/edit"), 403, "role")
	viewer.sees(viewer.get(path+"/delete"), 403, "role")
	good.Set("sure", "yes")
	for _, do := range []string{"/edit", "/disable", "/enable", "/delete"} {
		viewer.sees(viewer.post(path+do, good), 403, "")
	}
	owner.sees(owner.get(path+"/disable"), 200, "Disable sync 2")
	owner.sees(owner.post(path+"/disable", nil), 422, "tick this")
	viewer.sees(viewer.get(path+"/disable"), 403, "role")
	done := owner.post(path+"/disable", url.Values{"sure": {"yes"}})
	owner.sees(done, 303, path)
	owner.sees(owner.get(done.location), 200, "No node answers VALID to requests made after")
	owner.sees(owner.get(path), 200, "disabled")
	owner.sees(owner.post(path+"/enable", nil), 303, path)
	owner.sees(owner.post(path+"/delete", url.Values{"name": {"sync"}}), 422, "does not match the name")
	owner.sees(owner.post(path+"/delete", url.Values{"name": {"sync 2"}}), 422, "active keys")
	_, _, err = s.Keys.Revoke(t.Context(), auth.System(), key.ID, keys.AnyRevision, keys.ReasonUnused, "")
	s.must(err)
	owner.sees(owner.post(path+"/delete", url.Values{"name": {" sync 2 "}}), 303, "/service-accounts?done=deleted")
	owner.sees(owner.get(path), 404, "")
}

// TestTheAuditLogIsSearched: by object, action, person and day; as a file, too,
// in which nothing is a formula; by nobody outside.
func TestTheAuditLogIsSearched(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "=1+1")
	ada := s.user("ada@example.com", auth.Owner)
	v := s.signedIn(ada)
	path := "/organizations/" + s.organization + "/audit"
	v.post("/keys/"+key.ID+"/edit", url.Values{"name": {"@renamed"}, "note": {""}})
	v.sees(v.get(path), 200, "key.update")
	page := v.get(path + "?action=key.update&subject=" + ada.ID + "&object=" + key.ID)
	v.sees(page, 200, "@renamed")
	if strings.Contains(page.body, account.ID) {
		t.Error("the search for a key found its account")
	}
	today := s.now().Format("2006-01-02")
	v.sees(v.get(path+"?from="+today+"&to="+today), 200, "key.update")
	v.sees(v.get(path+"?to=2020-01-01"), 200, "No matching events")
	wrong := v.get(path + "?from=yesterday")
	v.sees(wrong, 422, "choose a day")
	if !strings.Contains(wrong.body, `value="yesterday"`) {
		t.Error("what was typed is gone")
	}
	file := v.get(path + ".csv?action=key.update")
	if file.status != 200 || !strings.Contains(file.header.Get("Content-Disposition"), "attachment") ||
		strings.Count(file.body, "key.update") != 1 || strings.Contains(file.body, "key.create") {
		t.Errorf("the file is %d %v\n%s", file.status, file.header, file.body)
	}
	if strings.Contains(file.body, ",=") || strings.Contains(file.body, ",@") {
		t.Errorf("a cell is a formula:\n%s", file.body)
	}
	stranger := s.signedIn(s.user("eve@example.com", ""))
	for _, p := range []string{path, path + ".csv"} {
		stranger.sees(stranger.get(p), 404, "")
	}
}

// TestRemovingAsksFirst: a member, oneself, an invitation; nobody from outside
// gets to the question.
func TestRemovingAsksFirst(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada, ben := s.user("ada@example.com", auth.Owner), s.user("ben@example.com", auth.Developer)
	s.invite("new@example.com", auth.Viewer)
	v, b := s.signedIn(ada), s.signedIn(ben)
	path := "/organizations/" + s.organization
	open, err := s.People.Invitations.List(t.Context(), s.as(ada), s.organization)
	s.must(err)
	v.sees(v.get(path+"/members/"+ben.ID+"/remove"), 200, "ben@example.com leaves")
	v.sees(v.get(path+"/members/usr_x/remove"), 404, "")
	b.sees(b.get(path+"/members/"+ben.ID+"/remove"), 200, "You leave")
	v.sees(v.get(path+"/invitations/"+open[0].ID+"/withdraw"), 200, "new@example.com")
	v.sees(v.get(path+"/invitations/lnk_x/withdraw"), 404, "")
	v.sees(v.post(path+"/members/"+ada.ID+"/remove", nil), 422, "keeps at least one owner")
	v.sees(v.post(path+"/members/"+ben.ID+"/remove", nil), 303, "done=removed")
	b.sees(b.get(path+"/members/"+ada.ID+"/remove"), 404, "")
}
