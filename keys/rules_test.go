package keys_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// member is a user with one role.
func member(organization string, role auth.Role) keys.Actor {
	return &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_m", Email: "m@example.com"}, Memberships: map[string]auth.Role{organization: role}}
}

// robot is a service account that acts with a key.
func robot(organization string, scopes ...string) keys.Actor {
	return &auth.Principal{Kind: auth.ServiceAccountKind, AccountID: "sa_r", OrganizationID: organization, Scopes: scopes}
}

// refused wants the kind and, unless it is "", the field named.
func refused(t *testing.T, what string, err error, kind errs.Kind, field string) {
	t.Helper()
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != kind {
		t.Errorf("%s: %v, want the kind %s", what, err, kind)
		return
	}
	if field != "" && !slices.ContainsFunc(e.Fields, func(f errs.Field) bool { return f.Name == field }) {
		t.Errorf("%s: %v names no field %s", what, err, field)
	}
}

// codeCase makes one code apply; what it sets breaks nothing else.
type codeCase struct {
	code verify.Code
	name string
	set  func(s *scene)
}

// scene is a key with all that it belongs to, and a question.
type scene struct {
	key          keys.Key
	account      keys.ServiceAccount
	organization keys.Organization
	question     verify.Question
}

func codeCases(now time.Time) []codeCase {
	elsewhere := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	return []codeCase{
		{verify.Malformed, "mistyped", func(s *scene) { s.question.Key += "x" }},
		{verify.NotFound, "asked by a stranger", func(s *scene) { s.question.Asker = member("org_other", auth.Owner) }},
		{verify.Revoked, "revoked", func(s *scene) { s.key.RevokedAt = now.Add(-time.Hour) }},
		{verify.Expired, "expired", func(s *scene) { s.key.ExpiresAt = now.Add(-time.Minute) }},
		{verify.Expired, "past its grace", func(s *scene) { s.key.RotatedTo, s.key.GraceUntil = "key_next", now }},
		{verify.NotYetValid, "early", func(s *scene) { s.key.NotBefore = now.Add(time.Millisecond) }},
		{verify.Disabled, "key disabled", func(s *scene) { s.key.Disabled = true }},
		{verify.Disabled, "account disabled", func(s *scene) { s.account.Disabled = true }},
		{verify.Disabled, "organization disabled", func(s *scene) { s.organization.Disabled = true }},
		{verify.AddressNotAllowed, "outside the key's networks", func(s *scene) { s.key.AllowedNetworks = elsewhere }},
		{verify.AddressNotAllowed, "outside the account's networks", func(s *scene) { s.account.AllowedNetworks = elsewhere }},
		{verify.InsufficientScope, "a scope too many", func(s *scene) { s.question.Scopes = []string{"invoices:read", "customers:read"} }},
		{verify.RateLimited, "over the key's rate", func(s *scene) { s.key.RateLimit = &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1} }},
		{verify.RateLimited, "over the account's rate", func(s *scene) { s.account.RateLimit = &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1} }},
		{verify.QuotaExceeded, "over the quota", func(s *scene) { s.account.Quota = &ratelimit.Quota{Requests: 1, Per: ratelimit.Day} }},
	}
}

// Of any two reasons to refuse, the one that is decided first wins; a refusal
// charges nothing.
func TestTheEarlierOfTwoCodesWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		all := codeCases(time.Now())
		for i, first := range all {
			for _, second := range all[i:] {
				want := first.code
				if got := n.decide(first, second); got != want {
					t.Errorf("%s and %s: %s, want %s", first.name, second.name, got, want)
				}
				if got := n.decide(second, first); got != want {
					t.Errorf("%s and %s: %s, want %s", second.name, first.name, got, want)
				}
			}
		}
		if got := n.decide(codeCase{set: func(*scene) {}}, codeCase{set: func(*scene) {}}); got != verify.Valid {
			t.Errorf("with nothing wrong: %s", got)
		}
	})
}

