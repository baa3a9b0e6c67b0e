package verify_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

func TestCodesInTheirOrder(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	w.Want("lk_live_rubbish", verify.Malformed)
	w.Want(keystest.Format(t).New(keys.Live).Reveal(), verify.NotFound)

	k, text := w.Issue(keys.KeyFields{
		Scopes: []string{"invoices:read"}, AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
		ExpiresAt: w.Now().Add(time.Hour), NotBefore: w.Now().Add(time.Minute),
	})
	w.Want(text, verify.NotYetValid)
	w.Advance(2 * time.Minute)
	w.Want(text, verify.AddressNotAllowed)
	inside := verify.Question{Key: text, Cost: 1, Address: netip.MustParseAddr("::ffff:203.0.113.9"), Scopes: []string{"invoices:write"}}
	if v := w.Verify(inside); v.Code != verify.InsufficientScope || !slices.Equal(v.Missing, []string{"invoices:write"}) {
		t.Errorf("a scope the key lacks: %+v", v)
	}
	inside.Scopes = []string{"invoices:read"}
	if v := w.Verify(inside); v.Code != verify.Valid {
		t.Errorf("a good question: %+v", v)
	}
	setDisabled := func(disabled bool) {
		_, err := w.Service.ChangeKey(t.Context(), w.Admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
			f.Disabled = disabled
			return f, nil
		})
		w.Must(err)
	}
	setDisabled(true)
	w.Want(text, verify.Disabled)
	setDisabled(false)
	_, err := w.Service.ChangeOrganization(t.Context(), w.Admin, keys.FirstOrganization, keys.AnyRevision,
		func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
			f.Disabled = true
			return f, nil
		})
	w.Must(err)
	w.Want(text, verify.Disabled)
	w.Advance(2 * time.Hour)
	w.Want(text, verify.Expired)
	_, _, err = w.Service.Revoke(t.Context(), w.Admin, k.ID, keys.AnyRevision, keys.ReasonLeaked, "")
	w.Must(err)
	w.Want(text, verify.Revoked)
	if _, err := w.Service.ChangeKey(t.Context(), w.Admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
		return f, nil
	}); !errors.Is(err, errs.Conflict) {
		t.Errorf("a revoked key was changed: %v", err)
	}
}

func TestGrantsTellWhatTheKeyIsCalled(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	for _, name := range []string{"k", strings.Repeat("n", 51), strings.Repeat("n", 52), strings.Repeat("n", 53), strings.Repeat("ä", 127)} {
		k, secret, err := w.Service.Issue(t.Context(), w.Admin, keys.IssueInput{
			ServiceAccountID: w.Account.ID, KeyFields: keys.KeyFields{Name: name},
		})
		w.Must(err)
		for range 2 { // from the store, and from the cache
			if v := w.Verify(verify.Question{Key: secret.Reveal(), Cost: 1}); v.Grant.KeyID() != k.ID || v.Grant.Name() != name {
				t.Errorf("%s, %s is told as %s, %s", k.ID, name, v.Grant.KeyID(), v.Grant.Name())
			}
		}
	}
}

func TestLimitsAndDryRun(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	_, text := w.Issue(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 2}})
	dry := w.Verify(verify.Question{Key: text, Cost: 1, DryRun: true, Scopes: []string{"other:read"}})
	if dry.Code != verify.InsufficientScope || len(dry.Steps) != 10 || dry.Steps[7].Change.IsZero() {
		t.Errorf("a dry run: %+v", dry)
	}
	w.Want(text, verify.Valid)
	w.Want(text, verify.Valid)
	w.Want(text, verify.RateLimited)
	if v := w.Verify(verify.Question{Key: text, Cost: 3}); v.Code != verify.RateLimited || !v.Limits.Never {
		t.Errorf("a cost above the burst: %+v", v)
	}
	w.Advance(time.Minute)
	w.Want(text, verify.Valid)
}

func TestGuessesAreThrottledByAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{GuessLimit: ratelimit.Rule{Requests: 3, Per: time.Hour, Burst: 3}}).Fill()
		_, known := n.Issue(keys.KeyFields{})
		time.Sleep(time.Minute) // polling has told of the new key
		n.Want(known, verify.Valid)
		synctest.Wait() // until the cache has taken it in
		ask := func(text, address string) verify.Code {
			return n.Verify(verify.Question{Key: text, Cost: 1, Address: netip.MustParseAddr(address)}).Code
		}
		for range 3 {
			if got := ask(keystest.Format(t).New(keys.Live).Reveal(), "2001:db8::1"); got != verify.NotFound {
				t.Errorf("a guess is %s", got)
			}
		}
		loads := n.Store.Loads.Load()
		if got := ask(keystest.Format(t).New(keys.Live).Reveal(), "2001:db8::2"); got != verify.RateLimited {
			t.Errorf("a guess too many from the same network is %s", got)
		}
		if n.Store.Loads.Load() != loads {
			t.Error("a throttled guess was looked up")
		}
		if got := ask(known, "2001:db8::1"); got != verify.Valid {
			t.Errorf("a known key behind the same address is %s", got)
		}
		if got := ask(keystest.Format(t).New(keys.Live).Reveal(), "192.0.2.1"); got != verify.NotFound {
			t.Errorf("another address is %s", got)
		}
		time.Sleep(20 * time.Minute)
		if got := ask(keystest.Format(t).New(keys.Live).Reveal(), "2001:db8::1"); got != verify.NotFound {
			t.Errorf("a guess after waiting is %s", got)
		}
	})
}

