package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// Seed adds the scopes of the management API to the catalogue if they are missing.
// With examples it also creates the three standard tiers, a few scopes and a first
// organization. It may run on many nodes at once, and again.
func (s *Service) Seed(ctx context.Context, a Actor, examples bool) error {
	if err := s.seedScopes(ctx, a, managementScopes()); err != nil || !examples {
		return err
	}
	if err := s.seedScopes(ctx, a, exampleScopes()); err != nil {
		return err
	}
	for name, fields := range standardTiers() {
		_, err := s.catalogue.CreateTier(ctx, a, name, fields)
		if err != nil && !errors.Is(err, errs.Conflict) {
			return fmt.Errorf("seed tier %s: %w", name, err)
		}
	}
	_, err := s.organizations.CreateOrganization(ctx, a, FirstOrganization, OrganizationFields{Name: "Example organization"})
	if err != nil && !errors.Is(err, errs.Conflict) {
		return fmt.Errorf("seed organization: %w", err)
	}
	return nil
}

// FirstOrganization is the id of the organization that a first start creates. It is
// fixed, so that nodes that start at once create only one.
const FirstOrganization = "org_00000000000070008000000000000001"

func (s *Service) seedScopes(ctx context.Context, a Actor, scopes map[string]string) error {
	for name, description := range scopes {
		_, err := s.store.Scopes().Get(ctx, name)
		if err == nil {
			continue
		}
		if !errors.Is(err, errs.NotFound) {
			return fmt.Errorf("read scope %s: %w", name, err)
		}
		c := Scope{Stamp: NewStamp(s.now()), Name: name, ScopeFields: ScopeFields{Description: description}}
		err = s.store.Scopes().Insert(ctx, c)
		if errors.Is(err, errs.Conflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("seed scope %s: %w", name, err)
		}
		if err := s.Record(ctx, a, "scope.create", c.Object(), nil, c); err != nil {
			return err
		}
	}
	return nil
}

func managementScopes() map[string]string {
	return map[string]string{
		string(ReadOrganization):  "See the own organization",
		string(WriteOrganization): "Change the own organization's name and metadata",
		string(ReadMembers):       "List the organization's members",
		string(WriteMembers):      "Add and remove members, change their roles",
		string(ReadAccounts):      "List and read service accounts",
		string(WriteAccounts):     "Create, change and delete service accounts",
		string(ReadKeys):          "List and read keys, never their secrets",
		string(WriteKeys):         "Issue, change, rotate, revoke and delete keys",
		string(ReadAudit):         "Read the organization's audit log",
		string(ReadUsage):         "Read the organization's usage",
		string(ReadWebhooks):      "List webhooks and what they were sent",
		string(WriteWebhooks):     "Create, change and delete webhooks, which hear of all that happens in the organization",
		string(VerifyKeys):        "Verify keys of the own organization",
		string(VerifyAllKeys): "Verify keys of every organization: for the provider's own gateways. No wildcard contains it, only staff " +
			"can grant it",
		string(EdgeKeys): "Feed an edge with the keys of the own organization. No wildcard contains it, only staff can grant it",
		string(EdgeAllKeys): "Feed an edge with the keys of every organization: for the provider's own edges. No wildcard contains it, " +
			"only staff can grant it",
		string(ReadMetrics): "Read the metrics of the whole service: for the provider's own monitoring. No wildcard contains it, only staff " +
			"can grant it",
	}
}

func exampleScopes() map[string]string {
	return map[string]string{
		"invoices:read":   "List and read invoices (an example: replace it by your own)",
		"invoices:write":  "Create and change invoices (an example)",
		"customers:read":  "List and read customers (an example)",
		"customers:write": "Create and change customers (an example)",
	}
}

func standardTiers() map[string]TierFields {
	rule := func(requests int64, per time.Duration, burst int64) *ratelimit.Rule {
		return &ratelimit.Rule{Requests: requests, Per: per, Burst: burst}
	}
	return map[string]TierFields{
		"free": {
			Title: "Free", RateLimit: rule(100, 10*time.Second, 100), Quota: &ratelimit.Quota{Requests: 100_000, Per: ratelimit.Month},
			MaxKeys: 10,
		},
		"pro": {
			Title: "Pro", RateLimit: rule(500, 10*time.Second, 1000), AccountRateLimit: rule(1000, 10*time.Second, 1000), Quota: &ratelimit.Quota{
				Requests: 10_000_000,
				Per:      ratelimit.Month,
			}, MaxKeys: 100,
		},
		"enterprise": {Title: "Enterprise", RateLimit: rule(5000, 10*time.Second, 10_000), MaxKeys: 1000},
	}
}
