package keys_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/keys"
)

// interrupted is an incident of 210 keys that broke off in its second page.
func (w *world) interrupted(orderly bool) (keys.Incident, []keys.Key) {
	w.t.Helper()
	n, store := w.incidents()
	store.orderly = orderly
	all, _ := w.many(210)
	planned := w.plan(n, keys.IncidentRequest{Action: keys.IncidentRevoke, Reason: keys.ReasonLeaked, Selection: keys.Selection{ServiceAccountID: w.account.ID}})
	store.pagesLeft.Store(1)
	if _, err := n.Run(w.t.Context(), w.admin, planned.Confirm()); err != nil && !errors.Is(err, errs.Unavailable) {
		w.t.Errorf("a store that goes on the way: %v", err)
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
	left, err := n.Incident(t.Context(), w.admin, planned.ID)
	w.must(err)
	if !left.Interrupted(w.now()) || left.Next != 1 {
		t.Fatalf("it was left as %+v", left)
	}
	again, err := n.Continue(t.Context(), w.admin, planned.ID)
	w.must(err)
	if again = w.over(n, again); again.State != keys.IncidentDone || again.Count.Done != 210 || again.Released {
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
				w.must(err)
				if got, err := n.Incident(t.Context(), w.admin, planned.ID); err != nil || still != 0 || got.Next != 1 {
					t.Errorf("one that may go on elsewhere was taken: still for %s, %+v, %v", still, got, err)
				}
				w.advance(keys.IncidentAlive + time.Second)
			}
			still, err := n.Resume(t.Context(), auth.System())
			w.must(err)
			if (still > keys.IncidentAlive) == orderly {
				t.Errorf("it stood still for %s", still)
			}
			got, err := n.Incident(t.Context(), w.admin, planned.ID)
			w.must(err)
			if got = w.over(n, got); got.State != keys.IncidentDone || got.Count.Done != 210 {
				t.Fatalf("taken on: %+v", got)
			}
			for _, k := range all {
				events, err := w.store.Events(context.WithoutCancel(t.Context()), audit.Filter{ObjectID: k.ID, Action: "incident.revoke"}, "", 10)
				if err != nil || len(events) != 1 || events[0].Subject != w.admin.Subject() {
					t.Fatalf("key %s: %+v, %v", k.ID, events, err)
				}
			}
			if still, err := n.Resume(t.Context(), auth.System()); err != nil || still != 0 {
				t.Errorf("with nothing to do: %s, %v", still, err)
			}
		})
	}
}
