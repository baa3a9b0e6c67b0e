package web

import (
	"context"
	"errors"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// picker resolves what staff enter in an id field: an id, or a name that exactly
// one object has. Anything else is a fault.
type picker struct {
	*site
	who    keys.Actor
	faults errs.Faults
}

func (p *site) picker(who keys.Actor) *picker { return &picker{site: p, who: who} }

// organization returns the id of the organization, or "" if nothing was typed.
func (p *picker) organization(ctx context.Context, field, typed string) (string, error) {
	if typed == "" || strings.HasPrefix(typed, ids.Organization) {
		return typed, nil
	}
	found, err := p.Keys.Organizations(ctx, p.who, keys.OrganizationFilter{Text: typed}, keys.Page{Limit: mostChoices})
	var named []string
	for i := range found {
		if keys.Fold(found[i].Name) == keys.Fold(typed) {
			named = append(named, found[i].ID)
		}
	}
	return p.one(field, named), err
}

// account returns the id of the service account. If an organization is given, the
// account must belong to it.
func (p *picker) account(ctx context.Context, field, typed, organizationID string) (string, error) {
	if typed == "" || strings.HasPrefix(typed, ids.ServiceAccount) {
		return typed, nil
	}
	found, err := p.Keys.Accounts(ctx, p.who, organizationID, keys.AccountFilter{Text: typed}, keys.Page{Limit: mostChoices})
	var named []string
	for i := range found {
		if keys.Fold(found[i].Name) == keys.Fold(typed) {
			named = append(named, found[i].ID)
		}
	}
	return p.one(field, named), err
}

// creator returns the id of a service account, or of a user, who may be given by
// e-mail address.
func (p *picker) creator(ctx context.Context, field, typed string) (string, error) {
	if !strings.Contains(typed, "@") {
		return typed, nil
	}
	u, err := p.People.Users.ByEmail(ctx, p.who, typed)
	if errors.Is(err, errs.NotFound) {
		p.faults.Add(field, "no_user")
		return "", nil
	}
	return u.ID, err
}

// selection replaces names in the selection with ids.
func (p *picker) selection(ctx context.Context, s *incidents.Selection) (err error) {
	if s.OrganizationID, err = p.organization(ctx, "organization_id", s.OrganizationID); err != nil {
		return err
	}
	if s.ServiceAccountID, err = p.account(ctx, "service_account_id", s.ServiceAccountID, s.OrganizationID); err != nil {
		return err
	}
	if s.CreatedBy, err = p.creator(ctx, "created_by", s.CreatedBy); err != nil {
		return err
	}
	return p.faults.Err()
}

// one returns the id if exactly one object has the name.
func (p *picker) one(field string, named []string) string {
	switch len(named) {
	case 1:
		return named[0]
	case 0:
		p.faults.Add(field, "not_in_list")
	default:
		p.faults.Add(field, "name_ambiguous")
	}
	return ""
}
