package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

func keyFilters(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	yes, no := true, false
	put := func(name string, change func(*keys.Key)) {
		k := newKey("sa_a")
		k.Name = name
		change(&k)
		must(t, s.Keys().Insert(ctx, k))
	}
	put("plain", func(*keys.Key) {})
	put("revoked", func(k *keys.Key) { k.RevokedAt = at })
	put("disabled", func(k *keys.Key) { k.Disabled = true })
	put("expired", func(k *keys.Key) { k.ExpiresAt = at.Add(-time.Hour) })
	put("soon", func(k *keys.Key) { k.ExpiresAt = at.Add(time.Hour) })
	put("rotated", func(k *keys.Key) { k.GraceUntil, k.ExpiresAt = at.Add(-time.Hour), at.Add(time.Hour) })
	put("early", func(k *keys.Key) { k.NotBefore = at.Add(time.Hour) })
	put("Straße.*", func(k *keys.Key) { k.OrganizationID, k.Environment = "org_b", keys.Test })
	put("other", func(k *keys.Key) { k.ServiceAccountID = "sa_b" })
	put("idle", func(k *keys.Key) {
		k.CreatedAt, k.OrganizationID, k.RotatedTo, k.Scopes = at.Add(-48*time.Hour), "org_d", "key_x", []string{"orders:read"}
	})
	for _, tt := range []struct {
		name   string
		filter keys.KeyFilter
		want   []string
	}{
		{"account", keys.KeyFilter{ServiceAccountID: "sa_b"}, []string{"other"}},
		{"organization", keys.KeyFilter{OrganizationIDs: []string{"org_b"}}, []string{"Straße.*"}},
		{"no organization", keys.KeyFilter{OrganizationIDs: []string{}}, nil},
		{"environment", keys.KeyFilter{Environment: keys.Test}, []string{"Straße.*"}},
		{"text is folded and not a pattern", keys.KeyFilter{Text: keys.Fold("STRASSE.*")}, []string{"Straße.*"}},
		{"pattern in text matches nothing", keys.KeyFilter{Text: "p.*n"}, nil},
		{"revoked", keys.KeyFilter{Revoked: &yes}, []string{"revoked"}},
		{"disabled", keys.KeyFilter{Disabled: &yes}, []string{"disabled"}},
		{"ended, by expiry or grace", keys.KeyFilter{EndsBy: at}, []string{"expired", "rotated"}},
		{"ends within", keys.KeyFilter{EndsBy: at.Add(2 * time.Hour), EndsAfter: at}, []string{"soon"}},
		{
			"not ended: never counts",
			keys.KeyFilter{EndsAfter: at, Revoked: &no, StartsBy: at, Disabled: &no, OrganizationIDs: []string{"org_a", "org_c"}},
			[]string{"other", "plain", "soon"},
		},
		{"not yet", keys.KeyFilter{StartsAfter: at}, []string{"early"}},
		{"unused", keys.KeyFilter{UnusedSince: at.Add(-24 * time.Hour)}, []string{"idle"}},
		{"unused, and not for that long", keys.KeyFilter{UnusedSince: at.Add(-72 * time.Hour)}, nil},
		{"has a successor", keys.KeyFilter{Rotated: &yes}, []string{"idle"}},
		{"has none", keys.KeyFilter{Rotated: &no, OrganizationIDs: []string{"org_b", "org_d"}}, []string{"Straße.*"}},
		{
			"has the grant by itself", keys.KeyFilter{
				Grants: []string{"orders:read", "orders:*"}, ServiceAccountIDs: []string{"sa_a"},
				OrganizationIDs: []string{"org_d"},
			}, []string{"idle"},
		},
		{"has what its account has", keys.KeyFilter{Grants: []string{"orders:*"}, ServiceAccountIDs: []string{"sa_b"}}, []string{"other"}},
		{"of no such accounts", keys.KeyFilter{OrganizationIDs: []string{"org_b"}, ExceptAccounts: []string{"sa_a", "sa_x"}}, nil},
		{"of other accounts", keys.KeyFilter{OrganizationIDs: []string{"org_b"}, ExceptAccounts: []string{"sa_x"}}, []string{"Straße.*"}},
		{
			"another grant",
			keys.KeyFilter{Grants: []string{"orders:rea"}, ServiceAccountIDs: []string{"sa_a"}, OrganizationIDs: []string{"org_d"}},
			nil,
		},
		{"no account", keys.KeyFilter{Grants: []string{"orders:read"}, ServiceAccountIDs: []string{}}, nil},
		{
			"that ends, by the end",
			keys.KeyFilter{Order: keys.EndFirst, OrganizationIDs: []string{"org_a"}},
			[]string{"expired", "rotated", "soon"},
		},
		{"not revoked, by the last use", keys.KeyFilter{Order: keys.UsedLast, OrganizationIDs: []string{"org_d"}}, []string{"idle"}},
	} {
		found, err := s.Keys().List(ctx, tt.filter, keys.Page{Limit: 100})
		must(t, err)
		var names []string
		for _, k := range found {
			names = append(names, k.Name)
		}
		slices.Sort(names)
		if !slices.Equal(names, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, names, tt.want)
		}
	}
}

