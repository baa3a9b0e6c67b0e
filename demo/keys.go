package demo

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// fate is what becomes of a key.
type fate int

const (
	ordinary fate = iota
	expiring      // soon
	expired
	revoked
	rotated // lately: the old key still works, and is still used
	unused  // never used
	idle    // not used for long
	bound   // to networks
	disabled
	early // not valid yet
)

const (
	firstDay = 400 // days ago: when the story begins
	free     = "free"
)

// fates are dealt out in turn.
func fates() []fate {
	return []fate{
		ordinary, ordinary, bound, ordinary, expired, ordinary, rotated, ordinary, revoked, unused,
		ordinary, expiring, ordinary, revoked, ordinary, bound, ordinary, idle, ordinary, disabled,
		ordinary, ordinary, expired, ordinary, rotated, unused, ordinary, revoked, ordinary, early,
	}
}

// story is one key, and how it is used.
type story struct {
	keys.Key
	fate   fate
	scopes []string
	asked  []string  // those of the scopes that are asked for
	ends   time.Time // when it stopped being used, zero if it did not
	rate   float64   // uses in an hour of a busy day
}

// accounts makes the service accounts and their keys: as many of each as there
// are to be.
func (f *filler) accounts(ctx context.Context) error {
	names, scopes := integrations(), grants()
	dealt := 0
	for i := range Accounts {
		o := f.companies[[...]int{0, 0, 1, 0, 2, 1, 0}[i%7]]
		fields := keys.AccountFields{
			Name: names[i%len(names)].name, Description: names[i%len(names)].about, Tier: "pro",
			Scopes: scopes[i%len(scopes)], ExternalID: fmt.Sprintf("crm-%05d", 10_000+i*37),
		}
		if i >= len(names) {
			fields.Name = fmt.Sprintf("%s %d", fields.Name, 1+i/len(names))
		}
		if who := f.members[o.id]; i%9 != 8 {
			fields.OwnerID = who[i%len(who)].ID()
		}
		most := 11
		switch {
		case i%4 == 3:
			fields.Tier, most = free, 8
		case i%8 == 5:
			fields.Tier = "enterprise"
		}
		if i%4 != 3 && i >= 26 {
			most = 10
		}
		f.at = f.now.AddDate(0, 0, -firstDay+i*3)
		a, err := f.keys.CreateAccount(ctx, f.admin, idAt(ids.ServiceAccount, f.at), o.id, fields)
		if err != nil {
			return err
		}
		for n := 0; n < most; {
			made, err := f.key(ctx, a, dealt, most-n)
			if err != nil {
				return fmt.Errorf("key %d of %s: %w", n, a.Name, err)
			}
			dealt++
			n += made
		}
	}
	return nil
}

// key makes one key, or one and its successor where there is room for two.
func (f *filler) key(ctx context.Context, a keys.ServiceAccount, n, room int) (int, error) {
	all := fates()
	s := &story{fate: all[n%len(all)], rate: f.rate(a.Tier)}
	if s.fate == rotated && room < 2 {
		s.fate = ordinary
	}
	fields, created := f.fields(s, n)
	if created.Before(a.CreatedAt) {
		created = a.CreatedAt.Add(time.Hour)
	}
	if n%5 == 1 {
		fields.Scopes = a.Scopes[:len(a.Scopes)-1]
	}
	f.at = created
	who := f.members[a.OrganizationID]
	environment := keys.Live
	if n%6 == 4 {
		environment = keys.Test
	}
	k, _, err := f.keys.Issue(ctx, who[n%len(who)], keys.IssueInput{
		ID: idAt(ids.Key, created), ServiceAccountID: a.ID,
		Environment: environment, KeyFields: fields,
	})
	if err != nil {
		return 0, err
	}
	s.Key, s.scopes = k, fields.Scopes
	if s.scopes == nil {
		s.scopes = a.Scopes
	}
	s.asked = s.scopes
	if n%3 == 0 {
		s.asked = s.scopes[:1]
	}
	f.made = append(f.made, s)
	return f.live(ctx, who[0], s, n)
}

// fields are what the key is made with, and when.
func (f *filler) fields(s *story, n int) (keys.KeyFields, time.Time) {
	names := keyNames()
	fields := keys.KeyFields{Name: names[n%len(names)].name, Note: names[n%len(names)].about}
	age := time.Duration(20+f.chance.IntN(240)) * 24 * time.Hour
	created := f.now.Add(-age - time.Duration(f.chance.IntN(24*60))*time.Minute)
	switch s.fate {
	case expiring:
		fields.ExpiresAt = f.now.Add(time.Duration(20+f.chance.IntN(27*24)) * time.Hour)
	case expired:
		created = f.now.AddDate(0, 0, -120)
		fields.ExpiresAt = f.now.Add(-time.Duration(6+f.chance.IntN(40*24)) * time.Hour)
		s.ends = fields.ExpiresAt
	case bound:
		fields.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8:40::/48")}
	case early:
		fields.NotBefore = f.now.Add(time.Duration(2+f.chance.IntN(10)) * 24 * time.Hour)
	case unused, idle:
		created = f.now.AddDate(0, 0, -140-f.chance.IntN(60))
	default:
		if n%4 == 0 {
			fields.ExpiresAt = f.now.AddDate(0, 0, 60+f.chance.IntN(300))
		}
	}
	return fields, created
}

// live takes the key to what became of it, and returns how many keys it is.
func (f *filler) live(ctx context.Context, who keys.Actor, s *story, n int) (int, error) {
	switch s.fate {
	case revoked:
		s.ends = f.now.Add(-time.Duration(2+f.chance.IntN(18*24)) * time.Hour)
		f.at = s.ends
		reasons := []keys.RevokeReason{keys.ReasonSuperseded, keys.ReasonLeaked, keys.ReasonUnused, keys.ReasonUnspecified}
		notes := []string{"moved to a key of its own for each region", "found in a public repository", "", "the contractor has left"}
		var err error
		s.Key, _, err = f.keys.Revoke(ctx, who, s.ID, keys.AnyRevision, reasons[n%len(reasons)], notes[n%len(notes)])
		return 1, err
	case disabled:
		s.ends = f.now.AddDate(0, 0, -3)
		f.at = s.ends
		var err error
		s.Key, err = f.keys.ChangeKey(ctx, who, s.ID, keys.AnyRevision, func(fields keys.KeyFields) (keys.KeyFields, error) {
			fields.Disabled = true
			return fields, nil
		})
		return 1, err
	case rotated:
		f.at = f.now.Add(-time.Duration(3+f.chance.IntN(60)) * time.Hour)
		next, _, err := f.keys.Rotate(ctx, who, s.ID, keys.RotateInput{
			SuccessorID: idAt(ids.Key, f.at), Revision: keys.AnyRevision,
			Grace: 7 * 24 * time.Hour,
		})
		if err != nil {
			return 0, err
		}
		f.made = append(f.made, &story{Key: next, scopes: s.scopes, asked: s.asked, rate: s.rate * 0.7})
		s.rate *= 0.3
		return 2, nil
	default:
		return 1, nil
	}
}

// rate is how often a key is used in an hour of a busy day: most a little, few
// very much.
func (f *filler) rate(tier string) float64 {
	x := f.chance.Float64()
	if tier == free {
		return 2 + 90*x*x
	}
	return 5 + 900*x*x*x*x
}
