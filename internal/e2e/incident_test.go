package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// struck is an incident over the keys of one service account.
type struck struct {
	*service
	process  *parts.Process
	database string
	account  string
	keys     map[string]string // whole keys by their ids
	order    []string          // the ids, the newest first
	aside    string            // a key of another account
	id       string            // of the incident
}

// sizes are how many keys are struck in each store: steps have a hundred, and
// the server that speaks MongoDB's protocol is slow.
var sizes = map[string]int{"sqlite": 400, "mongodb": 60}

func newStruck(t *testing.T, database string, size int) *struck {
	t.Helper()
	n := &struck{database: database, keys: map[string]string{}}
	n.service, n.process = start(t, database)
	n.call("POST", "/api/tiers", map[string]any{
		"name": "wide", "title": "Wide", "max_keys": 1000, "rate_limit": map[string]any{"requests": 1000000, "per": "1s"},
	}, 201)
	id, first := n.issue("wide", "invoices:read")
	_, n.aside = n.issue("wide", "invoices:read")
	n.account = n.call("GET", "/api/keys/"+id, nil, 200)["service_account_id"].(string)
	n.keys[id] = first
	for len(n.keys) < size {
		key := n.call("POST", "/api/keys", map[string]any{"service_account_id": n.account, "name": "k"}, 201)
		n.keys[key["id"].(string)] = key["key"].(string)
	}
	n.order = slices.Sorted(maps.Keys(n.keys))
	slices.Reverse(n.order)
	return n
}

// plan makes the dry run and returns its confirmation.
func (n *struck) plan(request map[string]any) string {
	n.t.Helper()
	made := n.call("POST", "/api/incidents", request, 201)
	n.id = made["id"].(string)
	return n.await("planned")["confirm"].(string)
}

// await waits until the incident is in the state.
func (n *struck) await(state string) (found map[string]any) {
	n.t.Helper()
	parts.Await(n.t, time.Minute, "the incident to be "+state, func(context.Context) error {
		found = n.call("GET", "/api/incidents/"+n.id, nil, 200)
		if found["state"] != state {
			return fmt.Errorf("it is %v", found["state"])
		}
		return nil
	})
	return found
}

// killAmid sends the request, kills the process when a third of the keys have
// come to the verdict, and starts it again.
func (n *struck) killAmid(path, body, verdict string) {
	n.t.Helper()
	var asking sync.WaitGroup
	asking.Go(func() { post(n.base+path, body, http.StatusOK) }) // whether an answer came or not
	watched := n.keys[n.order[len(n.order)/3]]
	parts.Await(n.t, time.Minute, "the incident to be in the middle", func(context.Context) error {
		if got := code(n.t, n.base, watched); got != verdict {
			return errors.New(got)
		}
		return nil
	})
	n.process.Kill()
	asking.Wait()
	n.service, n.process = start(n.t, n.database)
}

// goOn continues the incident as soon as it counts as interrupted.
func (n *struck) goOn(state string) {
	n.t.Helper()
	if found := n.call("GET", "/api/incidents/"+n.id, nil, 200); found["state"] != state {
		n.t.Fatalf("after the kill it is %v: it was not killed amid", found["state"])
	}
	n.call("POST", "/api/incidents/"+n.id+"/continue", nil, 409) // another node could be at it still
	parts.Await(n.t, time.Minute, "the incident to count as interrupted", func(context.Context) error {
		if n.call("GET", "/api/incidents/"+n.id, nil, 200)["interrupted"] != true {
			return errors.New("it does not")
		}
		return nil
	})
	n.call("POST", "/api/incidents/"+n.id+"/continue", nil, 200)
}

// events counts the action's events by the key that they are about.
func (n *struck) events(action string) map[string]int {
	n.t.Helper()
	all := map[string]int{}
	for cursor := ""; ; {
		page := n.call("GET", "/api/audit-events?limit=200&action="+action+"&cursor="+cursor, nil, 200)
		for _, e := range page["items"].([]any) {
			all[e.(map[string]any)["object"].(map[string]any)["id"].(string)]++
		}
		next, more := page["next_cursor"].(string)
		if !more || next == "" {
			return all
		}
		cursor = next
	}
}

