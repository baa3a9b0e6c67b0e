package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// storeAccounts stores the accounts that this run has not met, and gives those that were
// there before the scopes that their new keys need. It returns the items whose account has
// room for them, and refuses the others.
func (r *run) storeAccounts(ctx context.Context, items []*item) ([]*item, error) {
	var fresh []keys.ServiceAccount
	for _, i := range items {
		if a := &i.account; !r.plan.begun[ids.ShortOf(a.ID)] {
			r.plan.begun[ids.ShortOf(a.ID)] = true
			fresh = append(fresh, *a)
		}
	}
	if len(fresh) > 0 {
		there, err := r.Store.ServiceAccounts().InsertAll(ctx, fresh)
		if err != nil {
			return nil, fmt.Errorf("store accounts: %w", err)
		}
		r.n.Count.Accounts += len(fresh) - len(there)
		for _, id := range there {
			r.plan.older[ids.ShortOf(id)] = true
		}
	}
	return r.extend(ctx, items)
}

// extend widens the accounts that an earlier import made, for keys that do not exist. What
// staff took from an account whose keys are all there is not given back.
func (r *run) extend(ctx context.Context, items []*item) ([]*item, error) {
	var wanted []string
	for _, i := range items {
		if r.plan.older[ids.ShortOf(i.account.ID)] {
			wanted = append(wanted, i.key.ID)
		}
	}
	if len(wanted) == 0 {
		return items, nil
	}
	there, err := r.there(ctx, wanted)
	if err != nil {
		return nil, err
	}
	needed := map[string]*keys.ServiceAccount{} // with the scopes of new keys only
	for _, i := range items {
		if _, stored := there[i.key.ID]; stored || !r.plan.older[ids.ShortOf(i.account.ID)] {
			continue
		}
		if needed[i.account.ID] == nil {
			a := i.account
			a.Scopes = nil
			needed[a.ID] = &a
		}
		needed[i.account.ID].Scopes = append(needed[i.account.ID].Scopes, i.key.Scopes...)
	}
	full := map[string]errs.Text{}
	for id, a := range needed {
		err := r.widen(ctx, a)
		switch {
		case errors.Is(err, errs.Invalid), errors.Is(err, errMoved):
			_, full[id] = faultOf(err)
		case err != nil:
			return nil, fmt.Errorf("give account %s the scopes of its keys: %w", id, err)
		}
	}
	return r.fitting(items, there, full)
}

// fitting refuses the new items of accounts that cannot take them.
func (r *run) fitting(items []*item, there map[string]keys.Key, full map[string]errs.Text) (rest []*item, err error) {
	for _, i := range items {
		fault, refused := full[i.account.ID]
		if _, stored := there[i.key.ID]; stored || !refused {
			rest = append(rest, i)
		} else if err := r.refuse(Problem{Place: i.place, ID: i.id, Fault: fault}); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// errMoved is returned for an account that was transferred to another organization, whose
// keys would go with it.
var errMoved error = errs.New(errs.Conflict, "import_account_moved")

// widen gives an account the scopes that it lacks. The error is errs.Invalid if it cannot
// have that many.
func (r *run) widen(ctx context.Context, a *keys.ServiceAccount) error {
	edit := func(there *keys.ServiceAccount) error {
		if there.OrganizationID != a.OrganizationID {
			return errMoved
		}
		missing := slices.DeleteFunc(slices.Clone(a.Scopes), func(s string) bool { return keys.CoveredBy(there.Scopes, s) })
		if len(missing) == 0 {
			return nil
		}
		slices.Sort(missing)
		there.Scopes = append(slices.Clone(there.Scopes), slices.Compact(missing)...)
		return there.CheckImported()
	}
	_, _, err := keys.Revise(ctx, r.Store.ServiceAccounts(), a.ID, keys.AnyRevision, r.Keys.Now, edit)
	if err == nil {
		r.Keys.Bump(a.ID)
	}
	return err
}
