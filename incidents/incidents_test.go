package incidents_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// brittle is a Store that stops accepting pages on request.
type brittle struct {
	incidents.Store
	pagesLeft atomic.Int64
	planned   func() error // is asked before a page of a dry run is stored
	endless   atomic.Bool  // an incident that is over cannot be stored
	orderly   bool
	failed    chan struct{} // gets one for each page that was not taken
}

type brittlePages struct {
	keys.Collection[incidents.Page, keys.NoFilter]
	of *brittle
}

func (b *brittle) IncidentPages() keys.Collection[incidents.Page, keys.NoFilter] {
	return brittlePages{b.Store.IncidentPages(), b}
}

// brittleIncidents cannot be written either once a page was not taken: the
// process is gone.
type brittleIncidents struct {
	keys.Collection[incidents.Incident, keys.NoFilter]
	of *brittle
}

func (b *brittle) Incidents() keys.Collection[incidents.Incident, keys.NoFilter] {
	return brittleIncidents{b.Store.Incidents(), b}
}

// Replace implements keys.Collection.
func (p brittleIncidents) Replace(ctx context.Context, n incidents.Incident) error {
	if p.of.pagesLeft.Load() < 0 && !p.of.orderly {
		return errors.Join(keystest.ErrGone, errs.Unavailable)
	}
	if n.State == incidents.Done && p.of.endless.Load() {
		return errs.Unavailable
	}
	return p.Collection.Replace(ctx, n)
}

// Insert implements keys.Collection.
func (p brittlePages) Insert(ctx context.Context, page incidents.Page) error {
	if p.of.planned != nil {
		if err := p.of.planned(); err != nil {
			return err
		}
	}
	return p.Collection.Insert(ctx, page)
}

// Replace implements keys.Collection.
func (p brittlePages) Replace(ctx context.Context, page incidents.Page) error {
	if p.of.pagesLeft.Add(-1) < 0 {
		p.of.failed <- struct{}{}
		return errors.Join(keystest.ErrGone, errs.Unavailable)
	}
	return p.Collection.Replace(ctx, page)
}

func (w *world) incidents() (*incidents.Service, *brittle) {
	w.T.Helper()
	b := &brittle{Store: w.Store, failed: make(chan struct{}, 10)}
	b.pagesLeft.Store(1 << 40)
	n, err := incidents.New(incidents.Config{
		Keys: w.Service, Store: b, Logger: slog.New(slog.DiscardHandler),
		Left: func(_ context.Context, user, _ string) (bool, error) { return user == leaver, nil },
	})
	w.Must(err)
	w.T.Cleanup(n.Close)
	return n, b
}

const leaver = ids.User + "00000000000070008000000000000001"

func (w *world) plan(n *incidents.Service, r incidents.Request) incidents.Incident {
	w.T.Helper()
	got, err := n.Plan(w.T.Context(), w.Admin, r)
	w.Must(err)
	return w.over(n, got)
}

// over waits for work behind an answer.
func (w *world) over(n *incidents.Service, got incidents.Incident) incidents.Incident {
	w.T.Helper()
	for got.Working(w.Now()) {
		if err := w.T.Context().Err(); err != nil {
			w.T.Fatal(err)
		}
		var err error
		got, err = n.Incident(w.T.Context(), w.Admin, got.ID)
		w.Must(err)
	}
	return got
}

func TestAnIncidentFromDryRunToUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, _ := w.incidents()
	all, secrets := w.IssueMany(230)
	w.Want(secrets[0], verify.Valid)
	planned := w.plan(n, incidents.Request{
		Action: incidents.Disable, Reason: keys.ReasonLeaked, Note: "a paste",
		Selection: incidents.Selection{OrganizationID: keys.FirstOrganization},
	})
	if planned.State != incidents.Planned || planned.Count.Planned != 230 || planned.Pages != 3 || len(planned.Groups) != 1 ||
		planned.Groups[0] != (incidents.Group{OrganizationID: keys.FirstOrganization, Tier: "enterprise", Keys: 230}) {
		t.Fatalf("the dry run: %+v", planned)
	}
	w.Want(secrets[0], verify.Valid) // nothing was done

	late, _ := w.Issue(keys.KeyFields{}) // was not in the dry run
	_, _, err := w.Service.Revoke(t.Context(), w.Admin, all[0].ID, keys.AnyRevision, keys.ReasonUnused, "")
	w.Must(err)
	w.Must(w.Service.DeleteKey(t.Context(), w.Admin, all[1].ID, keys.AnyRevision))
	_, err = n.Run(t.Context(), w.Admin, planned.ID+".0123456789abcdef")
	keystest.Refused(t, "a token of another dry run", err, errs.Invalid, "confirm")
	started, err := n.Run(t.Context(), w.Admin, planned.Confirm())
	w.Must(err)
	done := w.over(n, started)
	if done.State != incidents.Done || done.Count.Done != 228 || done.Count.Skipped != 2 || done.Count.Failed != 0 || !done.Undoable(w.Now()) {
		t.Fatalf("afterwards: %+v", done)
	}
	for _, i := range []int{2, 100, 229} {
		w.Want(secrets[i], verify.Disabled)
	}
	if again, err := n.Run(t.Context(), w.Admin, planned.Confirm()); err != nil || again.Count != done.Count {
		t.Errorf("confirmed twice: %+v, %v", again.Count, err)
	}
	if k, err := w.Service.Key(t.Context(), w.Admin, late.ID); err != nil || k.Disabled {
		t.Errorf("a key that the dry run did not name: disabled %t, %v", k.Disabled, err)
	}

	// What somebody changed since is left alone.
	_, err = w.Service.ChangeKey(t.Context(), w.Admin, all[2].ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
		f.Note = "mine"
		return f, nil
	})
	w.Must(err)
	undone, err := n.Undo(t.Context(), w.Admin, done.ID)
	w.Must(err)
	undone = w.over(n, undone)
	if undone.State != incidents.Undone || undone.Count.Undone != 227 || undone.Count.Kept != 1 {
		t.Errorf("the undo: %+v", undone)
	}
	w.Want(secrets[2], verify.Disabled)
	w.Want(secrets[3], verify.Valid)
	_, err = n.Undo(t.Context(), w.Admin, done.ID)
	keystest.Refused(t, "a second undo", err, errs.Conflict, "")
	events, err := w.Store.Events(t.Context(), audit.Filter{ObjectID: all[3].ID}, "", 10)
	w.Must(err)
	if len(events) != 3 || events[0].Action != "incident.enable" || events[1].Action != "incident.disable" {
		t.Errorf("the key's events: %+v", events)
	}
	events, err = w.Store.Events(t.Context(), audit.Filter{ObjectID: done.ID}, "", 10)
	w.Must(err)
	if len(events) != 5 { // plan, start, finish, undo, undone
		t.Errorf("the incident has %d events", len(events))
	}
}

func TestARevokeIsFinalAndADryRunGetsOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, _ := w.incidents()
	_, secrets := w.IssueMany(3)
	request := incidents.Request{
		Action: incidents.Revoke, Reason: keys.ReasonAbuse, Selection: incidents.Selection{ServiceAccountID: w.Account.ID},
	}
	old := w.plan(n, request)
	w.Advance(incidents.PlanLife + time.Second)
	_, err := n.Run(t.Context(), w.Admin, old.Confirm())
	keystest.Refused(t, "a dry run of long ago", err, errs.Conflict, "")
	w.Want(secrets[0], verify.Valid)
	again := w.plan(n, request)
	done, err := n.Run(t.Context(), w.Admin, again.Confirm())
	w.Must(err)
	done = w.over(n, done)
	w.Want(secrets[2], verify.Revoked)
	_, err = n.Undo(t.Context(), w.Admin, done.ID)
	keystest.Refused(t, "undoing a revoke", err, errs.Conflict, "")
	disabled := w.plan(n, incidents.Request{Action: incidents.Disable, Selection: incidents.Selection{ServiceAccountID: w.Account.ID}})
	if disabled.Count.Planned != 0 {
		t.Errorf("what is revoked is selected: %+v", disabled.Count)
	}
	w.Advance(incidents.UndoTime * 2)
	for range 4 {
		_, err = n.Clean(t.Context())
		w.Must(err)
	}
	left, err := n.List(t.Context(), w.Admin, keys.Page{Limit: 10})
	w.Must(err)
	if len(left) != 1 || left[0].ID != done.ID {
		t.Errorf("of two dry runs and a revoke %d are left", len(left))
	}
}

