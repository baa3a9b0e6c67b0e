package incidents

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// known refuses a selection by something that does not exist: in an emergency, "no key is
// selected" would be read as safety.
func (n *Service) known(ctx context.Context, s *Selection) error {
	var f errs.Faults
	store := n.Store
	for _, one := range []struct {
		field, value, fault string
		find                func() error
	}{
		{"organization_id", s.OrganizationID, "there is no such organization", func() error {
			_, err := store.Organizations().Get(ctx, s.OrganizationID)
			return err
		}},
		{"service_account_id", s.ServiceAccountID, "there is no such service account, or it is in another organization", func() error {
			account, err := store.ServiceAccounts().Get(ctx, s.ServiceAccountID)
			if err == nil && s.OrganizationID != "" && account.OrganizationID != s.OrganizationID {
				return errs.NotFound
			}
			return err
		}},
		{"tier", s.Tier, "there is no such tier", func() error {
			_, err := store.Tiers().Get(ctx, s.Tier)
			return err
		}},
		{"scope", s.Scope, "nobody holds it, and it is not in the scope catalogue", func() error { return n.knownScope(ctx, s.Scope) }},
		{"created_by", s.CreatedBy, "created no key", func() error {
			found, err := store.Keys().List(ctx, keys.KeyFilter{CreatedBy: s.CreatedBy}, keys.Page{Limit: 1})
			if err == nil && len(found) == 0 {
				return errs.NotFound
			}
			return err
		}},
	} {
		if one.value == "" {
			continue
		}
		err := one.find()
		if err != nil && !errors.Is(err, errs.NotFound) {
			return fmt.Errorf("look up %s of a selection: %w", one.field, err)
		}
		f.Check(err == nil, one.field, one.fault)
	}
	return f.Err()
}

// knownScope finds the scope in the catalogue, or an account that holds it.
func (n *Service) knownScope(ctx context.Context, scope string) error {
	_, err := n.Store.Scopes().Get(ctx, scope)
	if !errors.Is(err, errs.NotFound) {
		return err
	}
	err = keys.EachAccount(ctx, n.Store, keys.AccountFilter{}, func(account *keys.ServiceAccount) error {
		if keys.CoveredBy(account.Scopes, scope) {
			return errHeld
		}
		return nil
	})
	switch {
	case errors.Is(err, errHeld):
		return nil
	case err == nil:
		return errs.NotFound
	default:
		return err
	}
}

var errHeld = errors.New("an account holds the scope")
