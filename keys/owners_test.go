package keys_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
)

func TestWhoMakesAnAccountOwnsIt(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	here := keys.FirstOrganization
	developer := w.Joined(here, keystest.Ada, auth.Developer)
	w.Joined(here, keystest.Ben, auth.Viewer)
	staff := &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: keystest.Carol, IsAdmin: true}}
	for _, tt := range []struct {
		name        string
		actor       keys.Actor
		owner, want string
	}{
		{"a member owns what they create", developer, "", keystest.Ada},
		{"unless they name another", developer, keystest.Ben, keystest.Ben},
		{"staff who are no members do not", staff, "", ""},
		{"nor does a service account", keystest.Robot(here, string(keys.WriteAccounts)), "", ""},
	} {
		a, err := w.Service.CreateAccount(t.Context(), tt.actor, "", here, keys.AccountFields{Name: "a", OwnerID: tt.owner})
		if w.Must(err); a.OwnerID != tt.want || w.OwnerOf(a.ID) != tt.want {
			t.Errorf("%s: the owner is %q", tt.name, a.OwnerID)
		}
	}
	_, err := w.Service.CreateAccount(t.Context(), developer, "", here, keys.AccountFields{Name: "a", OwnerID: keystest.Carol})
	keystest.Refused(t, "naming somebody who is no member", err, errs.Invalid, "owner_id")
}

func TestWhoMayOwnAnAccount(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	here, there := keys.FirstOrganization, w.NewOrganization("Other")
	developer, viewer := w.Joined(here, keystest.Ada, auth.Developer), w.Joined(here, keystest.Ben, auth.Viewer)
	stranger := w.Joined(there, keystest.Carol, auth.Owner)
	w.Must(w.Owned(developer, w.Account.ID, keystest.Ben))
	for what, owner := range map[string]string{
		"a member of another organization": keystest.Carol, "who does not exist": ids.New(ids.User),
		"a service account": w.Account.ID,
	} {
		keystest.Refused(t, what, w.Owned(developer, w.Account.ID, owner), errs.Invalid, "owner_id")
		keystest.Refused(t, what+", by staff", w.Owned(w.Admin, w.Account.ID, owner), errs.Invalid, "owner_id")
	}
	keystest.Refused(t, "by a viewer", w.Owned(viewer, w.Account.ID, keystest.Ada), errs.Forbidden, "")
	keystest.Refused(t, "by another tenant", w.Owned(stranger, w.Account.ID, keystest.Carol), errs.NotFound, "")
	keystest.Refused(t, "by an account that only reads", w.Owned(keystest.Robot(here, string(keys.ReadAccounts)), w.Account.ID, keystest.Ada),
		errs.Forbidden, "")
	if got := w.OwnerOf(w.Account.ID); got != keystest.Ben {
		t.Errorf("refused, and the owner is %q", got)
	}
	events, err := w.Store.Events(t.Context(), audit.Filter{ObjectID: w.Account.ID, Action: "service_account.update"}, "", 9)
	if w.Must(err); len(events) != 1 || strings.Contains(string(events[0].Before), "owner_id") || !strings.Contains(string(events[0].After),
		`"owner_id":"`+keystest.Ben+`"`) {
		t.Errorf("the events: %s", events)
	}
	w.Must(w.Store.Memberships().Delete(t.Context(), auth.MembershipID(here, keystest.Ben), 1))
	_, err = w.Service.ChangeAccount(t.Context(), developer, w.Account.ID, keys.AnyRevision,
		func(f keys.AccountFields) (keys.AccountFields, error) {
			f.Name = "renamed"
			return f, nil
		})
	if w.Must(err); w.OwnerOf(w.Account.ID) != keystest.Ben {
		t.Error("another change took it from who has left")
	}
	w.Must(w.Owned(developer, w.Account.ID, ""))
	keystest.Refused(t, "giving it back to who has left", w.Owned(developer, w.Account.ID, keystest.Ben), errs.Invalid, "owner_id")
}

func TestHandingOver(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	ctx, here, there := t.Context(), keys.FirstOrganization, w.NewOrganization("Other")
	owner, viewer, stranger := w.Joined(here, keystest.Ada, auth.Owner), w.Joined(here, keystest.Ben, auth.Viewer),
		w.Joined(there, keystest.Carol, auth.Owner)
	w.Joined(there, keystest.Ada, auth.Owner)
	elsewhere, err := w.Service.CreateAccount(ctx, w.Admin, "", there, keys.AccountFields{Name: "elsewhere", OwnerID: keystest.Ada})
	w.Must(err)
	const many = 120 // more than are read at once
	for i := range many {
		_, err := w.Service.CreateAccount(ctx, owner, "", here, keys.AccountFields{Name: fmt.Sprint("a", i)})
		w.Must(err)
	}
	hand := func(a keys.Actor, to string) (int, error) { return w.Service.HandOver(ctx, a, here, keystest.Ada, to) }
	for _, tt := range []struct {
		name  string
		actor keys.Actor
		to    string
		kind  errs.Kind
		field string
	}{
		{"to a member of another organization", owner, keystest.Carol, errs.Invalid, "owner_id"},
		{"to the same owner", owner, keystest.Ada, errs.Invalid, "owner_id"},
		{"by a viewer", viewer, keystest.Ben, errs.Forbidden, ""},
		{"by another tenant", stranger, keystest.Ben, errs.NotFound, ""},
	} {
		n, err := hand(tt.actor, tt.to)
		if keystest.Refused(t, tt.name, err, tt.kind, tt.field); n != 0 {
			t.Errorf("%s: %d were handed over", tt.name, n)
		}
	}
	if n, err := hand(owner, keystest.Ben); err != nil || n != many {
		t.Errorf("handed over %d, %v", n, err)
	}
	if n, err := hand(owner, keystest.Ben); err != nil || n != 0 {
		t.Errorf("handed over again %d, %v", n, err)
	}
	found, err := w.Service.Accounts(ctx, owner, "", keys.AccountFilter{OwnerID: keystest.Ben}, keys.Page{Limit: 200})
	if w.Must(err); len(found) != many || w.OwnerOf(elsewhere.ID) != keystest.Ada {
		t.Errorf("%d belong to Ben, and %q owns the one elsewhere", len(found), w.OwnerOf(elsewhere.ID))
	}
	if found, err := w.Service.Accounts(ctx, stranger, "", keys.AccountFilter{OwnerID: keystest.Ben}, keys.Page{Limit: 200}); err != nil ||
		len(found) != 0 {
		t.Errorf("another tenant sees %d of them, %v", len(found), err)
	}
}
