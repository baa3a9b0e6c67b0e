package incidents_test

import (
	"context"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
)

func TestOrphans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, here, there := t.Context(), keys.FirstOrganization, w.NewOrganization("Other")
	n, _ := w.incidents()
	w.Joined(here, keystest.Ada, auth.Owner)
	w.Joined(there, leaver, auth.Owner)
	want := map[string]bool{w.Account.ID: true}
	for i := range 130 {
		o, owner := here, keystest.Ada
		switch i % 3 {
		case 0:
			owner = ""
		case 1:
			o, owner = there, leaver
		}
		a, err := w.Service.CreateAccount(ctx, w.Admin, "", o, keys.AccountFields{Name: "a", OwnerID: owner})
		w.Must(err)
		if owner != keystest.Ada {
			want[a.ID] = true
		}
	}
	got, pages := map[string]bool{}, 0
	for after := (incidents.OrphansAfter{}); pages == 0 || after != (incidents.OrphansAfter{}); pages++ {
		found, next, err := n.Orphans(ctx, w.Admin, w.Store, after)
		w.Must(err)
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
	_, _, err := n.Orphans(context.WithoutCancel(ctx), keystest.Member(here, auth.Owner), w.Store, incidents.OrphansAfter{})
	keystest.Refused(t, "by an owner", err, errs.Forbidden, "")
}
