// Package keystest builds the domain for tests: on SQLite, or on a store in memory that
// can be slow or unavailable.
package keystest

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// World is the domain on a real store, with a clock that tests set.
type World struct {
	T        *testing.T
	at       atomic.Int64
	Service  *keys.Service
	Verifier *verify.Verifier
	Admin    keys.Actor
	Account  keys.ServiceAccount
	Store    *sqlite.Store
	Meter    *usage.Meter
	Marks    *keys.Marks
	Format   keys.Format
}

// Now returns the time in the world.
func (w *World) Now() time.Time { return time.Unix(0, w.at.Load()).UTC() }

// Advance moves the time forward.
func (w *World) Advance(d time.Duration) { w.at.Add(int64(d)) }

// NewWorld returns a world with the example tiers and scopes, an organization and a
// service account. It is closed when the test ends.
func NewWorld(t *testing.T) *World {
	t.Helper()
	w := &World{T: t, Admin: auth.System(), Meter: usage.NewMeter(), Format: Format(t)}
	w.at.Store(time.Now().UnixNano())
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	w.Must(err)
	w.Store = store
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Now: w.Now, Store: store})
	w.Must(err)
	marks := keys.NewMarks()
	w.Marks = marks
	w.Service, err = keys.New(keys.Config{
		Store: store, Audit: audit.New(store, w.Now), Marks: marks, Format: w.Format, Now: w.Now,
		IsMember: auth.IsMember(store.Memberships()),
	})
	w.Must(err)
	w.Verifier, err = verify.New(verify.Config{
		Store: store, Limiter: limiter, Marks: marks, Format: w.Format, Logger: slog.New(slog.DiscardHandler), Now: w.Now, Meter: w.Meter,
	})
	w.Must(err)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		w.Verifier.Close()
		if err := errors.Join(limiter.Close(ctx), store.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	w.Must(w.Service.Seed(t.Context(), w.Admin, true))
	w.Account, err = w.Service.CreateAccount(t.Context(), w.Admin, "", keys.FirstOrganization, keys.AccountFields{
		Name:   "a",
		Scopes: []string{"invoices:*"},
	})
	w.Must(err)
	return w
}

// Must fails the test on an error.
func (w *World) Must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Issue issues a key of the account and returns it with its text.
func (w *World) Issue(fields keys.KeyFields) (keys.Key, string) {
	w.T.Helper()
	fields.Name = "k"
	k, secret, err := w.Service.Issue(w.T.Context(), w.Admin, keys.IssueInput{ServiceAccountID: w.Account.ID, KeyFields: fields})
	w.Must(err)
	return k, secret.Reveal()
}

// Verify decides the question.
func (w *World) Verify(q verify.Question) verify.Verdict {
	w.T.Helper()
	v, err := w.Verifier.Verify(w.T.Context(), &q)
	w.Must(err)
	return v
}

// Want verifies the key and checks the code.
func (w *World) Want(text string, code verify.Code) {
	w.T.Helper()
	if got := w.Verify(verify.Question{Key: text, Cost: 1}).Code; got != code {
		w.T.Errorf("got %s, want %s", got, code)
	}
}

// IssueMany issues keys of an account on the largest tier.
func (w *World) IssueMany(n int) (all []keys.Key, secrets []string) {
	w.T.Helper()
	_, err := w.Service.ChangeAccount(w.T.Context(), w.Admin, w.Account.ID, keys.AnyRevision,
		func(f keys.AccountFields) (keys.AccountFields, error) {
			f.Tier = "enterprise"
			return f, nil
		})
	w.Must(err)
	for range n {
		k, secret := w.Issue(keys.KeyFields{})
		all, secrets = append(all, k), append(secrets, secret)
	}
	return all, secrets
}

// Revoke revokes the key as leaked, or fails the test.
func (w *World) Revoke(k keys.Key) {
	w.T.Helper()
	_, _, err := w.Service.Revoke(w.T.Context(), w.Admin, k.ID, keys.AnyRevision, keys.ReasonLeaked, "")
	w.Must(err)
}
