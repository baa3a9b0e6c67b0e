package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

// keyCreators lists who created keys, as the provider's staff does.
func keyCreators(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	put := func(name string, change func(*keys.Key)) {
		k := newKey("sa_a")
		k.Name, k.ExpiresAt = name, at.Add(time.Hour)
		change(&k)
		must(t, s.Keys().Insert(ctx, k))
		if name != "idle" && name != "dead" {
			must(t, s.Keys().TouchLastUsed(ctx, map[string]usage.Use{k.ID: {At: at}}))
		}
	}
	put("one", func(k *keys.Key) { k.CreatedBy, k.Start, k.Last4 = "usr_b", "lk_live_WXYZ", "0000" })
	put("two", func(k *keys.Key) { k.CreatedBy, k.Last4 = "usr_b", "1111" })
	put("three", func(k *keys.Key) { k.OrganizationID, k.CreatedBy = "org_b", "" })
	put("scoped", func(k *keys.Key) { k.OrganizationID, k.Scopes = "org_b", []string{"a:b"} })
	put("lasting", func(k *keys.Key) { k.OrganizationID, k.ExpiresAt = "org_c", time.Time{} })
	put("idle", func(k *keys.Key) { k.OrganizationID = "org_c" })
	put("dead", func(k *keys.Key) {
		k.OrganizationID, k.RevokedAt, k.ExpiresAt, k.Scopes = "org_c", at, time.Time{}, []string{}
	})
	for _, tt := range []struct {
		name   string
		filter keys.KeyFilter
		want   []string
	}{
		{"start", keys.KeyFilter{Starts: []string{"lk_live_WXYZ"}}, []string{"one"}},
		{"one of two starts", keys.KeyFilter{Starts: []string{"lk_live_WXYZ", "lk_test_WXYZ"}}, []string{"one"}},
		{"last4", keys.KeyFilter{Last4: "1111"}, []string{"two"}},
		{"both, of different keys", keys.KeyFilter{Starts: []string{"lk_live_WXYZ"}, Last4: "1111"}, nil},
		{"creator", keys.KeyFilter{OrganizationIDs: []string{"org_a"}, CreatedBy: "usr_b"}, []string{"one", "two"}},
		{"creator elsewhere", keys.KeyFilter{OrganizationIDs: []string{"org_b"}, CreatedBy: "usr_b"}, nil},
		{"without an end", keys.KeyFilter{Endless: true}, []string{"lasting"}},
		{"never used", keys.KeyFilter{NeverUsed: true}, []string{"idle"}},
		{"never used in an organization", keys.KeyFilter{NeverUsed: true, OrganizationIDs: []string{"org_a"}}, nil},
		{"with scopes of its own", keys.KeyFilter{OwnScopes: true}, []string{"scoped"}},
	} {
		found, err := s.Keys().List(ctx, tt.filter, keys.Page{Limit: 100})
		must(t, err)
		var got []string
		for _, k := range found {
			got = append(got, k.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	want := []keys.Creator{
		{OrganizationID: "org_a", ID: "usr_b"},
		{OrganizationID: "org_b", ID: ""},
		{OrganizationID: "org_b", ID: "usr_a"},
		{OrganizationID: "org_c", ID: "usr_a"},
	}
	got, err := s.Creators(ctx, keys.Creator{}, 10)
	must(t, err)
	same(t, got, want)
	got, err = s.Creators(ctx, want[0], 2)
	must(t, err)
	same(t, got, want[1:3])
}

// accountOwners lists the owners of accounts, and accounts without an owner.
func accountOwners(t *testing.T, s store.Store) {
	ctx := t.Context()
	for _, o := range []keys.Owner{
		{OrganizationID: "org_b"},
		{OrganizationID: "org_a", ID: "usr_b"},
		{OrganizationID: "org_a", ID: "usr_a"},
		{OrganizationID: "org_a", ID: "usr_b"},
		{OrganizationID: "org_c", ID: "usr_a"},
		{OrganizationID: "org_b"},
	} {
		a := accountKind(s).make(0)
		a.OrganizationID, a.OwnerID = o.OrganizationID, o.ID
		must(t, s.ServiceAccounts().Insert(ctx, a))
	}
	want := []keys.Owner{
		{OrganizationID: "org_a", ID: "usr_a"},
		{OrganizationID: "org_a", ID: "usr_b"},
		{OrganizationID: "org_b"},
		{OrganizationID: "org_c", ID: "usr_a"},
	}
	got, err := s.Owners(ctx, keys.Owner{}, 10)
	must(t, err)
	same(t, got, want)
	got, err = s.Owners(ctx, want[0], 2)
	must(t, err)
	same(t, got, want[1:3])
	got, err = s.Owners(ctx, want[3], 2)
	must(t, err)
	if len(got) != 0 {
		t.Errorf("behind the last: %v", got)
	}
}
