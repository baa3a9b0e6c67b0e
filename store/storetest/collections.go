package storetest

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

// kind is how the suite makes, names and changes objects of one collection.
type kind[T, F any] struct {
	in        keys.Collection[T, F]
	make      func(i int) T
	id        func(*T) string
	stamp     func(*T) *keys.Stamp
	change    func(*T)
	ascending bool // ordered by name, not newest first
}

func organizationKind(s store.Store) kind[keys.Organization, keys.OrganizationFilter] {
	return kind[keys.Organization, keys.OrganizationFilter]{
		in: s.Organizations(), id: func(o *keys.Organization) string {
			return o.ID
		}, stamp: func(o *keys.Organization) *keys.Stamp { return &o.Stamp },
		make: func(i int) keys.Organization {
			return keys.Organization{
				Stamp: keys.NewStamp(now()), ID: ids.New(ids.Organization), OrganizationFields: keys.OrganizationFields{Name: fmt.Sprint("o", i)},
			}
		},
		change: func(o *keys.Organization) { o.Name, o.Disabled = "changed", true },
	}
}

func accountKind(s store.Store) kind[keys.ServiceAccount, keys.AccountFilter] {
	return kind[keys.ServiceAccount, keys.AccountFilter]{
		in: s.ServiceAccounts(), id: func(a *keys.ServiceAccount) string {
			return a.ID
		}, stamp: func(a *keys.ServiceAccount) *keys.Stamp { return &a.Stamp },
		make: func(i int) keys.ServiceAccount {
			return keys.ServiceAccount{
				Stamp: keys.NewStamp(now()), ID: ids.New(ids.ServiceAccount), OrganizationID: "org_a",
				AccountFields: keys.AccountFields{Name: fmt.Sprint("a", i), Tier: "free", Scopes: []string{}},
			}
		},
		change: func(a *keys.ServiceAccount) {
			a.Name, a.Tier, a.Scopes = "changed", "pro", []string{"a:b"}
			rule := ratelimit.Rule{Requests: 2, Per: time.Second, Burst: 3}
			a.Override = &keys.Override{
				KeyRateLimit: &rule, RateLimit: &rule, Quota: &ratelimit.Quota{Requests: 4, Per: ratelimit.Day},
				Until: now(), Note: "n",
			}
			a.OwnerID = "usr_b"
			a.Move = &keys.Move{
				From: "org_b", OwnerID: "usr_a", At: now(), By: audit.Subject{Kind: "user", ID: "usr_a", Name: "ada", KeyID: "key_a"},
			}
		},
	}
}

func reminderKind(s store.Store) kind[reminders.Reminder, keys.NoFilter] {
	return kind[reminders.Reminder, keys.NoFilter]{
		in: s.Reminders(), id: func(r *reminders.Reminder) string {
			return r.UserID
		}, stamp: func(r *reminders.Reminder) *keys.Stamp { return &r.Stamp },
		make: func(int) reminders.Reminder {
			return reminders.Reminder{Stamp: keys.NewStamp(now()), UserID: ids.New(ids.User)}
		},
		change: func(r *reminders.Reminder) { r.Through, r.Off = now(), true },
	}
}

func sealedKind(s store.Store) kind[auth.SealedKey, keys.NoFilter] {
	return kind[auth.SealedKey, keys.NoFilter]{
		in: s.SealedKeys(), id: func(k *auth.SealedKey) string {
			return k.ID
		}, stamp: func(k *auth.SealedKey) *keys.Stamp { return &k.Stamp }, ascending: true,
		make: func(i int) auth.SealedKey {
			return auth.SealedKey{Stamp: keys.NewStamp(now()), ID: fmt.Sprint("purpose-", i), Sealed: []byte{0, 1, 255}}
		},
		change: func(k *auth.SealedKey) { k.Sealed = []byte{2} },
	}
}

