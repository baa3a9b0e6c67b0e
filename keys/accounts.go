package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

const (
	noAccount = "no_service_account"
	// DefaultTier is the tier of a service account created without one.
	DefaultTier = "free"
)

// CreateAccount creates a service account with the id, or with a new one if id is
// "". The actor can grant only scopes that they have; only staff set a tier and
// limits other than the default. A member who names no owner becomes the owner.
func (s *accounts) CreateAccount(ctx context.Context, a Actor, id, organizationID string, fields AccountFields) (ServiceAccount, error) {
	if fields.Tier == "" {
		fields.Tier = DefaultTier
	}
	err := allow(a, ReadAccounts, WriteAccounts, organizationID, noAccount)
	if errors.Is(err, errs.NotFound) {
		return ServiceAccount{}, errs.BadField("organization_id", "no_organization")
	}
	if err != nil {
		return ServiceAccount{}, err
	}
	account := ServiceAccount{
		Stamp: NewStamp(s.now()), ID: id, OrganizationID: organizationID,
		CreatedBy: a.Subject().ID, AccountFields: fields,
	}
	if id == "" {
		account.ID = ids.New(ids.ServiceAccount)
	}
	if _, err := s.OrganizationToJoin(ctx, organizationID); err != nil {
		return ServiceAccount{}, err
	}
	if err := s.ownIfMember(ctx, a, &account); err != nil {
		return ServiceAccount{}, err
	}
	if err := s.checkAccount(ctx, a, &account, AccountFields{Tier: DefaultTier}, account.MayMake); err != nil {
		return ServiceAccount{}, err
	}
	if err := s.store.ServiceAccounts().Insert(ctx, account); err != nil {
		return ServiceAccount{}, fmt.Errorf("create service account: %w", err)
	}
	return account, s.Record(ctx, a, "service_account.create", account.Object(), nil, account)
}

// Account returns one service account that the actor may see.
func (s *accounts) Account(ctx context.Context, a Actor, id string) (ServiceAccount, error) {
	return s.AccountFor(ctx, a, id, ReadAccounts, ReadAccounts)
}

// AccountFor returns the account if the actor may do write to it. If they may not
// even do read, the account does not exist for them.
func (s *base) AccountFor(ctx context.Context, a Actor, id string, read, write Action) (ServiceAccount, error) {
	account, err := s.store.ServiceAccounts().Get(ctx, id)
	if err != nil {
		return ServiceAccount{}, Missing(err, noAccount)
	}
	if err := allow(a, read, write, account.OrganizationID, noAccount); err != nil {
		return ServiceAccount{}, err
	}
	account.forgetOverride(s.now())
	return account, nil
}

// Accounts lists the service accounts that the actor may see, in the organization
// unless organizationID is "".
func (s *accounts) Accounts(ctx context.Context, a Actor, organizationID string, f AccountFilter, p Page) ([]ServiceAccount, error) {
	f.OrganizationIDs = visible(a, ReadAccounts, organizationID)
	f.Text = Fold(f.Text)
	found, err := s.store.ServiceAccounts().List(ctx, f, p)
	for i := range found {
		found[i].forgetOverride(s.now())
	}
	return found, err
}

// ChangeAccount applies edit to the account's fields.
func (s *accounts) ChangeAccount(ctx context.Context, a Actor, id string, revision int64, edit func(AccountFields) (AccountFields,
	error),
) (ServiceAccount, error) {
	if _, err := s.AccountFor(ctx, a, id, ReadAccounts, WriteAccounts); err != nil {
		return ServiceAccount{}, err
	}
	before, after, err := s.ReviseAccount(ctx, id, revision, func(account *ServiceAccount) error {
		// it may have been transferred in the meantime
		if err := allow(a, ReadAccounts, WriteAccounts, account.OrganizationID, noAccount); err != nil {
			return err
		}
		old := account.AccountFields
		fields, err := edit(old)
		if err != nil {
			return err
		}
		account.AccountFields = fields
		return s.checkAccount(ctx, a, account, old, account.mayBecome)
	})
	if err != nil {
		return ServiceAccount{}, Missing(err, noAccount)
	}
	return after, s.Record(ctx, a, "service_account.update", after.Object(), before, after)
}

// DeleteAccount deletes an account that has no live keys, and its dead keys.
func (s *accounts) DeleteAccount(ctx context.Context, a Actor, id string, revision int64) error {
	if _, err := s.AccountFor(ctx, a, id, ReadAccounts, WriteAccounts); err != nil {
		return err
	}
	account, err := Remove(ctx, s.store.ServiceAccounts(), id, revision, func(*ServiceAccount) error {
		alive, err := s.AliveKeys(ctx, id, 1)
		if err == nil && alive > 0 {
			err = errs.New(errs.Conflict, "account_in_use")
		}
		return err
	})
	if err != nil {
		return Missing(err, noAccount)
	}
	account.forgetOverride(s.now())
	if err := s.Record(ctx, a, "service_account.delete", account.Object(), account, nil); err != nil {
		return err
	}
	return s.deleteKeysOf(ctx, id)
}

