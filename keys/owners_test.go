package keys_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/transfers"
)

// joined makes a user a member, and returns him.
func (w *world) joined(organization, user string, role auth.Role) keys.Actor {
	w.t.Helper()
	w.must(w.store.Memberships().Insert(w.t.Context(), auth.Membership{Stamp: keys.NewStamp(w.now()), OrganizationID: organization, UserID: user, Role: role}))
	return &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: user, Email: user + "@example.com"}, Memberships: map[string]auth.Role{organization: role}}
}

// owned lets the actor give the account an owner.
func (w *world) owned(a keys.Actor, account, owner string) error {
	_, err := w.service.ChangeAccount(w.t.Context(), a, account, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.OwnerID = owner
		return f, nil
	})
	return err
}

// ownerOf is who owns the account.
func (w *world) ownerOf(account string) string {
	w.t.Helper()
	a, err := w.store.ServiceAccounts().Get(w.t.Context(), account)
	w.must(err)
	return a.OwnerID
}

const (
	ada   = ids.User + "0000000000007000800000000000000a"
	ben   = ids.User + "0000000000007000800000000000000b"
	carol = ids.User + "0000000000007000800000000000000c"
)

func TestWhoMakesAnAccountOwnsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := keys.FirstOrganization
	developer := w.joined(here, ada, auth.Developer)
	w.joined(here, ben, auth.Viewer)
	staff := &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: carol, IsAdmin: true}}
	for _, tt := range []struct {
		name        string
		actor       keys.Actor
		owner, want string
	}{
		{"a member owns what he makes", developer, "", ada},
		{"unless he names another", developer, ben, ben},
		{"staff who are no members do not", staff, "", ""},
		{"nor does a service account", robot(here, string(keys.WriteAccounts)), "", ""},
	} {
		a, err := w.service.CreateAccount(t.Context(), tt.actor, "", here, keys.AccountFields{Name: "a", OwnerID: tt.owner})
		if w.must(err); a.OwnerID != tt.want || w.ownerOf(a.ID) != tt.want {
			t.Errorf("%s: the owner is %q", tt.name, a.OwnerID)
		}
	}
	_, err := w.service.CreateAccount(t.Context(), developer, "", here, keys.AccountFields{Name: "a", OwnerID: carol})
	refused(t, "naming somebody who is no member", err, errs.Invalid, "owner_id")
}

func TestWhoMayOwnAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there := keys.FirstOrganization, w.organization("Other")
	developer, viewer := w.joined(here, ada, auth.Developer), w.joined(here, ben, auth.Viewer)
	stranger := w.joined(there, carol, auth.Owner)
	w.must(w.owned(developer, w.account.ID, ben))
	for what, owner := range map[string]string{"a member of another organization": carol, "who does not exist": ids.New(ids.User), "a service account": w.account.ID} {
		refused(t, what, w.owned(developer, w.account.ID, owner), errs.Invalid, "owner_id")
		refused(t, what+", by staff", w.owned(w.admin, w.account.ID, owner), errs.Invalid, "owner_id")
	}
	refused(t, "by a viewer", w.owned(viewer, w.account.ID, ada), errs.Forbidden, "")
	refused(t, "by another tenant", w.owned(stranger, w.account.ID, carol), errs.NotFound, "")
	refused(t, "by an account that only reads", w.owned(robot(here, string(keys.ReadAccounts)), w.account.ID, ada), errs.Forbidden, "")
	if got := w.ownerOf(w.account.ID); got != ben {
		t.Errorf("refused, and the owner is %q", got)
	}
	events, err := w.store.Events(t.Context(), audit.Filter{ObjectID: w.account.ID, Action: "service_account.update"}, "", 9)
	if w.must(err); len(events) != 1 || strings.Contains(string(events[0].Before), "owner_id") || !strings.Contains(string(events[0].After), `"owner_id":"`+ben+`"`) {
		t.Errorf("the events: %s", events)
	}
	w.must(w.store.Memberships().Delete(t.Context(), auth.MembershipID(here, ben), 1))
	_, err = w.service.ChangeAccount(t.Context(), developer, w.account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) { f.Name = "renamed"; return f, nil })
	if w.must(err); w.ownerOf(w.account.ID) != ben {
		t.Error("another change took it from who has left")
	}
	w.must(w.owned(developer, w.account.ID, ""))
	refused(t, "giving it back to who has left", w.owned(developer, w.account.ID, ben), errs.Invalid, "owner_id")
}

func TestHandingOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, here, there := t.Context(), keys.FirstOrganization, w.organization("Other")
	owner, viewer, stranger := w.joined(here, ada, auth.Owner), w.joined(here, ben, auth.Viewer), w.joined(there, carol, auth.Owner)
	w.joined(there, ada, auth.Owner)
	elsewhere, err := w.service.CreateAccount(ctx, w.admin, "", there, keys.AccountFields{Name: "elsewhere", OwnerID: ada})
	w.must(err)
	const many = 120 // more than are read at once
	for i := range many {
		_, err := w.service.CreateAccount(ctx, owner, "", here, keys.AccountFields{Name: fmt.Sprint("a", i)})
		w.must(err)
	}
	hand := func(a keys.Actor, to string) (int, error) { return w.service.HandOver(ctx, a, here, ada, to) }
	for _, tt := range []struct {
		name  string
		actor keys.Actor
		to    string
		kind  errs.Kind
		field string
	}{
		{"to a member of another organization", owner, carol, errs.Invalid, "owner_id"},
		{"to the owner himself", owner, ada, errs.Invalid, "owner_id"},
		{"by a viewer", viewer, ben, errs.Forbidden, ""},
		{"by another tenant", stranger, ben, errs.NotFound, ""},
	} {
		n, err := hand(tt.actor, tt.to)
		if refused(t, tt.name, err, tt.kind, tt.field); n != 0 {
			t.Errorf("%s: %d were handed over", tt.name, n)
		}
	}
	if n, err := hand(owner, ben); err != nil || n != many {
		t.Errorf("handed over %d, %v", n, err)
	}
	if n, err := hand(owner, ben); err != nil || n != 0 {
		t.Errorf("handed over again %d, %v", n, err)
	}
	found, err := w.service.Accounts(ctx, owner, "", keys.AccountFilter{OwnerID: ben}, keys.Page{Limit: 200})
	if w.must(err); len(found) != many || w.ownerOf(elsewhere.ID) != ada {
		t.Errorf("%d are his, and that elsewhere is of %q", len(found), w.ownerOf(elsewhere.ID))
	}
	if found, err := w.service.Accounts(ctx, stranger, "", keys.AccountFilter{OwnerID: ben}, keys.Page{Limit: 200}); err != nil || len(found) != 0 {
		t.Errorf("another tenant sees %d of them, %v", len(found), err)
	}
}

// An account that goes elsewhere leaves its owner, and neither organization is
// told who owns it in the other.
func TestATransferChangesTheOwner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, owner string }{{"to nobody", ""}, {"to a member of the new organization", carol}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ctx, here, there := t.Context(), keys.FirstOrganization, w.organization("New")
			w.joined(here, ada, auth.Owner)
			w.joined(there, carol, auth.Viewer)
			w.must(w.owned(w.admin, w.account.ID, ada))
			moves, _ := w.transfers()
			to := transfers.Destination{OrganizationID: there, OwnerID: ada}
			_, err := moves.Preview(ctx, w.admin, w.account.ID, to)
			refused(t, "a preview with who is no member there", err, errs.Invalid, "owner_id")
			_, err = moves.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, to)
			if refused(t, "to who is no member there", err, errs.Invalid, "owner_id"); w.ownerOf(w.account.ID) != ada {
				t.Error("refused, and changed")
			}
			to.OwnerID = tt.owner
			done, err := moves.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, to)
			if w.must(err); done.OwnerID != tt.owner || w.ownerOf(w.account.ID) != tt.owner {
				t.Errorf("the owner is %q, said %q", w.ownerOf(w.account.ID), done.OwnerID)
			}
			again, err := moves.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, transfers.Destination{OrganizationID: there})
			if w.must(err); again.OwnerID != tt.owner {
				t.Errorf("asked for again, the owner is %q", again.OwnerID)
			}
			for organization, want := range map[string]struct{ told, hidden string }{here: {ada, carol}, there: {tt.owner, ada}} {
				events, err := w.store.Events(ctx, audit.Filter{OrganizationIDs: []string{organization}, ObjectID: w.account.ID, Action: "service_account.transfer"}, "", 9)
				if w.must(err); len(events) != 1 {
					t.Fatalf("%d events", len(events))
				}
				if text := string(events[0].Before) + string(events[0].After); !strings.Contains(text, want.told) || strings.Contains(text, want.hidden) {
					t.Errorf("%s is told %s", organization, text)
				}
			}
		})
	}
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, here, there := t.Context(), keys.FirstOrganization, w.organization("Other")
	n, _ := w.incidents()
	w.joined(here, ada, auth.Owner)
	w.joined(there, leaver, auth.Owner)
	want := map[string]bool{w.account.ID: true}
	for i := range 130 {
		o, owner := here, ada
		switch i % 3 {
		case 0:
			owner = ""
		case 1:
			o, owner = there, leaver
		}
		a, err := w.service.CreateAccount(ctx, w.admin, "", o, keys.AccountFields{Name: "a", OwnerID: owner})
		w.must(err)
		if owner != ada {
			want[a.ID] = true
		}
	}
	got, pages := map[string]bool{}, 0
	for after := (incidents.OrphansAfter{}); pages == 0 || after != (incidents.OrphansAfter{}); pages++ {
		found, next, err := n.Orphans(ctx, w.admin, w.store, after)
		w.must(err)
		for _, a := range found {
			if got[a.ID] || !want[a.ID] {
				t.Errorf("%s of %q is on page %d", a.ID, a.OwnerID, pages)
			}
			got[a.ID] = true
		}
		after = next
	}
	if len(got) != len(want) || pages != 2 {
		t.Errorf("%d of %d orphans on %d pages", len(got), len(want), pages)
	}
	_, _, err := n.Orphans(context.WithoutCancel(ctx), member(here, auth.Owner), w.store, incidents.OrphansAfter{})
	refused(t, "by an owner", err, errs.Forbidden, "")
}
