package keystest

import (
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// Users of organizations.
const (
	Ada   = ids.User + "0000000000007000800000000000000a"
	Ben   = ids.User + "0000000000007000800000000000000b"
	Carol = ids.User + "0000000000007000800000000000000c"
)

// Joined makes a user a member and returns them as an actor.
func (w *World) Joined(organization, user string, role auth.Role) keys.Actor {
	w.T.Helper()
	w.Must(w.Store.Memberships().Insert(w.T.Context(), auth.Membership{
		Stamp: keys.NewStamp(w.Now()), OrganizationID: organization,
		UserID: user, Role: role,
	}))
	return &auth.Principal{
		Kind: auth.UserKind, User: &auth.User{ID: user, Email: user + "@example.com"}, Memberships: map[string]auth.Role{organization: role},
	}
}

// Owned sets the owner of the account on behalf of the actor.
func (w *World) Owned(a keys.Actor, account, owner string) error {
	_, err := w.Service.ChangeAccount(w.T.Context(), a, account, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.OwnerID = owner
		return f, nil
	})
	return err
}

// OwnerOf returns the owner of the account.
func (w *World) OwnerOf(account string) string {
	w.T.Helper()
	a, err := w.Store.ServiceAccounts().Get(w.T.Context(), account)
	w.Must(err)
	return a.OwnerID
}

// NewOrganization creates an organization, and returns its id.
func (w *World) NewOrganization(name string) string {
	w.T.Helper()
	o, err := w.Service.CreateOrganization(w.T.Context(), w.Admin, "", keys.OrganizationFields{Name: name})
	w.Must(err)
	return o.ID
}