func keyKind(s store.Store) kind[keys.Key, keys.KeyFilter] {
	return kind[keys.Key, keys.KeyFilter]{
		in: s.Keys(), id: func(k *keys.Key) string { return k.ID }, stamp: func(k *keys.Key) *keys.Stamp { return &k.Stamp },
		make:   func(int) keys.Key { return newKey("sa_a") },
		change: func(k *keys.Key) { k.Name, k.RevokedAt, k.RevokeReason = "changed", now(), keys.ReasonAbuse },
	}
}

func tierKind(s store.Store) kind[keys.Tier, keys.NoFilter] {
	return kind[keys.Tier, keys.NoFilter]{
		in: s.Tiers(), id: func(t *keys.Tier) string {
			return t.Name
		}, stamp: func(t *keys.Tier) *keys.Stamp { return &t.Stamp }, ascending: true,
		make: func(i int) keys.Tier {
			return keys.Tier{
				Stamp: keys.NewStamp(now()), Name: fmt.Sprint("t", i), TierFields: keys.TierFields{Title: "T", RateLimit: &ratelimit.Rule{
					Requests: 1,
					Per:      time.Second, Burst: 1,
				}, MaxKeys: 1},
			}
		},
		change: func(t *keys.Tier) { t.Title, t.MaxKeyAge = "changed", time.Hour },
	}
}

func scopeKind(s store.Store) kind[keys.Scope, keys.NoFilter] {
	return kind[keys.Scope, keys.NoFilter]{
		in: s.Scopes(), id: func(c *keys.Scope) string {
			return c.Name
		}, stamp: func(c *keys.Scope) *keys.Stamp { return &c.Stamp }, ascending: true,
		make: func(i int) keys.Scope { return keys.Scope{Stamp: keys.NewStamp(now()), Name: fmt.Sprint("s:", i)} },
		change: func(c *keys.Scope) {
			c.Description, c.RetiredAt, c.RenamedTo, c.RenamedUntil, c.RenameOpen = "changed", now(), "s:new", now(), true
		},
	}
}

func userKind(s store.Store) kind[auth.User, auth.UserFilter] {
	return kind[auth.User, auth.UserFilter]{
		in: s.Users(), id: func(u *auth.User) string { return u.ID }, stamp: func(u *auth.User) *keys.Stamp { return &u.Stamp },
		make: func(i int) auth.User {
			id := ids.New(ids.User)
			return auth.User{Stamp: keys.NewStamp(now()), ID: id, Email: id + "@example.com", Name: fmt.Sprint("u", i)}
		},
		change: func(u *auth.User) { u.Name, u.Disabled, u.LastSignInAt = "changed", true, now() },
	}
}

func membershipKind(s store.Store) kind[auth.Membership, auth.MembershipFilter] {
	return kind[auth.Membership, auth.MembershipFilter]{
		in: s.Memberships(), id: (*auth.Membership).ID, stamp: func(m *auth.Membership) *keys.Stamp { return &m.Stamp }, ascending: true,
		make: func(i int) auth.Membership {
			return auth.Membership{Stamp: keys.NewStamp(now()), OrganizationID: "org_a", UserID: fmt.Sprint("usr_", i), Role: auth.Viewer}
		},
		change: func(m *auth.Membership) { m.Role = auth.Owner },
	}
}

func tokenKind(s store.Store) kind[auth.Token, auth.OwnedFilter] {
	return kind[auth.Token, auth.OwnedFilter]{
		in: s.Tokens(), id: func(n *auth.Token) string { return n.ID }, stamp: func(n *auth.Token) *keys.Stamp { return &n.Stamp },
		make: func(int) auth.Token {
			id := ids.New(ids.Token)
			return auth.Token{Stamp: keys.NewStamp(now()), ID: id, Hash: digest(id), UserID: "usr_a", Name: "CI", Last4: "abcd"}
		},
		change: func(n *auth.Token) { n.Name, n.ExpiresAt = "changed", now() },
	}
}

