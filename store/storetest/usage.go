package storetest

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

// hour is when the pages of these tests start.
func hour() time.Time { return time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC) }

func pageOf(kind usage.Kind, level usage.Level, start time.Time, s usage.Subject, cells map[usage.Cell]uint64) usage.Page {
	return usage.Page{Kind: kind, Level: level, Start: start, Subject: s, Cells: cells}
}

func usageAddsUp(t *testing.T, s store.Store, writers int) {
	key := usage.Subject{KeyID: "key_a", AccountID: "sa_a", OrganizationID: "org_a"}
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := range 5 {
				err := s.AddUsage(t.Context(), []usage.Page{
					pageOf(usage.OfKey, usage.Minutes, hour(), key, map[usage.Cell]uint64{0: 2, usage.Cell(16*i + 10): 1}),
					pageOf(usage.OfOrganization, usage.Minutes, hour(), usage.Subject{OrganizationID: "org_a"}, map[usage.Cell]uint64{59*16 + 9: 3}),
				}, journal.Progress{})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	n := uint64(writers) //nolint:gosec // G115: a few
	want := pageOf(usage.OfKey, usage.Minutes, hour(), key, map[usage.Cell]uint64{0: 10 * n, 10: n, 26: n, 42: n, 58: n, 74: n})
	same(t, stored(t, s, usage.PageFilter{Kind: usage.OfKey, Level: usage.Minutes}), []usage.Page{want})
	of := stored(t, s, usage.PageFilter{Kind: usage.OfOrganization, Level: usage.Minutes, OrganizationIDs: []string{"org_a"}})
	if len(of) != 1 || of[0].Cells[59*16+9] != 15*n {
		t.Errorf("the organization has %v", of)
	}
}

// stored reads the pages that start around hour, by owner and start.
func stored(t *testing.T, s store.Store, f usage.PageFilter) []usage.Page {
	t.Helper()
	if f.Until.IsZero() {
		f.From, f.Until = hour().Add(-24*time.Hour), hour().Add(24*time.Hour)
	}
	found, err := s.Usage(t.Context(), f, 100)
	must(t, err)
	slices.SortFunc(found, func(a, b usage.Page) int {
		return slices.Compare([]string{a.Owner(), a.Start.String()}, []string{b.Owner(), b.Start.String()})
	})
	return found
}

func usageFound(t *testing.T, s store.Store) {
	one := map[usage.Cell]uint64{0: 1}
	var all []usage.Page
	for _, key := range []usage.Subject{
		{KeyID: "key_a", AccountID: "sa_a", OrganizationID: "org_a"},
		{KeyID: "key_b", AccountID: "sa_a", OrganizationID: "org_a"},
		{KeyID: "key_c", AccountID: "sa_c", OrganizationID: "org_c"},
	} {
		for i := range 3 {
			all = append(all, pageOf(usage.OfKey, usage.Minutes, hour().Add(time.Duration(i)*time.Hour), key, one))
		}
		all = append(all, pageOf(usage.OfKey, usage.Hours, hour(), key, one),
			pageOf(usage.OfAccount, usage.Minutes, hour(), usage.Subject{AccountID: key.AccountID, OrganizationID: key.OrganizationID}, one))
		scope := pageOf(usage.OfScope, usage.Days, hour(), key, one)
		scope.Scope = "invoices:*"
		all = append(all, scope)
	}
	all = append(all, pageOf(usage.OfOrganization, usage.Minutes, hour(), usage.Subject{}, one))
	must(t, s.AddUsage(t.Context(), all, journal.Progress{}))
	for name, tt := range map[string]struct {
		filter usage.PageFilter
		want   []string
	}{
		"all keys": {usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours}, []string{"key_a", "key_b", "key_c"}},
		"one key":  {usage.PageFilter{Kind: usage.OfKey, Level: usage.Minutes, KeyID: "key_b"}, []string{"key_b", "key_b", "key_b"}},
		"from is inclusive": {
			usage.PageFilter{Kind: usage.OfKey, Level: usage.Minutes, KeyID: "key_b", From: hour(), Until: hour().Add(time.Hour)}, []string{"key_b"},
		},
		"keys of an account": {usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours, AccountID: "sa_a"}, []string{"key_a", "key_b"}},
		"a foreign account": {
			usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours, AccountID: "sa_a", OrganizationIDs: []string{"org_c"}},
			nil,
		},
		"a foreign key": {
			usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours, KeyID: "key_a", OrganizationIDs: []string{"org_c", "org_x"}}, nil,
		},
		"of an organization": {
			usage.PageFilter{Kind: usage.OfAccount, Level: usage.Minutes, OrganizationIDs: []string{"org_c"}}, []string{"sa_c"},
		},
		"of two": {
			usage.PageFilter{Kind: usage.OfAccount, Level: usage.Minutes, OrganizationIDs: []string{"org_c", "org_a"}},
			[]string{"sa_a", "sa_c"},
		},
		"of none":         {usage.PageFilter{Kind: usage.OfAccount, Level: usage.Minutes, OrganizationIDs: []string{}}, nil},
		"scopes of a key": {usage.PageFilter{Kind: usage.OfScope, Level: usage.Days, KeyID: "key_c"}, []string{"key_c invoices:*"}},
		"unknown keys":    {usage.PageFilter{Kind: usage.OfOrganization, Level: usage.Minutes}, []string{""}},
		"of nobody is no ones": {
			usage.PageFilter{Kind: usage.OfOrganization, Level: usage.Minutes, OrganizationIDs: []string{"org_a", "org_c"}},
			nil,
		},
	} {
		var got []string
		for _, p := range stored(t, s, tt.filter) {
			got = append(got, p.Owner())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	few, err := s.Usage(t.Context(), usage.PageFilter{
		Kind: usage.OfKey, Level: usage.Minutes, From: hour(), Until: hour().Add(24 * time.Hour),
	},
		4)
	if must(t, err); len(few) != 4 {
		t.Errorf("%d pages where 4 were asked for", len(few))
	}
}

func usageDeleted(t *testing.T, s store.Store) {
	one := map[usage.Cell]uint64{0: 1}
	var all []usage.Page
	for i := range 7 {
		key := usage.Subject{KeyID: fmt.Sprint("key_", i)}
		all = append(all, pageOf(usage.OfKey, usage.Minutes, hour().Add(-time.Hour), key, one), pageOf(usage.OfKey, usage.Hours,
			hour().Add(-time.Hour), key, one))
	}
	all = append(all, pageOf(usage.OfKey, usage.Minutes, hour(), usage.Subject{KeyID: "key_x"}, one))
	must(t, s.AddUsage(t.Context(), all, journal.Progress{}))
	var steps []int
	for range 4 {
		n, err := s.DeleteUsageBefore(t.Context(), usage.OfKey, usage.Minutes, hour(), 3)
		must(t, err)
		steps = append(steps, n)
	}
	if !slices.Equal(steps, []int{3, 3, 1, 0}) {
		t.Errorf("steps of %v pages", steps)
	}
	if left := stored(t, s, usage.PageFilter{Kind: usage.OfKey, Level: usage.Minutes}); len(left) != 1 || left[0].KeyID != "key_x" {
		t.Errorf("left by the minute: %v", left)
	}
	if left := stored(t, s, usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours}); len(left) != 7 {
		t.Errorf("left by the hour: %v", left)
	}
}

