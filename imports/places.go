package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

var zeroTime time.Time

// places finds, and later makes, what accounts and keys need: organizations, tiers and
// scopes.
type places struct {
	store Store
	began time.Time // when what is made was made
	found map[string]string
	made  map[string]bool   // what own has looked for
	fresh map[string]string // names of organizations that are still to be made, by id
}

func newPlaces(s Store, began time.Time) *places {
	return &places{store: s, began: began, found: map[string]string{}, made: map[string]bool{}, fresh: map[string]string{}}
}

// own returns the id of the organization that imports without a choice make under the name.
// Another one of that name, which anybody may have made to get keys, is not it.
func (p *places) own(ctx context.Context, name string) (string, error) {
	id := idOf(ids.Organization, zeroTime, name)
	if p.made[id] {
		return id, nil
	}
	_, err := p.store.Organizations().Get(ctx, id)
	switch {
	case errors.Is(err, errs.NotFound):
		p.fresh[id] = name
	case err != nil:
		return "", fmt.Errorf("look for the organization of an import: %w", err)
	}
	p.made[id] = true
	return id, nil
}

// mostOrganizations bounds the organizations of one import.
const mostOrganizations = 10_000

// organization returns the id of the organization with the id or name. One that does not
// exist gets an id that follows from its name.
func (p *places) organization(ctx context.Context, text string) (string, error) {
	if id, ok := p.found[text]; ok {
		return id, nil
	}
	id, err := p.lookUp(ctx, text)
	if err != nil {
		return "", err
	}
	if len(p.found) == mostOrganizations {
		return "", errs.New(errs.Invalid, "import_too_many_organizations", "most", mostOrganizations)
	}
	p.found[text] = id
	return id, nil
}

func (p *places) lookUp(ctx context.Context, text string) (string, error) {
	if ids.Valid(ids.Organization, text) {
		_, err := p.store.Organizations().Get(ctx, text)
		if errors.Is(err, errs.NotFound) {
			return "", errs.BadField("organization", "no_organization")
		}
		return text, err
	}
	const most = 200
	like, err := p.store.Organizations().List(ctx, keys.OrganizationFilter{Text: keys.Fold(text)}, keys.Page{Limit: most})
	if err != nil {
		return "", fmt.Errorf("look for an organization by its name: %w", err)
	}
	like = slices.DeleteFunc(like, func(o keys.Organization) bool { return o.Name != text })
	switch len(like) {
	case 0:
		id := idOf(ids.Organization, zeroTime, text)
		p.fresh[id] = text
		return id, nil
	case 1:
		return like[0].ID, nil
	default:
		return "", errs.BadField("organization", "import_several_organizations", "name", text)
	}
}

// make stores organizations that do not exist yet, and returns how many.
func (p *places) make(ctx context.Context) (made int, err error) {
	for id, name := range p.fresh {
		o := keys.Organization{Stamp: keys.NewStamp(p.began), ID: id, OrganizationFields: keys.OrganizationFields{Name: name}}
		switch err := p.store.Organizations().Insert(ctx, o); {
		case err == nil:
			made++
		case !errors.Is(err, errs.Conflict):
			return made, fmt.Errorf("make an organization: %w", err)
		}
	}
	return made, nil
}

// tiers makes the default tier if it is asked for and missing, and refuses others that are.
func (p *places) tiers(ctx context.Context, o *Options, dry bool) error {
	wanted := []string{o.Tier}
	for _, here := range o.Map.Tiers {
		wanted = append(wanted, here)
	}
	for _, name := range wanted {
		if name == "" {
			continue
		}
		if _, err := p.store.Tiers().Get(ctx, name); errors.Is(err, errs.NotFound) {
			return errs.BadField("tier", "no_tier")
		} else if err != nil {
			return fmt.Errorf("read tier %s: %w", name, err)
		}
	}
	if o.Tier != "" || dry {
		return nil
	}
	t := keys.Tier{Stamp: keys.NewStamp(p.began), Name: DefaultTier, TierFields: keys.TierFields{Title: "Imported", MaxKeys: keys.MostKeys}}
	if err := p.store.Tiers().Insert(ctx, t); err != nil && !errors.Is(err, errs.Conflict) {
		return fmt.Errorf("make the tier of imported accounts: %w", err)
	}
	return nil
}

// named refuses what options name and does not exist: a tier, an id of an organization, a
// scope. Unlike a file's, scopes that somebody types are not added to the catalogue.
func (p *places) named(ctx context.Context, o *Options) error {
	if err := p.tiers(ctx, o, true); err != nil {
		return err
	}
	if o.Organization != "" {
		if _, err := p.organization(ctx, o.Organization); err != nil {
			return err
		}
	}
	var f errs.Faults
	for i, name := range o.Scopes {
		if !keys.ValidScope(name) {
			continue // a wildcard
		}
		_, err := p.store.Scopes().Get(ctx, name)
		if errors.Is(err, errs.NotFound) {
			f.Add(fmt.Sprintf("scopes[%d]", i), "no_scope")
		} else if err != nil {
			return fmt.Errorf("read scope %s: %w", name, err)
		}
	}
	return f.Err()
}

// scopes adds scopes to the catalogue that are missing, and returns how many.
func (p *places) scopes(ctx context.Context, all []string, dry bool) (added int, err error) {
	for _, name := range all {
		if !keys.ValidScope(name) {
			continue // a wildcard
		}
		_, err := p.store.Scopes().Get(ctx, name)
		if err == nil {
			continue
		}
		if !errors.Is(err, errs.NotFound) {
			return added, fmt.Errorf("read scope %s: %w", name, err)
		}
		added++
		if dry {
			continue
		}
		s := keys.Scope{Stamp: keys.NewStamp(p.began), Name: name, ScopeFields: keys.ScopeFields{Description: "Imported"}}
		if err := p.store.Scopes().Insert(ctx, s); err != nil && !errors.Is(err, errs.Conflict) {
			return added, fmt.Errorf("add scope %s: %w", name, err)
		}
	}
	return added, nil
}