func familyKind(s store.Store) kind[auth.Family, auth.OwnedFilter] {
	return kind[auth.Family, auth.OwnedFilter]{
		in: s.Families(), id: func(n *auth.Family) string { return n.ID }, stamp: func(n *auth.Family) *keys.Stamp { return &n.Stamp },
		make: func(int) auth.Family {
			return auth.Family{Stamp: keys.NewStamp(now()), ID: ids.New(ids.Family), UserID: "usr_a", Current: "a", ExpiresAt: now()}
		},
		change: func(n *auth.Family) { n.Current, n.Previous, n.RotatedAt, n.EndedAt = "b", "a", now(), now() },
	}
}

func identityKind(s store.Store) kind[auth.Identity, auth.OwnedFilter] {
	return kind[auth.Identity, auth.OwnedFilter]{
		in: s.Identities(), id: (*auth.Identity).ID, stamp: func(n *auth.Identity) *keys.Stamp { return &n.Stamp }, ascending: true,
		make: func(i int) auth.Identity {
			return auth.Identity{Stamp: keys.NewStamp(now()), Provider: "p", Subject: fmt.Sprint(i), UserID: "usr_a"}
		},
		change: func(n *auth.Identity) { n.Email = "changed@example.com" },
	}
}

func linkKind(s store.Store) kind[auth.Link, auth.LinkFilter] {
	return kind[auth.Link, auth.LinkFilter]{
		in: s.Links(), id: func(n *auth.Link) string { return n.ID }, stamp: func(n *auth.Link) *keys.Stamp { return &n.Stamp },
		make: func(int) auth.Link {
			id := ids.New(ids.Link)
			return auth.Link{
				Stamp: keys.NewStamp(now()), ID: id, Hash: digest(id), Purpose: auth.Invitation, Email: "a@example.com", ExpiresAt: now(),
			}
		},
		change: func(n *auth.Link) { n.UsedAt = now() },
	}
}

func certificateKind(s store.Store) kind[auth.Certificate, auth.CertificateFilter] {
	return kind[auth.Certificate, auth.CertificateFilter]{
		in: s.Certificates(), id: func(n *auth.Certificate) string {
			return n.ID
		}, stamp: func(n *auth.Certificate) *keys.Stamp { return &n.Stamp },
		make: func(int) auth.Certificate {
			id := ids.New(ids.Certificate)
			return auth.Certificate{Stamp: keys.NewStamp(now()), ID: id, OrganizationID: "org_a", ServiceAccountID: "sa_a", Match: "dns:" + id}
		},
		change: func(n *auth.Certificate) { n.Name = "changed" },
	}
}

func signingKind(s store.Store) kind[signing.Key, keys.NoFilter] {
	return kind[signing.Key, keys.NoFilter]{
		in: s.SigningKeys(), id: func(n *signing.Key) string {
			return n.ID
		}, stamp: func(n *signing.Key) *keys.Stamp { return &n.Stamp }, ascending: true,
		make: func(int) signing.Key {
			return signing.Key{
				Stamp: keys.NewStamp(now()), ID: ids.New(ids.SigningKey), Algorithm: signing.ES256, Public: []byte(`{"kty":"EC"}`),
				Sealed: []byte{1}, ActiveAt: now(), RetireAt: now(),
			}
		},
		change: func(n *signing.Key) { n.RetireAt = now().Add(time.Hour) },
	}
}

func incidentKind(s store.Store) kind[incidents.Incident, keys.NoFilter] {
	return kind[incidents.Incident, keys.NoFilter]{
		in: s.Incidents(), id: func(n *incidents.Incident) string {
			return n.ID
		}, stamp: func(n *incidents.Incident) *keys.Stamp { return &n.Stamp },
		make: func(i int) incidents.Incident {
			return incidents.Incident{
				Stamp: keys.NewStamp(now()), ID: ids.New(ids.Incident), Action: incidents.Disable, Reason: keys.ReasonLeaked, Note: "Ünï $where",
				State:     incidents.Planned,
				Selection: incidents.Selection{OrganizationID: "org_a", CreatedBefore: now(), Pasted: i}, PlannedBy: audit.Subject{
					Kind: "user",
					ID:   "usr_a", Name: "a@example.com",
				},
				Groups: []incidents.Group{{OrganizationID: "org_a", Tier: "free", Keys: 3}}, UnknownLines: []int{1, 2},
			}
		},
		change: func(n *incidents.Incident) {
			n.State, n.StartedAt, n.Count.Done = incidents.Running, now(), 7
		},
	}
}

