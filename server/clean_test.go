package server

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
)

// pretended makes a cleaner of counted steps.
func pretended(lead func() (bool, error), steps ...func() (int, error)) *cleaner {
	c := &cleaner{
		lead:    func(context.Context, time.Duration) (bool, error) { return lead() },
		release: func(context.Context) error { return nil },
		logger:  slog.New(slog.DiscardHandler), now: time.Now, note: new(standing).note, life: cleanLease,
	}
	for _, step := range steps {
		c.kinds = append(c.kinds, cleaned{"things", 10, func(context.Context, time.Time) (int, error) { return step() }})
	}
	return c
}

func TestCleanUpTakesSmallStepsWithRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		left, steps := 35, 0
		c := pretended(func() (bool, error) { return true, nil }, func() (int, error) {
			steps++
			n := min(left, 10)
			left -= n
			return n, nil
		}, func() (int, error) { steps++; return 0, errors.New("this kind fails") }, func() (int, error) { steps++; return 10, nil })
		began := time.Now()
		c.round(t.Context())
		if want := 4 + 1 + cleanSteps; left != 0 || steps != want || time.Since(began) != time.Duration(want)*cleanRest {
			t.Errorf("%d left after %d steps, want %d, in %s", left, steps, want, time.Since(began))
		}
	})
}

func TestOnlyTheHolderCleansUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mine, asked, steps := false, 0, 0
		var fault error
		c := pretended(func() (bool, error) { asked++; return mine, fault }, func() (int, error) {
			time.Sleep(cleanLease / 4) // slow: the lease has to be kept
			steps++
			mine = steps < 3 // then another node has it
			return 10, nil
		})
		c.round(t.Context())
		if steps != 0 || asked != 1 {
			t.Errorf("%d steps without the lease", steps)
		}
		mine = true
		c.round(t.Context())
		if steps != 3 || asked != 5 {
			t.Errorf("%d steps, %d times asked, want 3 and 5", steps, asked)
		}
		mine, fault = true, errors.New("the store is gone")
		c.round(t.Context())
		if steps != 3 {
			t.Error("a step was made without knowing whose turn it is")
		}
	})
}

func TestCleanUpRemovesWhatIsOver(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func() string{
		"sqlite":  func() string { return "sqlite:" + t.TempDir() + "/latchkey.db" },
		"mongodb": func() string { return parts.Mongo(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cleansUp(t, built(t, "LATCHKEY_DATABASE_URL="+url(), "LATCHKEY_DATA_DIR="+t.TempDir()))
		})
	}
}

func cleansUp(t *testing.T, a *app) {
	ctx, now, s := t.Context(), time.Now().UTC().Truncate(time.Millisecond), a.store
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	long := now.Add(-400 * 24 * time.Hour)
	forever, expired := newKey(), newKey()
	forever.CreatedAt, forever.UpdatedAt = long, long
	expired.ExpiresAt = now.Add(-300 * 24 * time.Hour) // keys are kept for a year after their end
	must(s.Keys().Insert(ctx, forever))
	must(s.Keys().Insert(ctx, expired))
	over := auth.Session{ID: ids.New(ids.Session), TokenHash: auth.TokenHash{1}, CreatedAt: long, LastSeenAt: long, ExpiresAt: long}
	live := auth.Session{
		ID: ids.New(ids.Session), TokenHash: auth.TokenHash{2}, CreatedAt: now, LastSeenAt: now,
		ExpiresAt: now.Add(time.Hour),
	}
	must(s.InsertSession(ctx, over))
	must(s.InsertSession(ctx, live))
	must(s.InsertIdempotency(ctx, idempotency.Record{Key: [32]byte{1}, CreatedAt: long}))
	must(s.InsertIdempotency(ctx, idempotency.Record{Key: [32]byte{2}, CreatedAt: now}))
	this, _ := ratelimit.Quota{Per: ratelimit.Month}.Window(now)
	must(s.AddQuotaUse(ctx, []ratelimit.QuotaUse{{ID: "sa_x", Window: "2020-01", Used: 1}, {ID: "sa_x", Window: this, Used: 2}}))
	must(s.Tokens().Insert(ctx, auth.Token{Stamp: keys.NewStamp(long), ID: "tok_over", Hash: auth.TokenHash{1}, ExpiresAt: long}))
	must(s.Tokens().Insert(ctx, auth.Token{Stamp: keys.NewStamp(long), ID: "tok_forever", Hash: auth.TokenHash{2}}))
	must(s.PutTombstone(ctx, "key_buried"))

	if mine, err := s.TakeLease(ctx, leaseOf("clean-up", now.Add(cleanLease)), now, now.Add(cleanLease)); err != nil || !mine {
		t.Fatalf("another node cannot take the lease: %v", err)
	}
	a.background()[0].round(ctx)
	if _, err := s.SessionByToken(ctx, over.TokenHash); err != nil {
		t.Errorf("a node that has not the lease cleaned up: %v", err)
	}
	must(s.DropLease(ctx, "clean-up", "node_other"))
	a.background()[0].round(ctx)

	gone := func(what string, err error, want bool) {
		t.Helper()
		if is := errors.Is(err, errs.NotFound); is != want || (!want && err != nil) {
			t.Errorf("%s: gone %t, want %t (%v)", what, is, want, err)
		}
	}
	_, err := s.SessionByToken(ctx, over.TokenHash)
	gone("a session that is over", err, true)
	_, err = s.SessionByToken(ctx, live.TokenHash)
	gone("a session", err, false)
	_, err = s.Idempotency(ctx, [32]byte{1})
	gone("an old idempotency record", err, true)
	_, err = s.Idempotency(ctx, [32]byte{2})
	gone("an idempotency record", err, false)
	_, err = s.Tokens().Get(ctx, "tok_over")
	gone("a token that is over", err, true)
	_, err = s.Tokens().Get(ctx, "tok_forever")
	gone("a token that never expires", err, false)
	_, err = s.Keys().Get(ctx, forever.ID)
	gone("a key that never expires", err, false)
	_, err = s.Keys().Get(ctx, expired.ID)
	gone("an expired key", err, false)
	if used, err := s.QuotaUse(ctx, "sa_x", "2020-01"); err != nil || used != 0 {
		t.Errorf("%d is left of a quota of 2020: %v", used, err)
	}
	if used, err := s.QuotaUse(ctx, "sa_x", this); err != nil || used != 2 {
		t.Errorf("%d is left of this month's quota: %v", used, err)
	}
	if buried, err := s.HasTombstone(ctx, "key_buried"); err != nil || !buried {
		t.Errorf("a deletion that others have not heard of is forgotten: %v", err)
	}
}

func newKey() keys.Key {
	id := ids.New(ids.Key)
	return keys.Key{
		Stamp: keys.NewStamp(time.Now()), ID: id, OrganizationID: "org_x", ServiceAccountID: "sa_x", Environment: keys.Live,
		Hash: keys.HashOf(id), HashAlgorithm: keys.SHA256, KeyFields: keys.KeyFields{Name: "k"},
	}
}

func leaseOf(work string, until time.Time) nodes.Lease {
	return nodes.Lease{Name: work, Holder: "node_other", Until: until}
}
