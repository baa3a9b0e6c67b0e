package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// Bounds of InUse.
const (
	MostInUse         = 50_000 // keys that are looked at
	MostInUseAccounts = 200    // accounts that are listed
	RecentUse         = 30 * 24 * time.Hour
	inUsePage         = 1000
)

// InUse counts the imported keys that are still in use, by service account. Revoked keys do
// not count.
type InUse struct {
	Keys     int // imported keys
	Used     int // since the import, and in the last RecentUse
	Unused   int // not since the import
	Digests  int // that still have the digest of their source
	Complete bool
	Accounts []InUseAccount // those with the most keys in use come first
}

// InUseAccount is a service account with imported keys.
type InUseAccount struct {
	ID, Name, OrganizationID string
	Keys, Used               int
}

// InUse looks at the first MostInUse imported keys. Only staff may.
func (s *Service) InUse(ctx context.Context, a keys.Actor) (InUse, error) {
	if err := keys.StaffOnly(a); err != nil {
		return InUse{}, err
	}
	out, accounts, revoked := InUse{}, map[string]*InUseAccount{}, false
	since := s.Keys.Now().Add(-RecentUse)
	for after := ""; !out.Complete && out.Keys < MostInUse; {
		page, err := s.Store.Keys().List(ctx, keys.KeyFilter{Imported: true, Revoked: &revoked}, keys.Page{After: after, Limit: inUsePage})
		if err != nil {
			return InUse{}, fmt.Errorf("list imported keys: %w", err)
		}
		for i := range page {
			k := &page[i]
			account := accounts[k.ServiceAccountID]
			if account == nil {
				account = &InUseAccount{ID: k.ServiceAccountID, OrganizationID: k.OrganizationID}
				accounts[account.ID] = account
			}
			out.count(account, k, since)
			after = k.ID
		}
		out.Complete = len(page) < inUsePage
	}
	var err error
	out.Accounts, err = s.mostInUse(ctx, accounts)
	return out, err
}

func (u *InUse) count(account *InUseAccount, k *keys.Key, since time.Time) {
	u.Keys++
	account.Keys++
	switch {
	case ids.At(ids.Import, k.LastUsedAt) < k.ImportID: // used at the source, if at all
		u.Unused++
	case k.LastUsedAt.After(since):
		u.Used++
		account.Used++
	}
	if k.Digest != "" {
		u.Digests++
	}
}

// mostInUse returns the accounts to list, with their names.
func (s *Service) mostInUse(ctx context.Context, accounts map[string]*InUseAccount) ([]InUseAccount, error) {
	all := make([]InUseAccount, 0, len(accounts))
	for _, account := range accounts {
		all = append(all, *account)
	}
	slices.SortFunc(all, func(a, b InUseAccount) int {
		return cmp.Or(cmp.Compare(b.Used, a.Used), cmp.Compare(b.Keys, a.Keys), cmp.Compare(a.ID, b.ID))
	})
	all = all[:min(len(all), MostInUseAccounts)]
	for i := range all {
		account, err := s.Store.ServiceAccounts().Get(ctx, all[i].ID)
		if err != nil && !errors.Is(err, errs.NotFound) { // deleted meanwhile
			return nil, fmt.Errorf("read an account with imported keys: %w", err)
		}
		all[i].Name = account.Name
	}
	return all, nil
}