func incidentPageKind(s store.Store) kind[incidents.Page, keys.NoFilter] {
	return kind[incidents.Page, keys.NoFilter]{
		in: s.IncidentPages(), id: func(p *incidents.Page) string {
			return p.ID
		}, stamp: func(p *incidents.Page) *keys.Stamp { return &p.Stamp }, ascending: true,
		make: func(i int) incidents.Page {
			return incidents.Page{
				Stamp: keys.NewStamp(now()), ID: fmt.Sprintf("inc_a.%06d", i), Keys: []incidents.Key{{ID: "key_a", Name: "k", Revision: 3}},
			}
		},
		change: func(p *incidents.Page) {
			p.Done, p.Keys = true, []incidents.Key{{ID: "key_a", Name: "k", Revision: 3, After: 4, Outcome: incidents.OutcomeDone, At: now()}}
		},
	}
}

func collections(t *testing.T, s store.Store) {
	t.Run("incidents", func(t *testing.T) { life(t, incidentKind(s)) })
	t.Run("pages of incidents", func(t *testing.T) { life(t, incidentPageKind(s)) })
	leakCollections(t, s)
	webhookCollections(t, s)
	t.Run("tokens", func(t *testing.T) { life(t, tokenKind(s)) })
	t.Run("families", func(t *testing.T) { life(t, familyKind(s)) })
	t.Run("identities", func(t *testing.T) { life(t, identityKind(s)) })
	t.Run("links", func(t *testing.T) { life(t, linkKind(s)) })
	t.Run("reminders", func(t *testing.T) { life(t, reminderKind(s)) })
	t.Run("certificates", func(t *testing.T) { life(t, certificateKind(s)) })
	t.Run("signing keys", func(t *testing.T) { life(t, signingKind(s)) })
	t.Run("sealed keys", func(t *testing.T) { life(t, sealedKind(s)) })
	t.Run("organizations", func(t *testing.T) { life(t, organizationKind(s)) })
	t.Run("service accounts", func(t *testing.T) { life(t, accountKind(s)) })
	t.Run("keys", func(t *testing.T) { life(t, keyKind(s)) })
	t.Run("tiers", func(t *testing.T) { life(t, tierKind(s)) })
	t.Run("scopes", func(t *testing.T) { life(t, scopeKind(s)) })
	t.Run("users", func(t *testing.T) { life(t, userKind(s)) })
	t.Run("memberships", func(t *testing.T) { life(t, membershipKind(s)) })
}

// life checks everything that a Collection promises for objects of one kind.
func life[T, F any](t *testing.T, k kind[T, F]) {
	ctx := t.Context()
	object, stranger := k.make(0), k.make(1)
	must(t, k.in.Insert(ctx, object))
	wantKind(t, k.in.Insert(ctx, object), errs.Conflict)
	got, err := k.in.Get(ctx, k.id(&object))
	must(t, err)
	same(t, got, object)
	_, err = k.in.Get(ctx, k.id(&stranger))
	wantKind(t, err, errs.NotFound)

	changed, overtaken := object, object
	k.change(&changed)
	k.stamp(&changed).Revision, k.stamp(&overtaken).Revision = 2, 2
	k.stamp(&changed).UpdatedAt = now().Add(time.Second)
	must(t, k.in.Replace(ctx, changed))
	wantKind(t, k.in.Replace(ctx, overtaken), errs.Stale)
	got, err = k.in.Get(ctx, k.id(&object))
	must(t, err)
	same(t, got, changed)
	k.stamp(&stranger).Revision = 2
	wantKind(t, k.in.Replace(ctx, stranger), errs.NotFound)

	wantKind(t, k.in.Delete(ctx, k.id(&object), 1), errs.Stale)
	must(t, k.in.Delete(ctx, k.id(&object), 2))
	wantKind(t, k.in.Delete(ctx, k.id(&object), 2), errs.NotFound)
	wantKind(t, k.in.Replace(ctx, overtaken), errs.NotFound)
	pages(t, k)
	stopped(t, k)
}

