package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const memberWord = "member"

// mayMembers allows or refuses an action on the members of the organization. To
// actors who cannot see the organization, it does not exist.
func (p *Members) mayMembers(ctx context.Context, a keys.Actor, action keys.Action, organizationID string) error {
	if !a.May(keys.ReadMembers, organizationID) && !a.May(action, organizationID) {
		return errs.New(errs.NotFound, "no_organization")
	}
	if _, err := p.Organizations(ctx, organizationID); err != nil {
		if errors.Is(err, errs.NotFound) {
			return errs.New(errs.NotFound, "no_organization")
		}
		return err
	}
	if !a.May(action, organizationID) {
		return &errs.Error{Kind: errs.Forbidden, Text: errs.Say("owners_only"), Scope: string(action)}
	}
	return nil
}

// List lists the members of an organization by user.
func (p *Members) List(ctx context.Context, a keys.Actor, organizationID string, page keys.Page) ([]Membership, error) {
	if err := p.mayMembers(ctx, a, keys.ReadMembers, organizationID); err != nil {
		return nil, err
	}
	return p.Store.Memberships().List(ctx, MembershipFilter{OrganizationID: organizationID}, page)
}

// UserOf returns the user of a membership, for callers who may see the members. A
// user who has since been deleted has no name.
func (p *Members) UserOf(ctx context.Context, a keys.Actor, m Membership) (User, error) {
	if err := p.mayMembers(ctx, a, keys.ReadMembers, m.OrganizationID); err != nil {
		return User{}, err
	}
	u, err := p.Store.Users().Get(ctx, m.UserID)
	if errors.Is(err, errs.NotFound) {
		return User{ID: m.UserID}, nil
	}
	return User{ID: u.ID, Email: u.Email, Name: u.Name, Disabled: u.Disabled}, err
}

// Get returns one membership.
func (p *Members) Get(ctx context.Context, a keys.Actor, organizationID, userID string) (Membership, error) {
	if err := p.mayMembers(ctx, a, keys.ReadMembers, organizationID); err != nil {
		return Membership{}, err
	}
	m, err := p.Store.Memberships().Get(ctx, MembershipID(organizationID, userID))
	return m, memberMissing(err)
}

func memberMissing(err error) error {
	if errors.Is(err, errs.NotFound) {
		return errs.New(errs.NotFound, "no_member")
	}
	return err
}

// Add makes the user a member. Only owners and admins may.
func (p *Members) Add(ctx context.Context, a keys.Actor, organizationID, userID string, role Role) (Membership, error) {
	if err := p.mayMembers(ctx, a, keys.WriteMembers, organizationID); err != nil {
		return Membership{}, err
	}
	var f errs.Faults
	f.Check(role.Valid(), "role", "role_invalid")
	_, err := p.Store.Users().Get(ctx, userID)
	if err != nil && !errors.Is(err, errs.NotFound) {
		return Membership{}, fmt.Errorf("read user: %w", err)
	}
	f.Check(err == nil, "user_id", "no_user")
	if err := f.Err(); err != nil {
		return Membership{}, err
	}
	if err := mayConferRole(a, organizationID, role); err != nil {
		return Membership{}, err
	}
	m := Membership{Stamp: keys.NewStamp(p.Now()), OrganizationID: organizationID, UserID: userID, Role: role}
	if err := p.Store.Memberships().Insert(ctx, m); err != nil {
		if errors.Is(err, errs.Conflict) {
			return Membership{}, errs.New(errs.Conflict, "already_member")
		}
		return Membership{}, fmt.Errorf("add member: %w", err)
	}
	return m, p.record(ctx, a, "member.create", m.object(), nil, m)
}

// Change gives the member another role.
func (p *Members) Change(ctx context.Context, a keys.Actor, organizationID, userID string, revision int64,
	edit func(Role) (Role, error),
) (Membership, error) {
	if err := p.mayMembers(ctx, a, keys.WriteMembers, organizationID); err != nil {
		return Membership{}, err
	}
	found, err := p.Store.Memberships().Get(ctx, MembershipID(organizationID, userID))
	if err != nil {
		return Membership{}, memberMissing(err)
	}
	if err := mayConferRole(a, organizationID, found.Role); err != nil {
		return Membership{}, err
	}
	before, after, err := keys.Revise(ctx, p.Store.Memberships(), found.ID(), revision, p.Now, func(m *Membership) error {
		role, err := edit(m.Role)
		if err != nil {
			return err
		}
		if err := p.mayBecome(ctx, a, m, role); err != nil {
			return err
		}
		m.Role = role
		return nil
	})
	if err != nil {
		return Membership{}, memberMissing(err)
	}
	if before.Role == Owner && after.Role != Owner {
		if err := p.keepOwner(ctx, organizationID, func(ctx context.Context) error {
			return p.Store.Memberships().Replace(ctx, Membership{
				Stamp:          keys.Stamp{Revision: after.Revision + 1, CreatedAt: after.CreatedAt, UpdatedAt: after.UpdatedAt},
				OrganizationID: after.OrganizationID, UserID: after.UserID, Role: Owner,
			})
		}); err != nil {
			return Membership{}, err
		}
	}
	return after, p.record(ctx, a, "member.update", after.object(), before, after)
}

