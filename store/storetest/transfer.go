package storetest

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/journal"
	"github.com/latchkey/latchkey/transfers"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

func usageMoves(t *testing.T, s store.Store) {
	one := map[usage.Cell]uint64{0: 1}
	var all []usage.Page
	for _, key := range []usage.Subject{
		{KeyID: "key_a", AccountID: "sa_a", OrganizationID: "org_a"}, {KeyID: "key_b", AccountID: "sa_b", OrganizationID: "org_a"},
	} {
		scope := pageOf(usage.OfScope, usage.Days, hour(), key, one)
		scope.Scope = "invoices:read"
		all = append(all, scope, pageOf(usage.OfKey, usage.Hours, hour(), key, one), pageOf(usage.OfAccount, usage.Hours, hour(),
			usage.Subject{AccountID: key.AccountID, OrganizationID: "org_a"}, one))
	}
	all = append(all, pageOf(usage.OfOrganization, usage.Hours, hour(), usage.Subject{OrganizationID: "org_a"}, one))
	must(t, s.AddUsage(t.Context(), all, journal.Progress{}))
	for i, want := range []int{2, 1, 0} {
		n, err := s.MoveUsage(t.Context(), "sa_a", "org_b", 2)
		if must(t, err); n != want {
			t.Errorf("step %d moved %d pages, want %d", i, n, want)
		}
	}
	for _, kind := range []usage.Kind{usage.OfKey, usage.OfAccount} {
		for organization, account := range map[string]string{"org_a": "sa_b", "org_b": "sa_a"} {
			found := stored(t, s, usage.PageFilter{Kind: kind, Level: usage.Hours, OrganizationIDs: []string{organization}})
			if len(found) != 1 || found[0].AccountID != account || found[0].Cells[0] != 1 {
				t.Errorf("%s has %+v", organization, found)
			}
		}
	}
	if left := stored(t, s, usage.PageFilter{
		Kind: usage.OfOrganization, Level: usage.Hours, OrganizationIDs: []string{"org_a"},
	}); len(left) != 1 {
		t.Errorf("the organization's own counts: %v", left)
	}
	must(t, s.AddUsage(t.Context(), all, journal.Progress{})) // by a node that does not know of the transfer yet
	if found := stored(t, s, usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours, OrganizationIDs: []string{"org_b"}}); len(found) != 1 ||
		found[0].Cells[0] != 2 {
		t.Errorf("after more was counted: %+v", found)
	}
}

// transfer moves an account with its keys, a certificate and usage, as the service does.
func transfer(t *testing.T, s store.Store) {
	ctx := t.Context()
	format, err := keys.NewFormat(keys.DefaultBrand)
	must(t, err)
	at := now()
	clock := func() time.Time { return at }
	service, err := keys.New(keys.Config{Store: s, Audit: audit.New(s, clock), Marks: keys.NewMarks(), Format: format, Now: clock})
	must(t, err)
	must(t, service.Seed(ctx, auth.System(), true))
	to, err := service.CreateOrganization(ctx, auth.System(), "", keys.OrganizationFields{Name: "New"})
	must(t, err)
	account, err := service.CreateAccount(ctx, auth.System(), "", keys.FirstOrganization, keys.AccountFields{Name: "a"})
	must(t, err)
	registry := &mtls.Registry{Store: s.Certificates(), Accounts: service, Audit: audit.New(s, clock), Now: clock}
	c, err := registry.Add(ctx, auth.System(), account.ID, mtls.Input{Name: "gateway", SAN: "dns:gateway.example.com"})
	must(t, err)
	var all []keys.Key
	for range 3 {
		k, _, err := service.Issue(ctx, auth.System(), keys.IssueInput{ServiceAccountID: account.ID, KeyFields: keys.KeyFields{Name: "k"}})
		must(t, err)
		all = append(all, k)
	}
	_, _, err = service.Revoke(ctx, auth.System(), all[0].ID, keys.AnyRevision, "", "")
	must(t, err)
	must(t, s.AddUsage(ctx, []usage.Page{
		pageOf(usage.OfKey, usage.Hours, hour(), usage.Subject{KeyID: all[1].ID, AccountID: account.ID, OrganizationID: keys.FirstOrganization},
			map[usage.Cell]uint64{0: 1}),
	}, journal.Progress{}))
	moves, err := transfers.New(transfers.Config{Keys: service, Store: s, Usage: s, Certificates: registry})
	must(t, err)
	done, err := moves.Transfer(ctx, auth.System(), account.ID, account.Revision, transfers.Destination{OrganizationID: to.ID})
	must(t, err)
	if !done.Complete || done.Account.OrganizationID != to.ID || done.Account.Move == nil {
		t.Errorf("the transfer: %+v", done)
	}
	found, err := s.Keys().List(ctx, keys.KeyFilter{OrganizationIDs: []string{to.ID}}, keys.Page{Limit: 10})
	if must(t, err); len(found) != len(all) {
		t.Errorf("%d keys are in the new organization", len(found))
	}
	if c, err = s.Certificates().Get(ctx, c.ID); err != nil || c.OrganizationID != to.ID {
		t.Errorf("the certificate is in %s, %v", c.OrganizationID, err)
	}
	if pages := stored(t, s, usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours, OrganizationIDs: []string{to.ID}}); len(pages) != 1 {
		t.Errorf("usage in the new organization: %v", pages)
	}
	for _, organization := range []string{keys.FirstOrganization, to.ID} {
		events, err := s.Events(ctx, audit.Filter{
			OrganizationIDs: []string{organization}, ObjectID: account.ID, Action: "service_account.transfer",
		}, "", 10)
		if must(t, err); len(events) != 1 {
			t.Errorf("%d events in %s", len(events), organization)
		}
	}
	at = at.Add(time.Hour)
	n, err := moves.Step(ctx)
	if must(t, err); n != 0 {
		t.Errorf("a step found %d more", n)
	}
	moving, err := s.ServiceAccounts().List(ctx, keys.AccountFilter{Moving: true}, keys.Page{Limit: 10})
	if must(t, err); len(moving) != 0 {
		t.Errorf("the transfer is not over: %+v", moving)
	}
}
