package keys

import (
	"context"
	"errors"
	"slices"

	"github.com/latchkey/latchkey/errs"
)

// ErrTransferred is the errs.Conflict for a change to an object that is being
// transferred to another organization.
var ErrTransferred = errs.New(errs.Conflict, "transferred_meanwhile")

// Elsewhere returns the accounts that were transferred to where the actor may not do
// the action. Objects of such an account may still carry the old organization, but
// the actor must not see them. The list is usually empty.
func (s *base) Elsewhere(ctx context.Context, a Actor, action Action) ([]string, error) {
	own := a.Organizations(action)
	if own == nil {
		return nil, nil
	}
	var gone []string
	err := EachAccount(ctx, s.store, AccountFilter{Moving: true}, func(account *ServiceAccount) error {
		if !slices.Contains(own, account.OrganizationID) {
			gone = append(gone, account.ID)
		}
		return nil
	})
	return gone, err
}

// Locate sets the key's organization to that of its account, which a transfer
// changes first.
func (s *base) Locate(ctx context.Context, k *Key) error {
	account, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if errors.Is(err, errs.NotFound) { // left over from a deleted account
		return nil
	}
	if err != nil {
		return Missing(err, noAccount)
	}
	k.OrganizationID = account.OrganizationID
	return nil
}

// relocate is Locate for a key that was located before with the result known. It does
// nothing if that result is the same.
func (s *base) relocate(ctx context.Context, k, known *Key) error {
	if k.OrganizationID == known.OrganizationID {
		return nil
	}
	return s.Locate(ctx, k)
}

// stays returns an error if the key's account is in another organization than the
// key.
func (s *base) stays(ctx context.Context, k *Key) error {
	account, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if err != nil {
		return Missing(err, noAccount)
	}
	if account.OrganizationID != k.OrganizationID {
		return ErrTransferred
	}
	return nil
}