func TestRotationKeepsTheOldKeyForItsGrace(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	old, text := w.Issue(keys.KeyFields{Scopes: []string{"invoices:read"}})
	next, secret, err := w.Service.Rotate(t.Context(), w.Admin, old.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	w.Must(err)
	if next.RotatedFrom != old.ID || !slices.Equal(next.Scopes, old.Scopes) {
		t.Errorf("the successor is %+v", next)
	}
	w.Want(text, verify.Valid)
	w.Want(secret.Reveal(), verify.Valid)
	if _, _, err := w.Service.Rotate(t.Context(), w.Admin, old.ID, keys.RotateInput{Revision: keys.AnyRevision}); !errors.Is(err,
		errs.Conflict) {
		t.Errorf("a key was rotated twice: %v", err)
	}
	w.Advance(time.Hour)
	w.Want(text, verify.Expired)
	w.Want(secret.Reveal(), verify.Valid)
}

func TestMaxKeysHoldsWhenManyAskAtOnce(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	var made, refused atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, _, err := w.Service.Issue(t.Context(), w.Admin, keys.IssueInput{ServiceAccountID: w.Account.ID, KeyFields: keys.KeyFields{Name: "k"}})
			switch {
			case err == nil:
				made.Add(1)
			case errors.Is(err, errs.Conflict):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 10 || refused.Load() != 10 {
		t.Errorf("%d keys were made and %d refused; the tier allows 10", made.Load(), refused.Load())
	}
}

func TestTenantsDoNotMeet(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	k, text := w.Issue(keys.KeyFields{})
	other, err := w.Service.CreateOrganization(t.Context(), w.Admin, "", keys.OrganizationFields{Name: "other"})
	w.Must(err)
	member := func(organization string, role auth.Role) keys.Actor {
		return &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_x"}, Memberships: map[string]auth.Role{organization: role}}
	}
	stranger, viewer, developer := member(other.ID, auth.Owner), member(keys.FirstOrganization, auth.Viewer),
		member(keys.FirstOrganization, auth.Developer)
	if _, err := w.Service.Key(t.Context(), stranger, k.ID); !errors.Is(err, errs.NotFound) {
		t.Errorf("a stranger reads the key: %v", err)
	}
	if _, _, err := w.Service.Revoke(t.Context(), stranger, k.ID, keys.AnyRevision, "", ""); !errors.Is(err, errs.NotFound) {
		t.Errorf("a stranger revokes the key: %v", err)
	}
	if found, err := w.Service.Keys(t.Context(), stranger, keys.KeyQuery{OrganizationID: keys.FirstOrganization},
		keys.Page{Limit: 10}); err != nil || len(found) != 0 {
		t.Errorf("a stranger lists %d keys: %v", len(found), err)
	}
	if _, _, err := w.Service.Revoke(t.Context(), viewer, k.ID, keys.AnyRevision, "", ""); !errors.Is(err, errs.Forbidden) {
		t.Errorf("a viewer revokes the key: %v", err)
	}
	if v := w.Verify(verify.Question{Key: text, Cost: 1, Asker: stranger}); v.Code != verify.NotFound || v.Grant.Known() {
		t.Errorf("a stranger verifies the key: %+v", v)
	}
	if v := w.Verify(verify.Question{Key: text, Cost: 1, Asker: developer}); v.Code != verify.Valid {
		t.Errorf("a developer verifies the key: %+v", v)
	}
	for scope, kind := range map[string]errs.Kind{
		"*": errs.Forbidden, string(keys.VerifyAllKeys): errs.Forbidden,
		"unheard:of": errs.Invalid,
	} {
		if _, err := w.Service.CreateAccount(t.Context(), developer, "", keys.FirstOrganization, keys.AccountFields{
			Name:   "x",
			Scopes: []string{scope},
		}); !errors.Is(err, kind) {
			t.Errorf("a developer grants %s: %v", scope, err)
		}
	}
	if _, err := w.Service.CreateAccount(t.Context(), developer, "", keys.FirstOrganization, keys.AccountFields{
		Name: "x",
		Tier: "enterprise",
	}); !errors.Is(err, errs.Forbidden) {
		t.Errorf("a developer lifts the tier: %v", err)
	}
}
