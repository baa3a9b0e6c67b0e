package keys

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

// ownIfMember makes the actor the owner of an account that they create without one,
// if they are a member of its organization.
func (s *accounts) ownIfMember(ctx context.Context, a Actor, account *ServiceAccount) error {
	if account.OwnerID != "" || !strings.HasPrefix(account.CreatedBy, ids.User) {
		return nil
	}
	member, err := s.member(ctx, account.OrganizationID, account.CreatedBy)
	if err != nil {
		return fmt.Errorf("ask whether the creator is a member: %w", err)
	}
	if member {
		account.OwnerID = account.CreatedBy
	}
	return nil
}

// CheckOwner refuses an owner who is not a member of the organization. It answers the
// same for a member of another organization and for a user who does not exist.
func (s *accounts) CheckOwner(ctx context.Context, organizationID, ownerID string) error {
	if ownerID == "" {
		return nil
	}
	member, err := s.member(ctx, organizationID, ownerID)
	if err != nil {
		return fmt.Errorf("ask whether the owner is a member: %w", err)
	}
	if !member {
		return errs.BadField("owner_id", "not_a_member")
	}
	return nil
}

// checkHandOver refuses in advance what each account would refuse.
func (s *accounts) checkHandOver(ctx context.Context, a Actor, organizationID, from, to string) error {
	if err := allow(a, ReadAccounts, WriteAccounts, organizationID, noOrganization); err != nil {
		return err
	}
	if from == "" || from == to {
		return errs.BadField("owner_id", "same_owner")
	}
	return s.CheckOwner(ctx, organizationID, to)
}

// HandOver gives all service accounts of the organization that one user owns to
// another member, or to nobody if to is "". It returns how many it changed, each with
// its own event. After an error it can be called again.
func (s *accounts) HandOver(ctx context.Context, a Actor, organizationID, from, to string) (changed int, err error) {
	if err := s.checkHandOver(ctx, a, organizationID, from, to); err != nil {
		return 0, err
	}
	f := AccountFilter{OrganizationIDs: []string{organizationID}, OwnerID: from}
	err = EachAccount(ctx, s.store, f, func(account *ServiceAccount) error {
		handed, err := s.handOne(ctx, a, account, to)
		if handed {
			changed++
		}
		return err
	})
	return changed, err
}

// errNotHis says that the account has another owner now.
var errNotHis = errors.New("somebody else owns the service account")

// handOne changes the owner of one account, unless it got another owner, was
// transferred or was deleted in the meantime.
func (s *accounts) handOne(ctx context.Context, a Actor, account *ServiceAccount, to string) (handed bool, err error) {
	_, err = s.ChangeAccount(ctx, a, account.ID, AnyRevision, func(f AccountFields) (AccountFields, error) {
		if f.OwnerID != account.OwnerID {
			return f, errNotHis
		}
		f.OwnerID = to
		return f, nil
	})
	if errors.Is(err, errNotHis) || errors.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}
