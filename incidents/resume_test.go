package incidents_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/keys"
)

// interrupted is an incident of 210 keys that broke off in its second page.
func (w *world) interrupted(orderly bool) (incidents.Incident, []keys.Key) {
	w.T.Helper()
	n, store := w.incidents()
	store.orderly = orderly
	all, _ := w.IssueMany(210)
	planned := w.plan(n, incidents.Request{
		Action: incidents.Revoke, Reason: keys.ReasonLeaked, Selection: incidents.Selection{ServiceAccountID: w.Account.ID},
	})
	store.pagesLeft.Store(1)
	if _, err := n.Run(w.T.Context(), w.Admin, planned.Confirm()); err != nil && !errors.Is(err, errs.Unavailable) {
		w.T.Errorf("a store that goes on the way: %v", err)
	}
	<-store.failed
	n.Close()
	return planned, all
}

func TestAnIncidentThatAProcessLeftInOrderGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	planned, _ := w.interrupted(true)
	n, _ := w.incidents()
	left, err := n.Incident(t.Context(), w.Admin, planned.ID)
	w.Must(err)
	if !left.Interrupted(w.Now()) || left.Next != 1 {
		t.Fatalf("it was left as %+v", left)
	}
	again, err := n.Continue(t.Context(), w.Admin, planned.ID)
	w.Must(err)
	if again = w.over(n, again); again.State != incidents.Done || again.Count.Done != 210 || again.Released {
		t.Errorf("continued: %+v", again)
	}
}

func TestAnyNodeTakesAnIncidentOn(t *testing.T) {
	t.Parallel()
	for name, orderly := range map[string]bool{"after SIGTERM": true, "after a kill": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			planned, all := w.interrupted(orderly)
			n, _ := w.incidents()
			if !orderly {
				still, err := n.Resume(t.Context(), auth.System())
				w.Must(err)
				if got, err := n.Incident(t.Context(), w.Admin, planned.ID); err != nil || still != 0 || got.Next != 1 {
					t.Errorf("one that may go on elsewhere was taken: still for %s, %+v, %v", still, got, err)
				}
				w.Advance(incidents.AliveFor + time.Second)
			}
			still, err := n.Resume(t.Context(), auth.System())
			w.Must(err)
			if (still > incidents.AliveFor) == orderly {
				t.Errorf("it stood still for %s", still)
			}
			got, err := n.Incident(t.Context(), w.Admin, planned.ID)
			w.Must(err)
			if got = w.over(n, got); got.State != incidents.Done || got.Count.Done != 210 {
				t.Fatalf("taken on: %+v", got)
			}
			for _, k := range all {
				events, err := w.Store.Events(context.WithoutCancel(t.Context()), audit.Filter{ObjectID: k.ID, Action: "incident.revoke"}, "", 10)
				if err != nil || len(events) != 1 || events[0].Subject != w.Admin.Subject() {
					t.Fatalf("key %s: %+v, %v", k.ID, events, err)
				}
			}
			if still, err := n.Resume(t.Context(), auth.System()); err != nil || still != 0 {
				t.Errorf("with nothing to do: %s, %v", still, err)
			}
		})
	}
}