// decide puts a key with both faults into the store and asks about it.
func (n *node) decide(cases ...codeCase) verify.Code {
	n.t.Helper()
	s := scene{question: verify.Question{Cost: 2, Scopes: []string{"invoices:read"}, Address: netip.MustParseAddr("203.0.113.9")}}
	secret := format(n.t).New(keys.Live).Reveal()
	s.question.Key = secret
	id := secret[len(secret)-20:]
	s.organization = keys.Organization{Stamp: keys.NewStamp(time.Now()), ID: "org_" + id}
	s.account = keys.ServiceAccount{Stamp: keys.NewStamp(time.Now()), ID: "sa_" + id, OrganizationID: s.organization.ID, AccountFields: keys.AccountFields{Tier: "free", Scopes: []string{"invoices:*"}}}
	s.key = keys.Key{Stamp: keys.NewStamp(time.Now()), ID: "key_" + id, OrganizationID: s.organization.ID, ServiceAccountID: s.account.ID, Environment: keys.Live, Hash: keys.HashOf(secret)}
	for _, c := range cases {
		c.set(&s)
	}
	ctx := n.t.Context()
	n.must(errors.Join(n.store.Organizations().Insert(ctx, s.organization), n.store.ServiceAccounts().Insert(ctx, s.account), n.store.Keys().Insert(ctx, s.key)))
	dry := s.question
	dry.DryRun = true
	explained, code := n.verify(dry), n.verify(s.question).Code
	if explained.Code != code || len(explained.Steps) != len(verify.Codes())-2 { // a question has a key, and VALID is no check
		n.t.Errorf("a dry run says %s in %d steps, the real one %s", explained.Code, len(explained.Steps), code)
	}
	return code
}

func TestARefusalChargesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		_, text := n.issue(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 2}, Scopes: []string{"invoices:read"}})
		for range 5 {
			if v := n.verify(verify.Question{Key: text, Cost: 1, Scopes: []string{"invoices:write"}}); v.Code != verify.InsufficientScope || v.HasLimits {
				t.Fatalf("a scope that the key lacks: %+v", v)
			}
			n.verify(verify.Question{Key: text, Cost: 1, DryRun: true})
			n.verify(verify.Question{Key: text, Cost: 0})
		}
		n.want(text, verify.Valid)
		n.want(text, verify.Valid)
		n.want(text, verify.RateLimited)
	})
}

