package keys_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

func TestFindAny(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	k, text := w.Issue(keys.KeyFields{})
	other, _ := w.Issue(keys.KeyFields{})
	for _, what := range []string{
		text, " " + text + "\n", k.ID, k.Start, k.Last4, k.Start + "…" + k.Last4, k.Start + "..." + k.Last4,
		k.Start[len(k.Start)-4:],
	} {
		found, err := w.Service.FindAny(t.Context(), w.Admin, what)
		if err != nil || !slices.ContainsFunc(found, func(f keys.Key) bool {
			return f.ID == k.ID
		}) || slices.ContainsFunc(found, func(f keys.Key) bool { return f.ID == other.ID && f.Last4 != k.Last4 }) {
			t.Errorf("by %q: %d keys, %v", what, len(found), err)
		}
	}
	if found, err := w.Service.FindAny(t.Context(), w.Admin, keystest.Format(t).New(keys.Test).Reveal()); err != nil || len(found) != 0 {
		t.Errorf("a key that is none: %d, %v", len(found), err)
	}
	for _, what := range []string{"", "   ", text[:len(text)-1], text + "x", "lk_live_", "ab", "<script>", "sa_" + k.ID[4:]} {
		_, err := w.Service.FindAny(t.Context(), w.Admin, what)
		keystest.Refused(t, what, err, errs.Invalid, "find")
	}
}

func TestTierImpact(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	w.IssueMany(5)
	w.Issue(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}})
	fields := func(change func(*keys.TierFields)) keys.TierFields {
		tier, err := w.Service.Tier(t.Context(), "enterprise")
		w.Must(err)
		change(&tier.TierFields)
		return tier.TierFields
	}
	for name, tt := range map[string]struct {
		change func(*keys.TierFields)
		want   keys.Impact
	}{
		"nothing": {func(*keys.TierFields) {}, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1}},
		"lower":   {func(f *keys.TierFields) { f.RateLimit.Requests = 10 }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 5}},
		"higher":  {func(f *keys.TierFields) { f.RateLimit.Requests = 9000 }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Higher: 5}},
		"higher, slower": {func(f *keys.TierFields) {
			f.RateLimit.Requests, f.RateLimit.Burst = 9000, 1
		}, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 5}},
		"no limit": {func(f *keys.TierFields) { f.RateLimit = nil }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Higher: 5}},
		"a quota": {func(f *keys.TierFields) {
			f.Quota = &ratelimit.Quota{Requests: 1, Per: ratelimit.Day}
		}, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 6}},
		"fewer keys":    {func(f *keys.TierFields) { f.MaxKeys = 5 }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, OverFull: 1}},
		"shorter lives": {func(f *keys.TierFields) { f.MaxKeyAge = time.Hour }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, TooOld: 6}},
		"an account rule": {func(f *keys.TierFields) {
			f.AccountRateLimit = &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}
		}, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 6}},
	} {
		if got, err := w.Service.TierImpact(t.Context(), w.Admin, "enterprise", fields(tt.change)); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	_, err := w.Service.TierImpact(t.Context(), w.Admin, "enterprise", fields(func(f *keys.TierFields) { f.MaxKeys = 0 }))
	keystest.Refused(t, "a bad tier", err, errs.Invalid, "max_keys")
}