// pages lists all objects, page by page, in order.
func pages[T, F any](t *testing.T, k kind[T, F]) {
	var none F
	var want, got []string
	for i := range 7 {
		object := k.make(i)
		must(t, k.in.Insert(t.Context(), object))
		want = append(want, k.id(&object))
	}
	slices.Sort(want)
	if !k.ascending {
		slices.Reverse(want)
	}
	for after := ""; ; after = got[len(got)-1] {
		page, err := k.in.List(t.Context(), none, keys.Page{After: after, Limit: 3})
		must(t, err)
		for i := range page {
			got = append(got, k.id(&page[i]))
		}
		if len(page) < 3 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

// stopped makes every call with a context that has ended.
func stopped[T, F any](t *testing.T, k kind[T, F]) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var none F
	object := k.make(9)
	_, getting := k.in.Get(ctx, k.id(&object))
	_, listing := k.in.List(ctx, none, keys.Page{Limit: 1})
	for name, err := range map[string]error{
		"Insert": k.in.Insert(ctx, object), "Get": getting, "Replace": k.in.Replace(ctx, object),
		"Delete": k.in.Delete(ctx, k.id(&object), 1), "List": listing,
	} {
		if err == nil || errs.KindOf(err) == errs.NotFound {
			t.Errorf("%s went through a cancelled context: %v", name, err)
		}
	}
	_, err := k.in.Get(t.Context(), k.id(&object))
	wantKind(t, err, errs.NotFound)
}

// extremes are the largest values that the domain allows.
func extremes(t *testing.T, s store.Store) {
	ctx := t.Context()
	latest := time.Date(9998, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
	rule := &ratelimit.Rule{Requests: ratelimit.MostRequests, Per: ratelimit.LongestPer, Burst: ratelimit.MostRequests}
	quota := &ratelimit.Quota{Requests: ratelimit.MostQuotaRequests, Per: ratelimit.Month}
	k := newKey("sa_a")
	k.ExpiresAt, k.NotBefore, k.RateLimit = latest, latest.Add(-time.Millisecond), rule
	must(t, s.Keys().Insert(ctx, k))
	gotKey, err := s.Keys().Get(ctx, k.ID)
	must(t, err)
	same(t, gotKey, k)
	tier := tierKind(s).make(0)
	tier.RateLimit, tier.AccountRateLimit, tier.Quota = rule, &ratelimit.Rule{Requests: 1, Per: ratelimit.ShortestPer, Burst: 1}, quota
	tier.MaxKeys, tier.MaxKeyAge = keys.MostKeys, 100*365*24*time.Hour
	must(t, s.Tiers().Insert(ctx, tier))
	gotTier, err := s.Tiers().Get(ctx, tier.Name)
	must(t, err)
	same(t, gotTier, tier)
	unlimited := tierKind(s).make(1)
	unlimited.RateLimit = nil
	must(t, s.Tiers().Insert(ctx, unlimited))
	gotTier, err = s.Tiers().Get(ctx, unlimited.Name)
	must(t, err)
	same(t, gotTier, unlimited)
	a := accountKind(s).make(0)
	a.Name, a.Description, a.ExternalID = strings.Repeat("\U0001f511", keys.MaxNameLength), strings.Repeat("é\n", keys.MaxTextLength/2),
		strings.Repeat("ß", keys.MaxNameLength)
	a.RateLimit, a.Quota = rule, quota
	for i := range keys.MaxNetworks {
		a.AllowedNetworks = append(a.AllowedNetworks, netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i)}), 40+i%80))
	}
	must(t, s.ServiceAccounts().Insert(ctx, a))
	gotAccount, err := s.ServiceAccounts().Get(ctx, a.ID)
	must(t, err)
	same(t, gotAccount, a)
	must(t, s.AddQuotaUse(ctx, []ratelimit.QuotaUse{
		{ID: "sa_a", Window: "2026-11", Used: math.MaxInt64 / 2}, {ID: "sa_a", Window: "2026-11-24", Used: 1},
	}))
	must(t, s.AddQuotaUse(ctx, nil))
	for window, want := range map[string]int64{"2026-11": math.MaxInt64 / 2, "2026-11-24": 1, "2026-12": 0} {
		used, err := s.QuotaUse(ctx, "sa_a", window)
		must(t, err)
		if used != want {
			t.Errorf("in %s %d were used, want %d", window, used, want)
		}
	}
}