func paging(t *testing.T, s store.Store) {
	ctx := t.Context()
	const before, during, size = 25, 10, 7
	want := map[string]bool{}
	for range before {
		k := newKey("sa_a")
		must(t, s.Keys().Insert(ctx, k))
		want[k.ID] = true
	}
	var inserting sync.WaitGroup
	inserting.Go(func() {
		for range during {
			if err := s.Keys().Insert(ctx, newKey("sa_a")); err != nil {
				t.Error(err)
			}
		}
	})
	seen, after := map[string]bool{}, ""
	for {
		page, err := s.Keys().List(ctx, keys.KeyFilter{ServiceAccountID: "sa_a"}, keys.Page{After: after, Limit: size})
		must(t, err)
		for _, k := range page {
			if seen[k.ID] || (after != "" && k.ID >= after) {
				t.Errorf("key %s is out of order behind %s", k.ID, after)
			}
			seen[k.ID], after = true, k.ID
		}
		if len(page) < size {
			break
		}
	}
	inserting.Wait()
	for id := range want {
		if !seen[id] {
			t.Errorf("key %s was skipped", id)
		}
	}
	for i := range 3 {
		must(t, s.Scopes().Insert(ctx, keys.Scope{Stamp: keys.NewStamp(now()), Name: fmt.Sprintf("s:%d", 2-i)}))
	}
	scopes, err := s.Scopes().List(ctx, keys.NoFilter{}, keys.Page{After: "s:0", Limit: 10})
	must(t, err)
	if len(scopes) != 2 || scopes[0].Name != "s:1" {
		t.Errorf("scopes behind s:0 are %v", scopes)
	}
}

