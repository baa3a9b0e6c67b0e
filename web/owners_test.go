package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// given gives the account an owner.
func (s *suite) given(account, owner string) {
	s.t.Helper()
	_, err := s.Keys.ChangeAccount(s.t.Context(), auth.System(), account, keys.AnyRevision,
		func(f keys.AccountFields) (keys.AccountFields, error) {
			f.OwnerID = owner
			return f, nil
		})
	s.must(err)
}

// ownedBy fails the test unless the account has the owner.
func (s *suite) ownedBy(account, owner string) {
	s.t.Helper()
	a, err := s.Keys.Account(s.t.Context(), auth.System(), account)
	if s.must(err); a.OwnerID != owner {
		s.t.Errorf("the owner is %q, want %q", a.OwnerID, owner)
	}
}

// TestAnAccountHasAnOwner: its creator, until somebody chooses another member or
// nobody. All find what they own.
func TestAnAccountHasAnOwner(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	ada, ben := s.user("ada@example.com", auth.Developer), s.user("ben@example.com", auth.Viewer)
	eve := s.user("eve@example.com", "")
	v, viewer := s.signedIn(ada), s.signedIn(ben)
	made := v.post("/service-accounts/new", url.Values{"organization_id": {s.organization}, "name": {"<i>sync</i>"}})
	path := made.header.Get("Location")
	v.sees(made, 303, "/service-accounts/sa_")
	id := strings.TrimPrefix(path, "/service-accounts/")
	s.ownedBy(id, ada.ID)
	v.sees(v.get(path), 200, "Owner ada@example.com")
	v.sees(v.get("/service-accounts?owner=me"), 200, "&lt;i&gt;sync")
	viewer.sees(viewer.get("/service-accounts?owner=me"), 200, "You do not own any yet")
	viewer.sees(viewer.get("/service-accounts?owner=me&q=sync"), 200, "Nothing found")

	form := func(owner string) url.Values { return url.Values{"name": {"sync"}, "owner_id": {owner}} }
	edit := v.get(path + "/edit")
	v.sees(edit, 200, "nobody")
	if strings.Contains(edit.body, eve.ID) || !strings.Contains(edit.body, `<option value="`+ada.ID+`" selected>`) {
		t.Errorf("who may own it: %s", edit.body)
	}
	for _, wrong := range []string{eve.ID, "usr_none"} {
		refused := v.post(path+"/edit", form(wrong))
		v.sees(refused, 422, "is not a member of the organization")
		if !strings.Contains(refused.body, `aria-describedby="owner_id-fault"`) {
			t.Error("the fault is not at its field")
		}
	}
	viewer.sees(viewer.post(path+"/edit", form(ben.ID)), 403, "")
	stranger := s.signedIn(eve)
	stranger.sees(stranger.post(path+"/edit", form(eve.ID)), 404, "")
	s.ownedBy(id, ada.ID)
	v.sees(v.post(path+"/edit", form(ben.ID)), 303, "done=saved")
	viewer.sees(viewer.get("/service-accounts?owner=me"), 200, "sync")
	v.sees(v.post(path+"/edit", url.Values{"name": {"sync 2"}}), 303, "done=saved") // a form that does not ask
	s.ownedBy(id, ben.ID)
	s.must(s.People.Members.Remove(t.Context(), auth.System(), s.organization, ben.ID, keys.AnyRevision))
	v.sees(v.get(path), 200, "Owner a former member")
	v.sees(v.get(path+"/edit"), 200, "a former member")
	v.sees(v.post(path+"/edit", form(ben.ID)), 303, "done=saved") // left as it is
	v.sees(v.post(path+"/edit", form("")), 303, "done=saved")
	v.sees(v.get(path), 200, "Owner nobody")
	v.sees(v.post(path+"/edit", form(ben.ID)), 422, "is not a member of the organization")
}