// mayBecome checks whether the actor may change the member's role to role.
func (p *Members) mayBecome(ctx context.Context, a keys.Actor, m *Membership, role Role) error {
	var f errs.Faults
	f.Check(role.Valid(), "role", "role_invalid")
	if err := f.Err(); err != nil || role == m.Role {
		return err
	}
	if err := cmp.Or(mayConferRole(a, m.OrganizationID, m.Role), mayConferRole(a, m.OrganizationID, role)); err != nil {
		return err
	}
	if m.Role == Owner {
		return p.notLastOwner(ctx, m.OrganizationID)
	}
	return nil
}

// mayRemove allows owners and admins to end any membership, and users their own.
func (p *Members) mayRemove(ctx context.Context, a keys.Actor, organizationID, userID string) error {
	action := keys.WriteMembers
	if a.Subject().ID == userID {
		action = keys.ReadMembers
	}
	return p.mayMembers(ctx, a, action, organizationID)
}

// mayEnd refuses to end the membership of a user with more rights than the actor.
// Everyone may end their own.
func mayEnd(a keys.Actor, m *Membership) error {
	if a.Subject().ID == m.UserID {
		return nil
	}
	return mayConferRole(a, m.OrganizationID, m.Role)
}

// staysOwned refuses a removal that would leave the organization without an
// owner.
func (p *Members) staysOwned(ctx context.Context, a keys.Actor, m *Membership) error {
	if m.Role != Owner || a.IsAdmin() {
		return nil
	}
	return p.notLastOwner(ctx, m.OrganizationID)
}

// CheckRemoval returns the error that Remove would return.
func (p *Members) CheckRemoval(ctx context.Context, a keys.Actor, organizationID, userID string) error {
	if err := p.mayRemove(ctx, a, organizationID, userID); err != nil {
		return err
	}
	m, err := p.Store.Memberships().Get(ctx, MembershipID(organizationID, userID))
	if err != nil {
		return memberMissing(err)
	}
	return cmp.Or(mayEnd(a, &m), p.staysOwned(ctx, a, &m))
}

// Remove ends a membership. Owners and admins may end any, users their own.
// Service accounts that the member owns stay, as orphans.
func (p *Members) Remove(ctx context.Context, a keys.Actor, organizationID, userID string, revision int64) error {
	if err := p.mayRemove(ctx, a, organizationID, userID); err != nil {
		return err
	}
	m, err := keys.Remove(ctx, p.Store.Memberships(), MembershipID(organizationID, userID), revision, func(m *Membership) error {
		return cmp.Or(mayEnd(a, m), p.staysOwned(ctx, a, m))
	})
	if err != nil {
		return memberMissing(err)
	}
	if m.Role == Owner && !a.IsAdmin() {
		if err := p.keepOwner(ctx, organizationID, func(ctx context.Context) error { return p.Store.Memberships().Insert(ctx, m) }); err != nil {
			return err
		}
	}
	return p.record(ctx, a, "member.delete", m.object(), m, nil)
}

// mayConferRole checks whether the actor may give the role to a user or take it
// away. A role never ends and applies everywhere, so a credential that ends, or
// is limited to networks or to test, cannot give one.
func mayConferRole(a keys.Actor, organizationID string, role Role) error {
	return keys.MayConfer(a, organizationID, nil, keys.Power{Scopes: role.confers(), Member: "role"})
}

// confers returns what a member with the role may do and pass on. From developer
// up that is every scope of the provider's API, written "*".
func (r Role) confers() []string {
	if r == Owner || r == Developer {
		return []string{keys.AnyScope}
	}
	return r.scopes()
}

func (p *Members) notLastOwner(ctx context.Context, organizationID string) error {
	return p.atLeast(ctx, organizationID, 2)
}

// keepOwner counts owners again after one was removed: two owners who remove each
// other at the same time each saw two before. If none is left, undo reverts the
// change; at worst both changes are reverted.
func (p *Members) keepOwner(ctx context.Context, organizationID string, undo func(context.Context) error) error {
	err := p.atLeast(ctx, organizationID, 1)
	if err != nil {
		err = errors.Join(err, undo(context.WithoutCancel(ctx)))
	}
	return err
}

func (p *Members) atLeast(ctx context.Context, organizationID string, n int) error {
	owners, err := p.Store.Memberships().List(ctx, MembershipFilter{OrganizationID: organizationID, Role: Owner}, keys.Page{Limit: n})
	if err != nil {
		return fmt.Errorf("count owners: %w", err)
	}
	if len(owners) < n {
		return errs.New(errs.Conflict, "last_owner")
	}
	return nil
}

func (m *Membership) object() audit.Object {
	return audit.Object{Type: memberWord, ID: m.ID(), OrganizationID: m.OrganizationID}
}
