package imports_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

func TestRecordsAreForStaff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.run(imports.Options{}, strings.Repeat("{}\n", imports.PageSize+1))
	w.Advance(time.Second)
	second, _ := w.run(imports.Options{}, many(2))
	ctx, owner := t.Context(), keystest.Member(keys.FirstOrganization, auth.Owner)
	for name, read := range map[string]func(keys.Actor) error{
		"import":   func(a keys.Actor) error { _, err := w.imports.Import(ctx, a, first.ID); return err },
		"list":     func(a keys.Actor) error { _, err := w.imports.List(ctx, a, keys.Page{Limit: 2}); return err },
		"problems": func(a keys.Actor) error { _, err := w.imports.Problems(ctx, a, first.ID, 0); return err },
		"in use":   func(a keys.Actor) error { _, err := w.imports.InUse(ctx, a); return err },
	} {
		if err := read(owner); !errors.Is(err, errs.Forbidden) {
			t.Errorf("%s, as an owner: %v", name, err)
		}
		w.Must(read(w.Admin))
	}
	all, err := w.imports.List(ctx, w.Admin, keys.Page{Limit: 2})
	if err != nil || len(all) != 2 || all[0].ID != second.ID || all[1].ID != first.ID {
		t.Errorf("%+v, %v", all, err)
	}
	for page, want := range map[int]int{0: imports.PageSize, 1: 1, 2: 0} {
		if some, err := w.imports.Problems(ctx, w.Admin, first.ID, page); err != nil || len(some) != want {
			t.Errorf("page %d has %d problems, %v", page, len(some), err)
		}
	}
	if _, err := w.imports.Import(ctx, w.Admin, imports.NewID()); !errors.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

func TestInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	n, refused := w.run(imports.Options{}, `{"key":"`+clear(1)+`","owner_id":"a"}
{"key":"`+clear(2)+`","owner_id":"a"}
{"key":"`+clear(3)+`","owner_id":"b","last_used_at":"`+before+`"}
{"key":"`+clear(4)+`","owner_id":"b","revoked_at":"`+before+`"}
`)
	if n.Count.Imported != 4 {
		t.Fatalf("%+v %v", n.Count, refused)
	}
	w.Issue(keys.KeyFields{}) // is not imported
	k, err := w.Store.Keys().ByHash(t.Context(), keys.HashOf(clear(2)))
	w.Must(err)
	w.Advance(time.Minute)
	w.Must(w.Store.Keys().TouchLastUsed(t.Context(), map[string]usage.Use{k.ID: {At: w.Now()}}))
	u, err := w.imports.InUse(t.Context(), w.Admin)
	if err != nil || u.Keys != 3 || u.Used != 1 || u.Unused != 2 || u.Digests != 0 || !u.Complete || len(u.Accounts) != 2 {
		t.Fatalf("%+v, %v", u, err)
	}
	if a := u.Accounts[0]; a.ID != k.ServiceAccountID || a.Name != "a" || a.Keys != 2 || a.Used != 1 || a.OrganizationID != k.OrganizationID {
		t.Errorf("%+v", a)
	}
	w.Advance(imports.RecentUse)
	if u, err = w.imports.InUse(t.Context(), w.Admin); err != nil || u.Used != 0 || u.Unused != 2 {
		t.Errorf("a month later: %+v, %v", u, err)
	}
}

// TestUploadNamesWhatIsNotThere: nothing is stored of such an upload.
func TestUploadNamesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, o := range map[string]imports.Options{
		"tier":         {Tier: "gold"},
		"organization": {Organization: "org_01a20bfc26a07153866374d62b9aee99"},
		"scopes[1]":    {Scopes: []string{"invoices:*", "nothing:here"}},
		"scopes[0]":    {Scopes: []string{"Not a scope"}},
	} {
		o.Format = "jsonl"
		_, err := w.imports.Receive(t.Context(), w.Admin, o, "", strings.NewReader(many(1)))
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	hidden := imports.Options{Format: "jsonl", Organization: "a\u200bb"}
	_, err := w.imports.Receive(t.Context(), w.Admin, hidden, "", strings.NewReader(many(1)))
	if !errors.Is(err, errs.Invalid) {
		t.Errorf("a name with what nobody sees: %v", err)
	}
	if all, err := w.Store.Imports().List(t.Context(), keys.NoFilter{}, keys.Page{Limit: 1}); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestUploadWhoseNodeIsGone: pages that its record does not count yet are deleted, too.
func TestUploadWhoseNodeIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imports.Close()
	n, err := w.imports.Receive(t.Context(), w.Admin, imports.Options{Format: "jsonl"}, "", strings.NewReader(many(250)))
	w.Must(err)
	n.State, n.Rows = imports.Receiving, 1
	n.Advance(w.Now())
	w.Must(w.Store.Imports().Replace(t.Context(), n))
	w.Advance(time.Minute)
	w.Must(w.service().Resume(t.Context()))
	if rows, _ := w.kept(n.ID); rows != 0 || w.settled(n.ID).State != imports.Failed {
		t.Errorf("%d pages of rows are kept", rows)
	}
}

// TestUploadOfWhichNothingIsTaken ends at once, with an event unless it is a dry run.
func TestUploadOfWhichNothingIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for dry, want := range map[bool]int{true: 0, false: 1} {
		n, err := w.imports.Receive(t.Context(), w.Admin, imports.Options{Format: "jsonl", DryRun: dry}, "", strings.NewReader("{}\n"))
		if err != nil || n.State != imports.Done || n.Count.Refused != 1 || n.Pages != 1 || n.Percent() != 100 {
			t.Errorf("%+v, %v", n, err)
		}
		events, err := w.Store.Events(t.Context(), audit.Filter{ObjectID: n.ID}, "", 10)
		if err != nil || len(events) != want {
			t.Errorf("dry %v: %d events, %v", dry, len(events), err)
		}
	}
}
