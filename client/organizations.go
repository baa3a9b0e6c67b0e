package client

import (
	"context"
	"iter"
)

// OrganizationsService manages organizations.
type OrganizationsService struct{ c *Client }

// OrganizationFilter narrows a list of organizations; zero fields do not
// restrict.
type OrganizationFilter struct {
	Page
	Text string // in names
}

const (
	organizationsPath = "/api/organizations"
	organizationPath  = "/api/organizations/{id}"
)

// Create creates an organization. For the provider's staff.
func (s *OrganizationsService) Create(ctx context.Context, in OrganizationSettings, opts ...Option) (Organization, error) {
	return call[Organization](ctx, s.c, request{method: "POST", path: organizationsPath, body: in, once: true, fresh: true, options: opts})
}

// List returns a page of organizations, newest first.
func (s *OrganizationsService) List(ctx context.Context, f OrganizationFilter) (List[Organization], error) {
	return s.page(ctx, f, f.Page)
}

// All yields all organizations that match the filter.
func (s *OrganizationsService) All(ctx context.Context, f OrganizationFilter) iter.Seq2[Organization, error] {
	return walk(f.Page, func(p Page) (List[Organization], error) { return s.page(ctx, f, p) })
}

func (s *OrganizationsService) page(ctx context.Context, f OrganizationFilter, p Page) (List[Organization], error) {
	return call[List[Organization]](ctx, s.c, request{method: "GET", path: organizationsPath, query: p.query().text("q", f.Text).values()})
}

// Get returns an organization.
func (s *OrganizationsService) Get(ctx context.Context, id string) (Organization, error) {
	return call[Organization](ctx, s.c, request{method: "GET", path: organizationPath, params: []string{id}})
}

// Update changes the fields that are set.
func (s *OrganizationsService) Update(ctx context.Context, id string, in OrganizationPatch, opts ...Option) (Organization, error) {
	return call[Organization](ctx, s.c, request{method: "PATCH", path: organizationPath, params: []string{id}, body: in, options: opts})
}

// Replace sets all fields; zero fields get the defaults of a new organization.
func (s *OrganizationsService) Replace(ctx context.Context, id string, in OrganizationSettings, opts ...Option) (Organization, error) {
	return call[Organization](ctx, s.c, request{method: "PUT", path: organizationPath, params: []string{id}, body: in, options: opts})
}

// Delete removes an organization without service accounts. For the provider's
// staff.
func (s *OrganizationsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: organizationPath, params: []string{id}, options: opts})
}

// MembersService manages the members of an organization and their roles.
type MembersService struct{ c *Client }

const (
	membersPath = organizationPath + "/members"
	memberPath  = membersPath + "/{user_id}"
)

// Add makes a user a member of the organization.
func (s *MembersService) Add(ctx context.Context, organization string, in AddMember, opts ...Option) (Member, error) {
	return call[Member](ctx, s.c, request{
		method: "POST", path: membersPath, params: []string{organization}, body: in, once: true, fresh: true, options: opts,
	})
}

// List returns a page of the organization's members, ordered by the user's id.
func (s *MembersService) List(ctx context.Context, organization string, p Page) (List[Member], error) {
	return call[List[Member]](ctx, s.c, request{method: "GET", path: membersPath, params: []string{organization}, query: p.query().values()})
}

// All yields all members of the organization.
func (s *MembersService) All(ctx context.Context, organization string) iter.Seq2[Member, error] {
	return walk(Page{}, func(p Page) (List[Member], error) { return s.List(ctx, organization, p) })
}

// Get returns a membership.
func (s *MembersService) Get(ctx context.Context, organization, user string) (Member, error) {
	return call[Member](ctx, s.c, request{method: "GET", path: memberPath, params: []string{organization, user}})
}

// SetRole changes the member's role: owner, developer or viewer.
func (s *MembersService) SetRole(ctx context.Context, organization, user, role string, opts ...Option) (Member, error) {
	return call[Member](ctx, s.c, request{
		method: "PATCH", path: memberPath, params: []string{organization, user}, body: MemberSettings{Role: role}, options: opts,
	})
}

// Replace sets all fields of the membership.
func (s *MembersService) Replace(ctx context.Context, organization, user string, in MemberSettings, opts ...Option) (Member, error) {
	return call[Member](ctx, s.c, request{method: "PUT", path: memberPath, params: []string{organization, user}, body: in, options: opts})
}

// Remove ends the membership.
func (s *MembersService) Remove(ctx context.Context, organization, user string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: memberPath, params: []string{organization, user}, options: opts})
}

// InvitationsService manages invitations to an organization.
type InvitationsService struct{ c *Client }

const invitationsPath = organizationPath + "/invitations"

// List returns the organization's open invitations.
func (s *InvitationsService) List(ctx context.Context, organization string) ([]Invitation, error) {
	return items(call[List[Invitation]](ctx, s.c, request{method: "GET", path: invitationsPath, params: []string{organization}}))
}

// Create invites a person. If there is no mail server, the response contains the
// link to send them.
func (s *InvitationsService) Create(ctx context.Context, organization string, in Invite) (Invitation, error) {
	return call[Invitation](ctx, s.c, request{method: "POST", path: invitationsPath, params: []string{organization}, body: in})
}

// Withdraw ends an invitation.
func (s *InvitationsService) Withdraw(ctx context.Context, organization, id string) error {
	return send(ctx, s.c, request{method: "DELETE", path: invitationsPath + "/{invitation_id}", params: []string{organization, id}})
}

// Accept makes the calling user a member, given the invitation's token.
func (s *InvitationsService) Accept(ctx context.Context, token string) (Member, error) {
	return call[Member](ctx, s.c, request{method: "POST", path: "/api/invitations/accept", body: LinkToken{Token: token}})
}
