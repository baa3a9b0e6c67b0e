package api

import (
	"net/netip"
	"strings"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// Conversions between domain objects and the wire format. Text that the domain
// cannot hold becomes its zero value, which the domain refuses.

func stamps(s *keys.Stamp) client.Stamps {
	return client.Stamps{CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt}
}

func timeOut(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func timeIn(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	if t.UTC().Year() <= 1 { // the zero time means never, so no given time may become it
		return time.Time{}.Add(time.Second)
	}
	return *t
}

func textOut[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

func textIn(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func networksOut(networks []netip.Prefix) []string {
	texts := make([]string, len(networks))
	for i, n := range networks {
		texts[i] = n.String()
	}
	return texts
}

// networksIn parses CIDR; a single address becomes the network of that address.
// Nil stays nil: an absent value does not mean everywhere.
func networksIn(texts []string) []netip.Prefix {
	if texts == nil {
		return nil
	}
	networks := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
			networks[i] = netip.PrefixFrom(address, address.BitLen())
			continue
		}
		if !strings.Contains(text, "%") {
			networks[i], _ = netip.ParsePrefix(text)
		}
	}
	return networks
}

func ruleOut(r *ratelimit.Rule) *client.Rule {
	if r == nil {
		return nil
	}
	return &client.Rule{Requests: r.Requests, Per: client.Duration(r.Per), Burst: r.Burst}
}

func ruleIn(r *client.Rule) *ratelimit.Rule {
	if r == nil {
		return nil
	}
	rule := &ratelimit.Rule{Requests: r.Requests, Per: time.Duration(r.Per), Burst: r.Burst}
	if r.Burst == 0 {
		rule.Burst = r.Requests
	}
	return rule
}

func quotaOut(q *ratelimit.Quota) *client.Quota {
	if q == nil {
		return nil
	}
	return &client.Quota{Requests: q.Requests, Per: string(q.Per)}
}

func quotaIn(q *client.Quota) *ratelimit.Quota {
	if q == nil {
		return nil
	}
	return &ratelimit.Quota{Requests: q.Requests, Per: ratelimit.Period(q.Per)}
}

func organizationSettings(f keys.OrganizationFields) client.OrganizationSettings {
	return client.OrganizationSettings{Name: f.Name, Disabled: f.Disabled, Metadata: client.Metadata(f.Metadata)}
}

func organizationFields(s client.OrganizationSettings) keys.OrganizationFields {
	return keys.OrganizationFields{Name: s.Name, Disabled: s.Disabled, Metadata: keys.Metadata(s.Metadata)}
}

func organizationOut(o *keys.Organization) client.Organization {
	return client.Organization{ID: o.ID, OrganizationSettings: organizationSettings(o.OrganizationFields), Stamps: stamps(&o.Stamp)}
}

func accountSettings(f keys.AccountFields) client.ServiceAccountSettings {
	return client.ServiceAccountSettings{
		Name: f.Name, Description: f.Description, Tier: f.Tier, Scopes: f.Scopes, AllowedNetworks: networksOut(f.AllowedNetworks),
		RateLimit: ruleOut(f.RateLimit), Quota: quotaOut(f.Quota), ExternalID: f.ExternalID, OwnerID: textOut(f.OwnerID),
		Metadata: client.Metadata(f.Metadata), Disabled: f.Disabled,
	}
}

func accountFields(s client.ServiceAccountSettings) keys.AccountFields {
	return keys.AccountFields{
		Name: s.Name, Description: s.Description, Tier: s.Tier, Scopes: s.Scopes, AllowedNetworks: networksIn(s.AllowedNetworks),
		RateLimit: ruleIn(s.RateLimit), Quota: quotaIn(s.Quota), ExternalID: s.ExternalID, OwnerID: textIn(s.OwnerID),
		Metadata: keys.Metadata(s.Metadata), Disabled: s.Disabled,
	}
}

func accountOut(a *keys.ServiceAccount) client.ServiceAccount {
	return client.ServiceAccount{
		ID: a.ID, OrganizationID: a.OrganizationID, ServiceAccountSettings: accountSettings(a.AccountFields),
		Override: overrideOut(a.Override), CreatedBy: a.CreatedBy, Stamps: stamps(&a.Stamp),
	}
}

func overrideOut(o *keys.Override) *client.Override {
	if o == nil {
		return nil
	}
	return &client.Override{
		KeyRateLimit: ruleOut(o.KeyRateLimit), RateLimit: ruleOut(o.RateLimit), Quota: quotaOut(o.Quota), Until: timeOut(o.Until), Note: o.Note,
	}
}

func keySettings(f keys.KeyFields) client.KeySettings {
	return client.KeySettings{
		Name: f.Name, Note: f.Note, Scopes: f.Scopes, AllowedNetworks: networksOut(f.AllowedNetworks), RateLimit: ruleOut(f.RateLimit),
		ExpiresAt: timeOut(f.ExpiresAt), NotBefore: timeOut(f.NotBefore), Metadata: client.Metadata(f.Metadata), Disabled: f.Disabled,
	}
}

func keyFields(s client.KeySettings) keys.KeyFields {
	return keys.KeyFields{
		Name: s.Name, Note: s.Note, Scopes: s.Scopes, AllowedNetworks: networksIn(s.AllowedNetworks), RateLimit: ruleIn(s.RateLimit),
		ExpiresAt: timeIn(s.ExpiresAt), NotBefore: timeIn(s.NotBefore), Metadata: keys.Metadata(s.Metadata), Disabled: s.Disabled,
	}
}

func tierSettings(f keys.TierFields) client.TierSettings {
	s := client.TierSettings{
		Title: f.Title, RateLimit: ruleOut(f.RateLimit), AccountRateLimit: ruleOut(f.AccountRateLimit), Quota: quotaOut(f.Quota),
		MaxKeys: f.MaxKeys,
	}
	s.MaxKeyAge, s.KeyRetention = durationOut(f.MaxKeyAge), durationOut(f.KeyRetention)
	s.LeakPolicy = f.LeakPolicy.String()
	return s
}

func tierFields(s client.TierSettings) keys.TierFields {
	f := keys.TierFields{
		Title: s.Title, RateLimit: ruleIn(s.RateLimit), AccountRateLimit: ruleIn(s.AccountRateLimit), Quota: quotaIn(s.Quota),
		MaxKeys: s.MaxKeys,
	}
	f.MaxKeyAge, f.KeyRetention = durationIn(s.MaxKeyAge), durationIn(s.KeyRetention)
	f.LeakPolicy = keys.ParseLeakPolicy(s.LeakPolicy)
	return f
}

// durationOut returns null for zero.
func durationOut(d time.Duration) *client.Duration {
	if d == 0 {
		return nil
	}
	out := client.Duration(d)
	return &out
}

func durationIn(d *client.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

func tierOut(t *keys.Tier) client.Tier {
	return client.Tier{Name: t.Name, TierSettings: tierSettings(t.TierFields), Stamps: stamps(&t.Stamp)}
}

func scopeSettings(f keys.ScopeFields) client.ScopeSettings {
	return client.ScopeSettings{Description: f.Description}
}

func scopeFields(s client.ScopeSettings) keys.ScopeFields {
	return keys.ScopeFields{Description: s.Description}
}

func scopeOut(s *keys.Scope) client.Scope {
	return client.Scope{
		Name: s.Name, ScopeSettings: scopeSettings(s.ScopeFields), RetiredAt: timeOut(s.RetiredAt), RenamedTo: textOut(s.RenamedTo),
		RenamedUntil: timeOut(s.RenamedUntil), Stamps: stamps(&s.Stamp),
	}
}
