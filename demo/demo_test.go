package demo_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/demo"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

type silent struct{}

// Post implements auth.Mailer.
func (silent) Post(auth.Mail) {}

func config(t *testing.T) demo.Config {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	must(t, err)
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	passwords, err := auth.NewPasswords()
	must(t, err)
	delays, err := auth.NewDelays(ratelimit.Rule{}, time.Now)
	must(t, err)
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	must(t, err)
	format, err := keys.NewFormat(keys.DefaultBrand)
	must(t, err)
	people, err := auth.NewPeople(auth.PeopleConfig{
		Store: store, Organizations: store.Organizations().Get, Audit: audit.New(store, time.Now), Passwords: passwords, Delays: delays,
		Sealer: sealer, Mailer: silent{}, Logger: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	return demo.Config{Store: store, People: people, Format: format}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	c := config(t)
	ctx := t.Context()
	signIns, err := demo.Fill(ctx, c)
	must(t, err)
	if _, _, _, err := c.People.Sessions.SignIn(ctx, auth.Login{Name: signIns[1].Email, Password: signIns[1].Password}); err != nil {
		t.Errorf("%s cannot sign in: %v", signIns[1].Email, err)
	}
	organizations, err := c.Store.Organizations().List(ctx, keys.OrganizationFilter{}, keys.Page{Limit: 1000})
	must(t, err)
	accounts, err := c.Store.ServiceAccounts().List(ctx, keys.AccountFilter{}, keys.Page{Limit: 1000})
	must(t, err)
	all, err := c.Store.Keys().List(ctx, keys.KeyFilter{}, keys.Page{Limit: 1000})
	must(t, err)
	if len(organizations) != demo.Organizations || len(accounts) != demo.Accounts || len(all) != demo.Keys {
		t.Errorf("%d organizations, %d accounts, %d keys", len(organizations), len(accounts), len(all))
	}
	states := map[string]int{}
	for i := range all {
		k := &all[i]
		states[string(k.Status(time.Now()))]++
		for name, has := range map[string]bool{
			"rotated": k.RotatedTo != "", "networks": len(k.AllowedNetworks) > 0, "never used": k.LastUsedAt.IsZero(),
			"soon": k.Alive(time.Now()) && !k.EndsAt().IsZero() && time.Until(k.EndsAt()) < 30*24*time.Hour,
			"test": k.Environment == keys.Test, "narrowed": k.Scopes != nil,
		} {
			if has {
				states[name]++
			}
		}
	}
	for _, state := range []string{
		"active", "disabled", "not_yet_valid", "expired", "revoked", "rotated", "networks", "never used", "soon",
		"test", "narrowed",
	} {
		if states[state] < 5 {
			t.Errorf("only %d keys are %s", states[state], state)
		}
	}
	points, err := usage.NewReports(c.Store).Report(ctx, usage.Query{
		From: time.Now().AddDate(0, 0, -89), Until: time.Now(),
		Interval: usage.Days,
	})
	must(t, err)
	if len(points) < 89 {
		t.Errorf("only %d days of usage", len(points))
	}
	for _, code := range []verify.Code{
		verify.Valid, verify.Malformed, verify.NotFound, verify.Revoked, verify.Expired, verify.Disabled,
		verify.AddressNotAllowed, verify.InsufficientScope, verify.RateLimited,
	} {
		if points[len(points)-2].Counts[code.Outcome()] == 0 {
			t.Errorf("no %s yesterday", code)
		}
	}
	if _, err := demo.Fill(ctx, c); !errors.Is(err, demo.ErrNotEmpty) {
		t.Errorf("filled twice: %v", err)
	}
}
