package storetest

import (
	"context"
	"crypto/sha512"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
)

// insertMany checks that many keys are stored but those whose id or digest is taken, in
// both ways.
func insertMany(t *testing.T, s store.Store) {
	for name, insert := range map[string]func(context.Context, []keys.Key) ([]string, error){
		"insert": s.Keys().InsertAll, "load": s.LoadKeys,
	} {
		there := newKey("sa_" + name)
		must(t, s.Keys().Insert(t.Context(), there))
		all := make([]keys.Key, 120)
		for i := range all {
			all[i] = newKey("sa_" + name)
		}
		all[3].ID = there.ID
		all[70].Hash = there.Hash
		all[110].Hash = all[109].Hash
		taken, err := insert(t.Context(), all)
		want := []string{there.ID, all[70].ID, all[110].ID}
		slices.Sort(taken)
		slices.Sort(want)
		if err != nil || !slices.Equal(taken, want) {
			t.Errorf("%s: taken are %v, %v, want %v", name, taken, err, want)
		}
		found, err := s.Keys().List(t.Context(), keys.KeyFilter{ServiceAccountID: "sa_" + name}, keys.Page{Limit: 200})
		if err != nil || len(found) != len(all)-2 {
			t.Errorf("%s: %d keys are stored, %v", name, len(found), err)
		}
		if taken, err := insert(t.Context(), all[:1]); err != nil || len(taken) != 1 {
			t.Errorf("%s again: %v, %v", name, taken, err)
		}
	}
	if taken, err := s.ServiceAccounts().InsertAll(t.Context(), nil); err != nil || taken != nil {
		t.Errorf("of none, %v are taken, %v", taken, err)
	}
}

// imported checks the fields and the lists of imported keys, and that one gets another
// digest once.
func imported(t *testing.T, s store.Store) {
	ctx := t.Context()
	k := newKey("sa_imported")
	k.Digest, k.ImportID = keys.SHA512Digest(sha512.Sum512([]byte("key"))), "imp_1"
	var err error
	k.HashAlgorithm, k.Hash, err = k.Digest.Lookup("")
	must(t, err)
	must(t, s.Keys().Insert(ctx, k))
	must(t, s.Keys().Insert(ctx, newKey("sa_imported")))
	for _, f := range []keys.KeyFilter{{ImportID: "imp_1"}, {Imported: true, ServiceAccountID: "sa_imported"}} {
		found, err := s.Keys().List(ctx, f, keys.Page{Limit: 10})
		if err != nil || len(found) != 1 {
			t.Fatalf("%+v finds %d keys, %v", f, len(found), err)
		}
		same(t, found[0], k)
	}

	other := newKey("sa_imported")
	must(t, s.Keys().Insert(ctx, other))
	was, known := k.Hash, k
	known.Hash, known.HashAlgorithm, known.Digest = keys.HashOf("key"), keys.SHA256, ""
	known.Revision, known.UpdatedAt = k.Revision+1, k.UpdatedAt.Add(time.Second)
	clash := known
	clash.Hash = other.Hash
	wantKind(t, s.Keys().Rehash(ctx, clash, was), errs.Conflict)
	must(t, s.Keys().Rehash(ctx, known, was))
	wantKind(t, s.Keys().Rehash(ctx, known, was), errs.Stale)
	found, err := s.Keys().ByHash(ctx, known.Hash)
	must(t, err)
	same(t, found, known)
	_, err = s.Keys().ByHash(ctx, was)
	wantKind(t, err, errs.NotFound)
	changed, err := s.ChangedSince(ctx, k.UpdatedAt.Add(time.Millisecond), 10)
	if err != nil || !slices.ContainsFunc(changed, func(c keys.Change) bool { return c.Hash == known.Hash }) {
		t.Errorf("other nodes learn %+v, %v", changed, err)
	}
}

// importRecords checks the records of imports.
func importRecords(t *testing.T, s store.Store) {
	ctx := t.Context()
	n := imports.Import{
		Stamp: keys.NewStamp(now()), ID: ids.New(ids.Import), State: imports.Running, Files: []string{"a.json"},
		Options: imports.Options{Format: "django", Map: imports.Map{Scopes: map[string]string{"a.b": "a:b"}}},
		Noted:   []imports.Noted{{Note: errs.Say("import_key_taken"), Place: "a.json:3", Rows: 2}},
	}
	must(t, s.Imports().Insert(ctx, n))
	got, err := s.Imports().Get(ctx, n.ID)
	must(t, err)
	sameJSON(t, got, n)
	page := imports.Page{Stamp: n.Stamp, ID: n.ID + ".000000", Problems: []imports.Problem{{ID: "7", Fault: errs.Say("import_key_text")}}}
	must(t, s.ImportPages().Insert(ctx, page))
	kept, err := s.ImportPages().Get(ctx, page.ID)
	must(t, err)
	sameJSON(t, kept, page)
	shape := keys.Shape{Prefix: "pay_", Alphabet: keys.URLSafe, Least: 20, Most: 40}
	shapes := imports.Shapes{Stamp: n.Stamp, ID: imports.ShapesID, Shapes: []keys.Shape{shape}}
	must(t, s.KeyShapes().Insert(ctx, shapes))
	known, err := s.KeyShapes().Get(ctx, shapes.ID)
	must(t, err)
	sameJSON(t, known, shapes)
}

func sameJSON(t *testing.T, got, want any) {
	t.Helper()
	stored, err := json.Marshal(got)
	must(t, err)
	given, err := json.Marshal(want)
	must(t, err)
	same(t, string(stored), string(given))
}
