package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

// calls returns every call of a store except Close, each of which should succeed.
func calls(s store.Store) map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{
		"Ping":   s.Ping,
		"ByHash": func(ctx context.Context) error { return found(s.Keys().ByHash(ctx, keys.Hash{1})) },
		"TouchLastUsed": func(ctx context.Context) error {
			return s.Keys().TouchLastUsed(ctx, map[string]usage.Use{"key_x": {At: now()}})
		},
		"ChangedSince": func(ctx context.Context) error { return found(s.ChangedSince(ctx, now(), 10)) },
		"ByEmail":      func(ctx context.Context) error { return found(s.Users().ByEmail(ctx, "nobody")) },
		"InsertSession": func(ctx context.Context) error {
			id := ids.New(ids.Session)
			return s.InsertSession(ctx, auth.Session{
				ID: id, TokenHash: auth.TokenHash(keys.HashOf(id)), CreatedAt: now(),
				LastSeenAt: now(), ExpiresAt: now(),
			})
		},
		"SessionByToken":       func(ctx context.Context) error { return found(s.SessionByToken(ctx, auth.TokenHash{1})) },
		"SignedIn":             func(ctx context.Context) error { return s.SignedIn(ctx, "usr_x", now()) },
		"TouchSession":         func(ctx context.Context) error { return s.TouchSession(ctx, "ses_x", now()) },
		"DeleteSession":        func(ctx context.Context) error { return s.DeleteSession(ctx, "ses_x") },
		"DeleteSessionsOf":     func(ctx context.Context) error { return s.DeleteSessionsOf(ctx, "usr_x", "") },
		"SessionsOf":           func(ctx context.Context) error { return found(s.SessionsOf(ctx, "usr_x")) },
		"DeleteSessionsBefore": func(ctx context.Context) error { return found(s.DeleteSessionsBefore(ctx, now(), now(), 10)) },
		"AppendEvent": func(ctx context.Context) error {
			return s.AppendEvent(ctx, audit.Event{ID: ids.New(ids.Event), At: now()})
		},
		"Events":   func(ctx context.Context) error { return found(s.Events(ctx, audit.Filter{}, "", 10)) },
		"QuotaUse": func(ctx context.Context) error { return found(s.QuotaUse(ctx, "sa_x", "2026-11")) },
		"AddQuotaUse": func(ctx context.Context) error {
			return s.AddQuotaUse(ctx, []ratelimit.QuotaUse{{ID: "sa_x", Window: "2026-11", Used: 1}})
		},
		"InsertIdempotency": func(ctx context.Context) error {
			return s.InsertIdempotency(ctx, idempotency.Record{Key: keys.HashOf(ids.New("")), CreatedAt: now()})
		},
		"ReplaceIdempotency": func(ctx context.Context) error {
			r := idempotency.Record{Key: keys.HashOf(ids.New("")), CreatedAt: now(), Try: 1}
			if err := s.InsertIdempotency(ctx, r); err != nil {
				return err
			}
			return s.ReplaceIdempotency(ctx, r, r)
		},
		"Idempotency":             func(ctx context.Context) error { return found(s.Idempotency(ctx, keys.Hash{1})) },
		"DeleteIdempotencyBefore": func(ctx context.Context) error { return found(s.DeleteIdempotencyBefore(ctx, now(), 10)) },
	}
	maps.Copy(all, map[string]func(context.Context) error{
		"ByUsername":          func(ctx context.Context) error { return found(s.Users().ByUsername(ctx, "nobody")) },
		"token ByHash":        func(ctx context.Context) error { return found(s.Tokens().ByHash(ctx, auth.TokenHash{1})) },
		"TouchToken":          func(ctx context.Context) error { return s.Tokens().TouchToken(ctx, "tok_x", now()) },
		"link ByHash":         func(ctx context.Context) error { return found(s.Links().ByHash(ctx, auth.TokenHash{1})) },
		"certificate ByMatch": func(ctx context.Context) error { return found(s.Certificates().ByMatch(ctx, "dns:x")) },
		"PutTombstone":        func(ctx context.Context) error { return s.PutTombstone(ctx, "token_x") },
		"HasTombstone":        func(ctx context.Context) error { return found(s.HasTombstone(ctx, "token_x")) },
	})
	maps.Copy(all, usageCalls(s))
	maps.Copy(all, nodeCalls(s))
	maps.Copy(all, callsOf("tokens", tokenKind(s)))
	maps.Copy(all, callsOf("families", familyKind(s)))
	maps.Copy(all, callsOf("identities", identityKind(s)))
	maps.Copy(all, callsOf("links", linkKind(s)))
	maps.Copy(all, callsOf("certificates", certificateKind(s)))
	maps.Copy(all, callsOf("signing keys", signingKind(s)))
	maps.Copy(all, callsOf("organizations", organizationKind(s)))
	maps.Copy(all, callsOf("accounts", accountKind(s)))
	maps.Copy(all, callsOf("keys", keyKind(s)))
	maps.Copy(all, callsOf("tiers", tierKind(s)))
	maps.Copy(all, callsOf("scopes", scopeKind(s)))
	maps.Copy(all, callsOf("users", userKind(s)))
	maps.Copy(all, callsOf("memberships", membershipKind(s)))
	return all
}

