package web_test

import (
	"net/url"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// TestLinesFromABrowser end in CRLF, which no text box may be refused for: not
// when it is saved, not when the object was made by the API, and least of all
// when a key is revoked.
func TestLinesFromABrowser(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, key, _ := s.issued(s.organization, "sync")
	owner := s.signedIn(s.user("ada@example.com", auth.Owner))
	owner.sees(owner.post("/service-accounts/"+account.ID+"/edit", url.Values{
		"name": {"sync"}, "description": {"one\r\ntwo"},
		"scopes": {"invoices:read"},
	}), 303, "saved")
	saved, err := s.Keys.Account(t.Context(), auth.System(), account.ID)
	s.must(err)
	if saved.Description != "one\ntwo" {
		t.Errorf("the description is %q", saved.Description)
	}
	owner.sees(owner.post("/keys/"+key.ID+"/edit", url.Values{"name": {"sync"}, "note": {"one\r\n\r\ntwo\r\n"}}), 303, "")
	noted, err := s.Keys.Key(t.Context(), auth.System(), key.ID)
	s.must(err)
	if noted.Note != "one\n\ntwo" {
		t.Errorf("the note is %q", noted.Note)
	}
	owner.sees(owner.post("/keys/"+key.ID+"/revoke", url.Values{
		"sure": {"yes"}, "reason": {"leaked"}, "note": {"in a paste\r\nof today\r\n"},
	}),
		303, "")
	revoked, err := s.Keys.Key(t.Context(), auth.System(), key.ID)
	s.must(err)
	if revoked.Status(s.now()) != keys.StatusRevoked || revoked.RevokeNote != "in a paste\nof today" {
		t.Errorf("the key is %s with the note %q", revoked.Status(s.now()), revoked.RevokeNote)
	}
}
