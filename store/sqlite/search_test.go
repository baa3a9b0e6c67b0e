package sqlite_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
)

// Places in a list are counted in an index alone, with no look at the keys.
// Those of the order by use are not: an index of a computed column cannot.
func TestPlacesAreCountedInAnIndex(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	yes := true
	for text, index := range map[string]string{
		s.AheadOf(keys.KeyFilter{}): "PRIMARY KEY",
		s.AheadOf(keys.KeyFilter{OrganizationIDs: []string{"o"}}): "COVERING INDEX " +
			"keys_organization ",
		s.AheadOf(keys.KeyFilter{ServiceAccountID: "a", OrganizationIDs: []string{"o"}}): "INDEX keys_account ",
		s.AheadOf(keys.KeyFilter{OrganizationIDs: []string{"o"}, Order: keys.EndFirst}): "COVERING INDEX " +
			"keys_organization_ends ",
		s.AheadOf(keys.KeyFilter{
			OrganizationIDs: []string{"o"},
			Order:           keys.UsedLast,
		}): "INDEX keys_organization_used ",
		s.AheadOf(keys.KeyFilter{Order: keys.UsedLast}): "INDEX keys_used ",
		s.AheadOf(keys.KeyFilter{OrganizationIDs: []string{"o"}, Revoked: &yes}): "COVERING INDEX " +
			"keys_organization_revoked ",
		s.AheadOf(keys.KeyFilter{OrganizationIDs: []string{"o"}, Disabled: &yes}): "COVERING INDEX " +
			"keys_organization_disabled ",
		s.AheadOf(keys.KeyFilter{OrganizationIDs: []string{"o"}, StartsAfter: time.Now()}): "COVERING INDEX " +
			"keys_organization_begins ",
		s.ListKeys(keys.KeyFilter{
			OrganizationIDs: []string{"o"},
			Disabled:        &yes,
		}): "INDEX keys_organization_disabled ",
		s.ListKeys(keys.KeyFilter{OrganizationIDs: []string{"o"}, IDs: []string{"k", "l"}, Text: "x"}):            "PRIMARY KEY (id=?)",
		s.ListKeys(keys.KeyFilter{OrganizationIDs: []string{"o"}, IDs: []string{"k", "l"}, Order: keys.EndFirst}): "PRIMARY KEY (id=?)",
	} {
		lines := strings.Join(plan(t, s, text), "\n\t")
		if !strings.Contains(lines, index) || strings.Contains(lines, "SCAN") {
			t.Errorf("%s\n\t%s\n\twant %s", text, lines, index)
		}
	}
}

// A search with bounds looks at what lies between them, whatever else it is
// for: keys that were never used have the same place in the order by use.
func TestABoundedSearchIsBoundedOnBothSides(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	at, no := time.Now(), false
	for _, tt := range []struct {
		filter keys.KeyFilter
		want   string
	}{
		{keys.KeyFilter{OrganizationIDs: []string{"o"}}, "(organization_id=? AND id>? AND id<?)"},
		{
			keys.KeyFilter{OrganizationIDs: []string{"o"}, Order: keys.EndFirst},
			"keys_organization_ends (organization_id=? AND (ends_at,id)>(?,?) AND (ends_at,id)<(?,?))",
		},
		{
			keys.KeyFilter{OrganizationIDs: []string{"o"}, Order: keys.UsedLast},
			"keys_organization_used (organization_id=? AND (used_at,id)>(?,?) AND (used_at,id)<(?,?))",
		},
		{
			keys.KeyFilter{OrganizationIDs: []string{"o"}, Order: keys.UsedLast, UnusedSince: at},
			"keys_organization_used (organization_id=? AND (used_at,id)>(?,?) AND (used_at,id)<(?,?))",
		},
		{keys.KeyFilter{Order: keys.UsedLast, UnusedSince: at}, "keys_used ((used_at,id)>(?,?) AND (used_at,id)<(?,?))"},
		{keys.KeyFilter{Order: keys.EndFirst, EndsBy: at, EndsAfter: at.Add(-time.Hour)}, "(ends_at,id)<(?,?))"},
		{keys.KeyFilter{Revoked: &no, EndsBy: at}, "PRIMARY KEY (id>? AND id<?)"},
	} {
		tt.filter.Text, tt.filter.Through = "x", keys.CursorAt(tt.filter.Order, 7, "k")
		text := s.ListKeys(tt.filter)
		if lines := strings.Join(plan(t, s, text), "\n\t"); !strings.Contains(lines, tt.want) {
			t.Errorf("%s\n\t%s\n\twant %s", text, lines, tt.want)
		}
	}
}

