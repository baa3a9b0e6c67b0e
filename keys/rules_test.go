package keys_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// issuance is a try to issue a key, and the fault that it has: none where kind is "".
type issuance struct {
	name    string
	actor   keys.Actor
	account string
	fields  func(*keys.KeyFields)
	kind    errs.Kind
	field   string
}

// desk is where keys are issued: for the account of its node, and for one on a
// tier with short lives.
type desk struct {
	*keystest.Node
	brief     keys.ServiceAccount
	developer keys.Actor
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
	_, err := n.Service.CreateTier(t.Context(), n.Admin, "brief", keys.TierFields{
		Title: "B", RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}, MaxKeys: 50, MaxKeyAge: time.Hour,
	})
	n.Must(err)
	brief, err := n.Service.CreateAccount(t.Context(), n.Admin, "", keys.FirstOrganization, keys.AccountFields{
		Name: "b", Tier: "brief", Scopes: []string{"invoices:read"},
	})
	n.Must(err)
	return &desk{n, brief, keystest.Member(keys.FirstOrganization, auth.Developer)}
}

func (d *desk) issue(tries []issuance) {
	d.T.Helper()
	for _, try := range tries {
		fields := keys.KeyFields{Name: "k"}
		if try.fields != nil {
			try.fields(&fields)
		}
		k, secret, err := d.Service.Issue(d.T.Context(), try.actor, keys.IssueInput{ServiceAccountID: try.account, KeyFields: fields})
		if try.kind != "" {
			keystest.Refused(d.T, try.name, err, try.kind, try.field)
			continue
		}
		text := secret.Reveal()
		if err != nil || k.Hash != keys.HashOf(text) || !strings.HasPrefix(text, k.Start) || !strings.HasSuffix(text, k.Last4) {
			d.T.Errorf("%s: %v", try.name, err)
		}
		d.Must(d.Service.DeleteKey(d.T.Context(), d.Admin, k.ID, keys.AnyRevision))
	}
}

func TestScopesOfAnIssuedKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		scopes := func(all ...string) func(*keys.KeyFields) { return func(f *keys.KeyFields) { f.Scopes = all } }
		robot := func(all ...string) keys.Actor { return keystest.Robot(keys.FirstOrganization, all...) }
		some := robot("latchkey:*", "invoices:read")
		as := robot("latchkey:keys:write", "latchkey:service-accounts:read", "invoices:read")
		viewer, stranger := keystest.Member(keys.FirstOrganization, auth.Viewer), keystest.Member("org_other", auth.Owner)
		d.issue([]issuance{
			{"a scope under the account's wildcard", d.developer, d.Account.ID, scopes("invoices:read"), "", ""},
			{"the account's own wildcard", d.developer, d.Account.ID, scopes("invoices:*"), "", ""},
			{"no scope at all", d.developer, d.Account.ID, func(f *keys.KeyFields) { f.Scopes = []string{} }, "", ""},
			{"a scope that the account lacks", d.Admin, d.Account.ID, scopes("invoices:read", "customers:read"), errs.Invalid, "scopes[1]"},
			{"a wildcard wider than the account's", d.Admin, d.brief.ID, scopes("invoices:*"), errs.Invalid, "scopes[0]"},
			{"more than the issuing key has", some, d.Account.ID, scopes("invoices:write"), errs.Forbidden, "scopes"},
			{"all of the account's, of which the issuing key has some", some, d.Account.ID, nil, errs.Forbidden, "scopes"},
			{"as much as the issuing key has", as, d.Account.ID, scopes("invoices:read"), "", ""},
			{"by a viewer", viewer, d.Account.ID, nil, errs.Forbidden, ""},
			{"by a stranger", stranger, d.Account.ID, nil, errs.Invalid, "service_account_id"},
			{"for no account", d.Admin, "sa_none", nil, errs.Invalid, "service_account_id"},
		})
	})
}

func TestTheLifeOfAnIssuedKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, now := newDesk(t), time.Now()
		ends := func(in time.Duration) func(*keys.KeyFields) {
			return func(f *keys.KeyFields) { f.ExpiresAt = now.Add(in) }
		}
		empty := func(f *keys.KeyFields) { f.ExpiresAt, f.NotBefore = now.Add(time.Hour), now.Add(time.Hour) }
		d.issue([]issuance{
			{"an expiry a moment ahead", d.developer, d.Account.ID, ends(time.Millisecond), "", ""},
			{"an expiry now", d.developer, d.Account.ID, ends(0), errs.Invalid, "expires_at"},
			{"an expiry in the past", d.Admin, d.Account.ID, ends(-time.Hour), errs.Invalid, "expires_at"},
			{"valid from its expiry on", d.developer, d.Account.ID, empty, errs.Invalid, "not_before"},
			{"as long as the tier allows", d.developer, d.brief.ID, ends(time.Hour), "", ""},
			{"longer than the tier allows", d.Admin, d.brief.ID, ends(time.Hour + time.Millisecond), errs.Invalid, "expires_at"},
			{"for ever, where the tier does not allow it", d.Admin, d.brief.ID, nil, errs.Invalid, "expires_at"},
		})
	})
}

func TestFieldsOfAnIssuedKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		rate := func(requests, burst int64) func(*keys.KeyFields) {
			return func(f *keys.KeyFields) {
				f.RateLimit = &ratelimit.Rule{Requests: requests, Per: time.Second, Burst: burst}
			}
		}
		named := func(name string) func(*keys.KeyFields) { return func(f *keys.KeyFields) { f.Name = name } }
		bits := func(f *keys.KeyFields) { f.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")} }
		long := strings.Repeat("ä", keys.MaxNameLength+1)
		d.issue([]issuance{
			{"a rate below the tier's", d.developer, d.Account.ID, rate(1, 1), "", ""},
			{"a rate above the tier's", d.developer, d.Account.ID, rate(1000, 1), errs.Invalid, "rate_limit"},
			{"a burst above the tier's", d.developer, d.Account.ID, rate(1, 101), errs.Invalid, "rate_limit"},
			{"no name", d.developer, d.Account.ID, named(" "), errs.Invalid, "name"},
			{"a name too long", d.developer, d.Account.ID, named(long), errs.Invalid, "name"},
			{"a network with host bits", d.developer, d.Account.ID, bits, errs.Invalid, "allowed_networks[0]"},
		})
	})
}

func TestRevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		k, text := n.Issue(keys.KeyFields{})
		_, _, err := n.Service.Revoke(t.Context(), n.Admin, k.ID, keys.AnyRevision, "because", "")
		keystest.Refused(t, "an unheard-of reason", err, errs.Invalid, "reason")
		n.Want(text, verify.Valid)
		first, effect, err := n.Service.Revoke(t.Context(), n.Admin, k.ID, k.Revision, keys.ReasonLeaked, "seen in a paste")
		n.Must(err)
		if wait := effect.By.Sub(first.RevokedAt); wait != keys.PollBound {
			t.Errorf("the revoke is effective everywhere %s after it", wait)
		}
		time.Sleep(time.Hour)
		again, _, err := n.Service.Revoke(t.Context(), n.Admin, k.ID, keys.AnyRevision, keys.ReasonUnused, "another")
		if err != nil || again.RevokeReason != keys.ReasonLeaked || again.RevokeNote != first.RevokeNote ||
			!again.RevokedAt.Equal(first.RevokedAt) {
			t.Errorf("a second revoke: %+v, %v", again, err)
		}
		_, _, err = n.Service.Revoke(t.Context(), n.Admin, k.ID, 1, keys.ReasonUnused, "")
		keystest.Refused(t, "a revoke of an older revision", err, errs.Stale, "")
		_, err = n.Service.ChangeKey(t.Context(), n.Admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
			f.Disabled = false
			return f, nil
		})
		keystest.Refused(t, "enabling it", err, errs.Conflict, "")
		_, _, err = n.Service.Rotate(t.Context(), n.Admin, k.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
		keystest.Refused(t, "rotating it", err, errs.Conflict, "")
		n.Want(text, verify.Revoked)
		if stored, err := n.Service.Key(t.Context(), n.Admin, k.ID); err != nil || stored.Status(time.Now()) != keys.StatusRevoked {
			t.Errorf("its row: %+v, %v", stored, err)
		}
	})
}

func TestRulesOfRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		old, text := n.Issue(keys.KeyFields{
			ExpiresAt: time.Now().Add(48 * time.Hour), Scopes: []string{"invoices:read"}, Note: "n",
			Metadata: keys.Metadata(`{"a":1}`),
		})
		rotate := func(a keys.Actor, id string, grace time.Duration) (keys.Key, string, error) {
			k, secret, err := n.Service.Rotate(t.Context(), a, id, keys.RotateInput{Revision: keys.AnyRevision, Grace: grace})
			return k, secret.Reveal(), err
		}
		_, _, err := rotate(n.Admin, old.ID, -time.Second)
		keystest.Refused(t, "a negative grace", err, errs.Invalid, "grace")
		_, _, err = rotate(n.Admin, old.ID, keys.MaxGrace+time.Second)
		keystest.Refused(t, "a grace too long", err, errs.Invalid, "grace")
		_, _, err = rotate(keystest.Member("org_other", auth.Owner), old.ID, 0)
		keystest.Refused(t, "by a stranger", err, errs.NotFound, "")
		_, _, err = rotate(keystest.Robot(keys.FirstOrganization, "latchkey:keys:*"), old.ID, 0)
		keystest.Refused(t, "by one without the key's scopes", err, errs.Forbidden, "scopes")

		time.Sleep(24 * time.Hour)
		next, secret, err := rotate(n.Admin, old.ID, time.Hour)
		n.Must(err)
		before, err := n.Service.Key(t.Context(), n.Admin, old.ID)
		n.Must(err)
		if before.RotatedTo != next.ID || next.RotatedFrom != old.ID || !before.GraceUntil.Equal(next.CreatedAt.Add(time.Hour)) {
			t.Errorf("linked by %q and %q, grace until %s", before.RotatedTo, next.RotatedFrom, before.GraceUntil)
		}
		if next.Note != "n" || string(next.Metadata) != `{"a":1}` || !slices.Equal(next.Scopes, old.Scopes) ||
			next.ExpiresAt.Sub(next.CreatedAt) != 48*time.Hour {
			t.Errorf("the successor is not like the key: %+v", next)
		}
		_, _, err = rotate(n.Admin, old.ID, time.Hour)
		keystest.Refused(t, "rotated twice", err, errs.Conflict, "")
		third, last, err := rotate(n.Admin, next.ID, 0)
		n.Must(err)
		n.Want(text, verify.Valid)
		n.Want(secret, verify.Expired)
		n.Want(last, verify.Valid)
		time.Sleep(time.Hour - time.Nanosecond)
		n.Want(text, verify.Valid)
		time.Sleep(time.Nanosecond)
		n.Want(text, verify.Expired)
		time.Sleep(48 * time.Hour)
		_, secret, err = rotate(n.Admin, third.ID, 0)
		n.Must(err)
		n.Want(secret, verify.Valid)
		n.Want(last, verify.Expired)
	})
}

// A full account can still rotate, and is not larger for it.
func TestRotationAtTheTiersBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		var first keys.Key
		for range 10 {
			first, _ = n.Issue(keys.KeyFields{})
		}
		_, _, err := n.Service.Issue(t.Context(), n.Admin, keys.IssueInput{ServiceAccountID: n.Account.ID, KeyFields: keys.KeyFields{Name: "k"}})
		keystest.Refused(t, "an eleventh key", err, errs.Conflict, "")
		next, _, err := n.Service.Rotate(t.Context(), n.Admin, first.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
		n.Must(err)
		_, _, err = n.Service.Rotate(t.Context(), n.Admin, next.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
		keystest.Refused(t, "a twelfth by rotating again", err, errs.Conflict, "")
		time.Sleep(time.Hour)
		_, _, err = n.Service.Rotate(t.Context(), n.Admin, next.ID, keys.RotateInput{Revision: keys.AnyRevision})
		n.Must(err)
		n.Revoke(first)
	})
}

func TestWhatIsInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		ctx := t.Context()
		k, text := n.Issue(keys.KeyFields{})
		dead, _ := n.Issue(keys.KeyFields{ExpiresAt: time.Now().Add(time.Minute)})
		n.Want(text, verify.Valid)
		keystest.Refused(t, "an account with keys alive", n.Service.DeleteAccount(ctx, n.Admin, n.Account.ID, keys.AnyRevision), errs.Conflict,
			"")
		keystest.Refused(t, "an organization with accounts", n.Service.DeleteOrganization(ctx, n.Admin, keys.FirstOrganization, keys.AnyRevision),
			errs.Conflict, "")
		keystest.Refused(t, "a tier in use", n.Service.DeleteTier(ctx, n.Admin, "free", keys.AnyRevision), errs.Conflict, "")
		keystest.Refused(t, "a management scope", n.Service.DeleteScope(ctx, n.Admin, string(keys.ReadKeys), keys.AnyRevision), errs.Conflict, "")
		n.Revoke(k)
		time.Sleep(time.Minute)
		n.Must(n.Service.DeleteAccount(ctx, n.Admin, n.Account.ID, keys.AnyRevision))
		n.Want(text, verify.NotFound)
		for _, id := range []string{k.ID, dead.ID} {
			_, err := n.Service.Key(ctx, n.Admin, id)
			keystest.Refused(t, "a key of an account that is gone", err, errs.NotFound, "")
		}
		keystest.Refused(t, "the default tier", n.Service.DeleteTier(ctx, n.Admin, keys.DefaultTier, keys.AnyRevision), errs.Conflict, "")
		n.Must(n.Service.DeleteTier(ctx, n.Admin, "pro", keys.AnyRevision))
		n.Must(n.Service.DeleteScope(ctx, n.Admin, "invoices:read", keys.AnyRevision))
		n.Must(n.Service.DeleteOrganization(ctx, n.Admin, keys.FirstOrganization, keys.AnyRevision))
	})
}

// Who is not staff makes and changes nothing of the provider's own.
func TestTheProvidersOwnIsTheStaffs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		ctx := t.Context()
		for _, a := range []keys.Actor{
			keystest.Member(keys.FirstOrganization, auth.Owner), keystest.Robot(keys.FirstOrganization, "*", "latchkey:*"), auth.Nobody(),
		} {
			_, organization := n.Service.CreateOrganization(ctx, a, "", keys.OrganizationFields{Name: "o"})
			_, tier := n.Service.CreateTier(ctx, a, "t", keys.TierFields{})
			_, scope := n.Service.CreateScope(ctx, a, "a:b", keys.ScopeFields{})
			_, changedTier := n.Service.ChangeTier(ctx, a, "free", keys.AnyRevision, func(f keys.TierFields) (keys.TierFields, error) {
				f.MaxKeys = 1000
				return f, nil
			})
			_, changedScope := n.Service.ChangeScope(ctx, a, "invoices:read", keys.AnyRevision, func(f keys.ScopeFields) (keys.ScopeFields, error) {
				return f, nil
			})
			for what, err := range map[string]error{
				"makes an organization": organization, "makes a tier": tier, "makes a scope": scope, "changes a tier": changedTier,
				"changes a scope": changedScope,
				"deletes a tier":  n.Service.DeleteTier(ctx, a, "pro", keys.AnyRevision), "deletes a scope": n.Service.DeleteScope(ctx, a,
					"invoices:read", keys.AnyRevision),
				"deletes an organization": n.Service.DeleteOrganization(ctx, a, keys.FirstOrganization, keys.AnyRevision),
			} {
				keystest.Refused(t, a.Subject().Kind+" "+what, err, errs.Forbidden, "")
			}
		}
		_, err := n.Service.CreateScope(ctx, n.Admin, "latchkey:all", keys.ScopeFields{})
		keystest.Refused(t, "a scope among the management API's own", err, errs.Invalid, "name")
		_, err = n.Service.CreateScope(ctx, n.Admin, "invoices:read", keys.ScopeFields{})
		keystest.Refused(t, "a scope that exists", err, errs.Conflict, "")
	})
}