func refusals(t *testing.T, s store.Store) {
	ctx, at := t.Context(), hour()
	refusal := func(i int) usage.Refusal {
		return usage.Refusal{
			At: at.Add(time.Duration(i) * time.Millisecond), Outcome: 9, Address: netip.MustParseAddr("2001:db8::1"),
			Detail: fmt.Sprint("Ü", i), Method: "POST", Path: fmt.Sprint("/ü/", i),
		}
	}
	last, err := s.Refusals(ctx, "key_a")
	if must(t, err); len(last) != 0 {
		t.Errorf("before any there are %v", last)
	}
	for i := range 3 {
		var some []usage.Refusal
		for j := range 60 {
			some = append(some, refusal(60*i+j))
		}
		must(t, s.AddRefusals(ctx, map[string][]usage.Refusal{"key_a": some, fmt.Sprint("key_", i): {{At: at.Add(-time.Hour)}}}))
	}
	last, err = s.Refusals(ctx, "key_a")
	must(t, err)
	if len(last) != usage.MostRefusals {
		t.Fatalf("%d are kept", len(last))
	}
	for i := range last {
		if !reflect.DeepEqual(last[i], refusal(179-i)) {
			t.Errorf("refusal %d came back as %v", 179-i, last[i])
		}
	}
	n, err := s.DeleteRefusalsBefore(ctx, at, 2)
	must(t, err)
	rest, err := s.DeleteRefusalsBefore(ctx, at, 10)
	if must(t, err); n != 2 || rest != 1 {
		t.Errorf("deleted those of %d and %d keys", n, rest)
	}
	if last, err := s.Refusals(ctx, "key_a"); err != nil || len(last) != usage.MostRefusals {
		t.Errorf("of a key refused since %d are left, %v", len(last), err)
	}
}