// A note of use runs no trigger, so that it never touches the index of texts.
func TestNotesOfUseRunNoTrigger(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	if slices.Contains(opcodes(t, s, sqlite.TouchKeys), "Program") {
		t.Error("noting uses runs a trigger")
	}
	if !slices.Contains(opcodes(t, s, "UPDATE keys SET search = ? WHERE id = ?"), "Program") {
		t.Error("this test cannot tell: another text runs none either")
	}
}

func opcodes(t *testing.T, s *sqlite.Store, text string) []string {
	t.Helper()
	all, err := s.Opcodes(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What lies far behind is found by searching on, in any order and over several
// organizations; a rare text is found at once.
func TestSearchesGoOn(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	account := keys.ServiceAccount{
		Stamp: keys.NewStamp(time.Now()), ID: "sa_a", OrganizationID: "org_a", AccountFields: keys.AccountFields{
			Name:   "a",
			Scopes: []string{"orders:*"},
		},
	}
	if err := s.ServiceAccounts().Insert(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	format, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	first := keys.Key{}
	err = s.LoadAll(t.Context(), func(yield func(keys.Key) bool) {
		for i := range 3 * keys.MostLooked {
			k := keys.Key{
				Stamp: keys.NewStamp(time.Now()), ID: ids.New(ids.Key), OrganizationID: "org_" + string(rune('a'+i%2)), ServiceAccountID: "sa_" +
					string(rune('a'+i%2)),
				Environment: keys.Live, HashAlgorithm: keys.SHA256, Start: "lk_live_0000", Last4: "0000",
				KeyFields: keys.KeyFields{Name: "many", ExpiresAt: time.Now().Add(time.Duration(3*keys.MostLooked-i) * time.Hour)},
			}
			k.Hash = keys.HashOf(k.ID)
			if i == 0 {
				k.Name, k.Environment, first = "a zy rarity", keys.Test, k
			}
			if !yield(k) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	service, err := keys.New(keys.Config{Store: s, Audit: audit.New(s, time.Now), Marks: keys.NewMarks(), Format: format})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		query keys.KeyQuery
		pages int
	}{
		{"a rare text", keys.KeyQuery{Text: "zy rarity"}, 1},
		{"the beginning of an id", keys.KeyQuery{Text: first.ID}, 1},
		{"a text in one organization", keys.KeyQuery{Text: "zy", OrganizationID: "org_a"}, 2},
		{"a short text in all", keys.KeyQuery{Text: "zy"}, 3},
		{"a short text, last to end", keys.KeyQuery{Text: "zy", Order: keys.EndFirst}, 3},
		{"a short text, by use", keys.KeyQuery{Text: "zy", Order: keys.UsedLast}, 1},
		{"by what it may do", keys.KeyQuery{Scope: "orders:read", Environment: keys.Test, OrganizationID: "org_a"}, 2},
	} {
		var found []keys.Key
		page, pages := keys.Page{Limit: 5}, 0
		for pages == 0 || page.After != "" && len(found) == 0 {
			got, err := service.FindKeys(t.Context(), auth.System(), tt.query, page)
			if err != nil {
				t.Fatal(err)
			}
			if got.Next != "" && len(got.Keys) == 0 && !got.Short {
				t.Errorf("%s: an empty page does not tell why", tt.name)
			}
			found, page.After, pages = append(found, got.Keys...), got.Next, pages+1
		}
		if len(found) != 1 || found[0].ID != first.ID || pages != tt.pages {
			t.Errorf("%s: found %d keys after %d pages, want the first after %d", tt.name, len(found), pages, tt.pages)
		}
	}
}
