package transfers_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/journal"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/verify"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/usage"
)

// noCertificates is what an account without any has.
type noCertificates struct{}

func (noCertificates) CountOf(context.Context, string) (int, error)        { return 0, nil }
func (noCertificates) MoveTo(context.Context, string, string) (int, error) { return 0, nil }

// keyless is a store that refuses to list keys on request.
type keyless struct {
	*sqlite.Store
	gone atomic.Bool
}

type keylessKeys struct {
	keys.KeyCollection
	of *keyless
}

func (s *keyless) Keys() keys.KeyCollection { return keylessKeys{s.Store.Keys(), s} }

// List implements keys.Collection.
func (k keylessKeys) List(ctx context.Context, f keys.KeyFilter, p keys.Page) ([]keys.Key, error) {
	if k.of.gone.Load() {
		return nil, errors.Join(keystest.ErrGone, errs.Unavailable)
	}
	return k.KeyCollection.List(ctx, f, p)
}

// transfers returns Transfers of the world, as another process has them, and
// the store that they see.
func (w *world) transfers() (*transfers.Service, *keyless) {
	w.T.Helper()
	store := &keyless{Store: w.Store}
	service, err := keys.New(keys.Config{
		Store: store, Audit: audit.New(w.Store, w.Now), Marks: w.Marks, Format: keystest.Format(w.T),
		Now: w.Now, IsMember: auth.IsMember(w.Store.Memberships()),
	})
	w.Must(err)
	made, err := transfers.New(transfers.Config{Keys: service, Store: store, Usage: w.Store, Certificates: noCertificates{}})
	w.Must(err)
	return made, store
}

func into(organizationID string) transfers.Destination {
	return transfers.Destination{OrganizationID: organizationID}
}

// roles is a user with a role in each of some organizations.
func roles(of map[string]auth.Role) keys.Actor {
	return &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_m", Email: "m@example.com"}, Memberships: of}
}

// seen is how many of the keys the actor sees in their list.
func (w *world) seen(a keys.Actor) int {
	w.T.Helper()
	found, err := w.Service.FindKeys(w.T.Context(), a, keys.KeyQuery{}, keys.Page{Limit: 50})
	w.Must(err)
	all, err := w.Service.Keys(w.T.Context(), a, keys.KeyQuery{}, keys.Page{Limit: 50})
	w.Must(err)
	if len(all) != len(found.Keys) {
		w.T.Errorf("a list of %d keys, a search finds %d", len(all), len(found.Keys))
	}
	return len(all)
}

func TestATransferMovesAllThatBelongsToTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, from, to := t.Context(), keys.FirstOrganization, w.NewOrganization("New")
	old, heir := keystest.Member(from, auth.Owner), keystest.Member(to, auth.Owner)
	_, err := w.Service.ChangeAccount(ctx, w.Admin, w.Account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.Quota = &ratelimit.Quota{Requests: 10, Per: ratelimit.Month}
		return f, nil
	})
	w.Must(err)
	k, text := w.Issue(keys.KeyFields{})
	revoked, _ := w.Issue(keys.KeyFields{})
	w.Revoke(revoked)
	w.Want(text, verify.Valid)
	w.Must(w.Store.AddUsage(ctx, usage.PagesOf([]usage.Tally{
		{Subject: usage.Subject{KeyID: k.ID, AccountID: w.Account.ID, OrganizationID: from}, At: w.Now(), Counts: usage.Counts{7}},
	}, func(time.Time) []usage.Level {
		return []usage.Level{usage.Days}
	}), journal.Progress{}))

	moves, _ := w.transfers()
	done, err := moves.Transfer(ctx, roles(map[string]auth.Role{from: auth.Owner, to: auth.Owner}), w.Account.ID, keys.AnyRevision, into(to))
	w.Must(err)
	if !done.Complete || done.From.ID != from || done.Account.OrganizationID != to || done.By.Before(w.Now()) {
		t.Errorf("the transfer: %+v", done)
	}
	v := w.Verify(verify.Question{Key: text, Cost: 1, Asker: heir})
	if v.Code != verify.Valid || v.Grant.Account.OrganizationID != to || v.Limits.Quota.Remaining != 8 {
		t.Errorf("the new organization asks: %s in %s, %d left of the quota", v.Code, v.Grant.Account.OrganizationID, v.Limits.Quota.Remaining)
	}
	if v := w.Verify(verify.Question{Key: text, Cost: 1, Asker: old}); v.Code != verify.NotFound {
		t.Errorf("the old organization asks: %s", v.Code)
	}
	if n := w.seen(old); n != 0 {
		t.Errorf("the old organization sees %d keys", n)
	}
	if n := w.seen(heir); n != 2 {
		t.Errorf("the new organization sees %d keys", n)
	}
	_, err = w.Service.Key(ctx, old, k.ID)
	keystest.Refused(t, "a key of it", err, errs.NotFound, "")
	_, err = w.Service.Account(ctx, old, w.Account.ID)
	keystest.Refused(t, "itself", err, errs.NotFound, "")
	reports := usage.NewReports(w.Store)
	for organization, want := range map[string]int{from: 0, to: 1} {
		points, err := reports.Report(ctx, usage.Query{
			From: w.Now().Add(-time.Hour), Until: w.Now().Add(time.Hour), Interval: usage.Days,
			Grouping: usage.ByKey, OrganizationIDs: []string{organization},
		})
		if w.Must(err); len(points) != want {
			t.Errorf("%d points of usage in %s, want %d", len(points), organization, want)
		}
		events, err := w.Store.Events(ctx, audit.Filter{
			OrganizationIDs: []string{organization}, Action: "service_account.transfer",
			SubjectID: "usr_m",
		}, "", 9)
		if w.Must(err); len(events) != 1 || !strings.Contains(string(events[0].After), to) {
			t.Errorf("events in %s: %+v", organization, events)
		}
	}
}

func TestWhoMayNotTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, from, to, off := t.Context(), keys.FirstOrganization, w.NewOrganization("New"), w.NewOrganization("Off")
	disable := func(id string, disabled bool) {
		_, err := w.Service.ChangeOrganization(ctx, w.Admin, id, keys.AnyRevision,
			func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
				f.Disabled = disabled
				return f, nil
			})
		w.Must(err)
	}
	disable(off, true)
	moves, _ := w.transfers()
	both := roles(map[string]auth.Role{from: auth.Owner, to: auth.Owner, off: auth.Owner})
	refuse := func(name string, a keys.Actor, account, organization string, kind errs.Kind, field string) {
		t.Helper()
		_, err := moves.Transfer(ctx, a, account, keys.AnyRevision, into(organization))
		keystest.Refused(t, name, err, kind, field)
		_, err = moves.Preview(ctx, a, account, into(organization))
		keystest.Refused(t, name+", previewed", err, kind, field)
	}
	refuse("nobody", auth.Nobody(), w.Account.ID, to, errs.NotFound, "")
	refuse("a stranger", keystest.Member(to, auth.Owner), w.Account.ID, to, errs.NotFound, "")
	refuse("a viewer", roles(map[string]auth.Role{from: auth.Viewer, to: auth.Owner}), w.Account.ID, to, errs.Forbidden, "")
	refuse("a developer", roles(map[string]auth.Role{from: auth.Developer, to: auth.Owner}), w.Account.ID, to, errs.Forbidden, "")
	refuse("an owner of one", keystest.Member(from, auth.Owner), w.Account.ID, to, errs.Invalid, "organization_id")
	refuse("a developer of the other", roles(map[string]auth.Role{from: auth.Owner, to: auth.Developer}), w.Account.ID, to,
		errs.Forbidden, "organization_id")
	refuse("a key of the account's own organization", keystest.Robot(from, "*"), w.Account.ID, to, errs.Invalid, "organization_id")
	refuse("a key of the other", keystest.Robot(to, "*"), w.Account.ID, to, errs.NotFound, "")
	refuse("an unknown account", w.Admin, "sa_none", to, errs.NotFound, "")
	refuse("an unknown organization", w.Admin, w.Account.ID, "org_none", errs.Invalid, "organization_id")
	refuse("no organization", both, w.Account.ID, "", errs.Invalid, "organization_id")
	refuse("its own organization", both, w.Account.ID, from, errs.Invalid, "organization_id")
	refuse("a disabled one", both, w.Account.ID, off, errs.Invalid, "organization_id")
	refuse("a disabled one, by staff", w.Admin, w.Account.ID, off, errs.Invalid, "organization_id")
	_, err := moves.Transfer(ctx, both, w.Account.ID, 77, into(to))
	keystest.Refused(t, "an old revision", err, errs.Stale, "")
	disable(from, true)
	refuse("out of a disabled one", both, w.Account.ID, to, errs.Conflict, "")
	disable(from, false)

	_, err = w.Service.ChangeAccount(ctx, w.Admin, w.Account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.Scopes = []string{"invoices:read", "latchkey:keys:read", "latchkey:verify-all"}
		return f, nil
	})
	w.Must(err)
	p, err := moves.Preview(ctx, both, w.Account.ID, into(to))
	if w.Must(err); !slices.Equal(p.Lacking, []string{"latchkey:verify-all"}) || len(p.Management) != 2 || p.To.ID != to || p.Keys != 0 {
		t.Errorf("the preview: %+v", p)
	}
	_, err = moves.Transfer(ctx, both, w.Account.ID, keys.AnyRevision, into(to))
	keystest.Refused(t, "a scope that only staff grants", err, errs.Forbidden, "scopes")
	got, err := w.Service.Account(ctx, w.Admin, w.Account.ID)
	if w.Must(err); got.OrganizationID != from || got.Move != nil {
		t.Errorf("refused, and yet %+v", got)
	}
	_, err = moves.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, into(to))
	w.Must(err)
}

