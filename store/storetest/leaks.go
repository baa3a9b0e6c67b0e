package storetest

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/store"
)

func leakCollections(t *testing.T, s store.Store) {
	t.Run("reports of leaks", func(t *testing.T) { life(t, leakReportKind(s)) })
	t.Run("leaks", func(t *testing.T) { life(t, leakKind(s)) })
	t.Run("exposures", func(t *testing.T) { life(t, exposureKind(s)) })
	t.Run("leak policies", func(t *testing.T) { leakPolicies(t, s) })
}

func leakReportKind(s store.Store) kind[leaks.Report, keys.NoFilter] {
	return kind[leaks.Report, keys.NoFilter]{
		in: s.LeakReports(), id: func(r *leaks.Report) string { return r.ID }, stamp: func(r *leaks.Report) *keys.Stamp { return &r.Stamp },
		ascending: true,
		make: func(i int) leaks.Report {
			return leaks.Report{
				Stamp: keys.NewStamp(now()), ID: ids.New(ids.Leak), Source: leaks.Anonymous, Address: netip.MustParseAddr("2001:db8::7"),
				Note: "Ünï $where", Sealed: append([]byte{0, 255}, fmt.Sprint(i)...),
			}
		},
		change: func(r *leaks.Report) { r.ClaimedUntil = now() },
	}
}

func leakKind(s store.Store) kind[leaks.Leak, keys.NoFilter] {
	return kind[leaks.Leak, keys.NoFilter]{
		in: s.Leaks(), id: func(l *leaks.Leak) string { return l.ID }, stamp: func(l *leaks.Leak) *keys.Stamp { return &l.Stamp },
		make: func(i int) leaks.Leak {
			return leaks.Leak{
				Stamp: keys.NewStamp(now()), ID: ids.New(ids.Leak), Source: leaks.GitHub, Unknown: i,
				Keys: []leaks.Key{
					{ID: "key_a", OrganizationID: "org_a", Name: "k", URL: "javascript:1", Outcome: leaks.Revoked, At: now()},
					{Kind: leaks.UserToken, ID: "tok_a", UserID: "usr_a"},
				},
			}
		},
		change: func(l *leaks.Leak) { l.Note, l.Keys = "changed", []leaks.Key{} },
	}
}

func exposureKind(s store.Store) kind[leaks.Exposure, keys.NoFilter] {
	return kind[leaks.Exposure, keys.NoFilter]{
		in: s.Exposures(), id: func(x *leaks.Exposure) string { return x.ID }, stamp: func(x *leaks.Exposure) *keys.Stamp { return &x.Stamp },
		ascending: true,
		make: func(i int) leaks.Exposure {
			return leaks.Exposure{
				Stamp: keys.NewStamp(now()), ID: fmt.Sprintf("key_%02d.leak", i), KeyID: fmt.Sprintf("key_%02d", i), Way: leaks.ByLeak,
				Source: leaks.Partner, LastAt: now(),
			}
		},
		change: func(x *leaks.Exposure) { x.Source, x.LastAt = leaks.GitLab, now() },
	}
}

// leakPolicies: a tier keeps its policy.
func leakPolicies(t *testing.T, s store.Store) {
	for i, p := range keys.LeakPolicies() {
		tier := tierKind(s).make(90 + i)
		tier.LeakPolicy = p
		must(t, s.Tiers().Insert(t.Context(), tier))
		got, err := s.Tiers().Get(t.Context(), tier.Name)
		must(t, err)
		same(t, got, tier)
		must(t, s.Tiers().Delete(t.Context(), tier.Name, tier.Revision))
	}
}