// A process that dies in the middle of a step leaves nothing done twice, and
// nothing undone.
func TestAnInterruptedIncidentIsContinued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, store := w.incidents()
	all, secrets := w.IssueMany(210)
	planned := w.plan(n, incidents.Request{Action: incidents.Disable, Selection: incidents.Selection{ServiceAccountID: w.Account.ID}})
	store.pagesLeft.Store(1) // the second page is done, and not written down
	if _, err := n.Run(t.Context(), w.Admin, planned.Confirm()); err != nil && !errors.Is(err, errs.Unavailable) {
		t.Errorf("a store that goes on the way: %v", err)
	}
	<-store.failed
	n.Close() // the process is gone
	n, store = w.incidents()
	stopped, err := n.Incident(t.Context(), w.Admin, planned.ID)
	w.Must(err)
	if stopped.State != incidents.Running || stopped.Next != 1 || stopped.Interrupted(w.Now()) {
		t.Fatalf("the incident: %+v", stopped)
	}
	_, err = n.Continue(t.Context(), w.Admin, planned.ID)
	keystest.Refused(t, "continuing what may go on", err, errs.Conflict, "")
	w.Advance(incidents.AliveFor + time.Second)
	again, err := n.Continue(t.Context(), w.Admin, planned.ID)
	w.Must(err)
	again = w.over(n, again)
	if again.State != incidents.Done || again.Count.Done != 210 || again.Count.Skipped != 0 {
		t.Errorf("continued: %+v", again)
	}
	w.Want(secrets[120], verify.Disabled)
	for _, k := range all {
		events, err := w.Store.Events(t.Context(), audit.Filter{ObjectID: k.ID, Action: "incident.disable"}, "", 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("key %s has %d events of the incident, %v", k.ID, len(events), err)
		}
	}
	store.pagesLeft.Store(0)
	if _, err := n.Undo(t.Context(), w.Admin, again.ID); err != nil && !errors.Is(err, errs.Unavailable) {
		t.Errorf("a store that goes on the way: %v", err)
	}
	<-store.failed
	n.Close()
	n, _ = w.incidents()
	undoing, err := n.Incident(t.Context(), w.Admin, again.ID)
	w.Must(err)
	w.Advance(incidents.AliveFor + time.Second)
	if !undoing.Interrupted(w.Now()) {
		t.Errorf("the undo: %+v", undoing)
	}
	undone, err := n.Continue(t.Context(), w.Admin, again.ID)
	w.Must(err)
	if undone = w.over(n, undone); undone.Count.Undone != 210 || undone.Count.Kept != 0 {
		t.Errorf("the continued undo: %+v", undone.Count)
	}
}

// A pasted list is looked up by hash, and is stored nowhere.
func TestPastedKeysAreKeptNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, _ := w.incidents()
	all, secrets := w.IssueMany(4)
	unknown := keystest.Format(t).New(keys.Live).Reveal()
	planned := w.plan(n, incidents.Request{
		Action: incidents.Revoke, Selection: incidents.Selection{OrganizationID: keys.FirstOrganization},
		List: []string{
			secrets[0], " " + secrets[1] + "\r", "", all[2].ID, secrets[0], unknown, "<script>alert(1)</script>",
			"key_00000000000070008000000000000009",
		},
	})
	if planned.Count.Planned != 3 || planned.Count.Unknown != 3 || fmt.Sprint(planned.UnknownLines) != "[6 7 8]" ||
		planned.Selection.Pasted != 8 {
		t.Fatalf("the dry run: %+v", planned)
	}
	_, err := n.Plan(t.Context(), w.Admin, incidents.Request{Action: incidents.Revoke, List: make([]string, 0)})
	keystest.Refused(t, "nothing selected", err, errs.Invalid, "")
	_, err = n.Plan(t.Context(), w.Admin, incidents.Request{
		Action: incidents.Revoke, List: strings.Split(strings.Repeat("x\n", incidents.MaxPasted)+"x", "\n"),
	})
	keystest.Refused(t, "too long a list", err, errs.Invalid, "keys")
	w.Must(w.Store.Ping(t.Context()))
	files, err := filepath.Glob(strings.TrimPrefix(w.Store.Name(), "SQLite at ") + "*")
	w.Must(err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		w.Must(err)
		for _, secret := range append(secrets, unknown) {
			if strings.Contains(string(content), secret) {
				t.Errorf("%s holds a key", file)
			}
		}
	}
}

