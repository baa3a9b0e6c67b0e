package imports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// plan is what the first reading of the rows finds: which accounts get which scopes, and
// what keys look like. It holds a few bytes for each account.
type plan struct {
	options *Options
	files   []string
	places  *places
	rows    int
	shapes  []keys.Shape
	sets    [][]string           // sets of scopes that accounts need
	setOf   map[string]uint32    // by their text
	needs   map[ids.Short]uint32 // the set of an account, by its id
	begun   map[ids.Short]bool   // accounts that this run has stored or found
	older   map[ids.Short]bool   // those that it found
	keys    map[ids.Short]bool   // of a dry run, by hash
}

func newPlan(o *Options, files []string, places *places) *plan {
	return &plan{
		options: o, files: files, places: places, sets: [][]string{{}}, setOf: map[string]uint32{"": 0},
		needs: map[ids.Short]uint32{}, begun: map[ids.Short]bool{},
		older: map[ids.Short]bool{}, keys: map[ids.Short]bool{},
	}
}

// note adds a row to the plan.
func (p *plan) note(accountID string, k *converted) {
	if k.shape != (keys.Shape{}) {
		p.shapes = keys.JoinShapes(p.shapes, []keys.Shape{k.shape})
	}
	id := ids.ShortOf(accountID)
	before := p.sets[p.needs[id]]
	if !slices.ContainsFunc(k.Scopes, func(s string) bool { return !slices.Contains(before, s) }) {
		return
	}
	all := slices.Concat(before, k.Scopes)
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > keys.MaxScopes {
		return // the row is refused when it is stored
	}
	name := strings.Join(all, " ")
	set, ok := p.setOf[name]
	if !ok {
		set = uint32(len(p.sets)) //nolint:gosec // G115: fewer than accounts
		p.sets, p.setOf[name] = append(p.sets, all), set
	}
	p.needs[id] = set
}

// scopes returns all scopes that the plan needs.
func (p *plan) scopes() []string {
	var all []string
	for _, set := range p.sets {
		for _, s := range set {
			if at, there := slices.BinarySearch(all, s); !there {
				all = slices.Insert(all, at, s)
			}
		}
	}
	return all
}

// account returns the account that the key of a row belongs to. One that has a quota of
// its own gets an account of its own, because accounts have quotas.
func (p *plan) account(ctx context.Context, row *source.Row, k *keys.Key) (keys.ServiceAccount, error) {
	to, organization := p.target(&row.Owner), p.options.Organization
	if to.Organization != "" {
		organization = to.Organization
	}
	find := p.places.organization
	if organization == "" {
		organization, find = p.standard(), p.places.own
	}
	org, err := find(ctx, organization)
	if err != nil {
		return keys.ServiceAccount{}, err
	}
	owner, name := []string{org, p.options.Format, row.Owner.ID}, named(to.ServiceAccount, row.Owner.Name, row.Owner.ID, "Imported keys")
	if to.ServiceAccount != "" {
		owner = []string{org, p.options.Format, "by name", to.ServiceAccount} // which no owner's id equals
	}
	if row.Quota != nil {
		owner, name = append(owner, "alone", k.ID), named(name+" / "+k.Name)
	}
	a := keys.ServiceAccount{
		Stamp: keys.NewStamp(p.places.began), ID: idOf(ids.ServiceAccount, zeroTime, owner...), OrganizationID: org,
	}
	a.Name, a.Tier, a.Quota, a.ExternalID = name, p.tier(row.Tier), row.Quota, clipped(row.Owner.ID)
	a.Scopes = p.sets[p.needs[ids.ShortOf(a.ID)]]
	return a, nil
}

// target returns what the map says of the owner, by id, then by name.
func (p *plan) target(o *source.Owner) Target {
	if to, ok := p.options.Map.Owners[o.ID]; ok {
		return to
	}
	return p.options.Map.Owners[o.Name]
}

// standard is the name of the organization of an import that names none: the same for the
// same files, so that a second run finds it.
func (p *plan) standard() string {
	name := "Imported from " + p.options.Format
	if len(p.files) > 0 {
		name += " (" + strings.Join(p.files, ", ") + ")"
	}
	return named(name)
}

func (p *plan) tier(name string) string {
	if here := p.options.Map.Tiers[name]; here != "" {
		return here
	}
	if p.options.Tier != "" {
		return p.options.Tier
	}
	return DefaultTier
}

func clipped(id string) string {
	if runes := []rune(id); len(runes) > keys.MaxNameLength {
		return string(runes[:keys.MaxNameLength])
	}
	return id
}

// check returns what is wrong with the options.
func (o *Options) check() error {
	var f errs.Faults
	keys.CheckText(&f, "organization", o.Organization)
	for i, s := range o.Scopes {
		f.Check(keys.ValidGrant(s), fmt.Sprintf("scopes[%d]", i), "grant_shape")
	}
	for from, to := range o.Map.Scopes {
		f.Check(to == "" || keys.ValidGrant(to), "map.scopes."+from, "grant_shape")
	}
	return f.Err()
}
