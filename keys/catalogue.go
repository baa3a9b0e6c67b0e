package keys

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
)

const (
	noTier  = "no_tier"
	noScope = "no_scope"
)

// Bounds of a tier.
const (
	DefaultMaxKeys = 100
	// LeastRetention is the shortest time that ended keys are kept, so that what was
	// done in an incident can be undone.
	LeastRetention = 7 * 24 * time.Hour
	MostKeys       = 10000
	maxKeyAge      = 100 * 365 * 24 * time.Hour
)

var tierName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// CreateTier makes a tier. Only admins may.
func (s *catalogue) CreateTier(ctx context.Context, a Actor, name string, fields TierFields) (Tier, error) {
	if err := StaffOnly(a); err != nil {
		return Tier{}, err
	}
	t := Tier{Stamp: NewStamp(s.now()), Name: name, TierFields: fields}
	if err := t.check(""); err != nil {
		return Tier{}, err
	}
	if err := s.store.Tiers().Insert(ctx, t); err != nil {
		return Tier{}, fmt.Errorf("create tier: %w", taken(err, "a tier with this name exists"))
	}
	return t, s.Record(ctx, a, "tier.create", t.Object(), nil, t)
}

// Tier returns the tier with the name. Anybody may see it.
func (s *catalogue) Tier(ctx context.Context, name string) (Tier, error) {
	t, err := s.store.Tiers().Get(ctx, name)
	if err != nil {
		return Tier{}, Missing(err, noTier)
	}
	return t, nil
}

// Tiers lists the tiers by name.
func (s *catalogue) Tiers(ctx context.Context, p Page) ([]Tier, error) {
	return s.store.Tiers().List(ctx, NoFilter{}, p)
}

// ChangeTier applies edit to the tier. Live keys are affected at once. Only admins
// may.
func (s *catalogue) ChangeTier(ctx context.Context, a Actor, name string, revision int64, edit func(TierFields) (TierFields, error)) (Tier,
	error,
) {
	if err := StaffOnly(a); err != nil {
		return Tier{}, err
	}
	before, after, err := Revise(ctx, s.store.Tiers(), name, revision, s.now, func(t *Tier) (err error) {
		title := t.Title
		if t.TierFields, err = edit(t.TierFields); err != nil {
			return err
		}
		return t.check(title)
	})
	if err != nil {
		return Tier{}, Missing(err, noTier)
	}
	return after, s.Record(ctx, a, "tier.update", after.Object(), before, after)
}

// DeleteTier removes a tier that no service account is on. Only admins may.
func (s *catalogue) DeleteTier(ctx context.Context, a Actor, name string, revision int64) error {
	if err := StaffOnly(a); err != nil {
		return err
	}
	t, err := Remove(ctx, s.store.Tiers(), name, revision, func(*Tier) error {
		users, err := s.store.ServiceAccounts().List(ctx, AccountFilter{Tier: name}, Page{Limit: 1})
		if err != nil {
			return fmt.Errorf("list the tier's service accounts: %w", err)
		}
		if len(users) > 0 || name == DefaultTier {
			return errs.New(errs.Conflict, "tier_in_use")
		}
		return nil
	})
	if err != nil {
		return Missing(err, noTier)
	}
	return s.Record(ctx, a, "tier.delete", t.Object(), t, nil)
}

func (t *Tier) check(oldTitle string) error {
	var f errs.Faults
	f.Check(tierName.MatchString(t.Name), "name", "tier_name_shape")
	checkName(&f, "title", t.Title, oldTitle)
	checkRule(&f, "rate_limit", t.RateLimit)
	checkRule(&f, "account_rate_limit", t.AccountRateLimit)
	checkQuota(&f, "quota", t.Quota)
	f.Check(t.MaxKeys >= 1 && t.MaxKeys <= MostKeys, "max_keys", "out_of_range_from_one", "most", MostKeys)
	f.Check(t.MaxKeyAge == 0 || (t.MaxKeyAge >= time.Minute && t.MaxKeyAge <= maxKeyAge), "max_key_age",
		"age_out_of_range", "most", maxKeyAge)
	f.Check(t.KeyRetention == 0 || (t.KeyRetention >= LeastRetention && t.KeyRetention <= maxKeyAge), "key_retention",
		"retention_out_of_range", "least", LeastRetention, "most", maxKeyAge)
	f.Check(t.LeakPolicy.Valid(), "leak_policy", "leak_policy_unknown")
	return f.Err()
}

