package verify_test

import (
	"errors"
	"net/netip"
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
		{verify.NotFound, "asked by a stranger", func(s *scene) { s.question.Asker = keystest.Member("org_other", auth.Owner) }},
		{verify.Revoked, "revoked", func(s *scene) { s.key.RevokedAt = now.Add(-time.Hour) }},
		{verify.Expired, "expired", func(s *scene) { s.key.ExpiresAt = now.Add(-time.Minute) }},
		{verify.Expired, "past its grace", func(s *scene) { s.key.RotatedTo, s.key.GraceUntil = "key_next", now }},
		{verify.NotYetValid, "early", func(s *scene) { s.key.NotBefore = now.Add(time.Millisecond) }},
		{verify.Disabled, "key disabled", func(s *scene) { s.key.Disabled = true }},
		{verify.Disabled, "account disabled", func(s *scene) { s.account.Disabled = true }},
		{verify.Disabled, "organization disabled", func(s *scene) { s.organization.Disabled = true }},
		{verify.PlainHTTP, "without TLS", func(s *scene) { s.question.PlainRefused = true }},
		{verify.AddressNotAllowed, "outside the key's networks", func(s *scene) { s.key.AllowedNetworks = elsewhere }},
		{verify.AddressNotAllowed, "outside the account's networks", func(s *scene) { s.account.AllowedNetworks = elsewhere }},
		{verify.InsufficientScope, "a scope too many", func(s *scene) { s.question.Scopes = []string{"invoices:read", "customers:read"} }},
		{verify.RateLimited, "over the key's rate", func(s *scene) { s.key.RateLimit = &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1} }},
		{verify.RateLimited, "over the account's rate", func(s *scene) {
			s.account.RateLimit = &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1}
		}},
		{verify.QuotaExceeded, "over the quota", func(s *scene) { s.account.Quota = &ratelimit.Quota{Requests: 1, Per: ratelimit.Day} }},
	}
}

// Of any two reasons to refuse, the one that is decided first wins; a refusal
// charges nothing.
func TestTheEarlierOfTwoCodesWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		all := codeCases(time.Now())
		for i, first := range all {
			for _, second := range all[i:] {
				want := first.code
				if got := decide(n, first, second); got != want {
					t.Errorf("%s and %s: %s, want %s", first.name, second.name, got, want)
				}
				if got := decide(n, second, first); got != want {
					t.Errorf("%s and %s: %s, want %s", second.name, first.name, got, want)
				}
			}
		}
		if got := decide(n, codeCase{set: func(*scene) {}}, codeCase{set: func(*scene) {}}); got != verify.Valid {
			t.Errorf("with nothing wrong: %s", got)
		}
	})
}

// decide puts a key with both faults into the store and asks about it.
func decide(n *keystest.Node, cases ...codeCase) verify.Code {
	n.T.Helper()
	s := scene{question: verify.Question{Cost: 2, Scopes: []string{"invoices:read"}, Address: netip.MustParseAddr("203.0.113.9")}}
	secret := keystest.Format(n.T).New(keys.Live).Reveal()
	s.question.Key = secret
	id := secret[len(secret)-20:]
	s.organization = keys.Organization{Stamp: keys.NewStamp(time.Now()), ID: "org_" + id}
	s.account = keys.ServiceAccount{
		Stamp: keys.NewStamp(time.Now()), ID: "sa_" + id, OrganizationID: s.organization.ID,
		AccountFields: keys.AccountFields{Tier: "free", Scopes: []string{"invoices:*"}},
	}
	s.key = keys.Key{
		Stamp: keys.NewStamp(time.Now()), ID: "key_" + id, OrganizationID: s.organization.ID, ServiceAccountID: s.account.ID,
		Environment: keys.Live, Hash: keys.HashOf(secret),
	}
	for _, c := range cases {
		c.set(&s)
	}
	ctx := n.T.Context()
	n.Must(errors.Join(n.Store.Organizations().Insert(ctx, s.organization), n.Store.ServiceAccounts().Insert(ctx, s.account),
		n.Store.Keys().Insert(ctx, s.key)))
	dry := s.question
	dry.DryRun = true
	explained, code := n.Verify(dry), n.Verify(s.question).Code
	steps := len(verify.Codes()) - 2 // a question has a key, and VALID is no check
	if !s.question.PlainRefused {
		steps-- // nothing to say of how the key came
	}
	if explained.Code != code || len(explained.Steps) != steps {
		n.T.Errorf("a dry run says %s in %d steps, the real one %s", explained.Code, len(explained.Steps), code)
	}
	return code
}

func TestARefusalChargesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		_, text := n.Issue(keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 2}, Scopes: []string{"invoices:read"}})
		for range 5 {
			if v := n.Verify(verify.Question{Key: text, Cost: 1, Scopes: []string{"invoices:write"}}); v.Code != verify.InsufficientScope ||
				v.HasLimits {
				t.Fatalf("a scope that the key lacks: %+v", v)
			}
			n.Verify(verify.Question{Key: text, Cost: 1, DryRun: true})
			n.Verify(verify.Question{Key: text, Cost: 0})
		}
		n.Want(text, verify.Valid)
		n.Want(text, verify.Valid)
		n.Want(text, verify.RateLimited)
	})
}

func TestDisabledPartsStopKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := keystest.NewNode(t, keystest.NewMemory(), 0, verify.Config{}).Fill()
		_, text := n.Issue(keys.KeyFields{})
		account := func(off bool) {
			_, err := n.Service.ChangeAccount(t.Context(), n.Admin, n.Account.ID, keys.AnyRevision,
				func(f keys.AccountFields) (keys.AccountFields, error) {
					f.Disabled = off
					return f, nil
				})
			n.Must(err)
		}
		organization := func(a keys.Actor, off bool) error {
			_, err := n.Service.ChangeOrganization(t.Context(), a, keys.FirstOrganization, keys.AnyRevision,
				func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
					f.Disabled = off
					return f, nil
				})
			return err
		}
		n.Want(text, verify.Valid)
		account(true)
		n.Want(text, verify.Disabled)
		account(false)
		n.Want(text, verify.Valid)
		n.Must(organization(n.Admin, true))
		n.Want(text, verify.Disabled)
		keystest.Refused(t, "an owner enables it", organization(keystest.Member(keys.FirstOrganization, auth.Owner), false),
			errs.Forbidden, "disabled")
		n.Want(text, verify.Disabled)
		n.Must(organization(n.Admin, false))
		n.Want(text, verify.Valid)
	})
}
