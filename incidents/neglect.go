package incidents

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// OrphansAfter is a position in the list of orphans: after an account of an owner, or after
// all of the owner's accounts if no account is set.
type OrphansAfter struct {
	keys.Owner
	AccountID string
}

// Orphans lists service accounts that nobody looks after, from a position on: those without
// an owner, and those whose owner has left. It returns where the list continues, zero at
// its end. Only admins may.
func (n *Service) Orphans(ctx context.Context, a keys.Actor, from keys.Owners, after OrphansAfter) (all []keys.ServiceAccount,
	next OrphansAfter, err error,
) {
	if err := keys.StaffOnly(a); err != nil {
		return nil, next, err
	}
	looked, err := from.Owners(ctx, after.Owner, ownersLooked)
	if err != nil {
		return nil, next, fmt.Errorf("list owners of service accounts: %w", err)
	}
	if len(looked) == ownersLooked {
		next.Owner = looked[ownersLooked-1]
	}
	if after.AccountID != "" {
		looked = slices.Insert(looked, 0, after.Owner)
	}
	for _, o := range looked {
		some, err := n.orphansOf(ctx, o, after, mostOrphansListed+1-len(all))
		if err != nil {
			return nil, next, err
		}
		if all = append(all, some...); len(all) > mostOrphansListed {
			last := &all[mostOrphansListed-1]
			return all[:mostOrphansListed], OrphansAfter{keys.Owner{OrganizationID: last.OrganizationID, ID: last.OwnerID}, last.ID}, nil
		}
	}
	return all, next, nil
}

// orphansOf lists the owner's accounts if the owner has left, or is nobody.
func (n *Service) orphansOf(ctx context.Context, o keys.Owner, after OrphansAfter, most int) ([]keys.ServiceAccount, error) {
	if o.ID != "" {
		left, err := n.Left(ctx, o.ID, o.OrganizationID)
		if err != nil {
			return nil, fmt.Errorf("ask whether an owner has left: %w", err)
		}
		if !left {
			return nil, nil
		}
	}
	page := keys.Page{Limit: most}
	if o == after.Owner {
		page.After = after.AccountID
	}
	found, err := n.Store.ServiceAccounts().List(ctx, keys.AccountFilter{
		OrganizationIDs: []string{o.OrganizationID}, OwnerID: o.ID,
		Ownerless: o.ID == "",
	}, page)
	if err != nil {
		return nil, fmt.Errorf("list service accounts of an owner: %w", err)
	}
	return found, nil
}

// Leaver is somebody who created keys of an organization and has left it.
type Leaver struct {
	keys.Creator
	Keys int  // their keys that are alive, up to MostOfLeaver
	More bool // there are more
}

// Bounds of lists of leavers and orphans.
const (
	MostOfLeaver      = 1000
	creatorsLooked    = 500
	mostLeaversListed = 50
	ownersLooked      = 300
	mostOrphansListed = 50
)

// Leavers lists creators after the given one who have left and whose keys are alive. It
// returns where the list continues, a zero Creator at its end. Only admins may.
func (n *Service) Leavers(ctx context.Context, a keys.Actor, from keys.Creators, after keys.Creator) (all []Leaver,
	next keys.Creator, err error,
) {
	if err := keys.StaffOnly(a); err != nil {
		return nil, next, err
	}
	looked, err := from.Creators(ctx, after, creatorsLooked)
	if err != nil {
		return nil, next, fmt.Errorf("list creators of keys: %w", err)
	}
	for _, c := range looked {
		if !strings.HasPrefix(c.ID, ids.User) {
			continue
		}
		left, err := n.Left(ctx, c.ID, c.OrganizationID)
		if err != nil {
			return nil, next, fmt.Errorf("ask whether a creator has left: %w", err)
		}
		if !left {
			continue
		}
		one := Leaver{Creator: c}
		no := false
		mine, err := n.Store.Keys().List(ctx, keys.KeyFilter{
			OrganizationIDs: []string{c.OrganizationID}, CreatedBy: c.ID, Revoked: &no,
			EndsAfter: keys.Moment(n.Keys.Now()),
		}, keys.Page{Limit: MostOfLeaver + 1})
		if err != nil {
			return nil, next, fmt.Errorf("list keys by their creator: %w", err)
		}
		if one.Keys = min(len(mine), MostOfLeaver); one.Keys == 0 {
			continue
		}
		one.More = len(mine) > MostOfLeaver
		if all = append(all, one); len(all) == mostLeaversListed {
			return all, c, nil
		}
	}
	if len(looked) == creatorsLooked {
		next = looked[creatorsLooked-1]
	}
	return all, next, nil
}