// hidden wants the owner of the old organization to see and to change nothing of
// the account any more, whose key is k.
func (w *world) hidden(old keys.Actor, k *keys.Key) {
	w.T.Helper()
	ctx := w.T.Context()
	if n := w.seen(old); n != 0 {
		w.T.Errorf("the old organization sees %d keys", n)
	}
	gone, err := w.Service.Elsewhere(ctx, old, keys.ReadUsage)
	if w.Must(err); !slices.Equal(gone, []string{w.Account.ID}) {
		w.T.Errorf("gone for the old organization: %v", gone)
	}
	points, err := usage.NewReports(w.Store).Report(ctx, usage.Query{
		From: w.Now().Add(-time.Hour), Until: w.Now().Add(time.Hour),
		Interval: usage.Days, Grouping: usage.ByKey, OrganizationIDs: []string{k.OrganizationID}, ExceptAccounts: gone,
	})
	if w.Must(err); len(points) != 0 {
		w.T.Errorf("its usage is still seen: %v", points)
	}
	_, err = w.Service.Key(ctx, old, k.ID)
	keystest.Refused(w.T, "reading a key", err, errs.NotFound, "")
	_, _, err = w.Service.Rotate(ctx, old, k.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	keystest.Refused(w.T, "rotating a key", err, errs.NotFound, "")
	_, _, err = w.Service.Revoke(ctx, old, k.ID, keys.AnyRevision, "", "")
	keystest.Refused(w.T, "revoking a key", err, errs.NotFound, "")
	_, err = w.Service.ChangeAccount(ctx, old, w.Account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		return f, nil
	})
	keystest.Refused(w.T, "changing the account", err, errs.NotFound, "")
}