// otherFilters are the filters of everything but keys and events.
func otherFilters(t *testing.T, s store.Store) {
	ctx := t.Context()
	for _, name := range []string{"Straße", "plain"} {
		o := organizationKind(s).make(0)
		o.ID, o.Name = "org_"+name, name
		must(t, s.Organizations().Insert(ctx, o))
		a := accountKind(s).make(0)
		a.ID, a.OrganizationID, a.Name, a.Tier, a.ExternalID = "sa_"+name, o.ID, name, "tier "+name, "x"+name
		if name == "plain" {
			a.Move, a.OwnerID = &keys.Move{From: "org_x", At: now()}, "usr_o"
		}
		must(t, s.ServiceAccounts().Insert(ctx, a))
		u := userKind(s).make(0)
		u.ID, u.Name, u.IsAdmin = "usr_"+name, name, name == "plain"
		must(t, s.Users().Insert(ctx, u))
	}
	first := keys.Page{Limit: 10}
	for _, tt := range []struct {
		name   string
		filter keys.OrganizationFilter
		want   []string
	}{
		{"all", keys.OrganizationFilter{}, []string{"plain", "Straße"}},
		{"none", keys.OrganizationFilter{IDs: []string{}}, nil},
		{"two, one of which is not there", keys.OrganizationFilter{IDs: []string{"org_plain", "org_x"}}, []string{"plain"}},
		{"folded text", keys.OrganizationFilter{Text: keys.Fold("STRASS")}, []string{"Straße"}},
		{"text elsewhere", keys.OrganizationFilter{IDs: []string{"org_plain"}, Text: keys.Fold("STRASS")}, nil},
	} {
		found, err := s.Organizations().List(ctx, tt.filter, first)
		must(t, err)
		sameNames(t, "organizations: "+tt.name, found, func(o keys.Organization) string { return o.Name }, tt.want)
	}
	for _, tt := range []struct {
		name   string
		filter keys.AccountFilter
		want   []string
	}{
		{"organization", keys.AccountFilter{OrganizationIDs: []string{"org_plain"}}, []string{"plain"}},
		{"organizations", keys.AccountFilter{OrganizationIDs: []string{"org_plain", "org_Straße"}}, []string{"plain", "Straße"}},
		{"none", keys.AccountFilter{OrganizationIDs: []string{}}, nil},
		{"tier", keys.AccountFilter{Tier: "tier plain"}, []string{"plain"}},
		{"external id", keys.AccountFilter{ExternalID: "xStraße"}, []string{"Straße"}},
		{"external id of another", keys.AccountFilter{ExternalID: "xStraße", OrganizationIDs: []string{"org_plain"}}, nil},
		{"moving", keys.AccountFilter{Moving: true}, []string{"plain"}},
		{"moving elsewhere", keys.AccountFilter{Moving: true, OrganizationIDs: []string{"org_Straße"}}, nil},
		{"owner", keys.AccountFilter{OwnerID: "usr_o"}, []string{"plain"}},
		{"owner elsewhere", keys.AccountFilter{OwnerID: "usr_o", OrganizationIDs: []string{"org_Straße"}}, nil},
		{"without an owner", keys.AccountFilter{Ownerless: true, OrganizationIDs: []string{"org_plain", "org_Straße"}}, []string{"Straße"}},
		{"without an owner elsewhere", keys.AccountFilter{Ownerless: true, OrganizationIDs: []string{"org_plain"}}, nil},
		{"text in the external id", keys.AccountFilter{Text: keys.Fold("xplai")}, []string{"plain"}},
	} {
		found, err := s.ServiceAccounts().List(ctx, tt.filter, first)
		must(t, err)
		sameNames(t, "accounts: "+tt.name, found, func(a keys.ServiceAccount) string { return a.Name }, tt.want)
	}
	yes := true
	for _, tt := range []struct {
		name   string
		filter auth.UserFilter
		want   []string
	}{
		{"admins", auth.UserFilter{IsAdmin: &yes}, []string{"plain"}},
		{"text", auth.UserFilter{Text: keys.Fold("strasse")}, []string{"Straße"}},
		{"both", auth.UserFilter{Text: keys.Fold("strasse"), IsAdmin: &yes}, nil},
	} {
		found, err := s.Users().List(ctx, tt.filter, first)
		must(t, err)
		sameNames(t, "users: "+tt.name, found, func(u auth.User) string { return u.Name }, tt.want)
	}
}

