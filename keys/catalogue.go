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
	tierWord  = "tier"
	scopeWord = "scope"
)

// Bounds of a tier.
const (
	DefaultMaxKeys = 100
	// LeastRetention is how long ended keys are kept at least: what was done in an
	// incident can be undone meanwhile.
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
		return Tier{}, Missing(err, tierWord)
	}
	return t, nil
}

// Tiers lists the tiers by name.
func (s *catalogue) Tiers(ctx context.Context, p Page) ([]Tier, error) {
	return s.store.Tiers().List(ctx, NoFilter{}, p)
}

// ChangeTier lets edit change the tier. It takes effect on live keys at once.
// Only admins may.
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
		return Tier{}, Missing(err, tierWord)
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
			return errs.New(errs.Conflict, "service accounts are on this tier, or it is the default; move them first")
		}
		return nil
	})
	if err != nil {
		return Missing(err, tierWord)
	}
	return s.Record(ctx, a, "tier.delete", t.Object(), t, nil)
}

func (t *Tier) check(oldTitle string) error {
	var f errs.Faults
	f.Check(tierName.MatchString(t.Name), "name", "must be 1 to 64 lower-case letters, digits, - and _, a letter first")
	checkName(&f, "title", t.Title, oldTitle)
	checkRule(&f, "rate_limit", &t.RateLimit)
	checkRule(&f, "account_rate_limit", t.AccountRateLimit)
	checkQuota(&f, "quota", t.Quota)
	f.Check(t.MaxKeys >= 1 && t.MaxKeys <= MostKeys, "max_keys", fmt.Sprintf("must be between 1 and %d", MostKeys))
	f.Check(t.MaxKeyAge == 0 || (t.MaxKeyAge >= time.Minute && t.MaxKeyAge <= maxKeyAge), "max_key_age",
		fmt.Sprintf("must be null, or between 1m and %s", maxKeyAge))
	f.Check(t.KeyRetention == 0 || (t.KeyRetention >= LeastRetention && t.KeyRetention <= maxKeyAge), "key_retention",
		fmt.Sprintf("must be null, or between %s and %s", LeastRetention, maxKeyAge))
	return f.Err()
}

// Object names the tier in audit events.
func (t *Tier) Object() audit.Object { return audit.Object{Type: "tier", ID: t.Name} }

// CreateScope adds an entry to the catalogue. Only admins may.
func (s *catalogue) CreateScope(ctx context.Context, a Actor, name string, fields ScopeFields) (Scope, error) {
	if err := StaffOnly(a); err != nil {
		return Scope{}, err
	}
	c := Scope{Stamp: NewStamp(s.now()), Name: name, ScopeFields: fields}
	if err := c.check(); err != nil {
		return Scope{}, err
	}
	if strings.HasPrefix(name, ManagementPrefix) {
		return Scope{}, errs.BadField("name", "the resource latchkey is reserved for the management API")
	}
	if err := s.store.Scopes().Insert(ctx, c); err != nil {
		return Scope{}, fmt.Errorf("create scope: %w", taken(err, "a scope with this name exists"))
	}
	return c, s.Record(ctx, a, "scope.create", c.Object(), nil, c)
}

// ManagementPrefix starts the scopes of the management API.
const ManagementPrefix = "latchkey:"

// Scope returns the catalogue's entry with the name. Anybody may see it.
func (s *catalogue) Scope(ctx context.Context, name string) (Scope, error) {
	c, err := s.store.Scopes().Get(ctx, name)
	if err != nil {
		return Scope{}, Missing(err, scopeWord)
	}
	return c, nil
}

// Scopes lists the catalogue by name.
func (s *catalogue) Scopes(ctx context.Context, p Page) ([]Scope, error) {
	return s.store.Scopes().List(ctx, NoFilter{}, p)
}

// ChangeScope lets edit change the entry. Only admins may.
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
		return Scope{}, Missing(err, scopeWord)
	}
	return after, s.Record(ctx, a, "scope.update", after.Object(), before, after)
}

// DeleteScope removes an entry from the catalogue; what was granted stays
// granted. Only admins may, and none of the management API's own.
func (s *catalogue) DeleteScope(ctx context.Context, a Actor, name string, revision int64) error {
	if err := StaffOnly(a); err != nil {
		return err
	}
	c, err := Remove(ctx, s.store.Scopes(), name, revision, func(*Scope) error {
		if strings.HasPrefix(name, ManagementPrefix) {
			return errs.New(errs.Conflict, "the scopes of the management API stay in the catalogue")
		}
		return nil
	})
	if err != nil {
		return Missing(err, scopeWord)
	}
	return s.Record(ctx, a, "scope.delete", c.Object(), c, nil)
}

func (c *Scope) check() error {
	var f errs.Faults
	f.Check(ValidScope(c.Name), "name", fmt.Sprintf("must be resource:action in lower case, at most %d characters", MaxScopeLength))
	checkText(&f, "description", c.Description, MaxTextLength, true)
	return f.Err()
}

// Object names the scope in audit events.
func (c *Scope) Object() audit.Object { return audit.Object{Type: "scope", ID: c.Name} }

// taken gives a store's errs.Conflict words for people.
func taken(err error, detail string) error {
	if errs.KindOf(err) == errs.Conflict {
		return errs.New(errs.Conflict, detail)
	}
	return err
}
