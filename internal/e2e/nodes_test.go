package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// nodesOf are the names of the nodes in the state, as s sees them.
func (s *service) nodesOf(state string) (names []string) {
	s.t.Helper()
	for _, item := range s.call("GET", "/api/nodes", nil, 200)["items"].([]any) {
		if n := item.(map[string]any); n["state"] == state {
			names = append(names, n["name"].(string))
		}
	}
	return names
}

// awaitNodes waits until s sees so many nodes that poll, and no other.
func (s *service) awaitNodes(fresh int) {
	s.t.Helper()
	parts.Await(s.t, 10*time.Second, "the nodes to see each other", func(context.Context) error {
		if got, silent := s.nodesOf("fresh"), s.nodesOf("silent"); len(got) != fresh || len(silent) != 0 {
			return fmt.Errorf("%v poll, %v are silent", got, silent)
		}
		return nil
	})
}

// pair starts two nodes on the database.
func pair(t *testing.T, database string, settings ...string) (first, second *service, process *parts.Process) {
	t.Helper()
	first, _ = start(t, database, append(settings, "LATCHKEY_NODE_NAME=first")...)
	second, process = start(t, database, append(settings, "LATCHKEY_NODE_NAME=second")...)
	first.awaitNodes(2)
	second.awaitNodes(2)
	return first, second, process
}

// asking is how long a test waits between questions: nodes and store need the
// machine, too.
const asking = 3 * time.Millisecond

func moment(t *testing.T, v any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// warm has both nodes cache n new keys.
func warm(t *testing.T, first, second *service, tier string, n int) (ids, secrets []string) {
	t.Helper()
	for range n {
		id, secret := first.issue(tier, "invoices:read")
		ids, secrets = append(ids, id), append(secrets, secret)
		for _, s := range []*service{first, second} {
			if got := code(t, s.base, secret); got != "VALID" {
				t.Fatalf("a new key is %s", got)
			}
		}
	}
	for _, secret := range secrets { // what other keys of a slot made old is loaded anew
		code(t, second.base, secret)
	}
	return ids, secrets
}

// A change made on one node holds on the other within the bound that the
// answer tells.
func TestChangesReachTheOtherNodeInTime(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, _ := pair(t, database)
			reachInTime(t, first, second)
		})
	}
}

func reachInTime(t *testing.T, first, second *service) {
	tier := first.vast()
	ids, secrets := warm(t, first, second, tier, 5)
	for i, change := range []struct {
		name string
		make func(key, account, organization string)
		want string
	}{
		{"key disabled", func(key, _, _ string) {
			first.call("PATCH", "/api/keys/"+key, map[string]any{"disabled": true}, 200)
		}, "DISABLED"},
		{"account disabled", func(_, account, _ string) {
			first.call("PATCH", "/api/service-accounts/"+account, map[string]any{"disabled": true}, 200)
		}, "DISABLED"},
		{"scopes taken from the account", func(_, account, _ string) {
			first.call("PATCH", "/api/service-accounts/"+account, map[string]any{"scopes": []string{}}, 200)
		}, "INSUFFICIENT_SCOPE"},
		{"tier lowered", func(_, account, _ string) {
			first.call("PATCH", "/api/tiers/"+tier, map[string]any{"rate_limit": map[string]any{"requests": 1, "per": "1h", "burst": 1}}, 200)
		}, "RATE_LIMITED"},
		{"organization disabled", func(_, _, organization string) {
			first.call("PATCH", "/api/organizations/"+organization, map[string]any{"disabled": true}, 200)
		}, "DISABLED"},
	} {
		key, secret := ids[i], secrets[i]
		of := first.call("GET", "/api/keys/"+key, nil, 200)
		asked := second.base + "/verify?scope=invoices:read"
		if _, body := get(t, asked, secret); body != "" && !strings.Contains(body, "VALID") {
			t.Fatalf("%s: before it the key is %s", change.name, body)
		}
		change.make(key, of["service_account_id"].(string), of["organization_id"].(string))
		answered := time.Now()
		var last string
		var took time.Duration
		for took < 3*time.Second {
			<-time.After(asking)
			answer, _ := get(t, asked, secret)
			if took, last = time.Since(answered), answer.Header.Get("X-Latchkey-Code"); last == change.want {
				break
			}
		}
		t.Logf("%s: the other node knows after %s", change.name, took)
		if last != change.want || took > time.Second {
			t.Errorf("%s: the other node says %s after %s", change.name, last, took)
		}
	}
}

