package api_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

func invite(organization, email, role string, as credential) call {
	return call{
		method: "POST", path: "/api/organizations/" + organization + "/invitations", as: as, body: map[string]any{"email": email, "role": role},
	}
}

func accept(token string, as credential) call {
	c := byMail("/api/invitations/accept", token)
	c.as = as
	return c
}

// TestInvitations are mailed, listed and accepted by the person invited.
func TestInvitations(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Acme"})
	must(t, err)
	id, owner := s.user(t, auth.Owner, o.ID)
	u, eve := s.withPassword(t), s.withPassword(t)
	made, _ := want[client.Invitation](t, s, 201, invite(o.ID, u.Email, "developer", owner))
	if made.Email != u.Email || made.Role != "developer" || made.CreatedBy != id || made.OrganizationID != o.ID ||
		made.ExpiresAt.Sub(made.CreatedAt) != 7*24*time.Hour {
		t.Errorf("made %+v", made)
	}
	refused(t, s, 409, "conflict", invite(o.ID, u.Email, "viewer", owner))
	refused(t, s, 409, "conflict", invite(o.ID, s.email(t, id), "viewer", owner))
	list := call{method: "GET", path: "/api/organizations/" + o.ID + "/invitations", as: owner}
	if page, _ := want[client.List[client.Invitation]](t, s, 200, list); len(page.Items) != 1 || page.Items[0] != made {
		t.Errorf("listed %+v", page.Items)
	}
	kinds, token := s.mailsTo(u.Email)
	if m := s.mails.mails[len(s.mails.mails)-1]; kinds != "invite" || m.Organization != "Acme" || m.Role != auth.Developer ||
		m.By != s.email(t, id) {
		t.Errorf("mailed %q: %+v", kinds, m)
	}
	refused(t, s, 403, "permission_denied", accept(token, s.session(t, eve.ID)))
	as := s.session(t, u.ID)
	member, _ := want[client.Member](t, s, 200, accept(token, as))
	if member.UserID != u.ID || member.Role != "developer" || s.me(t, as).Roles[o.ID] != "developer" {
		t.Errorf("the member is %+v", member)
	}
	refused(t, s, 404, "not_found", accept(token, as))
	if page, _ := want[client.List[client.Invitation]](t, s, 200, list); len(page.Items) != 0 {
		t.Errorf("still open: %+v", page.Items)
	}
	again := s.link(t, auth.Link{Purpose: auth.Invitation, Email: u.Email, OrganizationID: o.ID, Role: auth.Owner})
	refused(t, s, 409, "conflict", accept(again, as))
}

// TestInvitationsThatAreOver: withdrawn, too old, or to what is gone.
func TestInvitationsThatAreOver(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin, u := s.tenant(t), s.admin(t), s.withPassword(t)
	as := s.session(t, u.ID)
	mailed := func() (path, token string) {
		made, _ := want[client.Invitation](t, s, 201, invite(x.organization, u.Email, "viewer", admin))
		_, token = s.mailsTo(u.Email)
		return "/api/organizations/" + x.organization + "/invitations/" + made.ID, token
	}
	path, token := mailed()
	other := "/api/organizations/" + s.tenant(t).organization + "/invitations/" + path[len(path)-36:]
	for _, wrong := range []string{other, "/api/organizations/" + x.organization + "/invitations/lnk_0"} {
		refused(t, s, 404, "not_found", call{method: "DELETE", path: wrong, as: admin})
	}
	withdraw := call{method: "DELETE", path: path, as: admin}
	if got := s.send(t, withdraw); got.status != 204 {
		t.Errorf("withdraw: %d %s", got.status, got.body)
	}
	refused(t, s, 404, "not_found", withdraw)
	refused(t, s, 404, "not_found", accept(token, as))
	path, token = mailed()
	s.advance(7 * 24 * time.Hour)
	as, withdraw.as, withdraw.path = s.session(t, u.ID), s.session(t, s.staff.ID), path
	refused(t, s, 404, "not_found", accept(token, as))
	refused(t, s, 404, "not_found", withdraw)
	gone := s.link(t, auth.Link{Purpose: auth.Invitation, Email: u.Email, OrganizationID: "org_gone", Role: auth.Viewer})
	refused(t, s, 404, "not_found", accept(gone, as))
	reset := s.linkTo(t, &u, auth.ResetPassword)
	refused(t, s, 404, "not_found", accept(reset, as))
}

// TestInvitationsGrantNoMore than their maker has.
func TestInvitationsGrantNoMore(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	_, owner := s.user(t, auth.Owner, x.organization)
	_, developer := s.user(t, auth.Developer, x.organization)
	narrow := byKey(s.keyWith(t, x.organization, "latchkey:members:read", "latchkey:members:write"))
	want[client.Invitation](t, s, 201, invite(x.organization, "a@example.com", "owner", owner))
	want[client.Invitation](t, s, 201, invite(x.organization, "b@example.com", "owner", byKey(s.keyWith(t, x.organization, "*"))))
	manager := byKey(s.keyWith(t, x.organization, "latchkey:*"))
	want[client.Invitation](t, s, 201, invite(x.organization, "c@example.com", "viewer", manager))
	for _, role := range []string{"developer", "owner"} {
		if p := refused(t, s, 403, "permission_denied", invite(x.organization, "d@example.com", role, manager)); !names(p, "role") {
			t.Errorf("a key that lacks the provider's scopes makes a %s, who grants them all: %v", role, p)
		}
	}
	if p := refused(t, s, 403, "permission_denied", invite(x.organization, "d@example.com", "owner", narrow)); !names(p, "role") {
		t.Errorf("a narrow key makes an owner: %v", p)
	}
	refused(t, s, 403, "permission_denied", invite(x.organization, "d@example.com", "viewer", developer))
	if kinds, _ := s.mailsTo("d@example.com"); kinds != "" {
		t.Errorf("d was mailed %q", kinds)
	}
}