// An interrupted transfer is invisible to the old organization, its keys work,
// and any node can finish it.
func TestATransferIsContinued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, from, to := t.Context(), keys.FirstOrganization, w.NewOrganization("New")
	old, heir := keystest.Member(from, auth.Owner), keystest.Member(to, auth.Owner)
	k, text := w.Issue(keys.KeyFields{})
	other, _ := w.Issue(keys.KeyFields{})
	w.Must(w.Store.AddUsage(ctx, usage.PagesOf([]usage.Tally{
		{Subject: usage.Subject{KeyID: k.ID, AccountID: w.Account.ID, OrganizationID: from}, At: w.Now(), Counts: usage.Counts{7}},
	}, func(time.Time) []usage.Level {
		return []usage.Level{usage.Days}
	}), journal.Progress{}))
	dying, store := w.transfers()
	store.gone.Store(true)
	if _, err := dying.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, into(to)); !errors.Is(err, errs.Unavailable) {
		t.Fatalf("interrupted: %v", err)
	}
	w.hidden(old, &k)
	if v := w.Verify(verify.Question{Key: text, Cost: 1, Asker: heir}); v.Code != verify.Valid || v.Grant.Account.OrganizationID != to {
		t.Errorf("the key is %s", v.Code)
	}
	successor, _, err := w.Service.Rotate(ctx, heir, k.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	if w.Must(err); successor.OrganizationID != to {
		t.Errorf("the successor is in %s", successor.OrganizationID)
	}
	_, _, err = w.Service.Revoke(ctx, heir, other.ID, keys.AnyRevision, "", "")
	w.Must(err)
	events, err := w.Store.Events(ctx, audit.Filter{OrganizationIDs: []string{from}, SubjectID: "usr_m"}, "", 9)
	if w.Must(err); len(events) != 0 {
		t.Errorf("the old organization sees what the new one does: %+v", events)
	}

	living, _ := w.transfers()
	again, err := living.Transfer(ctx, heir, w.Account.ID, keys.AnyRevision, into(to))
	if w.Must(err); !again.Complete || again.From.ID != from || again.Keys != 2 {
		t.Errorf("asked for again: %+v", again)
	}
	_, err = living.Transfer(ctx, old, w.Account.ID, keys.AnyRevision, into(to))
	keystest.Refused(t, "asked for again by the old organization", err, errs.NotFound, "")
	for _, id := range []string{k.ID, other.ID, successor.ID} {
		if row, err := w.Store.Keys().Get(ctx, id); err != nil || row.OrganizationID != to {
			t.Errorf("key %s is in %s, %v", id, row.OrganizationID, err)
		}
	}
	n, err := living.Step(ctx)
	if w.Must(err); n != 0 {
		t.Errorf("the next step found %d", n)
	}
	w.Want(text, verify.Valid)
	w.Advance(time.Hour)
	_, err = living.Step(ctx)
	w.Must(err)
	if got, err := w.Service.Account(ctx, heir, w.Account.ID); err != nil || got.Move != nil {
		t.Errorf("afterwards: %+v, %v", got.Move, err)
	}
	for _, organization := range []string{from, to} {
		told, err := w.Store.Events(ctx, audit.Filter{OrganizationIDs: []string{organization}, Action: "service_account.transfer"}, "", 9)
		if w.Must(err); len(told) != 1 {
			t.Errorf("%d events of the transfer in %s", len(told), organization)
		}
	}
}

// Nobody needs to ask again: the background work finishes it.
func TestATransferEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, to := t.Context(), w.NewOrganization("New")
	k, _ := w.Issue(keys.KeyFields{})
	dying, store := w.transfers()
	store.gone.Store(true)
	if _, err := dying.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, into(to)); !errors.Is(err, errs.Unavailable) {
		t.Fatalf("interrupted: %v", err)
	}
	living, _ := w.transfers()
	for i, want := range []int{1, 0} {
		n, err := living.Step(ctx)
		if w.Must(err); n != want {
			t.Errorf("step %d changed %d, want %d", i, n, want)
		}
	}
	if row, err := w.Store.Keys().Get(ctx, k.ID); err != nil || row.OrganizationID != to {
		t.Errorf("the key is in %s, %v", row.OrganizationID, err)
	}
	events, err := w.Store.Events(ctx, audit.Filter{OrganizationIDs: []string{to}, ObjectID: k.ID, Action: "key.transfer"}, "", 9)
	if w.Must(err); len(events) != 1 {
		t.Errorf("%d events of the key", len(events))
	}
}

// A transfer that another one has overtaken does not move keys for ever.
func TestAnOvertakenTransferEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.IssueMany(3)
	ctx, first, second := t.Context(), w.NewOrganization("B"), w.NewOrganization("C")
	moves, store := w.transfers()
	store.gone.Store(true) // the account goes, its keys do not
	if _, err := moves.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, into(first)); !errors.Is(err, errs.Unavailable) {
		t.Fatalf("interrupted: %v", err)
	}
	overtaken, err := w.Store.ServiceAccounts().Get(ctx, w.Account.ID)
	w.Must(err)
	store.gone.Store(false)
	_, err = moves.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, into(second))
	w.Must(err)
	for range 2 {
		if n, err := moves.Follow(ctx, &overtaken); err != nil || n != 0 {
			t.Errorf("the first transfer still moves %d: %v", n, err)
		}
	}
	rows, err := w.Store.Keys().List(ctx, keys.KeyFilter{ServiceAccountID: w.Account.ID}, keys.Page{Limit: 10})
	w.Must(err)
	for i := range rows {
		if rows[i].OrganizationID != second {
			t.Errorf("a key is in %s", rows[i].OrganizationID)
		}
	}
}