func TestRulesOfIssuing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		now := time.Now()
		_, err := n.service.CreateTier(t.Context(), n.admin, "brief", keys.TierFields{Title: "B", RateLimit: ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}, MaxKeys: 50, MaxKeyAge: time.Hour})
		n.must(err)
		brief, err := n.service.CreateAccount(t.Context(), n.admin, "", keys.FirstOrganization, keys.AccountFields{Name: "b", Tier: "brief", Scopes: []string{"invoices:read"}})
		n.must(err)
		developer := member(keys.FirstOrganization, auth.Developer)
		fields := func(change func(*keys.KeyFields)) keys.KeyFields {
			f := keys.KeyFields{Name: "k"}
			change(&f)
			return f
		}
		for _, tt := range []struct {
			name    string
			actor   keys.Actor
			account string
			fields  keys.KeyFields
			kind    errs.Kind
			field   string
		}{
			{"a scope under the account's wildcard", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.Scopes = []string{"invoices:read"} }), "", ""},
			{"the account's own wildcard", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.Scopes = []string{"invoices:*"} }), "", ""},
			{"no scope at all", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.Scopes = []string{} }), "", ""},
			{"a scope that the account lacks", n.admin, n.account.ID, fields(func(f *keys.KeyFields) { f.Scopes = []string{"invoices:read", "customers:read"} }), errs.Invalid, "scopes[1]"},
			{"a wildcard wider than the account's", n.admin, brief.ID, fields(func(f *keys.KeyFields) { f.Scopes = []string{"invoices:*"} }), errs.Invalid, "scopes[0]"},
			{"more than the issuing key has", robot(keys.FirstOrganization, "latchkey:*", "invoices:read"), n.account.ID, fields(func(f *keys.KeyFields) { f.Scopes = []string{"invoices:write"} }), errs.Forbidden, "scopes"},
			{"all of the account's, of which the issuing key has some", robot(keys.FirstOrganization, "latchkey:*", "invoices:read"), n.account.ID, fields(func(*keys.KeyFields) {}), errs.Forbidden, "scopes"},
			{"as much as the issuing key has", robot(keys.FirstOrganization, "latchkey:keys:write", "latchkey:service-accounts:read", "invoices:read"), n.account.ID, fields(func(f *keys.KeyFields) { f.Scopes = []string{"invoices:read"} }), "", ""},
			{"by a viewer", member(keys.FirstOrganization, auth.Viewer), n.account.ID, fields(func(*keys.KeyFields) {}), errs.Forbidden, ""},
			{"by a stranger", member("org_other", auth.Owner), n.account.ID, fields(func(*keys.KeyFields) {}), errs.Invalid, "service_account_id"},
			{"for no account", n.admin, "sa_none", fields(func(*keys.KeyFields) {}), errs.Invalid, "service_account_id"},
			{"an expiry a moment ahead", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.ExpiresAt = now.Add(time.Millisecond) }), "", ""},
			{"an expiry now", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.ExpiresAt = now }), errs.Invalid, "expires_at"},
			{"an expiry in the past", n.admin, n.account.ID, fields(func(f *keys.KeyFields) { f.ExpiresAt = now.Add(-time.Hour) }), errs.Invalid, "expires_at"},
			{"valid from its expiry on", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.ExpiresAt, f.NotBefore = now.Add(time.Hour), now.Add(time.Hour) }), errs.Invalid, "not_before"},
			{"as long as the tier allows", developer, brief.ID, fields(func(f *keys.KeyFields) { f.ExpiresAt = now.Add(time.Hour) }), "", ""},
			{"longer than the tier allows", n.admin, brief.ID, fields(func(f *keys.KeyFields) { f.ExpiresAt = now.Add(time.Hour + time.Millisecond) }), errs.Invalid, "expires_at"},
			{"for ever, where the tier does not allow it", n.admin, brief.ID, fields(func(*keys.KeyFields) {}), errs.Invalid, "expires_at"},
			{"a rate below the tier's", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.RateLimit = &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1} }), "", ""},
			{"a rate above the tier's", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.RateLimit = &ratelimit.Rule{Requests: 1000, Per: time.Second, Burst: 1} }), errs.Invalid, "rate_limit"},
			{"a burst above the tier's", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.RateLimit = &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 101} }), errs.Invalid, "rate_limit"},
			{"no name", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.Name = " " }), errs.Invalid, "name"},
			{"a name too long", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.Name = strings.Repeat("ä", keys.MaxNameLength+1) }), errs.Invalid, "name"},
			{"a network with host bits", developer, n.account.ID, fields(func(f *keys.KeyFields) { f.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")} }), errs.Invalid, "allowed_networks[0]"},
		} {
			k, secret, err := n.service.Issue(t.Context(), tt.actor, keys.IssueInput{ServiceAccountID: tt.account, KeyFields: tt.fields})
			if tt.kind != "" {
				refused(t, tt.name, err, tt.kind, tt.field)
				continue
			}
			if err != nil || k.Hash != keys.HashOf(secret.Reveal()) || !strings.HasPrefix(secret.Reveal(), k.Start) || !strings.HasSuffix(secret.Reveal(), k.Last4) {
				t.Errorf("%s: %v", tt.name, err)
			}
			n.must(n.service.DeleteKey(t.Context(), n.admin, k.ID, keys.AnyRevision))
		}
	})
}

func TestRevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		k, text := n.issue(keys.KeyFields{})
		_, _, err := n.service.Revoke(t.Context(), n.admin, k.ID, keys.AnyRevision, "because", "")
		refused(t, "an unheard-of reason", err, errs.Invalid, "reason")
		n.want(text, verify.Valid)
		first, effect, err := n.service.Revoke(t.Context(), n.admin, k.ID, k.Revision, keys.ReasonLeaked, "seen in a paste")
		n.must(err)
		if wait := effect.By.Sub(first.RevokedAt); wait != keys.PollBound {
			t.Errorf("the revoke is effective everywhere %s after it", wait)
		}
		time.Sleep(time.Hour)
		again, _, err := n.service.Revoke(t.Context(), n.admin, k.ID, keys.AnyRevision, keys.ReasonUnused, "another")
		if err != nil || again.RevokeReason != keys.ReasonLeaked || again.RevokeNote != first.RevokeNote || !again.RevokedAt.Equal(first.RevokedAt) {
			t.Errorf("a second revoke: %+v, %v", again, err)
		}
		_, _, err = n.service.Revoke(t.Context(), n.admin, k.ID, 1, keys.ReasonUnused, "")
		refused(t, "a revoke of an older revision", err, errs.Stale, "")
		_, err = n.service.ChangeKey(t.Context(), n.admin, k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) { f.Disabled = false; return f, nil })
		refused(t, "enabling it", err, errs.Conflict, "")
		_, _, err = n.service.Rotate(t.Context(), n.admin, k.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
		refused(t, "rotating it", err, errs.Conflict, "")
		n.want(text, verify.Revoked)
		if stored, err := n.service.Key(t.Context(), n.admin, k.ID); err != nil || stored.Status(time.Now()) != keys.StatusRevoked {
			t.Errorf("its row: %+v, %v", stored, err)
		}
	})
}

func TestRulesOfRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		old, text := n.issue(keys.KeyFields{ExpiresAt: time.Now().Add(48 * time.Hour), Scopes: []string{"invoices:read"}, Note: "n", Metadata: keys.Metadata(`{"a":1}`)})
		rotate := func(a keys.Actor, id string, grace time.Duration) (keys.Key, string, error) {
			k, secret, err := n.service.Rotate(t.Context(), a, id, keys.RotateInput{Revision: keys.AnyRevision, Grace: grace})
			return k, secret.Reveal(), err
		}
		_, _, err := rotate(n.admin, old.ID, -time.Second)
		refused(t, "a negative grace", err, errs.Invalid, "grace")
		_, _, err = rotate(n.admin, old.ID, keys.MaxGrace+time.Second)
		refused(t, "a grace too long", err, errs.Invalid, "grace")
		_, _, err = rotate(member("org_other", auth.Owner), old.ID, 0)
		refused(t, "by a stranger", err, errs.NotFound, "")
		_, _, err = rotate(robot(keys.FirstOrganization, "latchkey:keys:*"), old.ID, 0)
		refused(t, "by one without the key's scopes", err, errs.Forbidden, "scopes")

		time.Sleep(24 * time.Hour)
		next, secret, err := rotate(n.admin, old.ID, time.Hour)
		n.must(err)
		before, err := n.service.Key(t.Context(), n.admin, old.ID)
		n.must(err)
		if before.RotatedTo != next.ID || next.RotatedFrom != old.ID || !before.GraceUntil.Equal(next.CreatedAt.Add(time.Hour)) {
			t.Errorf("linked by %q and %q, grace until %s", before.RotatedTo, next.RotatedFrom, before.GraceUntil)
		}
		if next.Note != "n" || string(next.Metadata) != `{"a":1}` || !slices.Equal(next.Scopes, old.Scopes) || next.ExpiresAt.Sub(next.CreatedAt) != 48*time.Hour {
			t.Errorf("the successor is not like the key: %+v", next)
		}
		_, _, err = rotate(n.admin, old.ID, time.Hour)
		refused(t, "rotated twice", err, errs.Conflict, "")
		third, last, err := rotate(n.admin, next.ID, 0)
		n.must(err)
		n.want(text, verify.Valid)
		n.want(secret, verify.Expired)
		n.want(last, verify.Valid)
		time.Sleep(time.Hour - time.Nanosecond)
		n.want(text, verify.Valid)
		time.Sleep(time.Nanosecond)
		n.want(text, verify.Expired)
		time.Sleep(48 * time.Hour)
		_, secret, err = rotate(n.admin, third.ID, 0)
		n.must(err)
		n.want(secret, verify.Valid)
		n.want(last, verify.Expired)
	})
}