// Object names the tier in audit events.
func (t *Tier) Object() audit.Object { return audit.Object{Type: "tier", ID: t.Name} }

// CreateScope adds a scope to the catalogue. Only admins may.
func (s *catalogue) CreateScope(ctx context.Context, a Actor, name string, fields ScopeFields) (Scope, error) {
	if err := StaffOnly(a); err != nil {
		return Scope{}, err
	}
	c := Scope{Stamp: NewStamp(s.now()), Name: name, ScopeFields: fields}
	if err := c.check(); err != nil {
		return Scope{}, err
	}
	if strings.HasPrefix(name, ManagementPrefix) {
		return Scope{}, errs.BadField("name", "resource_reserved")
	}
	if err := s.store.Scopes().Insert(ctx, c); err != nil {
		return Scope{}, fmt.Errorf("create scope: %w", taken(err, "a scope with this name exists"))
	}
	return c, s.Record(ctx, a, "scope.create", c.Object(), nil, c)
}

// ManagementPrefix starts the scopes of the management API.
const ManagementPrefix = "latchkey:"

// Scope returns the catalogue entry with the name. Anybody may see it.
func (s *catalogue) Scope(ctx context.Context, name string) (Scope, error) {
	c, err := s.store.Scopes().Get(ctx, name)
	if err != nil {
		return Scope{}, Missing(err, noScope)
	}
	return c, nil
}

// Scopes lists the catalogue by name.
func (s *catalogue) Scopes(ctx context.Context, p Page) ([]Scope, error) {
	return s.store.Scopes().List(ctx, NoFilter{}, p)
}

// ChangeScope applies edit to the entry. Only admins may.
func (s *catalogue) ChangeScope(ctx context.Context, a Actor, name string, revision int64, edit func(ScopeFields) (ScopeFields,
	error),
) (Scope, error) {
	if err := StaffOnly(a); err != nil {
		return Scope{}, err
	}
	before, after, err := Revise(ctx, s.store.Scopes(), name, revision, s.now, func(c *Scope) (err error) {
		if c.ScopeFields, err = edit(c.ScopeFields); err != nil {
			return err
		}
		return c.check()
	})
	if err != nil {
		return Scope{}, Missing(err, noScope)
	}
	return after, s.Record(ctx, a, "scope.update", after.Object(), before, after)
}

// DeleteScope removes a scope from the catalogue; existing grants stay. Only admins
// may. The management API's own scopes cannot be deleted.
func (s *catalogue) DeleteScope(ctx context.Context, a Actor, name string, revision int64) error {
	if err := StaffOnly(a); err != nil {
		return err
	}
	c, err := Remove(ctx, s.store.Scopes(), name, revision, func(*Scope) error {
		if strings.HasPrefix(name, ManagementPrefix) {
			return errs.New(errs.Conflict, "management_scope_stays")
		}
		return nil
	})
	if err != nil {
		return Missing(err, noScope)
	}
	return s.Record(ctx, a, "scope.delete", c.Object(), c, nil)
}

func (c *Scope) check() error {
	var f errs.Faults
	f.Check(ValidScope(c.Name), "name", "scope_shape", "most", MaxScopeLength)
	checkText(&f, "description", c.Description, MaxTextLength, true)
	return f.Err()
}

// Object names the scope in audit events.
func (c *Scope) Object() audit.Object { return audit.Object{Type: "scope", ID: c.Name} }

// taken gives a store's errs.Conflict a text for people.
func taken(err error, detail string) error {
	if errs.KindOf(err) == errs.Conflict {
		return errs.New(errs.Conflict, detail)
	}
	return err
}
