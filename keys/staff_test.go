package keys_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

func TestFindAny(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k, text := w.issue(keys.KeyFields{})
	other, _ := w.issue(keys.KeyFields{})
	for _, what := range []string{text, " " + text + "\n", k.ID, k.Start, k.Last4, k.Start + "…" + k.Last4, k.Start + "..." + k.Last4, k.Start[len(k.Start)-4:]} {
		found, err := w.service.FindAny(t.Context(), w.admin, what)
		if err != nil || !slices.ContainsFunc(found, func(f keys.Key) bool { return f.ID == k.ID }) || slices.ContainsFunc(found, func(f keys.Key) bool { return f.ID == other.ID && f.Last4 != k.Last4 }) {
			t.Errorf("by %q: %d keys, %v", what, len(found), err)
		}
	}
	if found, err := w.service.FindAny(t.Context(), w.admin, format(t).New(keys.Test).Reveal()); err != nil || len(found) != 0 {
		t.Errorf("a key that is none: %d, %v", len(found), err)
	}
	for _, what := range []string{"", "   ", text[:len(text)-1], text + "x", "lk_live_", "ab", "<script>", "sa_" + k.ID[4:]} {
		_, err := w.service.FindAny(t.Context(), w.admin, what)
		refused(t, what, err, errs.Invalid, "find")
	}
}

// An override ends by itself, on what is cached as well.
func TestAnOverrideEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := &ratelimit.Rule{Requests: 7, Per: time.Minute, Burst: 7}
	_, text := w.issue(keys.KeyFields{})
	_, withOwn := w.issue(keys.KeyFields{RateLimit: own})
	ask := func(text string) (key, account ratelimit.Rule) {
		v := w.verify(keys.Question{Key: text, Cost: 1})
		if v.Code != keys.Valid {
			t.Fatalf("the key is %s: %s", v.Code, v.Detail)
		}
		w.verifier.Settle()
		return v.Grant.KeyRule(v.At), v.Grant.AccountRule(v.At)
	}
	before, _ := ask(text)
	rule, shared := ratelimit.Rule{Requests: 9, Per: time.Second, Burst: 9}, ratelimit.Rule{Requests: 11, Per: time.Second, Burst: 11}
	loads := w.verifier.Stats().Misses
	_, err := w.service.SetOverride(t.Context(), w.admin, w.account.ID, keys.AnyRevision, &keys.Override{
		KeyRateLimit: &rule, RateLimit: &shared, Quota: &ratelimit.Quota{Requests: 5, Per: ratelimit.Day}, Until: w.now().Add(time.Minute), Note: "a launch",
	})
	w.must(err)
	if key, account := ask(text); key != rule || account != shared {
		t.Errorf("with the override: %v and %v", key, account)
	}
	if key, _ := ask(withOwn); key != *own {
		t.Errorf("a key's own limit became %v", key)
	}
	if v := w.verify(keys.Question{Key: text, Cost: 6}); v.Code != keys.QuotaExceeded {
		t.Errorf("beyond its quota: %s", v.Code)
	}
	loads = w.verifier.Stats().Misses - loads
	w.advance(time.Minute)
	if key, account := ask(text); key != before || account != (ratelimit.Rule{}) {
		t.Errorf("after its end: %v and %v", key, account)
	}
	if again := w.verifier.Stats().Misses; loads != 2 || again < loads {
		t.Errorf("%d loads", loads)
	}
	for name, o := range map[string]*keys.Override{
		"until":          {RateLimit: &rule, Until: w.now()},
		"key_rate_limit": {Until: w.now().Add(time.Hour)},
		"quota.requests": {Quota: &ratelimit.Quota{Per: ratelimit.Day}, Until: w.now().Add(time.Hour)},
	} {
		_, err := w.service.SetOverride(t.Context(), w.admin, w.account.ID, keys.AnyRevision, o)
		refused(t, name, err, errs.Invalid, name)
	}
	got, err := w.service.SetOverride(t.Context(), w.admin, w.account.ID, keys.AnyRevision, nil)
	if err != nil || got.Override != nil {
		t.Errorf("ended: %+v, %v", got.Override, err)
	}
}