func TestARevokeHoldsOnTheOtherNodeInTime(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, _ := pair(t, database)
			revokes(t, first, second, 5)
		})
	}
	t.Run("mongodb and redis", func(t *testing.T) {
		t.Parallel()
		first, second, _ := pair(t, parts.Mongo(t).URL(), "LATCHKEY_REDIS_URL="+parts.Redis(t).URL())
		revokes(t, first, second, 10)
	})
}

func revokes(t *testing.T, first, second *service, times int) {
	ids, secrets := warm(t, first, second, first.vast(), times)
	var longest time.Duration
	late := 0
	for i, key := range ids {
		secret := secrets[i]
		answer := first.call("POST", "/api/keys/"+key+"/revoke", map[string]any{}, 200)
		answered := time.Now()
		if got := code(t, first.base, secret); got != "REVOKED" {
			t.Errorf("after the answer the node itself says %s", got)
		}
		by := moment(t, answer["effective_everywhere_by"])
		switch waiting := answer["waiting_for"].([]any); {
		case len(waiting) != 0:
			late++ // the machine kept the other from polling in time, and the answer says so
		case by.After(answered.Add(time.Second)):
			t.Errorf("it waits for nobody until %s from now", time.Until(by))
		}
		for {
			<-time.After(asking)
			asked := time.Now()
			got := code(t, second.base, secret)
			if got == "REVOKED" {
				longest = max(longest, time.Since(answered))
				break
			}
			if asked.After(by) {
				t.Fatalf("the other node says %s to a question asked %s after it was to be effective", got, asked.Sub(by))
			}
		}
	}
	if late == times {
		t.Error("the other node was never in time")
	}
	t.Logf("the other node refuses after at most %s; %d of %d answers waited for it", longest, late, times)
}

// A node that is stopped is named with the moment at which it must have
// stopped to serve from memory, and no more once it goes on.
func TestAStoppedNodeIsNamed(t *testing.T) {
	t.Parallel()
	const maxStale = 3 * time.Minute
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, _, process := pair(t, database, "LATCHKEY_MAX_STALE="+maxStale.String())
			tier := first.vast()
			key, _ := first.issue(tier, "invoices:read")
			revoke := func() (time.Time, []any) {
				answer := first.call("POST", "/api/keys/"+key+"/revoke", map[string]any{}, 200)
				return moment(t, answer["effective_everywhere_by"]), answer["waiting_for"].([]any)
			}
			resume := suspend(t, process, database)
			stopped := time.Now()
			var by time.Time
			var waiting []any
			parts.Await(t, 5*time.Second, "the node to be silent", func(context.Context) error {
				if by, waiting = revoke(); len(waiting) != 1 {
					return fmt.Errorf("it waits for %v", waiting)
				}
				return nil
			})
			named := waiting[0].(map[string]any)
			last, stops := moment(t, named["last_poll"]), moment(t, named["stops_at"])
			if named["name"] != "second" || !strings.HasPrefix(named["node"].(string), "node_") {
				t.Errorf("it waits for %v", named)
			}
			if last.Before(stopped.Add(-2*time.Second)) || last.After(stopped.Add(2*time.Second)) {
				t.Errorf("its last poll was %s after it was stopped", last.Sub(stopped))
			}
			if d := stops.Sub(last) - maxStale; d < 0 || d > 10*time.Millisecond || !by.Equal(stops) {
				t.Errorf("it is waited for until %s, it stops at %s, %s after its last poll", by, stops, stops.Sub(last))
			}
			if silent := first.nodesOf("silent"); len(silent) != 1 || silent[0] != "second" {
				t.Errorf("%v are silent", silent)
			}
			resume()
			first.awaitNodes(2)
			by, waiting = revoke()
			if len(waiting) != 0 || time.Until(by) > time.Second {
				t.Errorf("it waits for %v until %s from now", waiting, time.Until(by))
			}
			if err := process.Stop(); err != nil {
				t.Error(err)
			}
			first.awaitNodes(1) // one that ends in order is gone at once
		})
	}
}

