package keys

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

const noOrganization = "no_organization"

// CreateOrganization creates an organization with the id, or with a new one if id is
// "". Only admins may.
func (s *organizations) CreateOrganization(ctx context.Context, a Actor, id string, fields OrganizationFields) (Organization, error) {
	if err := StaffOnly(a); err != nil {
		return Organization{}, err
	}
	o := Organization{Stamp: NewStamp(s.now()), ID: id, OrganizationFields: fields}
	if id == "" {
		o.ID = ids.New(ids.Organization)
	}
	if err := o.check(""); err != nil {
		return Organization{}, err
	}
	if err := s.store.Organizations().Insert(ctx, o); err != nil {
		return Organization{}, fmt.Errorf("create organization: %w", err)
	}
	return o, s.Record(ctx, a, "organization.create", o.Object(), nil, o)
}

// Organization returns one organization that the actor may see.
func (s *organizations) Organization(ctx context.Context, a Actor, id string) (Organization, error) {
	if !a.May(ReadOrganization, id) {
		return Organization{}, notFound(noOrganization)
	}
	o, err := s.store.Organizations().Get(ctx, id)
	if err != nil {
		return Organization{}, Missing(err, noOrganization)
	}
	return o, nil
}

// Organizations lists the organizations that the actor may see.
func (s *organizations) Organizations(ctx context.Context, a Actor, f OrganizationFilter, p Page) ([]Organization, error) {
	f.IDs = a.Organizations(ReadOrganization)
	f.Text = Fold(f.Text)
	return s.store.Organizations().List(ctx, f, p)
}

// ChangeOrganization applies edit to the organization's fields. Only admins may
// disable and enable it.
func (s *organizations) ChangeOrganization(ctx context.Context, a Actor, id string, revision int64,
	edit func(OrganizationFields) (OrganizationFields, error),
) (Organization, error) {
	if err := allow(a, ReadOrganization, WriteOrganization, id, noOrganization); err != nil {
		return Organization{}, err
	}
	before, after, err := Revise(ctx, s.store.Organizations(), id, revision, s.now, func(o *Organization) error {
		old := o.OrganizationFields
		fields, err := edit(old)
		if err != nil {
			return err
		}
		if fields.Disabled != old.Disabled && !a.IsAdmin() {
			return staffField("disabled")
		}
		o.OrganizationFields = fields
		return o.check(old.Name)
	})
	if err != nil {
		return Organization{}, Missing(err, noOrganization)
	}
	return after, s.Record(ctx, a, "organization.update", after.Object(), before, after)
}

// DeleteOrganization deletes an organization that has no service accounts. Only
// admins may.
func (s *organizations) DeleteOrganization(ctx context.Context, a Actor, id string, revision int64) error {
	if err := StaffOnly(a); err != nil {
		return err
	}
	o, err := Remove(ctx, s.store.Organizations(), id, revision, func(*Organization) error {
		accounts, err := s.store.ServiceAccounts().List(ctx, AccountFilter{OrganizationIDs: []string{id}}, Page{Limit: 1})
		if err != nil {
			return fmt.Errorf("list the organization's service accounts: %w", err)
		}
		if len(accounts) > 0 {
			return errs.New(errs.Conflict, "organization_in_use")
		}
		return nil
	})
	if err != nil {
		return Missing(err, noOrganization)
	}
	return s.Record(ctx, a, "organization.delete", o.Object(), o, nil)
}

// OrganizationToJoin returns the organization for a new object.
func (s *base) OrganizationToJoin(ctx context.Context, id string) (Organization, error) {
	o, err := s.store.Organizations().Get(ctx, id)
	if errors.Is(err, errs.NotFound) {
		return o, errs.BadField("organization_id", "no_organization")
	}
	return o, err
}

// Object names the organization in audit events.
func (o *Organization) Object() audit.Object {
	return audit.Object{Type: "organization", ID: o.ID, OrganizationID: o.ID}
}

func (o *Organization) check(oldName string) error {
	var f errs.Faults
	checkName(&f, "name", o.Name, oldName)
	o.Metadata = compact(o.Metadata)
	checkMetadata(&f, o.Metadata)
	return f.Err()
}

func staffField(fields ...string) error {
	e := errs.New(errs.Forbidden, "staff_fields")
	for _, name := range fields {
		e.Fields = append(e.Fields, errs.Field{Name: name, Text: errs.Say("staff_field")})
	}
	return e
}
