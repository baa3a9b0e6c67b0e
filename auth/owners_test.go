package auth_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// counted is a store in which the first two who count owners see the same.
type counted struct {
	auth.Store
	both *sync.WaitGroup
	left *int
	mu   *sync.Mutex
}

type countedMembers struct {
	keys.Collection[auth.Membership, auth.MembershipFilter]
	c counted
}

func (c counted) Memberships() keys.Collection[auth.Membership, auth.MembershipFilter] {
	return countedMembers{c.Store.Memberships(), c}
}

func (m countedMembers) List(ctx context.Context, f auth.MembershipFilter, page keys.Page) ([]auth.Membership, error) {
	found, err := m.Collection.List(ctx, f, page)
	m.c.mu.Lock()
	early := *m.c.left > 0 && f.Role == auth.Owner
	if early {
		*m.c.left--
	}
	m.c.mu.Unlock()
	if early {
		m.c.both.Done()
		m.c.both.Wait()
	}
	return found, err
}

// Two owners who demote or remove each other at the same moment leave an
// organization with an owner.
func TestTwoOwnersCannotEndEachOther(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*office, keys.Actor, string) error{
		"demote": func(o *office, a keys.Actor, user string) error {
			_, err := o.Members.Change(t.Context(), a, "org_a", user, keys.AnyRevision, func(auth.Role) (auth.Role, error) {
				return auth.Viewer, nil
			})
			return err
		},
		"remove": func(o *office, a keys.Actor, user string) error {
			return o.Members.Remove(t.Context(), a, "org_a", user, keys.AnyRevision)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, ratelimit.Rule{})
			var owners [2]*auth.Principal
			for i := range owners {
				u := auth.User{Stamp: keys.NewStamp(time.Now()), ID: ids.New(ids.User), Email: ids.New("") + "@example.com", ConfirmedAt: time.Now()}
				o.must(o.store.Users().Insert(t.Context(), u))
				_, err := o.Members.Add(t.Context(), o.admin, "org_a", u.ID, auth.Owner)
				o.must(err)
				owners[i], err = o.Users.Principal(t.Context(), u)
				o.must(err)
			}
			var both, ended sync.WaitGroup
			both.Add(2)
			left := 2
			o.Store = counted{o.store, &both, &left, &sync.Mutex{}}
			var faults [2]error
			for i := range owners {
				ended.Go(func() { faults[i] = end(o, owners[i], owners[1-i].ID()) })
			}
			ended.Wait()
			found, err := o.store.Memberships().List(t.Context(), auth.MembershipFilter{OrganizationID: "org_a", Role: auth.Owner},
				keys.Page{Limit: 5})
			if err != nil || len(found) == 0 {
				t.Errorf("%d owners are left: %v", len(found), err)
			}
			refused := 0
			for _, err := range faults {
				if errors.Is(err, errs.Conflict) {
					refused++
				}
			}
			if refused == 0 {
				t.Errorf("neither was refused: %v", faults)
			}
		})
	}
}
