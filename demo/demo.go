// Package demo fills an empty store with realistic sample data, so that a
// newcomer can look around: organizations, people, service accounts, keys in
// every state, and 90 days of usage. It acts through the domain, on a clock
// that it sets, so its data follows every rule.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
)

// How much there is.
const (
	Organizations = 3
	Accounts      = 40
	Keys          = 400
	Days          = 90 // of usage
)

// Config is what Fill needs. All fields but Now are required.
type Config struct {
	Store  store.Store
	People *auth.People
	Format keys.Format
	Now    func() time.Time // time.Now if nil
}

// SignIn is one user that was made.
type SignIn struct {
	Email    string
	Password string
	About    string
}

// ErrNotEmpty is returned for a store that holds anything of somebody's own.
var ErrNotEmpty = errs.New(errs.Conflict, "store_not_empty")

// filler makes the data. Its clock goes where the story is.
type filler struct {
	Config
	keys    *keys.Service
	at      time.Time // what the clock shows
	now     time.Time // when all of it ends
	chance  *mathrand.Rand
	admin   keys.Actor
	members map[string][]*auth.Principal // by organization
	made    []*story

	companies []company
}

// Fill fills the store and returns who can sign in. It fails with ErrNotEmpty,
// and changes nothing, where the store has users or service accounts.
func Fill(ctx context.Context, c Config) ([]SignIn, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := empty(ctx, c); err != nil {
		return nil, err
	}
	f := &filler{
		Config: c, companies: companies(), now: c.Now().UTC(), admin: auth.System(), members: map[string][]*auth.Principal{},
		chance: mathrand.New(mathrand.NewPCG(2026, 11)), //nolint:gosec // G404: the same story each time; secrets come from the domain
	}
	f.at = f.now.AddDate(0, 0, -firstDay)
	clock := func() time.Time { return f.at }
	var err error
	f.keys, err = keys.New(keys.Config{
		Store: c.Store, Audit: audit.New(past{c.Store}, clock), Marks: keys.NewMarks(), Format: c.Format,
		Now: clock, IsMember: auth.IsMember(c.Store.Memberships()),
	})
	if err != nil {
		return nil, err
	}
	if err := f.keys.Seed(ctx, f.admin, true); err != nil {
		return nil, err
	}
	if err := f.scopes(ctx); err != nil {
		return nil, fmt.Errorf("make scopes: %w", err)
	}
	signIns, err := f.organizations(ctx)
	if err != nil {
		return nil, fmt.Errorf("make organizations: %w", err)
	}
	if err := f.accounts(ctx); err != nil {
		return nil, fmt.Errorf("make service accounts and keys: %w", err)
	}
	return signIns, f.usage(ctx)
}

func empty(ctx context.Context, c Config) error {
	users, err := c.Store.Users().List(ctx, auth.UserFilter{}, keys.Page{Limit: 1})
	if err != nil {
		return fmt.Errorf("look for users: %w", err)
	}
	accounts, err := c.Store.ServiceAccounts().List(ctx, keys.AccountFilter{}, keys.Page{Limit: 1})
	if err != nil {
		return fmt.Errorf("look for service accounts: %w", err)
	}
	if len(users)+len(accounts) > 0 {
		return ErrNotEmpty
	}
	return nil
}

// past gives events ids of their own time: lists go by the id.
type past struct{ audit.Store }

// AppendEvent implements audit.Store.
func (p past) AppendEvent(ctx context.Context, e audit.Event) error {
	e.ID = idAt(ids.Event, e.At)
	return p.Store.AppendEvent(ctx, e)
}

// AppendEvents implements audit.Store.
func (p past) AppendEvents(ctx context.Context, all []audit.Event) error {
	for i := range all {
		all[i].ID = idAt(ids.Event, all[i].At)
	}
	return p.Store.AppendEvents(ctx, all)
}

// idAt is a new id that could have been made at the time.
func idAt(prefix string, t time.Time) string {
	first := ids.At(prefix, t)
	var random [10]byte
	rand.Read(random[:])
	return first[:len(first)-2*len(random)] + hex.EncodeToString(random[:])
}

func (f *filler) scopes(ctx context.Context) error {
	for _, s := range catalogue() {
		_, err := f.keys.CreateScope(ctx, f.admin, s.name, keys.ScopeFields{Description: s.about})
		if errors.Is(err, errs.Conflict) { // one of the examples
			_, err = f.keys.ChangeScope(ctx, f.admin, s.name, keys.AnyRevision, func(keys.ScopeFields) (keys.ScopeFields, error) {
				return keys.ScopeFields{Description: s.about}, nil
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) organizations(ctx context.Context) ([]SignIn, error) {
	password := rand.Text()
	staff, err := f.People.Users.Create(ctx, f.admin, "", auth.UserFields{
		Email: "admin@example.com", Name: "Sam Staff",
		Password: password, IsAdmin: true,
	})
	if err != nil {
		return nil, err
	}
	all := []SignIn{{staff.Email, password, "the provider's staff"}}
	for i, o := range f.companies {
		id := idAt(ids.Organization, f.at)
		if i == 0 {
			id = keys.FirstOrganization
			_, err = f.keys.ChangeOrganization(ctx, f.admin, id, keys.AnyRevision, func(fields keys.OrganizationFields) (keys.OrganizationFields,
				error,
			) {
				fields.Name = o.name
				return fields, nil
			})
		} else {
			_, err = f.keys.CreateOrganization(ctx, f.admin, id, keys.OrganizationFields{Name: o.name})
		}
		if err != nil {
			return nil, err
		}
		for _, p := range o.people {
			u, err := f.People.Users.Create(ctx, f.admin, "", auth.UserFields{Email: p.email, Name: p.name, Password: password})
			if err != nil {
				return nil, err
			}
			if _, err := f.People.Members.Add(ctx, f.admin, id, u.ID, p.role); err != nil {
				return nil, err
			}
			who, err := f.People.Users.Principal(ctx, u)
			if err != nil {
				return nil, err
			}
			if p.role != auth.Viewer {
				f.members[id] = append(f.members[id], who)
			}
			all = append(all, SignIn{p.email, password, string(p.role) + " of " + o.name})
		}
		f.companies[i].id = id
	}
	return all, nil
}