// A node that was stopped for longer than it may serve from memory reads
// everything anew when it goes on.
func TestANodeThatSleptTooLongReadsAnew(t *testing.T) {
	t.Parallel()
	database := sqliteURL(t)
	first, second, process := pair(t, database, "LATCHKEY_MAX_STALE=2s")
	tier := first.vast()
	key, secret := first.issue(tier, "invoices:read")
	if got := code(t, second.base, secret); got != "VALID" {
		t.Fatalf("a new key is %s", got)
	}
	resume := suspend(t, process, database)
	by := moment(t, first.call("POST", "/api/keys/"+key+"/revoke", map[string]any{}, 200)["effective_everywhere_by"])
	parts.Await(t, 10*time.Second, "the time to be over", func(context.Context) error {
		if len(first.nodesOf("silent")) == 0 {
			return errors.New("it is not silent")
		}
		answer := first.call("POST", "/api/keys/"+key+"/revoke", map[string]any{}, 200)
		if waiting := answer["waiting_for"].([]any); len(waiting) != 0 {
			return fmt.Errorf("it waits for %v", waiting)
		}
		return nil
	})
	resume()
	if got := code(t, second.base, secret); got != "REVOKED" {
		t.Errorf("it says %s, effective by %s", got, by)
	}
}

// A backup of a service under load has every key from before, and what was
// revoked before stays so.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database, file := "sqlite:"+filepath.Join(dir, "latchkey.db"), filepath.Join(dir, "backup.db")
	s, _ := start(t, database)
	tier := s.vast()
	_, first := s.issue(tier, "invoices:read")
	account := s.call("GET", "/api/service-accounts", nil, 200)["items"].([]any)[0].(map[string]any)["id"]
	s.call("PATCH", "/api/tiers/"+tier, map[string]any{"max_keys": 10_000}, 200)
	var mu sync.Mutex
	live, revoked := []string{first}, []string{}
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for range 3 {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				key, ok := post(s.base+"/api/keys", fmt.Sprintf(`{"service_account_id":%q,"name":"k"}`, account), 201)
				if !ok {
					t.Error("no key was issued")
					return
				}
				if i%2 == 1 {
					_, ok = post(s.base+"/api/keys/"+key["id"].(string)+"/revoke", `{}`, 200)
				}
				mu.Lock()
				if i%2 == 0 {
					live = append(live, key["key"].(string))
				} else if ok {
					revoked = append(revoked, key["key"].(string))
				}
				mu.Unlock()
			}
		})
	}
	parts.Await(t, time.Minute, "some keys", func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if len(revoked) < 12 {
			return errors.New("few")
		}
		return nil
	})
	mu.Lock()
	live, revoked = live[:len(live):len(live)], revoked[:len(revoked):len(revoked)]
	before, ended := live, revoked
	mu.Unlock()
	latchkey(t, "backup", file, "LATCHKEY_DATABASE_URL="+database)
	stop()
	writers.Wait()
	restored := "sqlite:" + filepath.Join(t.TempDir(), "new", "latchkey.db")
	latchkey(t, "restore", file, "LATCHKEY_DATABASE_URL="+restored)
	again, _ := start(t, restored)
	for _, key := range before {
		if got := code(t, again.base, key); got != "VALID" {
			t.Fatalf("a key from before the backup is %s", got)
		}
	}
	for _, key := range ended {
		if got := code(t, again.base, key); got != "REVOKED" {
			t.Fatalf("a key revoked before the backup is %s", got)
		}
	}
	t.Logf("%d keys and %d revokes from before the backup, of %d and %d", len(before), len(ended), len(live), len(revoked))
	if answer, _ := get(t, again.base+"/healthz", ""); answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
}

// latchkey runs a command that needs a file.
func latchkey(t *testing.T, command, file string, settings ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), parts.Binary(t), command, file)
	cmd.Env = parts.Environ(settings...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("latchkey %s: %v\n%s", command, err, out)
	}
}
