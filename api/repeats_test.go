package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
)

// TestIdempotency: a repeated POST makes nothing twice, answers with the same
// object, and never with the secret.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	for _, o := range contract.operations {
		if !o.takes("header", "Idempotency-Key") {
			continue
		}
		x := s.tenant(t)
		c := s.good(t, o, x, admin)
		c.header = map[string]string{"Idempotency-Key": "k-" + o.OperationID}
		made, first := want[map[string]any](t, s, 201, c)
		objects := s.objects(t)
		again, second := want[map[string]any](t, s, 201, c)
		if first.header.Get("Idempotent-Replayed") != "" || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: replayed %q, then %q", o, first.header.Get("Idempotent-Replayed"), second.header.Get("Idempotent-Replayed"))
		}
		if told := again["key"] != nil || again["secret"] != nil; told || s.objects(t) != objects {
			t.Errorf("%s: the repeat told a secret or made something: %s", o, second.body)
		}
		if _, issued := made["key"]; issued != (o.OperationID == "createKey" || o.OperationID == "rotateKey") {
			t.Errorf("%s: the first answer is %s", o, first.body)
		}
		delete(made, "key")
		delete(made, "secret")
		if diff := cmp.Diff(made, again); diff != "" || first.header.Get("Location") != second.header.Get("Location") {
			t.Errorf("%s: the repeat answers another object: %s", o, diff)
		}
		other := c
		other.body = another(o, c.body.(map[string]any))
		refused(t, s, 409, "idempotency_key_reused", other)
		_, stranger := s.user(t, auth.Owner, x.organization)
		other.as = stranger
		if got := s.send(t, other); strings.Contains(string(got.body), "idempotency_key_reused") {
			t.Errorf("%s: the keys of two callers meet", o)
		}
	}
}

// another is a good body that differs.
func another(o *operation, body map[string]any) map[string]any {
	switch o.OperationID {
	case "addMember":
		return with(body, []string{"role"}, "developer")
	case "createWebhook":
		return with(body, []string{"description"}, "another")
	case "rotateKey":
		return with(body, []string{"grace"}, "2h")
	default:
		return with(body, []string{"name"}, "another:one")
	}
}

// TestConcurrentRepeats: of many repeats at once one makes the object and tells
// the secret.
func TestConcurrentRepeats(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	c := call{
		method: "POST", path: "/api/keys", as: admin, header: map[string]string{"Idempotency-Key": "once"},
		body: map[string]any{"service_account_id": x.account, "name": "CI"},
	}
	var mu sync.Mutex
	ids, told := map[string]int{}, 0
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			got := s.send(t, c)
			var k client.IssuedKey
			if err := json.Unmarshal(got.body, &k); err != nil || got.status != 201 {
				t.Errorf("a repeat: %d %s", got.status, got.body)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[k.ID]++
			if k.Secret != "" {
				told++
			}
		})
	}
	asking.Wait()
	page, _ := want[client.List[client.Key]](t, s, 200, call{
		method: "GET", path: fmt.Sprintf("/api/keys?service_account_id=%s&q=CI", x.account), as: admin,
	})
	if len(ids) != 1 || told != 1 || len(page.Items) != 2 { // the tenant has a key already
		t.Errorf("8 repeats made %d keys, told %d secrets, %d keys are there", len(ids), told, len(page.Items))
	}
}

// TestFailedRepeats: a repeat that cannot find what was made says no word of
// a replay, and the next one can.
func TestFailedRepeats(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	c := call{
		method: "POST", path: "/api/keys", as: admin, header: map[string]string{"Idempotency-Key": "again"},
		body: map[string]any{"service_account_id": x.account, "name": "CI"},
	}
	made, _ := want[client.IssuedKey](t, s, 201, c)
	s.store.breakBy(whileHandling(errBroken))
	refused(t, s, 500, "internal_error", c)
	s.store.breakBy(func(ctx context.Context, call string) error {
		if call == "get" {
			return whileHandling(errBroken)(ctx, call)
		}
		return nil
	})
	refused(t, s, 500, "internal_error", c)
	s.store.breakBy(nil)
	if found, _ := want[client.IssuedKey](t, s, 201, c); found.ID != made.ID || found.Secret != "" {
		t.Errorf("the repeat answers %s and a secret of %d characters, made was %s", found.ID, len(found.Secret), made.ID)
	}
}
