package auth

import (
	"context"
	"errors"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Left reports whether the user can no longer look after what they created in the
// organization: they are not a member of it, or are disabled or deleted. The
// provider's staff count as members everywhere.
func (p *Members) Left(ctx context.Context, userID, organizationID string) (bool, error) {
	u, err := p.Store.Users().Get(ctx, userID)
	if errors.Is(err, errs.NotFound) {
		return true, nil
	}
	if err != nil || u.Disabled || u.IsAdmin {
		return err == nil && u.Disabled, err
	}
	member, err := IsMember(p.Store.Memberships())(ctx, organizationID, userID)
	return err == nil && !member, err
}

// IsMember returns a function that reports whether a user is a member of an
// organization.
func IsMember(in keys.Collection[Membership, MembershipFilter]) func(ctx context.Context, organizationID, userID string) (bool, error) {
	return func(ctx context.Context, organizationID, userID string) (bool, error) {
		_, err := in.Get(ctx, MembershipID(organizationID, userID))
		if errors.Is(err, errs.NotFound) {
			return false, nil
		}
		return err == nil, err
	}
}

// MembershipsOf lists the memberships of a user. Only admins may.
func (p *Members) MembershipsOf(ctx context.Context, a keys.Actor, userID string, page keys.Page) ([]Membership, error) {
	if !a.IsAdmin() {
		return nil, errStaffOnly
	}
	return p.Store.Memberships().List(ctx, MembershipFilter{UserID: userID}, page)
}