// A full account can still rotate, and is not larger for it.
func TestRotationAtTheTiersBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		var first keys.Key
		for range 10 {
			first, _ = n.issue(keys.KeyFields{})
		}
		_, _, err := n.service.Issue(t.Context(), n.admin, keys.IssueInput{ServiceAccountID: n.account.ID, KeyFields: keys.KeyFields{Name: "k"}})
		refused(t, "an eleventh key", err, errs.Conflict, "")
		next, _, err := n.service.Rotate(t.Context(), n.admin, first.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
		n.must(err)
		_, _, err = n.service.Rotate(t.Context(), n.admin, next.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
		refused(t, "a twelfth by rotating again", err, errs.Conflict, "")
		time.Sleep(time.Hour)
		_, _, err = n.service.Rotate(t.Context(), n.admin, next.ID, keys.RotateInput{Revision: keys.AnyRevision})
		n.must(err)
		n.revoke(first)
	})
}

func TestDisabledPartsStopKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		_, text := n.issue(keys.KeyFields{})
		account := func(off bool) {
			_, err := n.service.ChangeAccount(t.Context(), n.admin, n.account.ID, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) { f.Disabled = off; return f, nil })
			n.must(err)
		}
		organization := func(a keys.Actor, off bool) error {
			_, err := n.service.ChangeOrganization(t.Context(), a, keys.FirstOrganization, keys.AnyRevision, func(f keys.OrganizationFields) (keys.OrganizationFields, error) { f.Disabled = off; return f, nil })
			return err
		}
		n.want(text, verify.Valid)
		account(true)
		n.want(text, verify.Disabled)
		account(false)
		n.want(text, verify.Valid)
		n.must(organization(n.admin, true))
		n.want(text, verify.Disabled)
		refused(t, "an owner enables it", organization(member(keys.FirstOrganization, auth.Owner), false), errs.Forbidden, "disabled")
		n.want(text, verify.Disabled)
		n.must(organization(n.admin, false))
		n.want(text, verify.Valid)
	})
}

func TestWhatIsInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		ctx := t.Context()
		k, text := n.issue(keys.KeyFields{})
		dead, _ := n.issue(keys.KeyFields{ExpiresAt: time.Now().Add(time.Minute)})
		n.want(text, verify.Valid)
		refused(t, "an account with keys alive", n.service.DeleteAccount(ctx, n.admin, n.account.ID, keys.AnyRevision), errs.Conflict, "")
		refused(t, "an organization with accounts", n.service.DeleteOrganization(ctx, n.admin, keys.FirstOrganization, keys.AnyRevision), errs.Conflict, "")
		refused(t, "a tier in use", n.service.DeleteTier(ctx, n.admin, "free", keys.AnyRevision), errs.Conflict, "")
		refused(t, "a management scope", n.service.DeleteScope(ctx, n.admin, string(keys.ReadKeys), keys.AnyRevision), errs.Conflict, "")
		n.revoke(k)
		time.Sleep(time.Minute)
		n.must(n.service.DeleteAccount(ctx, n.admin, n.account.ID, keys.AnyRevision))
		n.want(text, verify.NotFound)
		for _, id := range []string{k.ID, dead.ID} {
			_, err := n.service.Key(ctx, n.admin, id)
			refused(t, "a key of an account that is gone", err, errs.NotFound, "")
		}
		refused(t, "the default tier", n.service.DeleteTier(ctx, n.admin, keys.DefaultTier, keys.AnyRevision), errs.Conflict, "")
		n.must(n.service.DeleteTier(ctx, n.admin, "pro", keys.AnyRevision))
		n.must(n.service.DeleteScope(ctx, n.admin, "invoices:read", keys.AnyRevision))
		n.must(n.service.DeleteOrganization(ctx, n.admin, keys.FirstOrganization, keys.AnyRevision))
	})
}

