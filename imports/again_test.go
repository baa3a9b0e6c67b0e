package imports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// TestSecondRunGivesNothingBack: staff took a scope from an imported account.
func TestSecondRunGivesNothingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := fmt.Sprintf(`{"id":"a","owner_id":"7","key":%q,"scopes":["files:read","files:write"]}`+"\n", clear(1))
	w.run(imports.Options{}, first)
	account := w.Verify(verify.Question{Key: clear(1), Cost: 1}).Grant.Account
	narrow := func(f keys.AccountFields) (keys.AccountFields, error) {
		f.Scopes = []string{"files:read"}
		return f, nil
	}
	_, err := w.Service.ChangeAccount(t.Context(), w.Admin, account.ID, keys.AnyRevision, narrow)
	w.Must(err)
	again, _ := w.run(imports.Options{}, first)
	if v := w.Verify(verify.Question{Key: clear(1), Cost: 1, Scopes: []string{"files:write"}}); v.Code != verify.InsufficientScope {
		t.Errorf("after a second run (%+v): %s", again.Count, v.Code)
	}
	more := first + fmt.Sprintf(`{"id":"b","owner_id":"7","key":%q,"scopes":["extra:read"]}`+"\n", clear(2))
	w.run(imports.Options{}, more)
	if v := w.Verify(verify.Question{Key: clear(1), Cost: 1, Scopes: []string{"files:write"}}); v.Code != verify.InsufficientScope {
		t.Errorf("after a new key: %s", v.Code)
	}
	if v := w.Verify(verify.Question{Key: clear(2), Cost: 1, Scopes: []string{"extra:read"}}); v.Code != verify.Valid {
		t.Errorf("the new key: %s", v.Code)
	}
}

// TestTransferredAccountGetsNoKeys: its new organization would own keys of the old one.
func TestTransferredAccountGetsNoKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := fmt.Sprintf(`{"id":"a","owner_id":"7","key":%q,"scopes":["files:read"]}`+"\n", clear(1))
	w.run(imports.Options{Organization: "Acme"}, first)
	account := *w.Verify(verify.Question{Key: clear(1), Cost: 1}).Grant.Account
	account.OrganizationID = w.NewOrganization("Other")
	account.Advance(w.Now())
	w.Must(w.Store.ServiceAccounts().Replace(t.Context(), account))
	more := first + fmt.Sprintf(`{"id":"b","owner_id":"7","key":%q}`+"\n", clear(2))
	for _, dry := range []bool{true, false} {
		done, refused := w.run(imports.Options{Organization: "Acme", DryRun: dry}, more)
		if refused["b"] != "import_account_moved" || done.Count != (imports.Count{Unchanged: 1, Refused: 1}) {
			t.Errorf("dry %v: %+v, %v", dry, done.Count, refused)
		}
	}
	w.Want(clear(2), verify.NotFound)
}

// TestRowsOfOneHash are never counted as imported twice.
func TestRowsOfOneHash(t *testing.T) {
	t.Parallel()
	content := fmt.Sprintf(`{"id":"a","key":%q}
{"id":"b","key":%q,"revoked_at":"2025-01-01T00:00:00Z"}
{"id":"weak 1","key":"pay_0000-1111-22"}
{"id":"weak 2","key":"pay_1111-0000-22"}
`, clear(1), clear(1))
	for _, dry := range []bool{true, false} {
		w := newWorld(t)
		done, refused := w.run(imports.Options{AcceptWeak: true, DryRun: dry}, content)
		if done.Count.Imported != 2 || done.Count.Refused != 2 || refused["b"] != "import_key_taken" || refused["weak 2"] != "import_key_taken" {
			t.Errorf("dry %v: %+v, %v", dry, done.Count, refused)
		}
		if dry {
			continue
		}
		again, refused := w.run(imports.Options{AcceptWeak: true}, content)
		if again.Count.Imported != 0 || refused["weak 2"] != "import_key_taken" {
			t.Errorf("again: %+v, %v", again.Count, refused)
		}
	}
}

// TestRowsOfOneHashInAnUpload are in different batches.
func TestRowsOfOneHashInAnUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.imports.Nodes.Join(t.Context()))
	content := many(300) + `{"id":"again","owner_id":"somebody","algorithm":"sha256","digest":"` + digested(1) + `"}` + "\n"
	n, err := w.imports.Receive(t.Context(), w.Admin, imports.Options{Format: "jsonl"}, "", strings.NewReader(content))
	w.Must(err)
	if done := w.settled(n.ID); done.Count.Imported != 300 || done.Count.Refused != 1 {
		t.Errorf("%+v", done.Count)
	}
}

// TestOrganizationOfTheSameName was made by somebody who hopes for keys.
func TestOrganizationOfTheSameName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	trap := w.NewOrganization("Imported from jsonl (keys.jsonl)")
	content := fmt.Sprintf(`{"id":"a","key":%q}`, clear(1))
	for range 2 {
		w.run(imports.Options{}, content)
	}
	o := w.Verify(verify.Question{Key: clear(1), Cost: 1}).Grant.Organization
	if o.ID == trap || !ids.Valid(ids.Organization, o.ID) {
		t.Errorf("the keys are in %s", o.ID)
	}
}

// TestOwnerCannotJoinAMappedAccount by its id.
func TestOwnerCannotJoinAMappedAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := imports.Options{Map: imports.Map{Owners: map[string]imports.Target{"7": {ServiceAccount: "Acme sync"}}}}
	w.run(o, fmt.Sprintf(`{"id":"a","owner_id":"7","key":%q}
{"id":"b","owner_id":"name:Acme sync","key":%q}
`, clear(1), clear(2)))
	a, b := w.Verify(verify.Question{Key: clear(1), Cost: 1}), w.Verify(verify.Question{Key: clear(2), Cost: 1})
	if a.Grant.Account.ID == b.Grant.Account.ID {
		t.Error("both owners have one account")
	}
}
