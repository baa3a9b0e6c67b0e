package api_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// twoNodes are two services over one store, which takes two keys with one id, as
// a cluster does that is sharded by their digest.
func twoNodes(t *testing.T) (one, other *suite, twice *atomic.Int64) {
	t.Helper()
	one = newSuite(t, settings{})
	other = newSuite(t, settings{beside: one})
	twice = &atomic.Int64{}
	one.store.twice, other.store.twice = twice, twice
	return one, other, twice
}

// keyPosts are the ways to make a key under an Idempotency-Key.
func keyPosts(x tenant) map[string]call {
	return map[string]call{
		"issue":  {method: "POST", path: "/api/keys", body: map[string]any{"service_account_id": x.account, "name": "made"}},
		"rotate": {method: "POST", path: "/api/keys/" + x.key + "/rotate", body: map[string]any{}},
	}
}

// TestOneKeyOfTwoNodes: the second node is asked while the first is about to
// store the key, and the store would take both.
func TestOneKeyOfTwoNodes(t *testing.T) {
	t.Parallel()
	one, other, twice := twoNodes(t)
	admin := one.admin(t)
	for name := range keyPosts(tenant{}) {
		x := one.tenant(t)
		c := keyPosts(x)[name]
		c.as, c.header = admin, map[string]string{"Idempotency-Key": "once"}
		claimed, asked := make(chan struct{}), make(chan struct{})
		reached, known := sync.OnceFunc(func() { close(claimed) }), sync.OnceFunc(func() { close(asked) })
		one.store.breakBy(func(ctx context.Context, call string) error {
			if call != "insert" {
				return nil
			}
			reached()
			select {
			case <-asked:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		var looks atomic.Int64
		other.store.breakBy(func(_ context.Context, call string) error {
			if call == "insert" || (call == "idempotency" && looks.Add(1) == 2) { // it makes the key, or it waits
				known()
			}
			return nil
		})
		var first client.IssuedKey
		var asking sync.WaitGroup
		asking.Go(func() { first, _ = want[client.IssuedKey](t, one, 201, c) })
		<-claimed
		second, answer := want[client.IssuedKey](t, other, 201, c)
		asking.Wait()
		one.store.breakBy(nil)
		other.store.breakBy(nil)
		if first.ID != second.ID || first.Secret == "" || second.Secret != "" || answer.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: the first got %s (%d characters), the second %s (%d), replayed %q",
				name, first.ID, len(first.Secret), second.ID, len(second.Secret), answer.header.Get("Idempotent-Replayed"))
		}
		if n := twice.Load(); n != 0 {
			t.Errorf("%s: %d keys have the id of another one", name, n)
		}
		if found := len(keysOf(t, one, x.account)); found != 2 { // the tenant has one
			t.Errorf("%s: the account has %d keys", name, found)
		}
	}
}

// keysOf lists the keys of the account.
func keysOf(t *testing.T, s *suite, account string) []keys.Key {
	t.Helper()
	all, err := s.store.Store.Keys().List(t.Context(), keys.KeyFilter{ServiceAccountID: account}, keys.Page{Limit: 100})
	must(t, err)
	return all
}

// TestAClaimIsTakenOver: a node that got no further than its claim does not keep
// others from making the key, and takes back what it makes too late.
func TestAClaimIsTakenOver(t *testing.T) {
	t.Parallel()
	one, other, _ := twoNodes(t)
	admin := one.admin(t)
	for name := range keyPosts(tenant{}) {
		x := one.tenant(t)
		c := keyPosts(x)[name]
		c.as, c.header = admin, map[string]string{"Idempotency-Key": "slow"}
		claimed, goOn := make(chan struct{}), make(chan struct{})
		stall := sync.OnceFunc(func() { close(claimed); <-goOn })
		one.store.breakBy(func(_ context.Context, call string) error {
			if call == "insert" {
				stall()
			}
			return nil
		})
		var late client.IssuedKey
		var got answer
		var asking sync.WaitGroup
		asking.Go(func() { late, got = want[client.IssuedKey](t, one, 201, c) })
		<-claimed
		other.advance(21 * time.Second)
		made, _ := want[client.IssuedKey](t, other, 201, c)
		close(goOn)
		asking.Wait()
		one.store.breakBy(nil)
		if made.Secret == "" || late.ID != made.ID || late.Secret != "" || got.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: the one made %s (%d characters), the late one got %s (%d)", name, made.ID, len(made.Secret), late.ID, len(late.Secret))
		}
		if found := len(keysOf(t, one, x.account)); found != 2 {
			t.Errorf("%s: the account has %d keys", name, found)
		}
	}
}

// TestAnInterruptedRequestGoesOn: where a request was cut off by the store, the
// next one makes the key and tells its secret, or finds what was stored all the same.
func TestAnInterruptedRequestGoesOn(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct {
		call   string
		stored bool // when the call fails the key is there
	}{
		"before the key is stored": {"insert", false},
		"after it":                 {"replace idempotency", true},
	} {
		s := newSuite(t, settings{})
		x, admin := s.tenant(t), s.admin(t)
		c := call{
			method: "POST", path: "/api/keys", as: admin, header: map[string]string{"Idempotency-Key": "cut off"},
			body: map[string]any{"service_account_id": x.account, "name": "made"},
		}
		var down atomic.Bool
		s.store.breakBy(func(_ context.Context, call string) error {
			if call == broken.call {
				down.Store(true) // and from then on
			}
			if down.Load() {
				return errors.Join(errs.Unavailable, errors.New("gone"))
			}
			return nil
		})
		refused(t, s, 503, "unavailable", c)
		s.store.breakBy(nil)
		s.advance(21 * time.Second)
		made, _ := want[client.IssuedKey](t, s, 201, c)
		if (made.Secret == "") != broken.stored {
			t.Errorf("%s: the next request tells a secret of %d characters", name, len(made.Secret))
		}
		if found := keysOf(t, s, x.account); len(found) != 2 {
			t.Errorf("%s: the account has %d keys", name, len(found))
		}
	}
}

// TestARefusalEndsTheClaim: who was refused asks again at once, with the same
// value, and is never told that something was there before was theirs.
func TestARefusalEndsTheClaim(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	taken := call{
		method: "POST", path: "/api/tiers", as: admin, header: map[string]string{"Idempotency-Key": "taken"},
		body: map[string]any{"name": x.tier, "title": "T", "rate_limit": map[string]any{"requests": 1, "per": "1s"}, "max_keys": 1},
	}
	for range 3 {
		refused(t, s, 409, "conflict", taken)
	}
	_, err := s.Keys.ChangeTier(t.Context(), auth.System(), keys.DefaultTier, keys.AnyRevision,
		func(f keys.TierFields) (keys.TierFields, error) {
			f.MaxKeys = 1
			return f, nil
		})
	must(t, err)
	full := call{
		method: "POST", path: "/api/keys", as: admin, header: map[string]string{"Idempotency-Key": "full"},
		body: map[string]any{"service_account_id": x.account, "name": "made"},
	}
	refused(t, s, 409, "too_many_keys", full)
	_, _, err = s.Keys.Revoke(t.Context(), auth.System(), x.key, keys.AnyRevision, keys.ReasonUnused, "")
	must(t, err)
	if made, _ := want[client.IssuedKey](t, s, 201, full); made.Secret == "" {
		t.Error("the key came without its secret")
	}
}
