package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/usage"
)

// The numbers of other objects in a store that pages are read from.
const (
	crowdOrganizations = 300
	crowdUsers         = 3000
	crowdEvents        = 10_000
	crowdUsed          = 5000 // keys with usage of the last 30 days
	crowdDays          = 400  // since the first key was created
)

// crowd adds to a demo's store what makes it large. Half of the keys and accounts belong to
// the first organization.
type crowd struct {
	*sqlite.Store
	now           time.Time
	chance        *rand.Rand
	organizations []string
	users         []string
	members       map[string][]string // by organization
	accounts      []keys.ServiceAccount
	keys          []keys.Key
}

// crowded adds n keys to the store at the path, and returns it for reading.
func crowded(ctx context.Context, path string, n int) (c *crowd, err error) {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	//nolint:gosec // G404: the same crowd each time
	c = &crowd{
		Store: s, now: time.Now().UTC(), chance: rand.New(rand.NewPCG(1, 2)), organizations: []string{keys.FirstOrganization},
		members: map[string][]string{},
	}
	for _, add := range []func(context.Context) error{
		c.addOrganizations, c.addUsers,
		func(ctx context.Context) error { return c.addAccounts(ctx, n/keysPerAccount) },
		func(ctx context.Context) error { return c.addKeys(ctx, n) },
		c.addEvents, c.addUsage,
	} {
		if err := add(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// aged returns a new id created at the time.
func (c *crowd) aged(prefix string, at time.Time) string {
	random := make([]byte, 10)
	for i := range random {
		random[i] = byte(c.chance.IntN(256)) //nolint:gosec // G115: below 256
	}
	first := ids.At(prefix, at)
	return first[:len(first)-2*len(random)] + hex.EncodeToString(random)
}

// past returns a time since the first key was created.
func (c *crowd) past() time.Time {
	return c.now.Add(-time.Duration(c.chance.IntN(crowdDays*24*60)) * time.Minute).Truncate(time.Millisecond)
}

// place returns the first of n half of the time, otherwise any.
func (c *crowd) place(n int) int { return c.chance.IntN(2) * c.chance.IntN(n) }

func (c *crowd) addOrganizations(ctx context.Context) error {
	for i := range crowdOrganizations {
		at := c.past()
		o := keys.Organization{
			Stamp: keys.NewStamp(at), ID: c.aged(ids.Organization, at), OrganizationFields: keys.OrganizationFields{
				Name: fmt.Sprintf("Tenant %d", i),
			},
		}
		if err := c.Organizations().Insert(ctx, o); err != nil {
			return err
		}
		c.organizations = append(c.organizations, o.ID)
	}
	return nil
}

func (c *crowd) addUsers(ctx context.Context) error {
	for i := range crowdUsers {
		at := c.past()
		u := auth.User{
			Stamp: keys.NewStamp(at), ID: c.aged(ids.User, at), Email: fmt.Sprintf("person%d@example.org", i),
			Name: fmt.Sprintf("Person %d", i), ConfirmedAt: at,
		}
		if err := c.Users().Insert(ctx, u); err != nil {
			return err
		}
		c.users = append(c.users, u.ID)
		if i%10 == 9 {
			continue // has left
		}
		m := auth.Membership{
			Stamp: keys.NewStamp(at), OrganizationID: c.organizations[i%len(c.organizations)], UserID: u.ID,
			Role: auth.Developer,
		}
		if i%30 == 0 {
			m.OrganizationID = keys.FirstOrganization
		}
		if err := c.Memberships().Insert(ctx, m); err != nil {
			return err
		}
		c.members[m.OrganizationID] = append(c.members[m.OrganizationID], m.UserID)
	}
	return nil
}

func (c *crowd) addAccounts(ctx context.Context, n int) error {
	grants := [][]string{{"invoices:*", "customers:read"}, {"orders:read", "orders:write"}, {"payments:read", "invoices:read", "reports:read"}}
	for i := range n {
		at := c.past()
		a := keys.ServiceAccount{
			Stamp: keys.NewStamp(at), ID: c.aged(ids.ServiceAccount, at),
			OrganizationID: c.organizations[c.place(len(c.organizations))], CreatedBy: c.users[i%len(c.users)], AccountFields: keys.AccountFields{
				Name: fmt.Sprintf("Integration %d", i), Tier: []string{"free", "pro", "enterprise"}[i%3], Scopes: grants[i%len(grants)],
			},
		}
		if who := c.members[a.OrganizationID]; len(who) > 0 && i%50 != 49 {
			a.OwnerID = who[i%len(who)]
		}
		if err := c.ServiceAccounts().Insert(ctx, a); err != nil {
			return err
		}
		c.accounts = append(c.accounts, a)
	}
	return nil
}

func (c *crowd) addKeys(ctx context.Context, n int) error {
	format, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		return err
	}
	return c.LoadAll(ctx, func(yield func(keys.Key) bool) {
		for i := range n {
			k := c.key(format, i)
			if i%(n/crowdUsed+1) == 0 {
				c.keys = append(c.keys, k)
			}
			if !yield(k) {
				return
			}
		}
	})
}

// key returns a key in one of a hundred states: revoked, disabled, ending, used or not.
func (c *crowd) key(format keys.Format, i int) keys.Key {
	secret, at, a := format.New(keys.Live).Reveal(), c.past(), &c.accounts[i%len(c.accounts)]
	k := keys.Key{
		Stamp: keys.NewStamp(at), ID: c.aged(ids.Key, at), OrganizationID: a.OrganizationID, ServiceAccountID: a.ID, Environment: keys.Live,
		Hash: keys.HashOf(secret), HashAlgorithm: keys.SHA256, Start: secret[:12], Last4: secret[len(secret)-4:],
		CreatedBy: c.users[c.chance.IntN(len(c.users))],
		KeyFields: keys.KeyFields{Name: fmt.Sprintf("CI runner %d", i), Note: "in the vault"},
	}
	chance := c.chance.IntN(100)
	switch {
	case chance < 8:
		k.RevokedAt, k.RevokeReason = at.Add(c.now.Sub(at)/2), keys.ReasonSuperseded
	case chance < 11:
		k.Disabled = true
	case chance < 45:
		k.ExpiresAt = c.now.Add(time.Duration(c.chance.IntN(500*24)-100*24) * time.Hour)
	case chance < 55:
		k.Scopes = a.Scopes[:1]
	}
	if c.chance.IntN(3) > 0 {
		k.LastUsedAt = at.Add(time.Duration(c.chance.Float64() * float64(c.now.Sub(at))))
	}
	return k
}

func (c *crowd) addEvents(ctx context.Context) error {
	for i := range crowdEvents {
		k := &c.keys[i%len(c.keys)]
		at := c.past()
		after, err := json.Marshal(map[string]any{"id": k.ID, "name": k.Name, "organization_id": k.OrganizationID})
		if err != nil {
			return err
		}
		e := audit.Event{
			ID: c.aged(ids.Event, at), At: at, Subject: audit.Subject{Kind: "user", ID: k.CreatedBy, Name: "Person"}, Action: "key.update",
			Object: audit.Object{Type: "key", ID: k.ID, OrganizationID: k.OrganizationID}, Before: after, After: after,
		}
		if err := c.AppendEvent(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) addUsage(ctx context.Context) error {
	var tallies []usage.Tally
	for day := range 30 {
		at := c.now.AddDate(0, 0, -day)
		for i := range c.keys {
			k := &c.keys[i]
			t := usage.Tally{Subject: usage.Subject{KeyID: k.ID, AccountID: k.ServiceAccountID, OrganizationID: k.OrganizationID}, At: at}
			t.Counts[usage.Allowed] = uint64(1 + c.chance.IntN(1000)) //nolint:gosec // G115: small
			tallies = append(tallies, t)
		}
	}
	levels := func(at time.Time) []usage.Level {
		if c.now.Sub(at) < 4*24*time.Hour {
			return []usage.Level{usage.Hours, usage.Days}
		}
		return []usage.Level{usage.Days}
	}
	const batch = 2000 // pages per write
	for pages := usage.PagesOf(tallies, levels); len(pages) > 0; {
		n := min(batch, len(pages))
		if err := c.AddUsage(ctx, pages[:n], journal.Progress{}); err != nil {
			return err
		}
		pages = pages[n:]
	}
	return nil
}