// TestWhoLeavesHandsOver: the page that removes a member shows what they own and
// gives it to another, or leaves it. A refused removal changes nothing.
func TestWhoLeavesHandsOver(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	ada, ben, vera := s.user("ada@example.com", auth.Owner), s.user("ben@example.com", auth.Developer), s.user("vera@example.com", auth.Viewer)
	eve := s.user("eve@example.com", "")
	sync, _, _ := s.issued(s.organization, "<i>sync</i>")
	kept, _, _ := s.issued(s.organization, "kept")
	o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Umbrella"})
	s.must(err)
	_, err = s.People.Members.Add(t.Context(), auth.System(), o.ID, ben.ID, auth.Owner)
	s.must(err)
	elsewhere, _, _ := s.issued(o.ID, "elsewhere")
	for account, owner := range map[string]string{sync.ID: ben.ID, elsewhere.ID: ben.ID, kept.ID: vera.ID} {
		s.given(account, owner)
	}
	v := s.signedIn(ada)
	path := "/organizations/" + s.organization + "/members/"
	to := func(heir string) url.Values { return url.Values{"owner_id": {heir}} }
	asked := v.get(path + ben.ID + "/remove")
	v.sees(asked, 200, "ben@example.com owns")
	if !strings.Contains(asked.body, "&lt;i&gt;sync") || strings.Contains(asked.body, "elsewhere") || strings.Contains(asked.body, "kept") ||
		strings.Contains(asked.body, ben.ID+`">`) {
		t.Errorf("what they own: %s", asked.body)
	}
	if none := v.get(path + ada.ID + "/remove"); strings.Contains(none.body, "owner_id") {
		t.Error("who owns nothing is asked for an heir")
	}
	for _, wrong := range []string{eve.ID, "usr_none"} {
		v.sees(v.post(path+ben.ID+"/remove", to(wrong)), 422, "is not a member of the organization")
	}
	v.sees(v.post(path+ben.ID+"/remove", to(ben.ID)), 422, "choose somebody else")
	s.ownedBy(sync.ID, ben.ID)
	s.given(kept.ID, ada.ID)
	v.sees(v.get(path+ada.ID+"/remove"), 200, "You own")
	v.sees(v.post(path+ada.ID+"/remove", to(ben.ID)), 422, "keeps at least one owner")
	s.ownedBy(kept.ID, ada.ID)
	b := s.signedIn(ben)
	b.sees(b.post(path+ada.ID+"/remove", to(ben.ID)), 422, "only owners")
	s.ownedBy(kept.ID, ada.ID)
	stranger := s.signedIn(eve)
	stranger.sees(stranger.post(path+ben.ID+"/remove", to(ada.ID)), 404, "")
	v.sees(v.post(path+ben.ID+"/remove", to(ada.ID)), 303, "done=removed")
	s.ownedBy(sync.ID, ada.ID)
	s.ownedBy(elsewhere.ID, ben.ID)

	s.given(sync.ID, vera.ID)
	viewer := s.signedIn(vera)
	if leaving := viewer.get(path + vera.ID + "/remove"); strings.Contains(leaving.body, "owner_id") ||
		!strings.Contains(leaving.body, "can take them") {
		t.Errorf("a viewer leaves: %s", leaving.body)
	}
	viewer.sees(viewer.post(path+vera.ID+"/remove", to(ada.ID)), 422, "latchkey:service-accounts:write")
	s.ownedBy(sync.ID, vera.ID)
	viewer.sees(viewer.post(path+vera.ID+"/remove", to("")), 303, "/organizations")
	s.ownedBy(sync.ID, vera.ID)
	staff := s.signedIn(s.admin("staff@example.com"))
	staff.sees(staff.get("/provider/orphans"), 200, "vera@example.com")
	s.must(s.People.Users.Delete(t.Context(), auth.System(), vera.ID, keys.AnyRevision))
	staff.sees(staff.get("/provider/orphans"), 200, vera.ID)
	staff.sees(staff.get("/service-accounts/"+sync.ID), 200, "a former member")
}

// TestATransferAsksForAnOwner: a member of where it goes, or nobody.
func TestATransferAsksForAnOwner(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	ada, ben, carol := s.user("ada@example.com", auth.Owner), s.user("ben@example.com", auth.Developer), s.user("carol@example.com", "")
	account, _, _ := s.issued(s.organization, "sync")
	s.given(account.ID, ben.ID)
	o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Umbrella"})
	s.must(err)
	for id, role := range map[string]auth.Role{ada.ID: auth.Owner, carol.ID: auth.Viewer} {
		_, err = s.People.Members.Add(t.Context(), auth.System(), o.ID, id, role)
		s.must(err)
	}
	v, path := s.signedIn(ada), "/service-accounts/"+account.ID+"/transfer"
	preview := v.get(path + "?organization_id=" + o.ID)
	v.sees(preview, 200, "Owner in Umbrella")
	if !strings.Contains(preview.body, carol.ID) || strings.Contains(preview.body, ben.ID) {
		t.Errorf("who may own it there: %s", preview.body)
	}
	form := url.Values{"organization_id": {o.ID}, "revision": {field(preview.body, "revision")}, "name": {account.Name}, "owner_id": {ben.ID}}
	v.sees(v.post(path, form), 422, "is not a member of the organization")
	s.ownedBy(account.ID, ben.ID)
	form.Set("owner_id", carol.ID)
	v.sees(v.post(path, form), 303, "done=transfer")
	s.ownedBy(account.ID, carol.ID)
}