func TestSelections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, _ := w.incidents()
	all, _ := w.IssueMany(4)
	edit := func(i int, change func(*keys.Key)) {
		_, _, err := keys.Revise(t.Context(), w.Store.Keys(), all[i].ID, keys.AnyRevision, w.Now, func(k *keys.Key) error {
			change(k)
			return nil
		})
		w.Must(err)
	}
	edit(0, func(k *keys.Key) { k.Scopes = []string{"invoices:read"} })
	edit(1, func(k *keys.Key) { k.CreatedBy = leaver })
	edit(2, func(k *keys.Key) {
		k.ExpiresAt, k.CreatedAt = w.Now().Add(time.Hour), w.Now().Add(-keys.NeverUsedFor*2)
	})
	edit(3, func(k *keys.Key) { k.Disabled = true })
	for _, tt := range []struct {
		name      string
		selection incidents.Selection
		want      int
	}{
		{"of the organization, but for one that is disabled", incidents.Selection{OrganizationID: keys.FirstOrganization}, 3},
		{"of the account", incidents.Selection{ServiceAccountID: w.Account.ID}, 3},
		{"on the tier", incidents.Selection{Tier: "enterprise"}, 3},
		{"on another tier", incidents.Selection{Tier: "free"}, 0},
		{"that may write invoices", incidents.Selection{Scope: "invoices:write"}, 2},
		{"that may read them", incidents.Selection{Scope: "invoices:read"}, 3},
		{"that may do something else", incidents.Selection{Scope: "customers:read"}, 0},
		{"older than a day", incidents.Selection{CreatedBefore: w.Now().Add(-24 * time.Hour)}, 1},
		{"not used since", incidents.Selection{LastUsedBefore: w.Now()}, 3},
		{"made by somebody", incidents.Selection{CreatedBy: leaver}, 1},
		{"whose creator left", incidents.Selection{Neglect: keys.CreatorLeft}, 1},
		{"whose account has no owner", incidents.Selection{Neglect: keys.NoOwner}, 3},
		{"never used", incidents.Selection{Neglect: keys.NeverUsed}, 1},
		{"without an end", incidents.Selection{Neglect: keys.NoExpiry}, 2},
		{"all of it", incidents.Selection{Neglect: keys.NoExpiry, Scope: "invoices:write", Tier: "enterprise", CreatedBy: leaver}, 1},
	} {
		got := w.plan(n, incidents.Request{Action: incidents.Disable, Selection: tt.selection})
		if got.Count.Planned != tt.want {
			t.Errorf("%s: %d keys, want %d", tt.name, got.Count.Planned, tt.want)
		}
	}
	other, err := w.Service.CreateOrganization(t.Context(), w.Admin, "", keys.OrganizationFields{Name: "Other"})
	w.Must(err)
	for field, selection := range map[string]incidents.Selection{
		"organization_id": {OrganizationID: "Acme"}, "service_account_id": {ServiceAccountID: w.Account.ID, OrganizationID: other.ID},
		"tier": {Tier: "platinum"}, "scope": {Scope: "nothing:read"}, "created_by": {CreatedBy: "usr_none"},
	} {
		_, err := n.Plan(t.Context(), w.Admin, incidents.Request{Action: incidents.Disable, Selection: selection})
		keystest.Refused(t, "by a "+field+" that does not exist", err, errs.Invalid, field)
	}
	_, err = n.Plan(t.Context(), w.Admin, incidents.Request{
		Action: incidents.Disable, Selection: incidents.Selection{ServiceAccountID: "sa_none"},
	})
	keystest.Refused(t, "by an account that does not exist", err, errs.Invalid, "service_account_id")
	leavers, _, err := n.Leavers(t.Context(), w.Admin, w.Store, keys.Creator{})
	w.Must(err)
	if len(leavers) != 1 || leavers[0] != (incidents.Leaver{
		Creator: keys.Creator{OrganizationID: keys.FirstOrganization, ID: leaver}, Keys: 1,
	}) {
		t.Errorf("who left: %+v", leavers)
	}
	for kind, want := range map[keys.Neglect]int{keys.NoExpiry: 3, keys.NeverUsed: 0} {
		found, err := w.Service.Neglected(t.Context(), w.Admin, kind, keys.Page{Limit: 10})
		if err != nil || len(found) != want {
			t.Errorf("%s: %d keys, %v", kind, len(found), err)
		}
	}
	w.Advance(keys.NeverUsedFor + time.Hour)
	if found, err := w.Service.Neglected(t.Context(), w.Admin, keys.NeverUsed, keys.Page{Limit: 10}); err != nil || len(found) != 3 {
		t.Errorf("never used: %d keys, %v", len(found), err)
	}
}