// ended fails the test unless every key of the incident, and no other, came to
// the outcome and the code once, by one event of the action.
func (n *struck) ended(found map[string]any, count, outcome, verdict, action string) {
	n.t.Helper()
	counts := found["count"].(map[string]any)
	if counts["planned"] != float64(len(n.keys)) || counts[count] != float64(len(n.keys)) || counts["failed"] != 0.0 ||
		counts["skipped"] != 0.0 || counts["kept"] != 0.0 {
		n.t.Errorf("the report counts %v, want %d %s", counts, len(n.keys), count)
	}
	seen := map[string]int{}
	for page := 1; page <= int(found["pages"].(float64)); page++ {
		for _, k := range n.call("GET", fmt.Sprintf("/api/incidents/%s?page=%d", n.id, page), nil, 200)["keys"].([]any) {
			one := k.(map[string]any)
			seen[one["key_id"].(string)]++
			if one["outcome"] != outcome {
				n.t.Errorf("the report says %v of %v", one["outcome"], one["key_id"])
			}
		}
	}
	events := n.events(action)
	for id, key := range n.keys {
		if got := code(n.t, n.base, key); got != verdict || seen[id] != 1 || events[id] != 1 {
			n.t.Errorf("key %s is %s, %d times in the report, with %d events", id, got, seen[id], events[id])
		}
	}
	if len(seen) != len(n.keys) || len(events) != len(n.keys) || code(n.t, n.base, n.aside) != "VALID" {
		n.t.Errorf("%d keys are in the report and %d have events; a key aside is %s", len(seen), len(events), code(n.t, n.base, n.aside))
	}
}

// TestAKilledRevokeIsContinued kills the process in the middle of a pasted list
// of leaked keys.
func TestAKilledRevokeIsContinued(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newStruck(t, database, sizes[name])
			list := []string{"no key at all"}
			for i, id := range n.order { // whole keys and ids
				list = append(list, []string{id, n.keys[id]}[i%2])
			}
			confirm := n.plan(map[string]any{"action": "revoke", "reason": "leaked", "keys": list})
			n.killAmid("/api/incidents", fmt.Sprintf(`{"action":"revoke","dry_run":false,"confirm":%q}`, confirm), "REVOKED")
			n.goOn("running")
			found := n.await("done")
			n.ended(found, "done", "done", "REVOKED", "incident.revoke")
			if unknown := found["count"].(map[string]any)["unknown"]; unknown != 1.0 {
				t.Errorf("%v lines are no key", unknown)
			}
			for action, times := range map[string]int{"incident.start": 1, "incident.continue": 1, "incident.finish": 1} {
				if got := n.events(action)[n.id]; got != times {
					t.Errorf("%d events %s", got, action)
				}
			}
			n.call("POST", "/api/incidents/"+n.id+"/undo", nil, 409)
			if strings.Contains(n.process.Output(), n.aside) {
				t.Error("a key is in the log")
			}
		})
	}
}

// TestAKilledDisableIsContinuedAndUndone kills the process in the middle of
// disabling an account's keys, and again in the middle of the undo.
func TestAKilledDisableIsContinuedAndUndone(t *testing.T) {
	t.Parallel()
	n := newStruck(t, sqliteURL(t), sizes["sqlite"])
	confirm := n.plan(map[string]any{"action": "disable", "service_account_id": n.account})
	n.killAmid("/api/incidents", fmt.Sprintf(`{"action":"disable","dry_run":false,"confirm":%q}`, confirm), "DISABLED")
	n.goOn("running")
	n.ended(n.await("done"), "done", "done", "DISABLED", "incident.disable")
	n.killAmid("/api/incidents/"+n.id+"/undo", "", "VALID")
	n.goOn("undoing")
	n.ended(n.await("undone"), "undone", "undone", "VALID", "incident.enable")
}
