package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

const mostInvitations = 200 // open ones per organization

// Invite mails a link that makes its recipient a member of the organization. It
// needs the permission to add members; Members.Add documents the roles that can
// be given.
func (p *Invitations) Invite(ctx context.Context, a keys.Actor, organizationID, email string, role Role) (Link, error) {
	if err := p.members.mayMembers(ctx, a, keys.WriteMembers, organizationID); err != nil {
		return Link{}, err
	}
	var f errs.Faults
	checkEmail(&f, email)
	f.Check(role.Valid(), "role", "role_invalid")
	if err := f.Err(); err != nil {
		return Link{}, err
	}
	if err := mayConferRole(a, organizationID, role); err != nil {
		return Link{}, err
	}
	known, err := p.notInvited(ctx, organizationID, email)
	if err != nil {
		return Link{}, err
	}
	organization, err := p.Organizations(ctx, organizationID)
	if err != nil {
		return Link{}, err
	}
	subject := a.Subject()
	invitation := Link{
		Purpose: Invitation, Email: email, OrganizationID: organizationID, Role: role, CreatedBy: subject.ID,
		CreatedWith: subject.KeyID,
	}
	if err := p.stillInvites(ctx, &invitation); err != nil {
		return Link{}, err
	}
	l, token, err := p.links.newLink(ctx, invitation, invitationLife)
	if err != nil {
		return Link{}, err
	}
	if err := p.record(ctx, a, "invitation.create", l.object(), nil, l); err != nil {
		return Link{}, err
	}
	p.Mailer.Post(Mail{
		Kind: MailInvite, To: email, Token: token, Until: l.ExpiresAt, Organization: organization.Name,
		Role: role, By: subject.Name, Language: languageFor(ctx, &known),
	})
	if p.InvitationAddress != nil {
		l.Address = p.InvitationAddress(token)
	}
	return l, nil
}

// stillInvites checks that the author of the invitation could still make it. An
// invitation ends with its author's right to give the role. Rights from a proxy's
// groups hold for one request, so they cannot invite.
func (p *Invitations) stillInvites(ctx context.Context, l *Link) error {
	author, err := p.author(ctx, l)
	if errors.Is(err, errs.NotFound) || errors.Is(err, errs.Unauthenticated) {
		return errAuthorGone
	}
	if err != nil {
		return fmt.Errorf("read who made an invitation: %w", err)
	}
	if !author.May(keys.WriteMembers, l.OrganizationID) || mayConferRole(author, l.OrganizationID, l.Role) != nil {
		return errAuthorGone
	}
	return nil
}

var errAuthorGone = errs.New(errs.Forbidden, "author_gone")

// author returns the author of the invitation with their current rights.
func (p *Invitations) author(ctx context.Context, l *Link) (*Principal, error) {
	switch {
	case l.CreatedBy == "":
		return System(), nil
	case strings.HasPrefix(l.CreatedBy, ids.User):
		u, err := p.users.active(ctx, l.CreatedBy)
		if err != nil {
			return nil, err
		}
		return p.users.Principal(ctx, u)
	case p.Holder == nil:
		return nil, errNoInvitation
	}
	g, err := p.Holder(ctx, l.CreatedBy, l.CreatedWith)
	if err != nil {
		return nil, err
	}
	return AccountPrincipal(&g), nil
}

// checkEmail adds a fault if the e-mail address is invalid.
func checkEmail(f *errs.Faults, email string) {
	_, ok := text.Address(email)
	f.Check(ok, "email", "email_invalid")
}

// notInvited refuses an address that is already invited or belongs to a member.
// It returns the user with the address, or a zero User.
func (p *Invitations) notInvited(ctx context.Context, organizationID, email string) (User, error) {
	u, err := p.users.byEmail(ctx, email)
	if err != nil && !errors.Is(err, errs.NotFound) {
		return User{}, err
	}
	if err == nil {
		if _, err := p.Store.Memberships().Get(ctx, MembershipID(organizationID, u.ID)); err == nil {
			return User{}, errs.New(errs.Conflict, "already_member")
		}
	}
	open, err := p.openInvitations(ctx, organizationID)
	if err != nil {
		return User{}, err
	}
	for _, l := range open {
		if sameEmail(l.Email, email) {
			return User{}, errs.New(errs.Conflict, "invitation_open")
		}
	}
	if len(open) >= mostInvitations {
		return User{}, errs.New(errs.Conflict, "too_many_invitations", "most", mostInvitations)
	}
	return u, nil
}

// List lists the open invitations of an organization, newest first.
func (p *Invitations) List(ctx context.Context, a keys.Actor, organizationID string) ([]Link, error) {
	if err := p.members.mayMembers(ctx, a, keys.WriteMembers, organizationID); err != nil {
		return nil, err
	}
	return p.openInvitations(ctx, organizationID)
}