// Nobody but the staff does any of it.
func TestIncidentsAreTheStaffs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, _ := w.incidents()
	ctx, owner := t.Context(), keystest.Member(keys.FirstOrganization, auth.Owner)
	planned := w.plan(n, incidents.Request{Action: incidents.Disable, Selection: incidents.Selection{OrganizationID: keys.FirstOrganization}})
	for name, call := range map[string]func() error{
		"plan":     func() error { _, err := n.Plan(ctx, owner, incidents.Request{}); return err },
		"run":      func() error { _, err := n.Run(ctx, owner, planned.Confirm()); return err },
		"continue": func() error { _, err := n.Continue(ctx, owner, planned.ID); return err },
		"undo":     func() error { _, err := n.Undo(ctx, owner, planned.ID); return err },
		"read":     func() error { _, err := n.Incident(ctx, owner, planned.ID); return err },
		"list":     func() error { _, err := n.List(ctx, owner, keys.Page{Limit: 1}); return err },
		"page":     func() error { _, err := n.Page(ctx, owner, planned.ID, 0); return err },
		"leavers":  func() error { _, _, err := n.Leavers(ctx, owner, w.Store, keys.Creator{}); return err },
		"orphans":  func() error { _, _, err := n.Orphans(ctx, owner, w.Store, incidents.OrphansAfter{}); return err },
		"neglected": func() error {
			_, err := w.Service.Neglected(ctx, owner, keys.NoExpiry, keys.Page{Limit: 1})
			return err
		},
		"find":   func() error { _, err := w.Service.FindAny(ctx, owner, "abcd"); return err },
		"impact": func() error { _, err := w.Service.TierImpact(ctx, owner, "free", keys.TierFields{}); return err },
		"override": func() error {
			_, err := w.Service.SetOverride(ctx, owner, w.Account.ID, keys.AnyRevision, nil)
			return err
		},
		"retire": func() error {
			_, err := w.Service.RetireScope(ctx, owner, "invoices:read", keys.AnyRevision, true)
			return err
		},
		"rename": func() error {
			_, err := w.Service.RenameScope(ctx, owner, "invoices:read", keys.AnyRevision, "bills:read", 0)
			return err
		},
		"use": func() error { _, err := w.Service.ScopesUse(ctx, owner, nil); return err },
	} {
		keystest.Refused(t, name, call(), errs.Forbidden, "")
	}
}

// Who does not wait for an incident finds it later, and Close ends it as well.
func TestAnIncidentGoesOnBehindTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, b := w.incidents()
	w.IssueMany(230)
	hasty := n.Within(0)
	planned := w.over(n, w.made(hasty.Plan(t.Context(), w.Admin, incidents.Request{
		Action: incidents.Disable, Selection: incidents.Selection{OrganizationID: keys.FirstOrganization},
	})))
	if planned.State != incidents.Planned || planned.Count.Planned < 230 {
		t.Errorf("the dry run is %s with %d keys", planned.State, planned.Count.Planned)
	}
	b.pagesLeft.Store(1)
	if _, err := hasty.Run(t.Context(), w.Admin, planned.Confirm()); err != nil && !errors.Is(err, errs.Unavailable) {
		t.Errorf("the answer to what fails behind it: %v", err)
	}
	<-b.failed
	n.Close()
	found, err := n.Incident(t.Context(), w.Admin, planned.ID)
	if err != nil || found.State != incidents.Running || found.Count.Done != 100 {
		t.Errorf("after its end it is %s with %d done, %v", found.State, found.Count.Done, err)
	}
}

func (w *world) made(n incidents.Incident, err error) incidents.Incident {
	w.T.Helper()
	w.Must(err)
	return n
}
