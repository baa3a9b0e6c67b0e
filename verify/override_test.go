package verify_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// An override ends by itself, on what is cached as well.
func TestAnOverrideEndsByItself(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	own := &ratelimit.Rule{Requests: 7, Per: time.Minute, Burst: 7}
	_, text := w.Issue(keys.KeyFields{})
	_, withOwn := w.Issue(keys.KeyFields{RateLimit: own})
	ask := func(text string) (key, account ratelimit.Rule) {
		v := w.Verify(verify.Question{Key: text, Cost: 1})
		if v.Code != verify.Valid {
			t.Fatalf("the key is %s: %s", v.Code, v.Detail)
		}
		w.Verifier.Settle()
		return v.Grant.KeyRule(v.At), v.Grant.AccountRule(v.At)
	}
	before, _ := ask(text)
	rule, shared := ratelimit.Rule{Requests: 9, Per: time.Second, Burst: 9}, ratelimit.Rule{Requests: 11, Per: time.Second, Burst: 11}
	loads := w.Verifier.Stats().Misses
	_, err := w.Service.SetOverride(t.Context(), w.Admin, w.Account.ID, keys.AnyRevision, &keys.Override{
		KeyRateLimit: &rule, RateLimit: &shared, Quota: &ratelimit.Quota{Requests: 5, Per: ratelimit.Day}, Until: w.Now().Add(time.Minute),
		Note: "a launch",
	})
	w.Must(err)
	if key, account := ask(text); key != rule || account != shared {
		t.Errorf("with the override: %v and %v", key, account)
	}
	if key, _ := ask(withOwn); key != *own {
		t.Errorf("a key's own limit became %v", key)
	}
	if v := w.Verify(verify.Question{Key: text, Cost: 6}); v.Code != verify.QuotaExceeded {
		t.Errorf("beyond its quota: %s", v.Code)
	}
	loads = w.Verifier.Stats().Misses - loads
	w.Advance(time.Minute)
	if key, account := ask(text); key != before || account != (ratelimit.Rule{}) {
		t.Errorf("after its end: %v and %v", key, account)
	}
	if again := w.Verifier.Stats().Misses; loads != 2 || again < loads {
		t.Errorf("%d loads", loads)
	}
	for name, o := range map[string]*keys.Override{
		"until":          {RateLimit: &rule, Until: w.Now()},
		"key_rate_limit": {Until: w.Now().Add(time.Hour)},
		"quota.requests": {Quota: &ratelimit.Quota{Per: ratelimit.Day}, Until: w.Now().Add(time.Hour)},
	} {
		_, err := w.Service.SetOverride(t.Context(), w.Admin, w.Account.ID, keys.AnyRevision, o)
		keystest.Refused(t, name, err, errs.Invalid, name)
	}
	got, err := w.Service.SetOverride(t.Context(), w.Admin, w.Account.ID, keys.AnyRevision, nil)
	if err != nil || got.Override != nil {
		t.Errorf("ended: %+v, %v", got.Override, err)
	}
}