// keyOrders lists keys in orders by time, two at a time.
func keyOrders(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	var ends, used []string
	for i := range 7 {
		k := newKey("sa_a")
		k.ExpiresAt = at.Add(time.Duration(i/2) * time.Hour)
		must(t, s.Keys().Insert(ctx, k))
		ends = append(ends, k.ID)
		if i > 2 {
			must(t, s.Keys().TouchLastUsed(ctx, map[string]usage.Use{k.ID: {At: at.Add(time.Duration(i/2) * time.Hour)}}))
		}
		used = append(used, k.ID)
	}
	never := newKey("sa_a") // never ends
	never.RevokedAt = at
	must(t, s.Keys().Insert(ctx, never))
	for order, want := range map[keys.KeyOrder][]string{keys.EndFirst: ends, keys.UsedLast: used} {
		for _, in := range [][]string{nil, {"org_a"}} {
			for _, account := range []string{"", "sa_a"} {
				var got []string
				for after := ""; ; {
					page, err := s.Keys().List(ctx, keys.KeyFilter{Order: order, OrganizationIDs: in, ServiceAccountID: account},
						keys.Page{After: after, Limit: 2})
					must(t, err)
					for i := range page {
						got, after = append(got, page[i].ID), order.Cursor(&page[i])
					}
					if len(page) < 2 {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s of %v and %q: %v, want %v", order, in, account, got, want)
				}
			}
		}
	}
}

func lastUsed(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	k := newKey("sa_a")
	must(t, s.Keys().Insert(ctx, k))
	must(t, s.Keys().TouchLastUsed(ctx, map[string]usage.Use{
		k.ID:       {At: at, Address: "2001:db8::1", UserAgent: "Ünï/1"},
		"key_gone": {At: at},
	}))
	must(t, s.Keys().TouchLastUsed(ctx, map[string]usage.Use{k.ID: {At: at.Add(-time.Hour), Address: "203.0.113.9"}}))
	k.Revision = 2 // a change that read the key before it was used
	must(t, s.Keys().Replace(ctx, k))
	got, err := s.Keys().Get(ctx, k.ID)
	must(t, err)
	k.LastUsedAt, k.LastUsedIP, k.LastUsedAgent = at, "2001:db8::1", "Ünï/1"
	same(t, got, k)
}

// A change of a key stays, however soon a record of its last use follows or precedes it,
// and so does the record.
func lastUsedMeetsRevoke(t *testing.T, s store.Store) {
	ctx := t.Context()
	for round := range 60 {
		k := newKey("sa_a")
		must(t, s.Keys().Insert(ctx, k))
		begun := make(chan struct{})
		var both sync.WaitGroup
		at := now()
		both.Go(func() {
			for i := range 5 {
				if i == 1 {
					close(begun)
				}
				if err := s.Keys().TouchLastUsed(ctx, map[string]usage.Use{k.ID: {At: at.Add(time.Duration(i) * time.Second)}}); err != nil {
					t.Error(err)
				}
			}
		})
		<-begun
		k.Revision, k.RevokedAt = 2, at
		must(t, s.Keys().Replace(ctx, k))
		both.Wait()
		byHash, err := s.Keys().ByHash(ctx, k.Hash)
		must(t, err)
		if byHash.Revision != 2 || !byHash.RevokedAt.Equal(at) {
			t.Fatalf("round %d: a revoked key has revision %d and is revoked at %s", round, byHash.Revision, byHash.RevokedAt)
		}
		got, err := s.Keys().Get(ctx, k.ID)
		must(t, err)
		if want := at.Add(4 * time.Second); got.Revision != 2 || !got.LastUsedAt.Equal(want) {
			t.Fatalf("round %d: revision %d, last used at %s, want %s", round, got.Revision, got.LastUsedAt, want)
		}
	}
}

func quotaUse(t *testing.T, s store.Store, writers int) {
	ctx := t.Context()
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range 5 {
				if err := s.AddQuotaUse(ctx, []ratelimit.QuotaUse{
					{ID: "sa_a", Window: "2026-11", Used: 3}, {ID: "sa_b", Window: "2026-11", Used: 1},
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for id, want := range map[string]int64{"sa_a": int64(15 * writers), "sa_b": int64(5 * writers), "sa_c": 0} {
		got, err := s.QuotaUse(ctx, id, "2026-11")
		must(t, err)
		if got != want {
			t.Errorf("%s used %d, want %d", id, got, want)
		}
	}
}

func idempotencyKeys(t *testing.T, s store.Store) {
	ctx := t.Context()
	key := sha256.Sum256([]byte("k"))
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			err := s.InsertIdempotency(ctx, idempotency.Record{Key: key, Fingerprint: key, ObjectID: fmt.Sprint(i), CreatedAt: now()})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, errs.Conflict):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d won", won.Load())
	}
	got, err := s.Idempotency(ctx, key)
	must(t, err)
	if got.Fingerprint != key || got.ObjectID == "" {
		t.Errorf("got %v", got)
	}
	removed, err := s.DeleteIdempotencyBefore(ctx, now().Add(time.Minute), 10)
	must(t, err)
	_, err = s.Idempotency(ctx, key)
	if wantKind(t, err, errs.NotFound); removed != 1 {
		t.Errorf("removed %d", removed)
	}
}

func claims(t *testing.T, s store.Store, writers int) {
	ctx := t.Context()
	first := idempotency.Record{
		Key: sha256.Sum256([]byte("claim")), ObjectID: "first", CreatedAt: now(), Try: 1,
		FreeAt: now().Add(time.Minute),
	}
	must(t, s.InsertIdempotency(ctx, first))
	got, err := s.Idempotency(ctx, first.Key)
	must(t, err)
	same(t, got, first)
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			next := first
			next.Try, next.ObjectID, next.FreeAt = 2, fmt.Sprint(i), now().Add(2*time.Minute)
			switch err := s.ReplaceIdempotency(ctx, first, next); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, errs.Stale):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d took it over", won.Load())
	}
	second, err := s.Idempotency(ctx, first.Key)
	must(t, err)
	made := second
	made.Made = true
	wantKind(t, s.ReplaceIdempotency(ctx, first, made), errs.Stale)
	must(t, s.ReplaceIdempotency(ctx, second, made))
	wantKind(t, s.ReplaceIdempotency(ctx, second, made), errs.Stale)
	got, err = s.Idempotency(ctx, first.Key)
	must(t, err)
	if same(t, got, made); got.Try != 2 || got.ObjectID == "first" {
		t.Errorf("got %+v", got)
	}
	none := first
	none.Key = sha256.Sum256([]byte("none"))
	wantKind(t, s.ReplaceIdempotency(ctx, none, none), errs.Stale)
}

