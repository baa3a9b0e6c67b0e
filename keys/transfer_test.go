package keys_test

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

// keyless is a store whose keys cannot be listed when it is told so.
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
		return nil, errors.Join(errGone, errs.Unavailable)
	}
	return k.KeyCollection.List(ctx, f, p)
}

// transfers returns Transfers of the world, as another process has them, and
// the store that they see.
func (w *world) transfers() (*transfers.Service, *keyless) {
	w.t.Helper()
	store := &keyless{Store: w.store}
	service, err := keys.New(keys.Config{Store: store, Audit: audit.New(w.store, w.now), Marks: w.marks, Format: format(w.t), Now: w.now, IsMember: auth.IsMember(w.store.Memberships())})
	w.must(err)
	made, err := transfers.New(transfers.Config{Keys: service, Store: store, Usage: w.store, Certificates: noCertificates{}})
	w.must(err)
	return made, store
}

func (w *world) organization(name string) string {
	w.t.Helper()
	o, err := w.service.CreateOrganization(w.t.Context(), w.admin, "", keys.OrganizationFields{Name: name})
	w.must(err)
	return o.ID
}

func into(organizationID string) transfers.Destination {
	return transfers.Destination{OrganizationID: organizationID}
}

// roles is a user with a role in each of some organizations.
func roles(of map[string]auth.Role) keys.Actor {
	return &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_m", Email: "m@example.com"}, Memberships: of}
}

// seen is how many of the keys the actor sees in his list.
func (w *world) seen(a keys.Actor) int {
	w.t.Helper()
	found, err := w.service.FindKeys(w.t.Context(), a, keys.KeyQuery{}, keys.Page{Limit: 50})
	w.must(err)
	all, err := w.service.Keys(w.t.Context(), a, keys.KeyQuery{}, keys.Page{Limit: 50})
	w.must(err)
	if len(all) != len(found.Keys) {
		w.t.Errorf("a list of %d keys, a search finds %d", len(all), len(found.Keys))
	}
	return len(all)
}

func TestATransferMovesAllThatBelongsToTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, from, to := t.Context(), keys.FirstOrganization, w.organization("New")
	old, heir := member(from, auth.Owner), member(to, auth.Owner)
	_, err := w.service.ChangeAccount(ctx, w.admin, w.account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.Quota = &ratelimit.Quota{Requests: 10, Per: ratelimit.Month}
		return f, nil
	})
	w.must(err)
	k, text := w.issue(keys.KeyFields{})
	revoked, _ := w.issue(keys.KeyFields{})
	w.revoke(revoked)
	w.want(text, verify.Valid)
	w.must(w.store.AddUsage(ctx, usage.PagesOf([]usage.Tally{{Subject: usage.Subject{KeyID: k.ID, AccountID: w.account.ID, OrganizationID: from}, At: w.now(), Counts: usage.Counts{7}}}, func(time.Time) []usage.Level { return []usage.Level{usage.Days} }), journal.Progress{}))

	moves, _ := w.transfers()
	done, err := moves.Transfer(ctx, roles(map[string]auth.Role{from: auth.Owner, to: auth.Owner}), w.account.ID, keys.AnyRevision, into(to))
	w.must(err)
	if !done.Complete || done.From.ID != from || done.Account.OrganizationID != to || done.By.Before(w.now()) {
		t.Errorf("the transfer: %+v", done)
	}
	v := w.verify(verify.Question{Key: text, Cost: 1, Asker: heir})
	if v.Code != verify.Valid || v.Grant.Account.OrganizationID != to || v.Limits.Quota.Remaining != 8 {
		t.Errorf("the new organization asks: %s in %s, %d left of the quota", v.Code, v.Grant.Account.OrganizationID, v.Limits.Quota.Remaining)
	}
	if v := w.verify(verify.Question{Key: text, Cost: 1, Asker: old}); v.Code != verify.NotFound {
		t.Errorf("the old organization asks: %s", v.Code)
	}
	if n := w.seen(old); n != 0 {
		t.Errorf("the old organization sees %d keys", n)
	}
	if n := w.seen(heir); n != 2 {
		t.Errorf("the new organization sees %d keys", n)
	}
	_, err = w.service.Key(ctx, old, k.ID)
	refused(t, "a key of it", err, errs.NotFound, "")
	_, err = w.service.Account(ctx, old, w.account.ID)
	refused(t, "itself", err, errs.NotFound, "")
	reports := usage.NewReports(w.store)
	for organization, want := range map[string]int{from: 0, to: 1} {
		points, err := reports.Report(ctx, usage.Query{From: w.now().Add(-time.Hour), Until: w.now().Add(time.Hour), Interval: usage.Days, Grouping: usage.ByKey, OrganizationIDs: []string{organization}})
		if w.must(err); len(points) != want {
			t.Errorf("%d points of usage in %s, want %d", len(points), organization, want)
		}
		events, err := w.store.Events(ctx, audit.Filter{OrganizationIDs: []string{organization}, Action: "service_account.transfer", SubjectID: "usr_m"}, "", 9)
		if w.must(err); len(events) != 1 || !strings.Contains(string(events[0].After), to) {
			t.Errorf("events in %s: %+v", organization, events)
		}
	}
}