// deleteKeysOf deletes the keys of a deleted account. None of them verifies without
// the account, even while its row remains.
func (s *accounts) deleteKeysOf(ctx context.Context, accountID string) error {
	for {
		rows, err := s.store.Keys().List(ctx, KeyFilter{ServiceAccountID: accountID}, Page{Limit: 100})
		if err != nil {
			return fmt.Errorf("list the account's keys: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		for _, k := range rows {
			if err := s.store.Keys().Delete(ctx, k.ID, k.Revision); err != nil && !errors.Is(err, errs.NotFound) {
				return fmt.Errorf("delete key %s of the account: %w", k.ID, err)
			}
			s.Bump(k.Mark())
		}
	}
}

// checkAccount validates the account; old is its previous state, and may decides
// whether the actor has the authority.
func (s *accounts) checkAccount(ctx context.Context, a Actor, account *ServiceAccount, old AccountFields,
	may func(Actor, AccountFields) error,
) error {
	if err := account.check(old); err != nil {
		return err
	}
	if err := may(a, old); err != nil {
		return err
	}
	if account.Tier != old.Tier || account.Revision == 1 {
		if _, err := s.store.Tiers().Get(ctx, account.Tier); errors.Is(err, errs.NotFound) {
			return errs.BadField("tier", "no_tier")
		} else if err != nil {
			return fmt.Errorf("read tier: %w", err)
		}
	}
	if account.OwnerID != old.OwnerID {
		if err := s.CheckOwner(ctx, account.OrganizationID, account.OwnerID); err != nil {
			return err
		}
	}
	added := slices.DeleteFunc(slices.Clone(account.Scopes), func(scope string) bool { return CoveredBy(old.Scopes, scope) })
	return s.checkCatalogue(ctx, account.Scopes, added)
}

func (account *ServiceAccount) check(old AccountFields) error {
	var f errs.Faults
	checkName(&f, "name", account.Name, old.Name)
	checkText(&f, "description", account.Description, MaxTextLength, true)
	checkText(&f, "external_id", account.ExternalID, MaxNameLength, false)
	checkScopes(&f, "scopes", account.Scopes)
	account.AllowedNetworks = everywhere(account.AllowedNetworks)
	checkNetworks(&f, account.AllowedNetworks)
	checkRule(&f, "rate_limit", account.RateLimit)
	checkQuota(&f, "quota", account.Quota)
	account.Metadata = compact(account.Metadata)
	checkMetadata(&f, account.Metadata)
	if account.Scopes = tidy(account.Scopes); account.Scopes == nil {
		account.Scopes = []string{}
	}
	return f.Err()
}

// checkCatalogue refuses newly granted scopes that are not in the catalogue.
func (s *accounts) checkCatalogue(ctx context.Context, all, added []string) error {
	var f errs.Faults
	for _, scope := range added {
		known, err := s.inCatalogue(ctx, scope)
		if err != nil {
			return fmt.Errorf("read the scope catalogue: %w", err)
		}
		f.Check(known, fmt.Sprintf("scopes[%d]", slices.Index(all, scope)), "scope_unknown", "scope", scope)
	}
	return f.Err()
}

func (s *accounts) inCatalogue(ctx context.Context, grant string) (bool, error) {
	if grant == AnyScope {
		return true, nil
	}
	if prefix, ok := strings.CutSuffix(grant, "*"); ok {
		next, err := s.store.Scopes().List(ctx, NoFilter{}, Page{After: prefix, Limit: 1})
		return err == nil && len(next) == 1 && strings.HasPrefix(next[0].Name, prefix), err
	}
	c, err := s.store.Scopes().Get(ctx, grant)
	if errors.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil && c.RetiredAt.IsZero(), err
}

// Object names the account in audit events.
func (account *ServiceAccount) Object() audit.Object {
	return audit.Object{Type: "service_account", ID: account.ID, OrganizationID: account.OrganizationID}
}

// AccountToChange returns a service account that the actor may change.
func (s *accounts) AccountToChange(ctx context.Context, a Actor, id string) (ServiceAccount, error) {
	return s.AccountFor(ctx, a, id, ReadAccounts, WriteAccounts)
}

// AccountExists reports whether there is a service account with the id.
func (s *accounts) AccountExists(ctx context.Context, id string) (bool, error) {
	_, err := s.store.ServiceAccounts().Get(ctx, id)
	if errors.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}
