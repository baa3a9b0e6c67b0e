package sqlite_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/store/storetest"
	"github.com/latchkey/latchkey/usage"
)

// walk is a search that only the page bounds: it begins behind the last id and
// looks at rows until the page is full. That is right where nearly every row
// is wanted, and bad where few are.
var walk = regexp.MustCompile(`SEARCH \w+ USING PRIMARY KEY \((id|name)[<>]\?\)`)

// TestNoStatementScans asks SQLite how it carries out every statement that the
// store has: none reads a table from end to end.
func TestNoStatementScans(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	storetest.Available(t, s)
	statements := s.Statements()
	if len(statements) < 50 {
		t.Fatalf("only %d statements are known", len(statements))
	}
	for _, text := range statements {
		if strings.HasPrefix(text, "PRAGMA") {
			continue
		}
		for _, line := range plan(t, s, text) {
			if strings.HasPrefix(line, "SCAN") {
				t.Errorf("%s\n\t%s", text, line)
			}
		}
	}
}

func plan(t *testing.T, s *sqlite.Store, text string) []string {
	t.Helper()
	lines, err := s.Plan(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return lines
}

// list is one list that people may ask for. One that walks is bounded by
// nothing but its page. Of those there are: everything; what nearly every row
// is, such as active keys, live keys and users who are no admins; and text,
// the one filter that no index serves.
type list struct {
	text  string
	walks bool
}

// TestNoListScans holds every combination of filters to an index.
func TestNoListScans(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	seen := map[string]bool{}
	for _, l := range lists(s) {
		if seen[l.text] {
			continue
		}
		seen[l.text] = true
		lines := strings.Join(plan(t, s, l.text), "\n\t")
		if strings.Contains(lines, "SCAN") || walk.MatchString(lines) != l.walks {
			t.Errorf("%s\n\t%s\n\twant a walk: %t", l.text, lines, l.walks)
		}
	}
	if len(seen) < 150 {
		t.Errorf("only %d lists were looked at", len(seen))
	}
}

func lists(s *sqlite.Store) []list {
	all := keyLists(s)
	texts, organizations := []string{"", "x"}, [][]string{nil, {}, {"a"}, {"a", "b"}}
	for _, text := range texts {
		for _, in := range organizations {
			all = append(all, list{s.ListOrganizations(keys.OrganizationFilter{IDs: in, Text: text}), in == nil})
			for _, tier := range texts {
				for _, external := range texts {
					f := keys.AccountFilter{OrganizationIDs: in, Tier: tier, ExternalID: external, Text: text}
					all = append(all, list{s.ListAccounts(f), in == nil && tier == "" && external == ""})
				}
			}
		}
		yes, no := true, false
		all = append(all, list{s.ListUsers(auth.UserFilter{Text: text}), true},
			list{s.ListUsers(auth.UserFilter{Text: text, IsAdmin: &yes}), false}, list{s.ListUsers(auth.UserFilter{Text: text, IsAdmin: &no}), true})
	}
	all = append(all, list{s.ListAccounts(keys.AccountFilter{Moving: true}), false})
	for _, in := range organizations {
		for _, text := range texts {
			all = append(all, list{s.ListAccounts(keys.AccountFilter{OrganizationIDs: in, OwnerID: "u", Text: text}), false})
		}
	}
	for _, f := range []auth.OwnedFilter{{UserID: "a"}, {ExpiresBefore: time.Now()}, {UserID: "a", ExpiresBefore: time.Now()}} {
		all = append(all, list{s.ListTokens(f), false}, list{s.ListFamilies(f), false})
	}
	all = append(all, list{s.ListIdentities(auth.OwnedFilter{UserID: "a"}), false},
		list{s.ListCertificates(auth.CertificateFilter{ServiceAccountID: "a"}), false})
	for _, f := range []auth.LinkFilter{{UserID: "a"}, {OrganizationID: "a", Purpose: auth.Invitation}, {ExpiresBefore: time.Now()}} {
		all = append(all, list{s.ListLinks(f), false})
	}
	for _, f := range []auth.MembershipFilter{
		{OrganizationID: "a"},
		{UserID: "a"},
		{OrganizationID: "a", Role: auth.Owner},
		{OrganizationID: "a", UserID: "b"},
	} {
		all = append(all, list{s.ListMemberships(f), false})
	}
	times := []time.Time{{}, time.Now()}
	for _, in := range organizations {
		for _, object := range texts {
			for _, subject := range texts {
				for _, action := range texts {
					for i := range 4 {
						f := audit.Filter{OrganizationIDs: in, ObjectID: object, SubjectID: subject, Action: action, From: times[i%2], Until: times[i/2]}
						narrow := in != nil || object != "" || subject != "" || action != ""
						// Ids begin with the time: From and Until bound them.
						all = append(all, list{s.ListEvents(f), !narrow && f.From.IsZero()})
					}
				}
			}
		}
	}
	return all
}

func keyLists(s *sqlite.Store) (all []list) {
	yes, no, at := true, false, time.Now()
	for _, status := range []struct {
		filter keys.KeyFilter
		few    bool
	}{
		{keys.KeyFilter{}, false},
		{keys.KeyFilter{Revoked: &yes}, true},
		{keys.KeyFilter{Revoked: &no, EndsBy: at}, true},
		{keys.KeyFilter{Revoked: &no, EndsBy: at, EndsAfter: at}, true},
		{keys.KeyFilter{Revoked: &no, EndsAfter: at, StartsAfter: at}, true},
		{keys.KeyFilter{Revoked: &no, EndsAfter: at, StartsBy: at, Disabled: &yes}, true},
		{keys.KeyFilter{Revoked: &no, EndsAfter: at, StartsBy: at, Disabled: &no}, false},
		{keys.KeyFilter{Revoked: &no, EndsAfter: at}, false}, // of an account, to count what is alive
	} {
		f := status.filter
		for _, f.OrganizationIDs = range [][]string{nil, {}, {"a"}, {"a", "b"}} {
			for _, f.ServiceAccountID = range []string{"", "sa"} {
				for _, f.Environment = range []keys.Environment{"", keys.Live, keys.Test} {
					for _, f.Text = range []string{"", "x"} {
						narrow := status.few || f.OrganizationIDs != nil || f.ServiceAccountID != "" || f.Environment == keys.Test
						all = append(all, list{s.ListKeys(f), !narrow})
					}
				}
			}
		}
	}
	for _, in := range [][]string{nil, {"a"}} {
		for _, f := range []keys.KeyFilter{
			{Starts: []string{"a"}},
			{Starts: []string{"a", "b"}},
			{Starts: []string{"a"}, Last4: "b"},
			{Last4: "b"},
			{Endless: true, Revoked: &no},
			{NeverUsed: true, Revoked: &no, EndsAfter: at},
			{OwnScopes: true},
		} {
			f.OrganizationIDs = in
			all = append(all, list{s.ListKeys(f), false})
		}
	}
	all = append(all, list{s.ListKeys(keys.KeyFilter{OrganizationIDs: []string{"a"}, CreatedBy: "b", Revoked: &no, EndsAfter: at}), false})
	for _, order := range []keys.KeyOrder{keys.EndFirst, keys.UsedLast} {
		for _, in := range [][]string{nil, {"a"}} {
			for _, account := range []string{"", "sa"} {
				for _, since := range []time.Time{{}, at} {
					for _, rotated := range []*bool{nil, &yes, &no} {
						all = append(all, list{
							s.ListKeys(keys.KeyFilter{
								Order: order, OrganizationIDs: in, ServiceAccountID: account, UnusedSince: since, Rotated: rotated,
								EndsAfter: at, EndsBy: since,
							}), false,
						})
					}
				}
			}
		}
	}
	return all
}

// A page of an order by time is read from an index that holds that order.
func TestOrdersAreNotSorted(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	for _, order := range []keys.KeyOrder{keys.EndFirst, keys.UsedLast} {
		for _, in := range [][]string{nil, {"a"}} {
			text := s.ListKeys(keys.KeyFilter{Order: order, OrganizationIDs: in, EndsAfter: time.Now(), Text: "x"})
			if lines := strings.Join(plan(t, s, text), "\n\t"); strings.Contains(lines, "TEMP B-TREE") {
				t.Errorf("%s\n\t%s", text, lines)
			}
		}
	}
}

// An account's keys are looked for by the account, not among all of its
// organization's; one object's events by the object.
func TestTheNarrowestIndexIsUsed(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	for text, index := range map[string]string{
		s.ListKeys(keys.KeyFilter{ServiceAccountID: "a", OrganizationIDs: []string{"o"}}):              "keys_account",
		s.ListKeys(keys.KeyFilter{ServiceAccountID: "a", OrganizationIDs: []string{"o", "p"}}):         "keys_account",
		s.ListEvents(audit.Filter{ObjectID: "x", OrganizationIDs: []string{"o"}, Action: "y"}):         "audit_events_object",
		s.ListEvents(audit.Filter{SubjectID: "x", OrganizationIDs: []string{"o", "p"}, Action: "y"}):   "audit_events_subject",
		s.ListEvents(audit.Filter{OrganizationIDs: []string{"o"}, Action: "y", From: time.Now()}):      "audit_events_organization",
		s.ListAccounts(keys.AccountFilter{OrganizationIDs: []string{"o"}, Tier: "t", ExternalID: "x"}): "service_accounts_external",
		s.ListKeys(keys.KeyFilter{OrganizationIDs: []string{"o"}, CreatedBy: "u"}):                     "keys_creator",
		s.ListKeys(keys.KeyFilter{Starts: []string{"o"}, Last4: "u"}):                                  "keys_start",
		s.ListKeys(keys.KeyFilter{NeverUsed: true}):                                                    "keys_idle",
		s.ListKeys(keys.KeyFilter{Endless: true}):                                                      "keys_lasting",
		s.ListAccounts(keys.AccountFilter{OrganizationIDs: []string{"o"}, Tier: "t"}):                  "service_accounts_organization",
		s.ListAccounts(keys.AccountFilter{OrganizationIDs: []string{"o"}, OwnerID: "u"}):               "service_accounts_owner",
		s.ListAccounts(keys.AccountFilter{OrganizationIDs: []string{"o", "p"}, OwnerID: "u"}):          "service_accounts_owner",
		s.ListAccounts(keys.AccountFilter{OrganizationIDs: []string{"o"}, Ownerless: true}):            "service_accounts_owned",
		s.ListMemberships(auth.MembershipFilter{OrganizationID: "o", Role: auth.Owner}):                "memberships_organization",
	} {
		if lines := strings.Join(plan(t, s, text), "\n\t"); !strings.Contains(lines, index+" ") {
			t.Errorf("%s\n\t%s\n\twant %s", text, lines, index)
		}
	}
}

// Whatever usage is asked for, an index bounds it in time.
func TestUsageIsSearchedByTime(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	for _, in := range [][]string{nil, {}, {"a"}, {"a", "b"}} {
		for _, account := range []string{"", "sa"} {
			for _, key := range []string{"", "key"} {
				text := s.ListUsage(usage.PageFilter{
					Kind: usage.OfKey, Level: usage.Hours, OrganizationIDs: in, AccountID: account, KeyID: key,
					From: time.Now(), Until: time.Now(),
				})
				if lines := strings.Join(plan(t, s, text), "\n\t"); strings.Contains(lines, "SCAN") ||
					!strings.Contains(lines, "kind=? AND level=? AND start>? AND start<?") {
					t.Errorf("%s\n\t%s", text, lines)
				}
			}
		}
	}
}

// What is prepared does not grow with what is asked for.
func TestPreparedStatementsAreBounded(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "latchkey.db"))
	var bound int
	for i := range 100 {
		ids := make([]string, 2+i)
		f := keys.KeyFilter{OrganizationIDs: ids, Text: strings.Repeat("x", i+1), EndsAfter: time.Now(), Environment: keys.Live}
		if _, err := s.Keys().List(t.Context(), f, keys.Page{After: strings.Repeat("k", i+1), Limit: i + 1}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			bound = len(s.Statements())
		}
	}
	if got := len(s.Statements()); got != bound {
		t.Errorf("%d statements after a hundred lists of one kind, %d after the first", got, bound)
	}
}

// A writer that does not let go makes writes unavailable, and no read.
func TestALockedFileStopsWritesAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, other := open(t, path), open(t, path)
	release, err := other.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	storetest.Locked(t, s)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	storetest.Available(t, s)
}
