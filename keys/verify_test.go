package keys_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// world is the domain over a real store, with a clock that tests set.
type world struct {
	t        *testing.T
	at       atomic.Int64
	service  *keys.Service
	verifier *verify.Verifier
	admin    keys.Actor
	account  keys.ServiceAccount
	store    *sqlite.Store
	meter    *usage.Meter
	marks    *keys.Marks
}

func (w *world) now() time.Time          { return time.Unix(0, w.at.Load()).UTC() }
func (w *world) advance(d time.Duration) { w.at.Add(int64(d)) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, admin: auth.System(), meter: usage.NewMeter()}
	w.at.Store(time.Now().UnixNano())
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	w.must(err)
	w.store = store
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Now: w.now, Store: store})
	w.must(err)
	marks := keys.NewMarks()
	w.marks = marks
	w.service, err = keys.New(keys.Config{Store: store, Audit: audit.New(store, w.now), Marks: marks, Format: format(t), Now: w.now, IsMember: auth.IsMember(store.Memberships())})
	w.must(err)
	w.verifier, err = verify.New(verify.Config{
		Store: store, Limiter: limiter, Marks: marks, Format: format(t), Logger: slog.New(slog.DiscardHandler), Now: w.now, Meter: w.meter,
	})
	w.must(err)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		w.verifier.Close()
		if err := errors.Join(limiter.Close(ctx), store.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	w.must(w.service.Seed(t.Context(), w.admin, true))
	w.account, err = w.service.CreateAccount(t.Context(), w.admin, "", keys.FirstOrganization, keys.AccountFields{Name: "a", Scopes: []string{"invoices:*"}})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) issue(fields keys.KeyFields) (keys.Key, string) {
	w.t.Helper()
	fields.Name = "k"
	k, secret, err := w.service.Issue(w.t.Context(), w.admin, keys.IssueInput{ServiceAccountID: w.account.ID, KeyFields: fields})
	w.must(err)
	return k, secret.Reveal()
}

func (w *world) verify(q verify.Question) verify.Verdict {
	w.t.Helper()
	v, err := w.verifier.Verify(w.t.Context(), &q)
	w.must(err)
	return v
}

func (w *world) want(text string, code verify.Code) {
	w.t.Helper()
	if got := w.verify(verify.Question{Key: text, Cost: 1}).Code; got != code {
		w.t.Errorf("got %s, want %s", got, code)
	}
}

func TestCodesInTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want("lk_live_rubbish", verify.Malformed)
	w.want(format(t).New(keys.Live).Reveal(), verify.NotFound)

	k, text := w.issue(keys.KeyFields{Scopes: []string{"invoices:read"}, AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, ExpiresAt: w.now().Add(time.Hour), NotBefore: w.now().Add(time.Minute)})
	w.want(text, verify.NotYetValid)
	w.advance(2 * time.Minute)
	w.want(text, verify.AddressNotAllowed)
	inside := verify.Question{Key: text, Cost: 1, Address: netip.MustParseAddr("::ffff:203.0.113.9"), Scopes: []string{"invoices:write"}}
	if v := w.verify(inside); v.Code != verify.InsufficientScope || !slices.Equal(v.Missing, []string{"invoices:write"}) {
		t.Errorf("a scope the key lacks: %+v", v)
	}
	inside.Scopes = []string{"invoices:read"}
	if v := w.verify(inside); v.Code != verify.Valid {
		t.Errorf("a good question: %+v", v)
	}
	setDisabled := func(disabled bool) {
		_, err := w.service.ChangeKey(t.Context(), w.admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) { f.Disabled = disabled; return f, nil })
		w.must(err)
	}
	setDisabled(true)
	w.want(text, verify.Disabled)
	setDisabled(false)
	_, err := w.service.ChangeOrganization(t.Context(), w.admin, keys.FirstOrganization, keys.AnyRevision, func(f keys.OrganizationFields) (keys.OrganizationFields, error) { f.Disabled = true; return f, nil })
	w.must(err)
	w.want(text, verify.Disabled)
	w.advance(2 * time.Hour)
	w.want(text, verify.Expired)
	_, _, err = w.service.Revoke(t.Context(), w.admin, k.ID, keys.AnyRevision, keys.ReasonLeaked, "")
	w.must(err)
	w.want(text, verify.Revoked)
	if _, err := w.service.ChangeKey(t.Context(), w.admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) { return f, nil }); !errors.Is(err, errs.Conflict) {
		t.Errorf("a revoked key was changed: %v", err)
	}
}

func TestGrantsTellWhatTheKeyIsCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"k", strings.Repeat("n", 51), strings.Repeat("n", 52), strings.Repeat("n", 53), strings.Repeat("ä", 127)} {
		k, secret, err := w.service.Issue(t.Context(), w.admin, keys.IssueInput{ServiceAccountID: w.account.ID, KeyFields: keys.KeyFields{Name: name}})
		w.must(err)
		for range 2 { // from the store, and from the cache
			if v := w.verify(verify.Question{Key: secret.Reveal(), Cost: 1}); v.Grant.KeyID() != k.ID || v.Grant.Name() != name {
				t.Errorf("%s, %s is told as %s, %s", k.ID, name, v.Grant.KeyID(), v.Grant.Name())
			}
		}
	}
}

func TestLimitsAndDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text := w.issue(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 2}})
	dry := w.verify(verify.Question{Key: text, Cost: 1, DryRun: true, Scopes: []string{"other:read"}})
	if dry.Code != verify.InsufficientScope || len(dry.Steps) != 10 || dry.Steps[7].Change == "" {
		t.Errorf("a dry run: %+v", dry)
	}
	w.want(text, verify.Valid)
	w.want(text, verify.Valid)
	w.want(text, verify.RateLimited)
	if v := w.verify(verify.Question{Key: text, Cost: 3}); v.Code != verify.RateLimited || !v.Limits.Never {
		t.Errorf("a cost above the burst: %+v", v)
	}
	w.advance(time.Minute)
	w.want(text, verify.Valid)
}

func TestGuessesAreThrottledByAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{GuessLimit: ratelimit.Rule{Requests: 3, Per: time.Hour, Burst: 3}}).fill()
		_, known := n.issue(keys.KeyFields{})
		time.Sleep(time.Minute) // polling has told of the new key
		n.want(known, verify.Valid)
		synctest.Wait() // until the cache has taken it in
		ask := func(text, address string) verify.Code {
			return n.verify(verify.Question{Key: text, Cost: 1, Address: netip.MustParseAddr(address)}).Code
		}
		for range 3 {
			if got := ask(format(t).New(keys.Live).Reveal(), "2001:db8::1"); got != verify.NotFound {
				t.Errorf("a guess is %s", got)
			}
		}
		loads := n.store.loads.Load()
		if got := ask(format(t).New(keys.Live).Reveal(), "2001:db8::2"); got != verify.RateLimited {
			t.Errorf("a guess too many from the same network is %s", got)
		}
		if n.store.loads.Load() != loads {
			t.Error("a throttled guess was looked up")
		}
		if got := ask(known, "2001:db8::1"); got != verify.Valid {
			t.Errorf("a known key behind the same address is %s", got)
		}
		if got := ask(format(t).New(keys.Live).Reveal(), "192.0.2.1"); got != verify.NotFound {
			t.Errorf("another address is %s", got)
		}
		time.Sleep(20 * time.Minute)
		if got := ask(format(t).New(keys.Live).Reveal(), "2001:db8::1"); got != verify.NotFound {
			t.Errorf("a guess after waiting is %s", got)
		}
	})
}

func TestRotationKeepsTheOldKeyForItsGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, text := w.issue(keys.KeyFields{Scopes: []string{"invoices:read"}})
	next, secret, err := w.service.Rotate(t.Context(), w.admin, old.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	w.must(err)
	if next.RotatedFrom != old.ID || !slices.Equal(next.Scopes, old.Scopes) {
		t.Errorf("the successor is %+v", next)
	}
	w.want(text, verify.Valid)
	w.want(secret.Reveal(), verify.Valid)
	if _, _, err := w.service.Rotate(t.Context(), w.admin, old.ID, keys.RotateInput{Revision: keys.AnyRevision}); !errors.Is(err, errs.Conflict) {
		t.Errorf("a key was rotated twice: %v", err)
	}
	w.advance(time.Hour)
	w.want(text, verify.Expired)
	w.want(secret.Reveal(), verify.Valid)
}

func TestMaxKeysHoldsWhenManyAskAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made, refused atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, _, err := w.service.Issue(t.Context(), w.admin, keys.IssueInput{ServiceAccountID: w.account.ID, KeyFields: keys.KeyFields{Name: "k"}})
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
	w := newWorld(t)
	k, text := w.issue(keys.KeyFields{})
	other, err := w.service.CreateOrganization(t.Context(), w.admin, "", keys.OrganizationFields{Name: "other"})
	w.must(err)
	member := func(organization string, role auth.Role) keys.Actor {
		return &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_x"}, Memberships: map[string]auth.Role{organization: role}}
	}
	stranger, viewer, developer := member(other.ID, auth.Owner), member(keys.FirstOrganization, auth.Viewer), member(keys.FirstOrganization, auth.Developer)
	if _, err := w.service.Key(t.Context(), stranger, k.ID); !errors.Is(err, errs.NotFound) {
		t.Errorf("a stranger reads the key: %v", err)
	}
	if _, _, err := w.service.Revoke(t.Context(), stranger, k.ID, keys.AnyRevision, "", ""); !errors.Is(err, errs.NotFound) {
		t.Errorf("a stranger revokes the key: %v", err)
	}
	if found, err := w.service.Keys(t.Context(), stranger, keys.KeyQuery{OrganizationID: keys.FirstOrganization}, keys.Page{Limit: 10}); err != nil || len(found) != 0 {
		t.Errorf("a stranger lists %d keys: %v", len(found), err)
	}
	if _, _, err := w.service.Revoke(t.Context(), viewer, k.ID, keys.AnyRevision, "", ""); !errors.Is(err, errs.Forbidden) {
		t.Errorf("a viewer revokes the key: %v", err)
	}
	if v := w.verify(verify.Question{Key: text, Cost: 1, Asker: stranger}); v.Code != verify.NotFound || v.Grant.Known() {
		t.Errorf("a stranger verifies the key: %+v", v)
	}
	if v := w.verify(verify.Question{Key: text, Cost: 1, Asker: developer}); v.Code != verify.Valid {
		t.Errorf("a developer verifies the key: %+v", v)
	}
	for scope, kind := range map[string]errs.Kind{"*": errs.Forbidden, string(keys.VerifyAllKeys): errs.Forbidden, "unheard:of": errs.Invalid} {
		if _, err := w.service.CreateAccount(t.Context(), developer, "", keys.FirstOrganization, keys.AccountFields{Name: "x", Scopes: []string{scope}}); !errors.Is(err, kind) {
			t.Errorf("a developer grants %s: %v", scope, err)
		}
	}
	if _, err := w.service.CreateAccount(t.Context(), developer, "", keys.FirstOrganization, keys.AccountFields{Name: "x", Tier: "enterprise"}); !errors.Is(err, errs.Forbidden) {
		t.Errorf("a developer lifts the tier: %v", err)
	}
}