func TestTierImpact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.many(5)
	w.issue(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}})
	fields := func(change func(*keys.TierFields)) keys.TierFields {
		tier, err := w.service.Tier(t.Context(), "enterprise")
		w.must(err)
		change(&tier.TierFields)
		return tier.TierFields
	}
	for name, tt := range map[string]struct {
		change func(*keys.TierFields)
		want   keys.Impact
	}{
		"nothing":        {func(*keys.TierFields) {}, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1}},
		"lower":          {func(f *keys.TierFields) { f.RateLimit.Requests = 10 }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 5}},
		"higher":         {func(f *keys.TierFields) { f.RateLimit.Requests = 9000 }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Higher: 5}},
		"higher, slower": {func(f *keys.TierFields) { f.RateLimit.Requests, f.RateLimit.Burst = 9000, 1 }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 5}},
		"a quota":        {func(f *keys.TierFields) { f.Quota = &ratelimit.Quota{Requests: 1, Per: ratelimit.Day} }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 6}},
		"fewer keys":     {func(f *keys.TierFields) { f.MaxKeys = 5 }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, OverFull: 1}},
		"shorter lives":  {func(f *keys.TierFields) { f.MaxKeyAge = time.Hour }, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, TooOld: 6}},
		"an account rule": {func(f *keys.TierFields) {
			f.AccountRateLimit = &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}
		}, keys.Impact{Accounts: 1, Keys: 6, OwnLimit: 1, Lower: 6}},
	} {
		if got, err := w.service.TierImpact(t.Context(), w.admin, "enterprise", fields(tt.change)); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	_, err := w.service.TierImpact(t.Context(), w.admin, "enterprise", fields(func(f *keys.TierFields) { f.MaxKeys = 0 }))
	refused(t, "a bad tier", err, errs.Invalid, "max_keys")
}

// The old name passes until its time is over, the new one from the first step.
func TestAScopeIsRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	account, err := w.service.CreateAccount(ctx, w.admin, "", keys.FirstOrganization, keys.AccountFields{Name: "b", Scopes: []string{"invoices:read", "customers:read"}})
	w.must(err)
	w.account = account
	_, own := w.issue(keys.KeyFields{Scopes: []string{"invoices:read"}})
	_, inherits := w.issue(keys.KeyFields{})
	use, err := w.service.ScopesUse(ctx, w.admin, []string{"invoices:read"})
	w.must(err)
	if *use["invoices:read"] != (keys.ScopeUse{Accounts: 1, Keys: 1, Wildcards: 1}) {
		t.Errorf("its use: %+v", *use["invoices:read"])
	}
	asked := func(text, scope string, want keys.Code) {
		t.Helper()
		if got := w.verify(keys.Question{Key: text, Cost: 1, Scopes: []string{scope}}).Code; got != want {
			t.Errorf("%s: %s, want %s", scope, got, want)
		}
	}
	_, err = w.service.RenameScope(ctx, w.admin, "invoices:read", keys.AnyRevision, "bills:read", time.Hour)
	w.must(err)
	asked(own, "bills:read", keys.InsufficientScope)
	w.renameAll(ctx, 2)
	for _, text := range []string{own, inherits} {
		asked(text, "bills:read", keys.Valid)
		asked(text, "invoices:read", keys.Valid)
	}
	_, err = w.service.CreateAccount(ctx, w.admin, "", keys.FirstOrganization, keys.AccountFields{Name: "c", Scopes: []string{"invoices:read"}})
	refused(t, "the old name for a new account", err, errs.Invalid, "scopes[0]")
	_, err = w.service.RenameScope(ctx, w.admin, "invoices:read", keys.AnyRevision, "other:read", time.Hour)
	refused(t, "renamed twice", err, errs.Conflict, "")
	w.advance(time.Hour)
	w.renameAll(ctx, 2)
	for _, text := range []string{own, inherits} {
		asked(text, "bills:read", keys.Valid)
		asked(text, "invoices:read", keys.InsufficientScope)
	}
	_, err = w.service.Scope(ctx, "invoices:read")
	refused(t, "the old name in the catalogue", err, errs.NotFound, "")
	for _, to := range []string{"latchkey:x", "Not a scope", "bills:read"} {
		_, err = w.service.RenameScope(ctx, w.admin, "bills:read", keys.AnyRevision, to, 0)
		refused(t, to, err, errs.Invalid, "name")
	}
	_, err = w.service.RenameScope(ctx, w.admin, "latchkey:verify", keys.AnyRevision, "x:y", 0)
	refused(t, "one of ours", err, errs.Conflict, "")
}