func (w *world) revoke(k keys.Key) {
	w.t.Helper()
	_, _, err := w.service.Revoke(w.t.Context(), w.admin, k.ID, keys.AnyRevision, keys.ReasonUnused, "")
	w.must(err)
}

func TestWhoMayNotTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, from, to, off := t.Context(), keys.FirstOrganization, w.organization("New"), w.organization("Off")
	disable := func(id string, disabled bool) {
		_, err := w.service.ChangeOrganization(ctx, w.admin, id, keys.AnyRevision, func(f keys.OrganizationFields) (keys.OrganizationFields, error) { f.Disabled = disabled; return f, nil })
		w.must(err)
	}
	disable(off, true)
	moves, _ := w.transfers()
	both := roles(map[string]auth.Role{from: auth.Owner, to: auth.Owner, off: auth.Owner})
	refuse := func(name string, a keys.Actor, account, organization string, kind errs.Kind, field string) {
		t.Helper()
		_, err := moves.Transfer(ctx, a, account, keys.AnyRevision, into(organization))
		refused(t, name, err, kind, field)
		_, err = moves.Preview(ctx, a, account, into(organization))
		refused(t, name+", previewed", err, kind, field)
	}
	refuse("nobody", auth.Nobody(), w.account.ID, to, errs.NotFound, "")
	refuse("a stranger", member(to, auth.Owner), w.account.ID, to, errs.NotFound, "")
	refuse("a viewer", roles(map[string]auth.Role{from: auth.Viewer, to: auth.Owner}), w.account.ID, to, errs.Forbidden, "")
	refuse("a developer", roles(map[string]auth.Role{from: auth.Developer, to: auth.Owner}), w.account.ID, to, errs.Forbidden, "")
	refuse("an owner of one", member(from, auth.Owner), w.account.ID, to, errs.Invalid, "organization_id")
	refuse("a developer of the other", roles(map[string]auth.Role{from: auth.Owner, to: auth.Developer}), w.account.ID, to, errs.Forbidden, "organization_id")
	refuse("a key of the account's own organization", robot(from, "*"), w.account.ID, to, errs.Invalid, "organization_id")
	refuse("a key of the other", robot(to, "*"), w.account.ID, to, errs.NotFound, "")
	refuse("an unknown account", w.admin, "sa_none", to, errs.NotFound, "")
	refuse("an unknown organization", w.admin, w.account.ID, "org_none", errs.Invalid, "organization_id")
	refuse("no organization", both, w.account.ID, "", errs.Invalid, "organization_id")
	refuse("its own organization", both, w.account.ID, from, errs.Invalid, "organization_id")
	refuse("a disabled one", both, w.account.ID, off, errs.Invalid, "organization_id")
	refuse("a disabled one, by staff", w.admin, w.account.ID, off, errs.Invalid, "organization_id")
	_, err := moves.Transfer(ctx, both, w.account.ID, 77, into(to))
	refused(t, "an old revision", err, errs.Stale, "")
	disable(from, true)
	refuse("out of a disabled one", both, w.account.ID, to, errs.Conflict, "")
	disable(from, false)

	_, err = w.service.ChangeAccount(ctx, w.admin, w.account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.Scopes = []string{"invoices:read", "latchkey:keys:read", "latchkey:verify-all"}
		return f, nil
	})
	w.must(err)
	p, err := moves.Preview(ctx, both, w.account.ID, into(to))
	if w.must(err); !slices.Equal(p.Lacking, []string{"latchkey:verify-all"}) || len(p.Management) != 2 || p.To.ID != to || p.Keys != 0 {
		t.Errorf("the preview: %+v", p)
	}
	_, err = moves.Transfer(ctx, both, w.account.ID, keys.AnyRevision, into(to))
	refused(t, "a scope that only staff grants", err, errs.Forbidden, "scopes")
	got, err := w.service.Account(ctx, w.admin, w.account.ID)
	if w.must(err); got.OrganizationID != from || got.Move != nil {
		t.Errorf("refused, and yet %+v", got)
	}
	_, err = moves.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, into(to))
	w.must(err)
}