// Every change leaves an event with what was before and after, and none of them
// a secret; where it cannot be written the change is not answered.
func TestEveryChangeLeavesAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		ctx, any := t.Context(), keys.AnyRevision
		k, text := n.Issue(keys.KeyFields{})
		_, err := n.Service.ChangeKey(ctx, n.Admin, k.ID, any, func(f keys.KeyFields) (keys.KeyFields, error) {
			f.Name = "renamed"
			return f, nil
		})
		n.Must(err)
		next, _, err := n.Service.Rotate(ctx, n.Admin, k.ID, keys.RotateInput{Revision: any})
		n.Must(err)
		n.Revoke(next)
		n.Must(n.Service.DeleteKey(ctx, n.Admin, next.ID, any))
		n.Must(n.Service.DeleteAccount(ctx, n.Admin, n.Account.ID, any))
		events, err := n.Store.Events(ctx, audit.Filter{}, "", 0)
		n.Must(err)
		var actions []string
		for _, e := range events {
			if e.Object.Type == "key" || e.Object.Type == "service_account" {
				actions = append(actions, e.Action)
				wantBefore, wantAfter := !strings.HasSuffix(e.Action, ".create"), !strings.HasSuffix(e.Action, ".delete")
				if (e.Before != nil) != wantBefore || (e.After != nil) != wantAfter || e.Subject.Kind != "system" ||
					e.Object.OrganizationID != keys.FirstOrganization {
					t.Errorf("%s: %+v", e.Action, e)
				}
			}
			all := string(e.Before) + string(e.After)
			if strings.Contains(all, text) || strings.Contains(all, k.Hash.Hex()) || strings.Contains(all, "hash") {
				t.Errorf("%s holds a key or its hash: %s", e.Action, all)
			}
		}
		want := []string{
			"service_account.create", "key.create", "key.update", "key.rotate", "key.create", "key.revoke", "key.delete",
			"service_account.delete",
		}
		if !slices.Equal(actions, want) {
			t.Errorf("events are %q, want %q", actions, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		k, text := n.Issue(keys.KeyFields{})
		n.Want(text, verify.Valid)
		n.Store.AuditGone.Store(true)
		if _, _, err := n.Service.Revoke(t.Context(), n.Admin, k.ID, keys.AnyRevision, "", ""); err == nil {
			t.Error("a revoke without an event was answered")
		}
		n.Want(text, verify.Revoked) // it errs on the safe side
	})
}

// On a tier without a limit, keys have only the limits of their own, however high, and a
// limit that the tier gets later holds for the successors of such keys.
func TestTierWithoutALimit(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, err := d.Service.CreateTier(t.Context(), d.Admin, "open", keys.TierFields{Title: "Open", MaxKeys: 5})
	d.Must(err)
	account, err := d.Service.CreateAccount(t.Context(), d.Admin, "", keys.FirstOrganization, keys.AccountFields{
		Name: "o", Tier: "open", Scopes: []string{"invoices:read"},
	})
	d.Must(err)
	issue := func(rule *ratelimit.Rule) (keys.Key, string) {
		k, secret, err := d.Service.Issue(t.Context(), d.developer, keys.IssueInput{
			ServiceAccountID: account.ID, KeyFields: keys.KeyFields{Name: "k", RateLimit: rule},
		})
		d.Must(err)
		return k, secret.Reveal()
	}
	_, free := issue(nil)
	v := d.Verify(verify.Question{Key: free, Cost: 1})
	if v.Code != verify.Valid || v.Limits.HasKey || v.Limits.HasAccount || v.Limits.HasQuota {
		t.Errorf("a key without a limit: %v %+v", v.Code, v.Limits)
	}
	wide := &ratelimit.Rule{Requests: ratelimit.MostRequests, Per: time.Second, Burst: ratelimit.MostRequests}
	k, own := issue(wide)
	if v := d.Verify(verify.Question{Key: own, Cost: 1}); v.Code != verify.Valid || !v.Limits.HasKey {
		t.Errorf("a key with a limit of its own: %v %+v", v.Code, v.Limits)
	}
	narrow := &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}
	_, err = d.Service.ChangeTier(t.Context(), d.Admin, "open", keys.AnyRevision, func(f keys.TierFields) (keys.TierFields, error) {
		f.RateLimit = narrow
		return f, nil
	})
	d.Must(err)
	next, _, err := d.Service.Rotate(t.Context(), d.developer, k.ID, keys.RotateInput{Revision: keys.AnyRevision})
	d.Must(err)
	if *next.RateLimit != *narrow {
		t.Errorf("the successor may draw %s", next.RateLimit)
	}
}