// renameAll makes the steps of renames until none is left.
func (w *world) renameAll(ctx context.Context, want int) {
	w.t.Helper()
	all := 0
	for {
		n, err := w.service.RenameStep(ctx, w.admin)
		w.must(err)
		if all += n; n == 0 {
			break
		}
	}
	if all != want {
		w.t.Errorf("%d changes, want %d", all, want)
	}
}

// What is retired is granted no more, and stays where it is.
func TestARetiredScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := keys.AccountFields{Name: "b", Scopes: []string{"customers:read"}}
	made, err := w.service.CreateAccount(t.Context(), w.admin, "", keys.FirstOrganization, account)
	w.must(err)
	_, err = w.service.RetireScope(t.Context(), w.admin, "customers:read", keys.AnyRevision, true)
	w.must(err)
	_, err = w.service.CreateAccount(t.Context(), w.admin, "", keys.FirstOrganization, account)
	refused(t, "granting it", err, errs.Invalid, "scopes[0]")
	_, err = w.service.ChangeAccount(t.Context(), w.admin, made.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) { f.Name = "c"; return f, nil })
	w.must(err)
	w.account = made
	_, text := w.issue(keys.KeyFields{})
	if got := w.verify(keys.Question{Key: text, Cost: 1, Scopes: []string{"customers:read"}}).Code; got != keys.Valid {
		t.Errorf("who has it: %s", got)
	}
	_, err = w.service.RetireScope(t.Context(), w.admin, "customers:read", keys.AnyRevision, false)
	w.must(err)
	_, err = w.service.CreateAccount(t.Context(), w.admin, "", keys.FirstOrganization, account)
	w.must(err)
}

// TestAKeyThatHasNotBegunIsNotUnused: nobody could use it, however long ago it was
// made, in none of the lists of unused keys.
func TestAKeyThatHasNotBegunIsNotUnused(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	idle, _ := w.issue(keys.KeyFields{})
	w.issue(keys.KeyFields{NotBefore: w.now().Add(200 * 24 * time.Hour)})
	w.issue(keys.KeyFields{NotBefore: w.now().Add(99 * 24 * time.Hour)})
	w.advance(100 * 24 * time.Hour)
	found, err := w.service.FindKeys(ctx, w.admin, keys.KeyQuery{Unused: w.now().Add(-keys.UnusedLong)}, keys.Page{Limit: 10})
	w.must(err)
	needs, err := w.service.Attention(ctx, w.admin, 10)
	w.must(err)
	neglected, err := w.service.Neglected(ctx, w.admin, keys.NeverUsed, keys.Page{Limit: 10})
	w.must(err)
	for list, all := range map[string][]keys.Key{"the search": found.Keys, "the home page": needs.Unused, "the staff's list": neglected} {
		if len(all) != 1 || all[0].ID != idle.ID {
			t.Errorf("%s has %d keys, want the one that could be used", list, len(all))
		}
	}
}