// TestAnyNodeMakesADryRunAnew: one whose process ended is not left half done, but
// for one of a list, which is kept nowhere.
func TestAnyNodeMakesADryRunAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, _ := w.IssueMany(210)
	broken := func(r incidents.Request) incidents.Incident {
		t.Helper()
		n, store := w.incidents()
		pages := 0
		store.planned = func() error {
			if pages++; pages > 1 {
				return errs.Unavailable
			}
			return nil
		}
		r.Action = incidents.Revoke
		if _, err := n.Plan(t.Context(), w.Admin, r); err != nil && !errors.Is(err, errs.Unavailable) {
			t.Errorf("a store that goes on the way: %v", err)
		}
		n.Close()
		found, err := n.List(t.Context(), w.Admin, keys.Page{Limit: 1})
		w.Must(err)
		if len(found) != 1 || found[0].State != incidents.Planning || !found[0].Interrupted(w.Now()) {
			t.Fatalf("it was left as %+v", found)
		}
		return found[0]
	}
	selected := broken(incidents.Request{Selection: incidents.Selection{ServiceAccountID: w.Account.ID}})
	list := make([]string, len(all))
	for i := range all {
		list[i] = all[i].ID
	}
	pasted := broken(incidents.Request{List: list})

	n, _ := w.incidents()
	_, err := n.Resume(t.Context(), auth.System())
	w.Must(err)
	got, err := n.Incident(t.Context(), w.Admin, selected.ID)
	w.Must(err)
	if got = w.over(n, got); got.State != incidents.Planned || got.Count.Planned != 210 || got.PlannedBy != w.Admin.Subject() {
		t.Errorf("made anew: %+v", got)
	}
	named := map[string]bool{}
	for number := range got.Pages {
		page, err := n.Page(t.Context(), w.Admin, got.ID, number)
		w.Must(err)
		for i := range page {
			named[page[i].ID] = true
		}
	}
	if len(named) != 210 {
		t.Errorf("%d keys are named", len(named))
	}
	if got, err := n.Incident(t.Context(), w.Admin, pasted.ID); err != nil || got.State != incidents.Planning {
		t.Errorf("a list that is kept nowhere: %+v, %v", got, err)
	}
}

// TestEventsOfAnIncidentAreWrittenOnce: a process that ends right before or behind
// one of them leaves neither none nor two.
func TestEventsOfAnIncidentAreWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, store := w.incidents()
	w.IssueMany(3)
	planned := w.plan(n, incidents.Request{Action: incidents.Revoke, Selection: incidents.Selection{ServiceAccountID: w.Account.ID}})
	store.endless.Store(true)
	if _, err := n.Run(t.Context(), w.Admin, planned.Confirm()); !errors.Is(err, errs.Unavailable) {
		t.Fatalf("the end cannot be stored: %v", err)
	}
	events := func(action string) []audit.Event {
		t.Helper()
		found, err := w.Store.Events(t.Context(), audit.Filter{ObjectID: planned.ID, Action: action}, "", 10)
		w.Must(err)
		return found
	}
	began := events("incident.start")
	if len(began) != 1 || len(events("incident.finish")) != 1 {
		t.Fatalf("before: %d and %d", len(began), len(events("incident.finish")))
	}
	w.Must(w.Store.DeleteEvents(t.Context(), []string{began[0].ID}))
	store.endless.Store(false)
	_, err := n.Resume(t.Context(), auth.System())
	w.Must(err)
	got, err := n.Incident(t.Context(), w.Admin, planned.ID)
	w.Must(err)
	if got = w.over(n, got); got.State != incidents.Done {
		t.Fatalf("resumed: %+v", got)
	}
	if s, d := events("incident.start"), events("incident.finish"); len(s) != 1 || len(d) != 1 || s[0].Subject != w.Admin.Subject() {
		t.Errorf("%d times begun and %d times done", len(s), len(d))
	}
}

// TestAnIncidentOfAClockThatWasAhead is taken on at once, not when the clock has
// come to where it was.
func TestAnIncidentOfAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Advance(24 * time.Hour)
	planned, _ := w.interrupted(false)
	w.Advance(-24 * time.Hour)
	n, _ := w.incidents()
	got, err := n.Incident(t.Context(), w.Admin, planned.ID)
	w.Must(err)
	if !got.Interrupted(w.Now()) {
		t.Fatalf("nobody would take it on: %+v", got)
	}
	_, err = n.Resume(t.Context(), auth.System())
	w.Must(err)
	got, err = n.Incident(t.Context(), w.Admin, planned.ID)
	w.Must(err)
	if got = w.over(n, got); got.State != incidents.Done || got.Count.Done != 210 || got.UpdatedAt.After(w.Now()) {
		t.Errorf("taken on: %+v", got)
	}
}