func usageCalls(s store.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"AddUsage": func(ctx context.Context) error {
			return s.AddUsage(ctx, []usage.Page{
				{
					Kind: usage.OfKey, Level: usage.Hours, Start: usage.Days.Floor(now()), Subject: usage.Subject{KeyID: "key_x"},
					Cells: map[usage.Cell]uint64{1: 1},
				},
			}, journal.Progress{})
		},
		"WriteJournal": func(ctx context.Context) error {
			return s.WriteJournal(ctx, "jnl_gone", now(), journal.Entry{Number: now().UnixNano(), Data: []byte("x")})
		},
		"TrimJournal": func(ctx context.Context) error { return s.TrimJournal(ctx, "jnl_x", 1) },
		"Journals":    func(ctx context.Context) error { return found(s.Journals(ctx)) },
		"ClaimJournal": func(ctx context.Context) error {
			_, _, err := s.ClaimJournal(ctx, "jnl_x", now(), now())
			if errors.Is(err, journal.ErrClaimed) {
				return nil
			}
			return err
		},
		"Usage": func(ctx context.Context) error {
			return found(s.Usage(ctx, usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours, Until: now()}, 10))
		},
		"DeleteUsageBefore": func(ctx context.Context) error {
			return found(s.DeleteUsageBefore(ctx, usage.OfKey, usage.Minutes, now(), 10))
		},
		"MoveUsage": func(ctx context.Context) error { return found(s.MoveUsage(ctx, "sa_x", "org_x", 10)) },
		"AddRefusals": func(ctx context.Context) error {
			return s.AddRefusals(ctx, map[string][]usage.Refusal{"key_x": {{At: now()}}})
		},
		"Refusals":             func(ctx context.Context) error { return found(s.Refusals(ctx, "key_x")) },
		"DeleteRefusalsBefore": func(ctx context.Context) error { return found(s.DeleteRefusalsBefore(ctx, now(), 10)) },
	}
}

// nodeCalls returns the calls for records of nodes, and for clean-up.
func nodeCalls(s store.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"PutNode": func(ctx context.Context) error {
			return s.PutNode(ctx, nodes.Node{ID: ids.New(ids.Node), StartedAt: now(), PolledAt: now(), Beat: 1})
		},
		"Nodes":      func(ctx context.Context) error { return found(s.Nodes(ctx)) },
		"DeleteNode": func(ctx context.Context) error { return s.DeleteNode(ctx, "node_x", 1) },
		"TakeLease": func(ctx context.Context) error {
			return found(s.TakeLease(ctx, nodes.Lease{Name: "work", Holder: "node_x", Until: now()}, now(), now()))
		},
		"DropLease": func(ctx context.Context) error { return s.DropLease(ctx, "work", "node_x") },
		"DeleteTombstonesBefore": func(ctx context.Context) error {
			return found(s.DeleteTombstonesBefore(ctx, now().Add(-keys.TombstoneLife), 10))
		},
		"DeleteQuotaUse": func(ctx context.Context) error { return found(s.DeleteQuotaUse(ctx, "2020-01-01", "2020-01", 10)) },
	}
}

func callsOf[T, F any](name string, k kind[T, F]) map[string]func(context.Context) error {
	var none F
	object := k.make(int(now().UnixMilli()))
	return map[string]func(context.Context) error{
		name + " Insert":  func(ctx context.Context) error { return k.in.Insert(ctx, object) },
		name + " Get":     func(ctx context.Context) error { return found(k.in.Get(ctx, "x")) },
		name + " Replace": func(ctx context.Context) error { return unlessMissing(k.in.Replace(ctx, k.make(1))) },
		name + " Delete":  func(ctx context.Context) error { return unlessMissing(k.in.Delete(ctx, "x", 1)) },
		name + " List":    func(ctx context.Context) error { return found(k.in.List(ctx, none, keys.Page{Limit: 1})) },
	}
}

func found(_ any, err error) error { return unlessMissing(err) }

// unlessMissing treats an answer that there is no such object as success.
func unlessMissing(err error) error {
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}

// Unavailable makes every call on a store that cannot be reached, all at once, and checks
// that each returns errs.Unavailable.
func Unavailable(t *testing.T, s store.Store) {
	t.Helper()
	var all sync.WaitGroup
	for name, call := range calls(s) {
		all.Go(func() {
			if err := call(t.Context()); errs.KindOf(err) != errs.Unavailable {
				t.Errorf("%s without a store: %v, want the kind unavailable", name, err)
			}
		})
	}
	all.Wait()
}

// Available makes every call and checks that each succeeds.
func Available(t *testing.T, s store.Store) {
	t.Helper()
	all := calls(s)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name](t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// everyCall makes each call on an empty store, and each with a context that has ended,
// which changes nothing and returns an error.
func everyCall(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(s) {
		if err := call(ctx); err == nil {
			t.Errorf("%s went through a cancelled context", name)
		}
	}
	events, err := s.Events(t.Context(), audit.Filter{}, "", 10)
	if must(t, err); len(events) != 0 {
		t.Errorf("%d events were written with a cancelled context", len(events))
	}
	Available(t, s)
	if s.Name() == "" {
		t.Error("the store has no name")
	}
}

// closed uses a closed store: it returns errors and does not panic.
func closed(t *testing.T, s store.Store) {
	must(t, s.Close(t.Context()))
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
	if err := s.Keys().Insert(t.Context(), newKey("sa_a")); err == nil {
		t.Error("a closed store takes a key")
	}
}

// Locked checks that reads continue and a write returns errs.Unavailable while another
// process locks the store.
func Locked(t *testing.T, s store.Store) {
	t.Helper()
	k := newKey("sa_a")
	wantKind(t, s.Keys().Insert(t.Context(), k), errs.Unavailable)
	_, err := s.Keys().Get(t.Context(), k.ID)
	wantKind(t, err, errs.NotFound)
	must(t, s.Ping(t.Context()))
	wantKind(t, s.Keys().Delete(t.Context(), k.ID, 1), errs.Unavailable)
}