func sameNames[T any](t *testing.T, what string, found []T, name func(T) string, want []string) {
	t.Helper()
	var got []string
	for _, f := range found {
		got = append(got, name(f))
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// changes checks ChangedSince for every kind that other nodes cache, and for last uses,
// which are no change.
func changes(t *testing.T, s store.Store) {
	ctx, since := t.Context(), now().Add(-time.Second)
	o, a, k, tier := organizationKind(s).make(0), accountKind(s).make(0), keyKind(s).make(0), tierKind(s).make(0)
	old := keyKind(s).make(1)
	old.UpdatedAt = since.Add(-time.Millisecond)
	must(t, s.Organizations().Insert(ctx, o))
	must(t, s.ServiceAccounts().Insert(ctx, a))
	must(t, s.Keys().Insert(ctx, k))
	must(t, s.Keys().Insert(ctx, old))
	must(t, s.Tiers().Insert(ctx, tier))
	k.Revision, k.UpdatedAt = 2, since // exactly at the bound
	must(t, s.Keys().Replace(ctx, k))
	must(t, s.Keys().TouchLastUsed(ctx, map[string]usage.Use{old.ID: {At: now()}}))
	same(t, told(t, s, since), map[string]int64{o.ID: 1, a.ID: 1, k.ID: 2, tier.Name: 1})
	must(t, s.Organizations().Delete(ctx, o.ID, 1))
	must(t, s.ServiceAccounts().Delete(ctx, a.ID, 1))
	must(t, s.Keys().Delete(ctx, old.ID, 1))
	must(t, s.Tiers().Delete(ctx, tier.Name, 1))
	same(t, told(t, s, since), map[string]int64{
		o.ID: keys.Deleted, a.ID: keys.Deleted, k.ID: 2, old.ID: keys.Deleted,
		tier.Name: keys.Deleted,
	})
	few, err := s.ChangedSince(ctx, since, 1)
	must(t, err)
	if len(few) != 2 { // a key and a tombstone
		t.Errorf("%d changes with a limit of one of each kind", len(few))
	}
}

func told(t *testing.T, s store.Store, since time.Time) map[string]int64 {
	t.Helper()
	all, err := s.ChangedSince(t.Context(), since, 100)
	must(t, err)
	revisions := map[string]int64{}
	for _, c := range all {
		revisions[c.ID] = c.Revision
	}
	return revisions
}
