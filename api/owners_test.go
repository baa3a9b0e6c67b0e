package api_test

import (
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

// TestOwners: a member owns what they make and what they are given; nobody else
// does, in whatever tenant.
func TestOwners(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, y := s.tenant(t), s.tenant(t)
	id, owner := s.user(t, auth.Owner, x.organization)
	other, viewer := s.user(t, auth.Viewer, x.organization)
	outside, stranger := s.user(t, auth.Owner, y.organization)
	made, _ := want[client.ServiceAccount](t, s, 201, call{
		method: "POST", path: "/api/service-accounts", as: owner,
		body: map[string]any{"organization_id": x.organization, "name": "mine"},
	})
	if made.OwnerID == nil || *made.OwnerID != id {
		t.Errorf("who made it owns it: %v", made.OwnerID)
	}
	p := refused(t, s, 400, "invalid_request", call{
		method: "POST", path: "/api/service-accounts", as: owner, body: map[string]any{
			"organization_id": x.organization, "name": "a",
			"owner_id": outside,
		},
	})
	if !names(p, "owner_id") {
		t.Errorf("made for somebody outside: %+v", p)
	}
	path := "/api/service-accounts/" + made.ID
	give := func(who credential, to any) call {
		return call{method: "PATCH", path: path, as: who, body: map[string]any{"owner_id": to}}
	}
	if got, _ := want[client.ServiceAccount](t, s, 200, give(owner, other)); got.OwnerID == nil || *got.OwnerID != other {
		t.Errorf("given away: %v", got.OwnerID)
	}
	for _, to := range []string{outside, "usr_none", x.account} {
		if p := refused(t, s, 400, "invalid_request", give(owner, to)); !names(p, "owner_id") {
			t.Errorf("given to %s: %+v", to, p)
		}
	}
	refused(t, s, 403, "permission_denied", give(viewer, id))
	refused(t, s, 404, "not_found", give(stranger, outside))
	listed := func(who credential, query string) int {
		page, _ := want[client.List[client.ServiceAccount]](t, s, 200, call{method: "GET", path: "/api/service-accounts?" + query, as: who})
		return len(page.Items)
	}
	for _, tt := range []struct {
		who   credential
		query string
		want  int
	}{
		{owner, "owner_id=" + other, 1},
		{owner, "owner_id=" + id, 0},
		{owner, "owner_id=" + other + "&tier=pro", 0},
		{owner, "owner_id=" + other + "&organization_id=" + y.organization, 0},
		{stranger, "owner_id=" + other, 0},
	} {
		if n := listed(tt.who, tt.query); n != tt.want {
			t.Errorf("%s lists %d accounts, want %d", tt.query, n, tt.want)
		}
	}
	if got, _ := want[client.ServiceAccount](t, s, 200, give(owner, nil)); got.OwnerID != nil {
		t.Errorf("given to nobody: %v", *got.OwnerID)
	}
}

// TestATransferNamesAnOwner: a member of where it goes; without one it has none.
func TestATransferNamesAnOwner(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, to, admin := s.tenant(t), s.tenant(t), s.admin(t)
	old, _ := s.user(t, auth.Owner, x.organization)
	heir, _ := s.user(t, auth.Viewer, to.organization)
	_, err := s.Keys.ChangeAccount(t.Context(), auth.System(), x.account, keys.AnyRevision,
		func(f keys.AccountFields) (keys.AccountFields, error) {
			f.OwnerID = old
			return f, nil
		})
	must(t, err)
	ask := call{method: "POST", path: "/api/service-accounts/" + x.account + "/transfer", as: admin}
	for _, dry := range []bool{true, false} {
		ask.body = map[string]any{"organization_id": to.organization, "owner_id": old, "dry_run": dry}
		if p := refused(t, s, 400, "invalid_request", ask); !names(p, "owner_id") {
			t.Errorf("with an owner who is no member there: %+v", p)
		}
	}
	ask.body = map[string]any{"organization_id": to.organization, "dry_run": true}
	if preview, _ := want[client.Transfer](t, s, 200, ask); preview.OwnerID != nil {
		t.Errorf("the dry run names %v", *preview.OwnerID)
	}
	ask.body = map[string]any{"organization_id": to.organization, "owner_id": heir}
	if done, _ := want[client.Transfer](t, s, 200, ask); done.OwnerID == nil || *done.OwnerID != heir {
		t.Errorf("the transfer: %v", done.OwnerID)
	}
	ask.body = map[string]any{"organization_id": x.organization}
	if back, _ := want[client.Transfer](t, s, 200, ask); back.OwnerID != nil {
		t.Errorf("without an owner: %v", *back.OwnerID)
	}
	if got, _ := want[client.ServiceAccount](t, s, 200, call{
		method: "GET", path: "/api/service-accounts/" + x.account,
		as: admin,
	}); got.OwnerID != nil {
		t.Errorf("the account has %v", *got.OwnerID)
	}
}
