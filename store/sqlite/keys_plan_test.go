package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// keyFilters are the filters of keys, one by one, and the index that a list with
// that filter alone is read from.
func keyFilters() []keyFilter {
	yes, no, at := true, false, time.Now()
	return []keyFilter{
		{"ids", "PRIMARY KEY (id=?", func(f *keys.KeyFilter) { f.IDs = []string{"k", "l"} }},
		{"account", "INDEX keys_account (", func(f *keys.KeyFilter) { f.ServiceAccountID = "sa" }},
		{"starts", "INDEX keys_start (", func(f *keys.KeyFilter) { f.Starts = []string{"a"} }},
		{"last4", "INDEX keys_last4 (", func(f *keys.KeyFilter) { f.Last4 = "b" }},
		{"organization", "INDEX keys_organization (", func(f *keys.KeyFilter) { f.OrganizationIDs = []string{"o"} }},
		{"organizations", "INDEX keys_organization (", func(f *keys.KeyFilter) { f.OrganizationIDs = []string{"o", "p"} }},
		{"no organization", "INDEX keys_organization (", func(f *keys.KeyFilter) { f.OrganizationIDs = []string{} }},
		{"endless", "INDEX keys_lasting (", func(f *keys.KeyFilter) { f.Endless = true }},
		{"never used", "INDEX keys_idle (", func(f *keys.KeyFilter) { f.NeverUsed = true }},
		{"own scopes", "INDEX keys_scoped (", func(f *keys.KeyFilter) { f.OwnScopes = true }},
		{"revoked", "INDEX keys_revoked (", func(f *keys.KeyFilter) { f.Revoked = &yes }},
		{"disabled", "INDEX keys_disabled (", func(f *keys.KeyFilter) { f.Disabled = &yes }},
		{"ends by", "INDEX keys_ends (", func(f *keys.KeyFilter) { f.EndsBy = at }},
		{"starts after", "INDEX keys_begins (", func(f *keys.KeyFilter) { f.StartsAfter = at }},
		{"test", "INDEX keys_test (", func(f *keys.KeyFilter) { f.Environment = keys.Test }},
		{"not revoked", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.Revoked = &no }},
		{"not disabled", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.Disabled = &no }},
		{"not test", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.Environment = keys.Live }},
		{"ends after", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.EndsAfter = at }},
		{"starts by", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.StartsBy = at }},
		{"rotated", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.Rotated = &yes }},
		{"not rotated", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.Rotated = &no }},
		{"unused", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.UnusedSince = at }},
		{"grants", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.ServiceAccountIDs, f.Grants = []string{"sa"}, []string{"a:b"} }},
		{"other accounts", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.ExceptAccounts = []string{"sa"} }},
		{"text", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.Text = "x" }},
		{"creator", "PRIMARY KEY (id<?", func(f *keys.KeyFilter) { f.CreatedBy = "u" }},
	}
}

type keyFilter struct {
	name, plan string
	set        func(*keys.KeyFilter)
}

func TestEachFilterOfKeysHasItsIndex(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	for _, tt := range keyFilters() {
		var f keys.KeyFilter
		tt.set(&f)
		if lines := strings.Join(plan(t, s, s.ListKeys(f)), "\n\t"); !strings.Contains(lines, tt.plan) {
			t.Errorf("%s: %s\n\twant %s", tt.name, lines, tt.plan)
		}
	}
	for name, want := range map[string]string{
		"creator": "keys_creator", "revoked": "keys_organization_revoked", "disabled": "keys_organization_disabled",
		"starts after": "keys_organization_begins", "never used": "keys_organization", "ends by": "keys_organization",
		"test": "keys_organization",
	} {
		for _, tt := range keyFilters() {
			f := keys.KeyFilter{OrganizationIDs: []string{"o"}}
			if tt.set(&f); tt.name != name {
				continue
			}
			if lines := strings.Join(plan(t, s, s.ListKeys(f)), "\n\t"); !strings.Contains(lines, "INDEX "+want+" (organization_id=?") {
				t.Errorf("%s of one organization: %s\n\twant %s", name, lines, want)
			}
		}
	}
}

// Whatever is combined, the list begins in an index: none is read from end to
// end, and none asks for an index that cannot serve it.
func TestAnyTwoFiltersOfKeysHaveAnIndex(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	for _, one := range keyFilters() {
		for _, other := range keyFilters() {
			if other.name == "not "+one.name {
				continue // takes its place
			}
			for _, order := range []keys.KeyOrder{keys.Newest, keys.EndFirst, keys.UsedLast} {
				for _, through := range []string{"", "k"} {
					f := keys.KeyFilter{Order: order, Through: through}
					one.set(&f)
					other.set(&f)
					lines := strings.Join(plan(t, s, s.ListKeys(f)), "\n\t")
					narrow := strings.HasPrefix(one.plan, "INDEX") || strings.HasPrefix(other.plan, "INDEX")
					if strings.Contains(lines, "SCAN") || narrow && through == "" && walk.MatchString(lines) {
						t.Errorf("%s and %s, order %v, through %q: %s", one.name, other.name, order, through, lines)
					}
				}
			}
		}
	}
}
