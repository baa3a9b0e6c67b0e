package server

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/verify"
)

// withoutMajority is a store that can be read and not be written.
type withoutMajority struct {
	store.Store
	lost   atomic.Bool
	silent atomic.Bool // nor can it be read
}

func (s *withoutMajority) PutNode(ctx context.Context, n nodes.Node) error {
	if s.lost.Load() {
		return errs.Unavailable
	}
	return s.Store.PutNode(ctx, n)
}

func (s *withoutMajority) TryWrite(ctx context.Context) error {
	<-ctx.Done() // as a write that waits for a majority
	return ctx.Err()
}

func (s *withoutMajority) Ping(ctx context.Context) error {
	if s.silent.Load() {
		return errs.Unavailable
	}
	return s.Store.Ping(ctx)
}

// TestANodeWithoutAMajorityStaysReady: no poll counts, as others cannot be told
// of it, so that in the end nothing is served from memory; what can be read from
// the store is served all the same.
func TestANodeWithoutAMajorityStaysReady(t *testing.T) {
	t.Parallel()
	c, err := readConfig([]string{"LATCHKEY_DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	a, err := build(t.Context(), c, logger, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.close(context.WithoutCancel(t.Context())) })
	secret := issueFirst(t, a)
	lost := &withoutMajority{Store: a.store}
	a.store = lost
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	registry, err := nodes.New(nodes.Config{Store: lost, Name: "n", Version: "v", MaxStale: verify.DefaultMaxStale, Logger: logger, Now: now})
	if err == nil {
		err = registry.Join(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	lost.lost.Store(true)
	a.Verifier.Close()
	a.Verifier, err = verify.New(verify.Config{
		Store: lost, Limiter: a.limiter, Marks: a.Marks, Format: a.format, Logger: logger,
		Nodes: registry, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	holds := func(when string, want health.State, code verify.Code) {
		t.Helper()
		for name, ask := range map[string]func(context.Context) health.Result{"changes": a.checkChanges, "store": a.checkStore} {
			if r := ask(t.Context()); r.State != want || r.Error == "" {
				t.Errorf("%s: %s is %+v, want %s", when, name, r, want)
			}
		}
		if v, err := a.Verifier.Verify(t.Context(), &verify.Question{Key: secret}); err != nil || v.Code != code {
			t.Errorf("%s: %s, %v", when, v.Code, err)
		}
	}
	ahead.Store(int64(2 * verify.DefaultMaxStale))
	holds("long after the last poll that counts", health.Degraded, verify.Valid)
	lost.silent.Store(true)
	holds("when it cannot be read", health.Down, verify.Valid)
}

// issueFirst makes an organization with a key.
func issueFirst(t *testing.T, a *app) (secret string) {
	t.Helper()
	if _, err := a.firstStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := a.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	account, err := a.Keys.CreateAccount(t.Context(), auth.System(), "", o.ID, keys.AccountFields{Name: "CI", Tier: keys.DefaultTier})
	if err != nil {
		t.Fatal(err)
	}
	_, issued, err := a.Keys.Issue(t.Context(), auth.System(), keys.IssueInput{
		ServiceAccountID: account.ID, KeyFields: keys.KeyFields{Name: "k"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Reveal()
}
