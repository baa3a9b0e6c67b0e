package api_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// A program does what a person does: a dry run first, then what it showed.
func TestIncidents(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	ask := map[string]any{"action": "disable", "reason": "leaked", "keys": []string{x.secret, "rubbish", x.key}}
	planned, got := want[client.Incident](t, s, 201, call{method: "POST", path: "/api/incidents", as: admin, body: ask})
	if planned.State != "planned" || planned.Count != (client.IncidentCount{Planned: 1, Unknown: 1}) || planned.Confirm == nil ||
		len(planned.Keys) != 1 || planned.Keys[0].KeyID != x.key || planned.Keys[0].Outcome != nil {
		t.Fatalf("the dry run: %s", got.body)
	}
	if got.header.Get("Location") != "/api/incidents/"+planned.ID {
		t.Errorf("it is at %s", got.header.Get("Location"))
	}
	if k, err := s.Keys.Key(t.Context(), auth.System(), x.key); err != nil || k.Disabled {
		t.Fatalf("the dry run did something: %v", err)
	}
	confirm := func(change map[string]any) call {
		body := map[string]any{"action": "disable", "dry_run": false, "confirm": *planned.Confirm}
		for name, value := range change {
			body[name] = value
		}
		return call{method: "POST", path: "/api/incidents", as: admin, body: body}
	}
	for name, change := range map[string]map[string]any{
		"another action":       {"action": "revoke"},
		"another selection":    {"organization_id": x.organization},
		"no dry run":           {"confirm": ""},
		"one that is none":     {"confirm": "inc_00000000000070008000000000000001.ab"},
		"another digest":       {"confirm": planned.ID + ".0123456789abcdef0123456789abcdef"},
		"with a dry run again": {"dry_run": true, "tier": "free"},
	} {
		if p := refused(t, s, 400, "invalid_request", confirm(change)); !names(p, "confirm") {
			t.Errorf("%s: %+v", name, p)
		}
	}
	done, _ := want[client.Incident](t, s, 200, confirm(nil))
	if done.State != "done" || done.Count.Done != 1 || done.UndoUntil == nil || *done.Keys[0].Outcome != "done" {
		t.Errorf("done: %+v", done)
	}
	read, _ := want[client.Incident](t, s, 200, call{method: "GET", path: "/api/incidents/" + done.ID + "?page=2", as: admin})
	if len(read.Keys) != 0 || read.Pages != 1 {
		t.Errorf("behind its last page: %+v", read.Keys)
	}
	list, _ := want[client.List[client.Incident]](t, s, 200, call{method: "GET", path: "/api/incidents", as: admin})
	if len(list.Items) != 2 || list.Items[0].ID != done.ID { // the tenant has one
		t.Errorf("%d incidents", len(list.Items))
	}
	undone, _ := want[client.Incident](t, s, 200, call{method: "POST", path: "/api/incidents/" + done.ID + "/undo", as: admin})
	if undone.State != "undone" || undone.Count.Undone != 1 {
		t.Errorf("undone: %+v", undone.Count)
	}
	refused(t, s, 409, "conflict", call{method: "POST", path: "/api/incidents/" + done.ID + "/undo", as: admin})
	refused(t, s, 409, "conflict", call{method: "POST", path: "/api/incidents/" + s.incident(t, incidents.Revoke) + "/undo", as: admin})

	old, _ := want[client.Incident](t, s, 201, call{method: "POST", path: "/api/incidents", as: admin, body: ask})
	s.advance(incidents.PlanLife + time.Second)
	planned.Confirm = old.Confirm
	refused(t, s, 409, "conflict", confirm(nil))
	refused(t, s, 404, "not_found", call{method: "GET", path: "/api/incidents/inc_none", as: admin})
	for _, what := range []string{"undo", "continue"} {
		refused(t, s, 404, "not_found", call{method: "POST", path: "/api/incidents/inc_none/" + what, as: admin})
	}
}

// What a dead process left is gone on with by any node.
func TestAnInterruptedIncidentIsContinued(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	left := s.interrupted(t, s.now())
	path := "/api/incidents/" + left
	refused(t, s, 409, "conflict", call{method: "POST", path: path + "/continue", as: admin})
	s.advance(incidents.AliveFor + time.Second)
	read, _ := want[client.Incident](t, s, 200, call{method: "GET", path: path, as: admin})
	if !read.Interrupted || read.State != "running" {
		t.Errorf("interrupted: %+v", read)
	}
	done, _ := want[client.Incident](t, s, 200, call{method: "POST", path: path + "/continue", as: admin})
	if done.State != "done" || *done.StartedBy != "gone@example.com" {
		t.Errorf("continued: %+v", done)
	}
}

// interrupted makes an incident that a process left at the time.
func (s *suite) interrupted(t *testing.T, at time.Time) string {
	t.Helper()
	left := incidents.Incident{
		Stamp: keys.NewStamp(at), ID: ids.New(ids.Incident), Action: incidents.Disable, Reason: keys.ReasonAbuse, State: incidents.Running,
		StartedBy: audit.Subject{Kind: "user", Name: "gone@example.com"}, StartedAt: at, Groups: []incidents.Group{},
	}
	must(t, s.store.Store.Incidents().Insert(t.Context(), left))
	return left.ID
}
