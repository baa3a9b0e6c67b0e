package keys

import (
	"context"
	"errors"
	"slices"

	"github.com/latchkey/latchkey/errs"
)

// ErrTransferred is the errs.Conflict of who changes what is given to another
// organization at the same time.
var ErrTransferred = errs.New(errs.Conflict, "transferred_meanwhile")

// Elsewhere returns the accounts that were transferred to where the actor may
// not do the action. What belongs to them may still bear the organization that
// they left, and is not the actor's to see. The list is mostly empty.
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

// Locate gives the key the organization of its account, which a transfer
// changes first.
func (s *base) Locate(ctx context.Context, k *Key) error {
	account, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if errors.Is(err, errs.NotFound) { // what is left of an account that was deleted
		return nil
	}
	if err != nil {
		return Missing(err, noAccount)
	}
	k.OrganizationID = account.OrganizationID
	return nil
}

// relocate is Locate for a key of which known was found out before, unless
// that says the same.
func (s *base) relocate(ctx context.Context, k, known *Key) error {
	if k.OrganizationID == known.OrganizationID {
		return nil
	}
	return s.Locate(ctx, k)
}

// stays reports with an error that the key's account is in another
// organization than the key.
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