func sessions(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	put := func(user string, expires time.Time) auth.Session {
		id := ids.New(ids.Session)
		n := auth.Session{
			ID: id, TokenHash: sha256.Sum256([]byte(id)), UserID: user, CreatedAt: at, LastSeenAt: at, ExpiresAt: expires,
			Address: "::1", UserAgent: "x",
		}
		must(t, s.InsertSession(ctx, n))
		return n
	}
	first, second, over := put("usr_a", at.Add(time.Hour)), put("usr_a", at.Add(time.Hour)), put("usr_b", at.Add(-time.Hour))
	got, err := s.SessionByToken(ctx, first.TokenHash)
	must(t, err)
	same(t, got, first)
	must(t, s.TouchSession(ctx, first.ID, at.Add(time.Minute)))
	user := auth.User{Stamp: keys.NewStamp(at), ID: ids.New(ids.User), Email: "signed@example.com", PasswordHash: "h"}
	must(t, s.Users().Insert(ctx, user))
	must(t, s.SignedIn(ctx, user.ID, at.Add(time.Minute)))
	must(t, s.SignedIn(ctx, "usr_nobody", at))
	signed, err := s.Users().Get(ctx, user.ID)
	must(t, err)
	user.LastSignInAt = at.Add(time.Minute)
	same(t, signed, user)
	removed, err := s.DeleteSessionsBefore(ctx, at, at.Add(-time.Hour), 10)
	must(t, err)
	if removed != 1 {
		t.Errorf("removed %d sessions", removed)
	}
	_, err = s.SessionByToken(ctx, over.TokenHash)
	wantKind(t, err, errs.NotFound)
	must(t, s.DeleteSessionsOf(ctx, "usr_a", first.ID))
	_, err = s.SessionByToken(ctx, second.TokenHash)
	wantKind(t, err, errs.NotFound)
	left, err := s.SessionsOf(ctx, "usr_a")
	must(t, err)
	first.LastSeenAt = at.Add(time.Minute)
	same(t, left, []auth.Session{first})
	must(t, s.DeleteSession(ctx, first.ID))
	must(t, s.DeleteSession(ctx, first.ID))
}

// sessionsInSteps deletes sessions by age and by idleness, with a limit.
func sessionsInSteps(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	put := func(seen, expires time.Time) auth.Session {
		id := ids.New(ids.Session)
		n := auth.Session{ID: id, TokenHash: sha256.Sum256([]byte(id)), UserID: "usr_a", CreatedAt: at, LastSeenAt: seen, ExpiresAt: expires}
		must(t, s.InsertSession(ctx, n))
		return n
	}
	kept := put(at, at.Add(time.Hour))
	for range 3 {
		put(at, at.Add(-time.Second))                // too old
		put(at.Add(-2*time.Hour), at.Add(time.Hour)) // unused
	}
	wantKind(t, s.InsertSession(ctx, kept), errs.Conflict)
	for _, want := range []int{4, 2, 0} {
		removed, err := s.DeleteSessionsBefore(ctx, at, at.Add(-time.Hour), 4)
		must(t, err)
		if removed != want {
			t.Errorf("removed %d sessions, want %d", removed, want)
		}
	}
	left, err := s.SessionsOf(ctx, "usr_a")
	must(t, err)
	same(t, left, []auth.Session{kept})
	newer := put(at, at.Add(time.Hour))
	left, err = s.SessionsOf(ctx, "usr_a")
	must(t, err)
	same(t, left, []auth.Session{newer, kept})
	for i := range 5 {
		must(t, s.InsertIdempotency(ctx, idempotency.Record{Key: sha256.Sum256([]byte{byte(i)}), ObjectID: "x", CreatedAt: at}))
	}
	for _, want := range []int{3, 2, 0} {
		removed, err := s.DeleteIdempotencyBefore(ctx, at.Add(time.Millisecond), 3)
		must(t, err)
		if removed != want {
			t.Errorf("removed %d idempotency keys, want %d", removed, want)
		}
	}
}

