package web_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// TestWhatIsTickedCounts: without scripts the preset above the boxes stays as it
// was, and the key must not get everything.
func TestWhatIsTickedCounts(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, _, _ := s.issued(s.organization, "sync")
	owner := s.signedIn(s.user("ada@example.com", auth.Owner))
	path := "/service-accounts/" + account.ID + "/keys/new"
	for _, tt := range []struct {
		name, narrowed string
		ticked         []string
		want           []string // nil: refused
	}{
		{"ticked under the preset of everything", "no", []string{"invoices:read"}, []string{"invoices:read"}},
		{"ticked under read only", "read", []string{"invoices:read"}, []string{"invoices:read"}},
		{"more than reading under read only", "read", []string{"invoices:write"}, nil},
		{"nothing ticked where only that counts", "yes", nil, nil},
		{"nothing ticked under a choice that there is not", "some", nil, nil},
		{"nothing ticked and nothing chosen", "", nil, nil},
	} {
		p := owner.post(path, url.Values{
			"name": {tt.name}, "environment": {"live"}, "expiry": {"30"}, "narrowed": {tt.narrowed},
			"scopes": tt.ticked, "once": {tt.name},
		})
		if tt.want == nil {
			if p.status != 422 || !strings.Contains(p.body, "scopes-fault") {
				t.Errorf("%s: %d %s", tt.name, p.status, text(p.body))
			}
			continue
		}
		made, err := s.Keys.Keys(t.Context(), auth.System(), keys.KeyQuery{ServiceAccountID: account.ID, Text: tt.name}, keys.Page{Limit: 2})
		s.must(err)
		if p.status != 200 || len(made) != 1 || !slices.Equal(made[0].Scopes, tt.want) {
			t.Errorf("%s: %d, %+v", tt.name, p.status, made)
		}
	}
}

// TestAnEndingSaysWhereItHolds, and an account without scopes what its keys may.
func TestAnEndingSaysWhereItHolds(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "sync")
	owner := s.signedIn(s.user("ada@example.com", auth.Owner))
	done := owner.post("/keys/"+key.ID+"/disable", nil)
	owner.sees(owner.get(done.location), 200, "The key is disabled. No node answers VALID")
	done = owner.post("/keys/"+key.ID+"/enable", nil)
	owner.sees(owner.get(done.location), 200, "The key is enabled.")
	done = owner.post("/keys/"+key.ID+"/revoke", url.Values{"sure": {"yes"}, "reason": {"unused"}})
	owner.sees(owner.get(done.location), 200, "The key is revoked. No node answers VALID")
	_, other, _ := s.issued(s.organization, "other")
	for _, action := range []string{"disable", "revoke"} {
		done = owner.post("/keys/bulk", url.Values{"id": {other.ID}, "action": {action}, "sure": {"yes"}, "reason": {"unused"}})
		owner.sees(owner.get(done.location), 200, "The keys are "+action+"d. No node answers VALID")
	}
	staff := s.signedIn(s.admin("staff@example.com"))
	done = staff.post("/provider/organizations/"+s.organization+"/disable", url.Values{"sure": {"yes"}})
	staff.sees(staff.get(done.location), 200, "The organization is disabled, and so are all of its keys. No node answers VALID")
	done = staff.post("/provider/organizations/"+s.organization+"/enable", nil)
	staff.sees(staff.get(done.location), 200, "The organization is enabled.")
	bare, err := s.Keys.CreateAccount(t.Context(), auth.System(), "", s.organization, keys.AccountFields{Name: "bare", Scopes: []string{}})
	s.must(err)
	owner.sees(owner.get("/service-accounts/"+bare.ID+"/keys/new"), 200, "its keys cannot do anything until it has some")
	if p := owner.get("/service-accounts/" + account.ID + "/keys/new"); strings.Contains(p.body, "its keys cannot do anything") {
		t.Error("an account with scopes is said to have none")
	}
}

// TestStaffResetLimits by a button that nobody else has.
func TestStaffResetLimits(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "sync")
	staff, owner := s.signedIn(s.admin("staff@example.com")), s.signedIn(s.user("ada@example.com", auth.Owner))
	for _, path := range []string{"/keys/" + key.ID, "/service-accounts/" + account.ID} {
		staff.sees(staff.get(path), 200, "Reset limits")
		done := staff.post(path+"/limits/reset", nil)
		staff.sees(staff.get(done.location), 200, "The limits are reset")
		if strings.Contains(owner.get(path).body, "Reset limits") {
			t.Errorf("an owner has the button on %s", path)
		}
		owner.sees(owner.post(path+"/limits/reset", nil), 403, "staff")
	}
}

// TestARotatedKeyEndsOnItsPageAsInTheList.
func TestARotatedKeyEndsOnItsPageAsInTheList(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	_, key, _ := s.issued(s.organization, "sync")
	owner := s.signedIn(s.user("ada@example.com", auth.Owner))
	_, _, err := s.Keys.Rotate(t.Context(), auth.System(), key.ID, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	s.must(err)
	owner.sees(owner.get("/keys/"+key.ID), 200, "end of the grace period")
}
