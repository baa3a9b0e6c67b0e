package auth

import (
	"context"
	"fmt"

	"github.com/latchkey/latchkey/keys"
)

// MostTold bounds how many people are mailed about one thing.
const MostTold = 50

// Reachable reports whether the user gets mails: their address is confirmed, and they are
// not disabled.
func (u *User) Reachable() bool { return !u.Disabled && !u.ConfirmedAt.IsZero() && u.Email != "" }

// StaffToTell returns the users who are mailed about what concerns the provider.
func StaffToTell(ctx context.Context, users UserCollection) ([]User, error) {
	yes := true
	all, err := users.List(ctx, UserFilter{IsAdmin: &yes}, keys.Page{Limit: MostTold})
	if err != nil {
		return nil, fmt.Errorf("list the staff to tell: %w", err)
	}
	return all, nil
}

// OwnersToTell returns the ids of the users who are mailed about what concerns the
// organization: its owners.
func OwnersToTell(ctx context.Context, in keys.Collection[Membership, MembershipFilter], organizationID string) ([]string, error) {
	owners, err := in.List(ctx, MembershipFilter{OrganizationID: organizationID, Role: Owner}, keys.Page{Limit: MostTold})
	if err != nil {
		return nil, fmt.Errorf("list the owners to tell: %w", err)
	}
	all := make([]string, len(owners))
	for i := range owners {
		all[i] = owners[i].UserID
	}
	return all, nil
}