// What is interrupted is seen by nobody whom it does not belong to any more,
// works, and is finished by whoever comes by.
func TestATransferIsContinued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, from, to := t.Context(), keys.FirstOrganization, w.organization("New")
	old, heir := member(from, auth.Owner), member(to, auth.Owner)
	k, text := w.issue(keys.KeyFields{})
	other, _ := w.issue(keys.KeyFields{})
	w.must(w.store.AddUsage(ctx, usage.PagesOf([]usage.Tally{{Subject: usage.Subject{KeyID: k.ID, AccountID: w.account.ID, OrganizationID: from}, At: w.now(), Counts: usage.Counts{7}}}, func(time.Time) []usage.Level { return []usage.Level{usage.Days} }), journal.Progress{}))
	dying, store := w.transfers()
	store.gone.Store(true)
	if _, err := dying.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, into(to)); !errors.Is(err, errs.Unavailable) {
		t.Fatalf("interrupted: %v", err)
	}
	if n := w.seen(old); n != 0 {
		t.Errorf("the old organization sees %d keys", n)
	}
	gone, err := w.service.Elsewhere(ctx, old, keys.ReadUsage)
	if w.must(err); !slices.Equal(gone, []string{w.account.ID}) {
		t.Errorf("gone for the old organization: %v", gone)
	}
	points, err := usage.NewReports(w.store).Report(ctx, usage.Query{From: w.now().Add(-time.Hour), Until: w.now().Add(time.Hour), Interval: usage.Days, Grouping: usage.ByKey, OrganizationIDs: []string{from}, ExceptAccounts: gone})
	if w.must(err); len(points) != 0 {
		t.Errorf("its usage is still seen: %v", points)
	}
	_, err = w.service.Key(ctx, old, k.ID)
	refused(t, "reading a key", err, errs.NotFound, "")
	_, _, err = w.service.Rotate(ctx, old, k.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	refused(t, "rotating a key", err, errs.NotFound, "")
	_, _, err = w.service.Revoke(ctx, old, k.ID, keys.AnyRevision, "", "")
	refused(t, "revoking a key", err, errs.NotFound, "")
	_, err = w.service.ChangeAccount(ctx, old, w.account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) { return f, nil })
	refused(t, "changing the account", err, errs.NotFound, "")
	if v := w.verify(verify.Question{Key: text, Cost: 1, Asker: heir}); v.Code != verify.Valid || v.Grant.Account.OrganizationID != to {
		t.Errorf("the key is %s", v.Code)
	}
	successor, _, err := w.service.Rotate(ctx, heir, k.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	if w.must(err); successor.OrganizationID != to {
		t.Errorf("the successor is in %s", successor.OrganizationID)
	}
	_, _, err = w.service.Revoke(ctx, heir, other.ID, keys.AnyRevision, "", "")
	w.must(err)
	events, err := w.store.Events(ctx, audit.Filter{OrganizationIDs: []string{from}, SubjectID: "usr_m"}, "", 9)
	if w.must(err); len(events) != 0 {
		t.Errorf("the old organization is told what the new one does: %+v", events)
	}

	living, _ := w.transfers()
	again, err := living.Transfer(ctx, heir, w.account.ID, keys.AnyRevision, into(to))
	if w.must(err); !again.Complete || again.From.ID != from || again.Keys != 2 {
		t.Errorf("asked for again: %+v", again)
	}
	_, err = living.Transfer(ctx, old, w.account.ID, keys.AnyRevision, into(to))
	refused(t, "asked for again by the old organization", err, errs.NotFound, "")
	for _, id := range []string{k.ID, other.ID, successor.ID} {
		if row, err := w.store.Keys().Get(ctx, id); err != nil || row.OrganizationID != to {
			t.Errorf("key %s is in %s, %v", id, row.OrganizationID, err)
		}
	}
	n, err := living.Step(ctx)
	if w.must(err); n != 0 {
		t.Errorf("the next step found %d", n)
	}
	w.want(text, verify.Valid)
	w.advance(time.Hour)
	_, err = living.Step(ctx)
	w.must(err)
	if got, err := w.service.Account(ctx, heir, w.account.ID); err != nil || got.Move != nil {
		t.Errorf("afterwards: %+v, %v", got.Move, err)
	}
	for _, organization := range []string{from, to} {
		told, err := w.store.Events(ctx, audit.Filter{OrganizationIDs: []string{organization}, Action: "service_account.transfer"}, "", 9)
		if w.must(err); len(told) != 1 {
			t.Errorf("%d events of the transfer in %s", len(told), organization)
		}
	}
}