func people(t *testing.T, s store.Store) {
	ctx := t.Context()
	ada := auth.User{
		Stamp: keys.NewStamp(now()), ID: ids.New(ids.User), Email: "Ada@Example.com", Name: "Ada", PasswordHash: "h",
		IsAdmin: true, LastSignInAt: now(),
	}
	must(t, s.Users().Insert(ctx, ada))
	got, err := s.Users().ByEmail(ctx, "ada@example.com")
	must(t, err)
	same(t, got, ada)
	twin := auth.User{Stamp: keys.NewStamp(now()), ID: ids.New(ids.User), Email: "ADA@example.com"}
	wantKind(t, s.Users().Insert(ctx, twin), errs.Conflict)
	no := false
	others, err := s.Users().List(ctx, auth.UserFilter{IsAdmin: &no}, keys.Page{Limit: 10})
	must(t, err)
	if len(others) != 0 {
		t.Errorf("found %d users that are no admins", len(others))
	}
	m := auth.Membership{Stamp: keys.NewStamp(now()), OrganizationID: "org_a", UserID: ada.ID, Role: auth.Owner}
	must(t, s.Memberships().Insert(ctx, m))
	wantKind(t, s.Memberships().Insert(ctx, m), errs.Conflict)
	for _, f := range []auth.MembershipFilter{{UserID: ada.ID}, {OrganizationID: "org_a", Role: auth.Owner}} {
		found, err := s.Memberships().List(ctx, f, keys.Page{Limit: 10})
		must(t, err)
		same(t, found, []auth.Membership{m})
	}
}

func events(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	var all []audit.Event
	for i := range 3 {
		e := audit.Event{
			ID: ids.New(ids.Event), At: at.Add(time.Duration(i) * time.Minute), Action: fmt.Sprintf("action.%d", i),
			Subject: audit.Subject{Kind: "user", ID: "usr_a", Name: "ada", KeyID: "key_a"}, Object: audit.Object{
				Type: "key",
				ID:   fmt.Sprintf("key_%d", i), OrganizationID: "org_a",
			},
			Origin: audit.Origin{Address: "::1", UserAgent: "x", RequestID: "r"}, After: []byte(`{"a":1}`),
		}
		must(t, s.AppendEvent(ctx, e))
		all = append([]audit.Event{e}, all...)
	}
	for _, tt := range []struct {
		name   string
		filter audit.Filter
		after  string
		want   []audit.Event
	}{
		{"all", audit.Filter{}, "", all},
		{"behind the newest", audit.Filter{OrganizationIDs: []string{"org_a"}}, all[0].ID, all[1:]},
		{"one object", audit.Filter{ObjectID: "key_1", SubjectID: "usr_a"}, "", all[1:2]},
		{"one action", audit.Filter{Action: "action.0"}, "", all[2:]},
		{"a span of time", audit.Filter{From: at.Add(time.Minute), Until: at.Add(2 * time.Minute)}, "", all[1:2]},
		{"another organization", audit.Filter{OrganizationIDs: []string{"org_b"}}, "", []audit.Event{}},
	} {
		got, err := s.Events(ctx, tt.filter, tt.after, 10)
		must(t, err)
		same(t, got, tt.want)
	}
	for _, tt := range []struct {
		before time.Time
		limit  int
		want   []audit.Event
	}{
		{at, 10, []audit.Event{}}, {at.Add(time.Minute), 10, all[2:]}, {at.Add(time.Hour), 2, []audit.Event{all[2], all[1]}},
	} {
		got, err := s.EventsBefore(ctx, tt.before, tt.limit)
		must(t, err)
		same(t, got, tt.want)
	}
	must(t, s.DeleteEvents(ctx, []string{all[2].ID, "evt_unknown", all[0].ID}))
	must(t, s.DeleteEvents(ctx, []string{all[2].ID}))
	got, err := s.Events(ctx, audit.Filter{}, "", 10)
	must(t, err)
	same(t, got, all[1:2])
}
