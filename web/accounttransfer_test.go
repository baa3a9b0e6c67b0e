package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// TestAnAccountIsTransferred: somebody chooses where to, sees what that means,
// and types the name. What changed since they looked is not transferred.
func TestAnAccountIsTransferred(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "sync")
	o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "<b>Umbrella</b>"})
	s.must(err)
	ada, ben := s.user("ada@example.com", auth.Owner), s.user("ben@example.com", auth.Owner)
	path := "/service-accounts/" + account.ID
	lone := s.signedIn(ben)
	if strings.Contains(lone.get(path).body, path+"/transfer") {
		t.Error("who has nowhere to transfer to is led there")
	}
	lone.sees(lone.get(path+"/transfer?organization_id="+o.ID), 422, "there is no such organization")
	_, err = s.People.Members.Add(t.Context(), auth.System(), o.ID, ada.ID, auth.Owner)
	s.must(err)
	v := s.signedIn(ada)
	if !strings.Contains(v.get(path).body, path+"/transfer") {
		t.Error("nothing leads to the transfer")
	}
	v.sees(v.get(path+"/transfer"), 200, "&lt;b&gt;Umbrella")
	preview := v.get(path + "/transfer?organization_id=" + o.ID)
	v.sees(preview, 200, "From Acme to &lt;b&gt;Umbrella")
	good := url.Values{"organization_id": {o.ID}, "revision": {field(preview.body, "revision")}, "name": {account.Name}}
	v.sees(v.post(path+"/transfer", url.Values{"organization_id": {o.ID}, "revision": good["revision"], "name": {"another"}}), 422,
		"does not match the name")
	v.post(path+"/edit", url.Values{"name": {account.Name}, "description": {"changed"}, "scopes": account.Scopes})
	v.sees(v.post(path+"/transfer", good), 422, "changed since this preview")
	good.Set("revision", field(v.get(path+"/transfer?organization_id="+o.ID).body, "revision"))
	v.sees(v.post(path+"/transfer", good), 303, path+"?done=transferred")
	v.sees(v.get(path+"?done=transferred"), 200, "in its new organization")
	v.sees(v.get("/keys/"+key.ID), 200, "sync")
	for _, gone := range []string{path, path + "/transfer", "/keys/" + key.ID} {
		lone.sees(lone.get(gone), 404, "")
	}
	if strings.Contains(lone.get("/keys").body, key.ID) {
		t.Error("the list shows a key that is elsewhere")
	}
	v.sees(v.get("/organizations/"+o.ID+"/audit"), 200, "service_account.transfer")
	lone.sees(lone.get("/organizations/"+s.organization+"/audit"), 200, "service_account.transfer")
}

// TestWhoIsNotLetTransfer: roles that are too low, other tenants, scopes that
// only staff grants.
func TestWhoIsNotLetTransfer(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, "sync")
	o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Umbrella"})
	s.must(err)
	path := "/service-accounts/" + account.ID + "/transfer"
	form := url.Values{"organization_id": {o.ID}, "revision": {"1"}, "name": {account.Name}}
	for email, role := range map[string]auth.Role{"vera@example.com": auth.Viewer, "dev@example.com": auth.Developer} {
		u := s.user(email, role)
		_, err := s.People.Members.Add(t.Context(), auth.System(), o.ID, u.ID, auth.Owner)
		s.must(err)
		v := s.signedIn(u)
		v.sees(v.get(path), 403, "owner of both")
		v.sees(v.post(path, form), 403, "owner of both")
	}
	eve := s.user("eve@example.com", "")
	_, err = s.People.Members.Add(t.Context(), auth.System(), o.ID, eve.ID, auth.Owner)
	s.must(err)
	stranger := s.signedIn(eve)
	stranger.sees(stranger.get(path), 404, "")
	stranger.sees(stranger.post(path, form), 404, "")
	ada := s.user("ada@example.com", auth.Owner)
	_, err = s.People.Members.Add(t.Context(), auth.System(), o.ID, ada.ID, auth.Developer)
	s.must(err)
	half := s.signedIn(ada)
	half.sees(half.post(path, form), 422, "you are no owner of it")
	_, err = s.People.Members.Change(t.Context(), auth.System(), o.ID, ada.ID, keys.AnyRevision, func(auth.Role) (auth.Role, error) {
		return auth.Owner, nil
	})
	s.must(err)
	changed, err := s.Keys.ChangeAccount(t.Context(), auth.System(), account.ID, keys.AnyRevision,
		func(f keys.AccountFields) (keys.AccountFields, error) {
			f.Scopes = append(f.Scopes, string(keys.VerifyAllKeys))
			return f, nil
		})
	s.must(err)
	v := s.signedIn(ada)
	lacking := v.get(path + "?organization_id=" + o.ID)
	v.sees(lacking, 200, "latchkey:verify-all")
	if field(lacking.body, "revision") != "" {
		t.Error("there is a form that would be refused")
	}
	form.Set("revision", "2")
	v.sees(v.post(path, form), 422, "you do not have latchkey:verify-all")
	if got, err := s.Keys.Account(t.Context(), auth.System(), account.ID); err != nil || got.OrganizationID != s.organization ||
		got.Revision != changed.Revision {
		t.Errorf("it is in %s, %v", got.OrganizationID, err)
	}
}