// The old name passes until its time is over, the new one from the first step.
func TestAScopeIsRenamed(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	ctx := t.Context()
	account, err := w.Service.CreateAccount(ctx, w.Admin, "", keys.FirstOrganization, keys.AccountFields{
		Name:   "b",
		Scopes: []string{"invoices:read", "customers:read"},
	})
	w.Must(err)
	w.Account = account
	_, own := w.Issue(keys.KeyFields{Scopes: []string{"invoices:read"}})
	_, inherits := w.Issue(keys.KeyFields{})
	use, err := w.Service.ScopesUse(ctx, w.Admin, []string{"invoices:read"})
	w.Must(err)
	if *use["invoices:read"] != (keys.ScopeUse{Accounts: 1, Keys: 1, Wildcards: 1}) {
		t.Errorf("its use: %+v", *use["invoices:read"])
	}
	asked := func(text, scope string, want verify.Code) {
		t.Helper()
		if got := w.Verify(verify.Question{Key: text, Cost: 1, Scopes: []string{scope}}).Code; got != want {
			t.Errorf("%s: %s, want %s", scope, got, want)
		}
	}
	_, err = w.Service.RenameScope(ctx, w.Admin, "invoices:read", keys.AnyRevision, "bills:read", time.Hour)
	w.Must(err)
	asked(own, "bills:read", verify.InsufficientScope)
	renameAll(ctx, w, 2)
	for _, text := range []string{own, inherits} {
		asked(text, "bills:read", verify.Valid)
		asked(text, "invoices:read", verify.Valid)
	}
	_, err = w.Service.CreateAccount(ctx, w.Admin, "", keys.FirstOrganization, keys.AccountFields{
		Name: "c", Scopes: []string{"invoices:read"},
	})
	keystest.Refused(t, "the old name for a new account", err, errs.Invalid, "scopes[0]")
	_, err = w.Service.RenameScope(ctx, w.Admin, "invoices:read", keys.AnyRevision, "other:read", time.Hour)
	keystest.Refused(t, "renamed twice", err, errs.Conflict, "")
	w.Advance(time.Hour)
	renameAll(ctx, w, 2)
	for _, text := range []string{own, inherits} {
		asked(text, "bills:read", verify.Valid)
		asked(text, "invoices:read", verify.InsufficientScope)
	}
	_, err = w.Service.Scope(ctx, "invoices:read")
	keystest.Refused(t, "the old name in the catalogue", err, errs.NotFound, "")
	for _, to := range []string{"latchkey:x", "Not a scope", "bills:read"} {
		_, err = w.Service.RenameScope(ctx, w.Admin, "bills:read", keys.AnyRevision, to, 0)
		keystest.Refused(t, to, err, errs.Invalid, "name")
	}
	_, err = w.Service.RenameScope(ctx, w.Admin, "latchkey:verify", keys.AnyRevision, "x:y", 0)
	keystest.Refused(t, "one of ours", err, errs.Conflict, "")
}

// renameAll makes the steps of renames until none is left.
func renameAll(ctx context.Context, w *keystest.World, want int) {
	w.T.Helper()
	all := 0
	for {
		n, err := w.Service.RenameStep(ctx, w.Admin)
		w.Must(err)
		if all += n; n == 0 {
			break
		}
	}
	if all != want {
		w.T.Errorf("%d changes, want %d", all, want)
	}
}

// What is retired is granted no more, and stays where it is.
func TestARetiredScope(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	account := keys.AccountFields{Name: "b", Scopes: []string{"customers:read"}}
	made, err := w.Service.CreateAccount(t.Context(), w.Admin, "", keys.FirstOrganization, account)
	w.Must(err)
	_, err = w.Service.RetireScope(t.Context(), w.Admin, "customers:read", keys.AnyRevision, true)
	w.Must(err)
	_, err = w.Service.CreateAccount(t.Context(), w.Admin, "", keys.FirstOrganization, account)
	keystest.Refused(t, "granting it", err, errs.Invalid, "scopes[0]")
	_, err = w.Service.ChangeAccount(t.Context(), w.Admin, made.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.Name = "c"
		return f, nil
	})
	w.Must(err)
	w.Account = made
	_, text := w.Issue(keys.KeyFields{})
	if got := w.Verify(verify.Question{Key: text, Cost: 1, Scopes: []string{"customers:read"}}).Code; got != verify.Valid {
		t.Errorf("who has it: %s", got)
	}
	_, err = w.Service.RetireScope(t.Context(), w.Admin, "customers:read", keys.AnyRevision, false)
	w.Must(err)
	_, err = w.Service.CreateAccount(t.Context(), w.Admin, "", keys.FirstOrganization, account)
	w.Must(err)
}

// TestAKeyThatHasNotBegunIsNotUnused: nobody could use it, however long ago it was
// made, in none of the lists of unused keys.
func TestAKeyThatHasNotBegunIsNotUnused(t *testing.T) {
	t.Parallel()
	w, ctx := keystest.NewWorld(t), t.Context()
	idle, _ := w.Issue(keys.KeyFields{})
	w.Issue(keys.KeyFields{NotBefore: w.Now().Add(200 * 24 * time.Hour)})
	w.Issue(keys.KeyFields{NotBefore: w.Now().Add(99 * 24 * time.Hour)})
	w.Advance(100 * 24 * time.Hour)
	found, err := w.Service.FindKeys(ctx, w.Admin, keys.KeyQuery{Unused: w.Now().Add(-keys.UnusedLong)}, keys.Page{Limit: 10})
	w.Must(err)
	needs, err := w.Service.Attention(ctx, w.Admin, 10)
	w.Must(err)
	neglected, err := w.Service.Neglected(ctx, w.Admin, keys.NeverUsed, keys.Page{Limit: 10})
	w.Must(err)
	for list, all := range map[string][]keys.Key{"the search": found.Keys, "the home page": needs.Unused, "the staff's list": neglected} {
		if len(all) != 1 || all[0].ID != idle.ID {
			t.Errorf("%s has %d keys, want the one that could be used", list, len(all))
		}
	}
}