// Nobody needs to ask again: the background work finishes it.
func TestATransferEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, to := t.Context(), w.organization("New")
	k, _ := w.issue(keys.KeyFields{})
	dying, store := w.transfers()
	store.gone.Store(true)
	if _, err := dying.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, into(to)); !errors.Is(err, errs.Unavailable) {
		t.Fatalf("interrupted: %v", err)
	}
	living, _ := w.transfers()
	for i, want := range []int{1, 0} {
		n, err := living.Step(ctx)
		if w.must(err); n != want {
			t.Errorf("step %d changed %d, want %d", i, n, want)
		}
	}
	if row, err := w.store.Keys().Get(ctx, k.ID); err != nil || row.OrganizationID != to {
		t.Errorf("the key is in %s, %v", row.OrganizationID, err)
	}
	events, err := w.store.Events(ctx, audit.Filter{OrganizationIDs: []string{to}, ObjectID: k.ID, Action: "key.transfer"}, "", 9)
	if w.must(err); len(events) != 1 {
		t.Errorf("%d events of the key", len(events))
	}
}

// A transfer that another one has overtaken does not move keys for ever.
func TestAnOvertakenTransferEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.many(3)
	ctx, first, second := t.Context(), w.organization("B"), w.organization("C")
	moves, store := w.transfers()
	store.gone.Store(true) // the account goes, its keys do not
	if _, err := moves.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, into(first)); !errors.Is(err, errs.Unavailable) {
		t.Fatalf("interrupted: %v", err)
	}
	overtaken, err := w.store.ServiceAccounts().Get(ctx, w.account.ID)
	w.must(err)
	store.gone.Store(false)
	_, err = moves.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, into(second))
	w.must(err)
	for range 2 {
		if n, err := moves.Follow(ctx, &overtaken); err != nil || n != 0 {
			t.Errorf("the first transfer still moves %d: %v", n, err)
		}
	}
	rows, err := w.store.Keys().List(ctx, keys.KeyFilter{ServiceAccountID: w.account.ID}, keys.Page{Limit: 10})
	w.must(err)
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
	w.many(0)
	ctx := t.Context()
	targets := []string{w.organization("B"), w.organization("C"), w.organization("D")}
	moves, _ := w.transfers()
	var all sync.WaitGroup
	for i, to := range targets {
		all.Go(func() {
			_, err := moves.Transfer(ctx, w.admin, w.account.ID, keys.AnyRevision, into(to))
			if err != nil && !errors.Is(err, errs.Conflict) {
				t.Errorf("transfer %d: %v", i, err)
			}
		})
		all.Go(func() {
			for range 5 {
				_, _, err := w.service.Issue(ctx, w.admin, keys.IssueInput{ServiceAccountID: w.account.ID, KeyFields: keys.KeyFields{Name: "k"}})
				if err != nil && !errors.Is(err, errs.Conflict) {
					t.Errorf("issue: %v", err)
				}
			}
		})
	}
	all.Wait()
	_, err := moves.Step(ctx)
	w.must(err)
	account, err := w.service.Account(ctx, w.admin, w.account.ID)
	if w.must(err); !slices.Contains(targets, account.OrganizationID) {
		t.Errorf("the account is in %s", account.OrganizationID)
	}
	rows, err := w.store.Keys().List(ctx, keys.KeyFilter{ServiceAccountID: account.ID}, keys.Page{Limit: 100})
	w.must(err)
	for i := range rows {
		if rows[i].OrganizationID != account.OrganizationID {
			t.Errorf("a key is in %s, its account in %s", rows[i].OrganizationID, account.OrganizationID)
		}
	}
}