// Who is not staff makes and changes nothing of the provider's own.
func TestTheProvidersOwnIsTheStaffs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		ctx := t.Context()
		for _, a := range []keys.Actor{member(keys.FirstOrganization, auth.Owner), robot(keys.FirstOrganization, "*", "latchkey:*"), auth.Nobody()} {
			_, organization := n.service.CreateOrganization(ctx, a, "", keys.OrganizationFields{Name: "o"})
			_, tier := n.service.CreateTier(ctx, a, "t", keys.TierFields{})
			_, scope := n.service.CreateScope(ctx, a, "a:b", keys.ScopeFields{})
			_, changedTier := n.service.ChangeTier(ctx, a, "free", keys.AnyRevision, func(f keys.TierFields) (keys.TierFields, error) { f.MaxKeys = 1000; return f, nil })
			_, changedScope := n.service.ChangeScope(ctx, a, "invoices:read", keys.AnyRevision, func(f keys.ScopeFields) (keys.ScopeFields, error) { return f, nil })
			for what, err := range map[string]error{
				"makes an organization": organization, "makes a tier": tier, "makes a scope": scope, "changes a tier": changedTier, "changes a scope": changedScope,
				"deletes a tier": n.service.DeleteTier(ctx, a, "pro", keys.AnyRevision), "deletes a scope": n.service.DeleteScope(ctx, a, "invoices:read", keys.AnyRevision),
				"deletes an organization": n.service.DeleteOrganization(ctx, a, keys.FirstOrganization, keys.AnyRevision),
			} {
				refused(t, a.Subject().Kind+" "+what, err, errs.Forbidden, "")
			}
		}
		_, err := n.service.CreateScope(ctx, n.admin, "latchkey:all", keys.ScopeFields{})
		refused(t, "a scope among the management API's own", err, errs.Invalid, "name")
		_, err = n.service.CreateScope(ctx, n.admin, "invoices:read", keys.ScopeFields{})
		refused(t, "a scope that exists", err, errs.Conflict, "")
	})
}

// Every change leaves an event with what was before and after, and none of them
// a secret; where it cannot be written the change is not answered.
func TestEveryChangeLeavesAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		ctx, any := t.Context(), keys.AnyRevision
		k, text := n.issue(keys.KeyFields{})
		_, err := n.service.ChangeKey(ctx, n.admin, k.ID, any, func(f keys.KeyFields) (keys.KeyFields, error) { f.Name = "renamed"; return f, nil })
		n.must(err)
		next, _, err := n.service.Rotate(ctx, n.admin, k.ID, keys.RotateInput{Revision: any})
		n.must(err)
		n.revoke(next)
		n.must(n.service.DeleteKey(ctx, n.admin, next.ID, any))
		n.must(n.service.DeleteAccount(ctx, n.admin, n.account.ID, any))
		events, err := n.store.Events(ctx, audit.Filter{}, "", 0)
		n.must(err)
		var actions []string
		for _, e := range events {
			if e.Object.Type == "key" || e.Object.Type == "service_account" {
				actions = append(actions, e.Action)
				wantBefore, wantAfter := !strings.HasSuffix(e.Action, ".create"), !strings.HasSuffix(e.Action, ".delete")
				if (e.Before != nil) != wantBefore || (e.After != nil) != wantAfter || e.Subject.Kind != "system" || e.Object.OrganizationID != keys.FirstOrganization {
					t.Errorf("%s: %+v", e.Action, e)
				}
			}
			all := string(e.Before) + string(e.After)
			if strings.Contains(all, text) || strings.Contains(all, k.Hash.Hex()) || strings.Contains(all, "hash") {
				t.Errorf("%s holds a key or its hash: %s", e.Action, all)
			}
		}
		want := []string{"service_account.create", "key.create", "key.update", "key.rotate", "key.create", "key.revoke", "key.delete", "service_account.delete"}
		if !slices.Equal(actions, want) {
			t.Errorf("events are %q, want %q", actions, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newMemory(), 0, verify.Config{}).fill()
		k, text := n.issue(keys.KeyFields{})
		n.want(text, verify.Valid)
		n.store.auditGone.Store(true)
		if _, _, err := n.service.Revoke(t.Context(), n.admin, k.ID, keys.AnyRevision, "", ""); err == nil {
			t.Error("a revoke without an event was answered")
		}
		n.want(text, verify.Revoked) // it errs on the safe side
	})
}