// Transfers at once, and keys issued meanwhile, end in one organization.
func TestTransfersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.IssueMany(0)
	ctx := t.Context()
	targets := []string{w.NewOrganization("B"), w.NewOrganization("C"), w.NewOrganization("D")}
	moves, _ := w.transfers()
	var all sync.WaitGroup
	for i, to := range targets {
		all.Go(func() {
			_, err := moves.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, into(to))
			if err != nil && !errors.Is(err, errs.Conflict) {
				t.Errorf("transfer %d: %v", i, err)
			}
		})
		all.Go(func() {
			for range 5 {
				_, _, err := w.Service.Issue(ctx, w.Admin, keys.IssueInput{ServiceAccountID: w.Account.ID, KeyFields: keys.KeyFields{Name: "k"}})
				if err != nil && !errors.Is(err, errs.Conflict) {
					t.Errorf("issue: %v", err)
				}
			}
		})
	}
	all.Wait()
	_, err := moves.Step(ctx)
	w.Must(err)
	account, err := w.Service.Account(ctx, w.Admin, w.Account.ID)
	if w.Must(err); !slices.Contains(targets, account.OrganizationID) {
		t.Errorf("the account is in %s", account.OrganizationID)
	}
	rows, err := w.Store.Keys().List(ctx, keys.KeyFilter{ServiceAccountID: account.ID}, keys.Page{Limit: 100})
	w.Must(err)
	for i := range rows {
		if rows[i].OrganizationID != account.OrganizationID {
			t.Errorf("a key is in %s, its account in %s", rows[i].OrganizationID, account.OrganizationID)
		}
	}
}

// An account that goes elsewhere leaves its owner, and neither organization is
// told who owns it in the other.
func TestATransferChangesTheOwner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, owner string }{{"to nobody", ""}, {"to a member of the new organization", keystest.Carol}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ctx, here, there := t.Context(), keys.FirstOrganization, w.NewOrganization("New")
			w.Joined(here, keystest.Ada, auth.Owner)
			w.Joined(there, keystest.Carol, auth.Viewer)
			w.Must(w.Owned(w.Admin, w.Account.ID, keystest.Ada))
			moves, _ := w.transfers()
			to := transfers.Destination{OrganizationID: there, OwnerID: keystest.Ada}
			_, err := moves.Preview(ctx, w.Admin, w.Account.ID, to)
			keystest.Refused(t, "a preview with who is no member there", err, errs.Invalid, "owner_id")
			_, err = moves.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, to)
			if keystest.Refused(t, "to who is no member there", err, errs.Invalid, "owner_id"); w.OwnerOf(w.Account.ID) != keystest.Ada {
				t.Error("refused, and changed")
			}
			to.OwnerID = tt.owner
			done, err := moves.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, to)
			if w.Must(err); done.OwnerID != tt.owner || w.OwnerOf(w.Account.ID) != tt.owner {
				t.Errorf("the owner is %q, said %q", w.OwnerOf(w.Account.ID), done.OwnerID)
			}
			again, err := moves.Transfer(ctx, w.Admin, w.Account.ID, keys.AnyRevision, transfers.Destination{OrganizationID: there})
			if w.Must(err); again.OwnerID != tt.owner {
				t.Errorf("asked for again, the owner is %q", again.OwnerID)
			}
			for organization, want := range map[string]struct {
				told, hidden string
			}{here: {keystest.Ada, keystest.Carol}, there: {tt.owner, keystest.Ada}} {
				events, err := w.Store.Events(ctx, audit.Filter{
					OrganizationIDs: []string{organization}, ObjectID: w.Account.ID,
					Action: "service_account.transfer",
				}, "", 9)
				if w.Must(err); len(events) != 1 {
					t.Fatalf("%d events", len(events))
				}
				if text := string(events[0].Before) + string(events[0].After); !strings.Contains(text, want.told) ||
					strings.Contains(text, want.hidden) {
					t.Errorf("%s sees %s", organization, text)
				}
			}
		})
	}
}