func (p *Invitations) openInvitations(ctx context.Context, organizationID string) ([]Link, error) {
	var open []Link
	page := keys.Page{Limit: mostInvitations}
	for {
		found, err := p.Store.Links().List(ctx, LinkFilter{OrganizationID: organizationID, Purpose: Invitation}, page)
		if err != nil {
			return nil, fmt.Errorf("list invitations: %w", err)
		}
		for _, l := range found {
			if l.open(p.Now()) {
				open = append(open, l)
			}
		}
		if len(found) < page.Limit {
			return open, nil
		}
		page.After = found[len(found)-1].ID
	}
}

var errNoInvitation = errs.New(errs.NotFound, "no_invitation")

// Withdraw ends an invitation.
func (p *Invitations) Withdraw(ctx context.Context, a keys.Actor, organizationID, id string) error {
	if err := p.members.mayMembers(ctx, a, keys.WriteMembers, organizationID); err != nil {
		return err
	}
	l, err := p.Store.Links().Get(ctx, id)
	if errors.Is(err, errs.NotFound) || (err == nil && (l.Purpose != Invitation || l.OrganizationID != organizationID || !l.open(p.Now()))) {
		return errNoInvitation
	}
	if err != nil {
		return err
	}
	err = p.Store.Links().Delete(ctx, id, l.Revision)
	if errors.Is(err, errs.Stale) || errors.Is(err, errs.NotFound) { // accepted or withdrawn a moment ago
		return errNoInvitation
	}
	if err != nil {
		return fmt.Errorf("withdraw an invitation: %w", err)
	}
	return p.record(ctx, a, "invitation.delete", l.object(), l, nil)
}

// Invited returns the invitation with the token, and its organization, for the
// page that the link opens.
func (p *Invitations) Invited(ctx context.Context, token string) (Link, keys.Organization, error) {
	l, err := p.links.openLink(ctx, Invitation, token)
	if err != nil {
		return Link{}, keys.Organization{}, err
	}
	o, err := p.Organizations(ctx, l.OrganizationID)
	if errors.Is(err, errs.NotFound) {
		return Link{}, o, errLinkOver
	}
	if err == nil {
		err = p.stillInvites(ctx, &l)
	}
	return l, o, err
}

// Inviter returns the name of the invitation's author, or "" if it is not known.
func (p *Invitations) Inviter(ctx context.Context, l Link) (string, error) {
	u, err := p.Store.Users().Get(ctx, l.CreatedBy)
	if errors.Is(err, errs.NotFound) {
		return "", nil // a service account or a deleted user
	}
	if err != nil {
		return "", fmt.Errorf("read user: %w", err)
	}
	if u.Name != "" {
		return u.Name + " (" + u.Email + ")", nil
	}
	return u.Email, nil
}

// For reports whether the link was mailed to the user.
func (l *Link) For(u *User) bool { return sameEmail(l.Email, u.Email) }

// Accept makes the principal a member of the organization that they were invited
// to. The invitation is for their e-mail address, not for anyone with the link.
func (p *Invitations) Accept(ctx context.Context, a *Principal, token string) (Membership, error) {
	if a.Kind != UserKind {
		return Membership{}, errs.New(errs.Forbidden, "only_users_accept")
	}
	l, _, err := p.Invited(ctx, token)
	if err != nil {
		return Membership{}, err
	}
	if !l.For(a.User) {
		return Membership{}, errs.New(errs.Forbidden, "invitation_of_another")
	}
	_, err = p.Store.Memberships().Get(ctx, MembershipID(l.OrganizationID, a.User.ID))
	if err == nil {
		return Membership{}, errMemberAlready
	}
	if !errors.Is(err, errs.NotFound) {
		return Membership{}, fmt.Errorf("read membership: %w", err)
	}
	return p.join(ctx, a.User, l)
}

var errMemberAlready = errs.New(errs.Conflict, "already_a_member")

func (p *Invitations) join(ctx context.Context, u *User, l Link) (Membership, error) {
	if err := p.links.useLink(ctx, l); err != nil {
		return Membership{}, err
	}
	m := Membership{Stamp: keys.NewStamp(p.Now()), OrganizationID: l.OrganizationID, UserID: u.ID, Role: l.Role}
	if err := p.Store.Memberships().Insert(ctx, m); err != nil {
		if errors.Is(err, errs.Conflict) {
			return Membership{}, errMemberAlready
		}
		return Membership{}, fmt.Errorf("join an organization: %w", err)
	}
	return m, p.record(ctx, actorOf(u), "member.create", m.object(), nil, m)
}
