package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

// boundedSearch ends lists at a cursor a number of keys ahead.
func boundedSearch(t *testing.T, s store.Store) {
	ctx, at := t.Context(), now()
	var all []string // ids, newest first; the newest ends first
	for i := range 9 {
		k := newKey("sa_a")
		k.ExpiresAt = at.Add(time.Duration(20-i) * time.Hour)
		must(t, s.Keys().Insert(ctx, k))
		all = append([]string{k.ID}, all...)
	}
	for _, order := range []keys.KeyOrder{keys.Newest, keys.EndFirst} {
		f := keys.KeyFilter{OrganizationIDs: []string{"org_a"}, Order: order}
		end, err := s.Keys().Ahead(ctx, f, "", 4)
		must(t, err)
		f.Through = end
		found, err := s.Keys().List(ctx, f, keys.Page{Limit: 10})
		must(t, err)
		if got := idsOf(found); !slices.Equal(got, all[:4]) {
			t.Errorf("order %q: the first 4 are %v, want %v", order, got, all[:4])
		}
		f.Through, err = s.Keys().Ahead(ctx, keys.KeyFilter{OrganizationIDs: []string{"org_a"}, Order: order}, end, 5)
		must(t, err)
		found, err = s.Keys().List(ctx, f, keys.Page{After: end, Limit: 10})
		must(t, err)
		if got := idsOf(found); !slices.Equal(got, all[4:]) {
			t.Errorf("order %q: the rest is %v, want %v", order, got, all[4:])
		}
		for _, among := range []keys.KeyFilter{
			{OrganizationIDs: []string{"org_a"}, Order: order}, {OrganizationIDs: []string{"org_b"}, Order: order},
		} {
			if end, err = s.Keys().Ahead(ctx, among, "", 10); err != nil || end != "" {
				t.Errorf("order %q: of 9 keys the 10th is %q, %v", order, end, err)
			}
		}
	}
	if whole, err := s.Keys().WholeByUse(ctx, keys.KeyFilter{OrganizationIDs: []string{"org_a"}}); err != nil || !whole {
		t.Errorf("of 9 keys some are left out of the order by use: %v", err)
	}
	some := []string{all[7], all[2]}
	found, err := s.Keys().List(ctx, keys.KeyFilter{IDs: some, Order: keys.EndFirst}, keys.Page{Limit: 10})
	must(t, err)
	if got := idsOf(found); !slices.Equal(got, []string{all[2], all[7]}) {
		t.Errorf("two ids found %v", got)
	}
	found, err = s.Keys().List(ctx, keys.KeyFilter{IDs: []string{}}, keys.Page{Limit: 10})
	if must(t, err); len(found) > 0 {
		t.Errorf("no ids found %d", len(found))
	}
}

func idsOf(found []keys.Key) (all []string) {
	for i := range found {
		all = append(all, found[i].ID)
	}
	return all
}

// texts checks that texts are found anywhere in a key, as last written. A store without an
// index says that it cannot tell.
func texts(t *testing.T, s store.Store) {
	ctx := t.Context()
	insert := func(name string) keys.Key {
		k := newKey("sa_a")
		k.Name = name
		must(t, s.Keys().Insert(ctx, k))
		return k
	}
	invoices, quoted := insert("Invoices \"north\""), insert("größe 100%")
	find := func(text string, want ...string) {
		t.Helper()
		ids, ok, err := s.Keys().WithText(ctx, keys.Fold(text), 5)
		must(t, err)
		slices.Sort(ids)
		slices.Sort(want)
		if ok && !slices.Equal(ids, want) {
			t.Errorf("%q: found %v, want %v", text, ids, want)
		}
	}
	find("VOICES", invoices.ID)
	find(`s "nor`, invoices.ID)
	find("GRÖSSE 100%", quoted.ID)
	find(`" OR "`)
	find(strings.Repeat("x", 500))
	find(invoices.ID, invoices.ID)
	find(invoices.ID[4:20], invoices.ID)
	for _, short := range []string{"", "in", "\x00abc"} {
		if _, ok, err := s.Keys().WithText(ctx, short, 5); ok || err != nil {
			t.Errorf("%q: told %t, %v", short, ok, err)
		}
	}
	invoices.Name, invoices.Revision = "Receipts", 2
	must(t, s.Keys().Replace(ctx, invoices))
	must(t, s.Keys().TouchLastUsed(ctx, map[string]usage.Use{invoices.ID: {At: now()}}))
	find("invoices")
	find("receipts", invoices.ID)
	must(t, s.Keys().Delete(ctx, invoices.ID, 2))
	find("receipts")
	for range 6 {
		insert("many of these")
	}
	if _, ok, err := s.Keys().WithText(ctx, "many", 5); ok || err != nil {
		t.Errorf("6 of at most 5: told %t, %v", ok, err)
	}
}
