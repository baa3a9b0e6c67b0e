package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
)

// manyKeys checks that each of many keys is written by its own revision, and that those
// that changed or were deleted are returned.
func manyKeys(t *testing.T, s store.Store) {
	ctx := t.Context()
	var all []keys.Key
	for range 120 {
		k := newKey("sa_many")
		must(t, s.Keys().Insert(ctx, k))
		k.Revision++
		k.UpdatedAt, k.RevokedAt, k.RevokeNote = k.UpdatedAt.Add(time.Second), k.UpdatedAt.Add(time.Second), "leaked"
		all = append(all, k)
	}
	moved := all[3]
	moved.Name, moved.RevokedAt, moved.RevokeNote, moved.UpdatedAt = "moved", time.Time{}, "", moved.UpdatedAt.Add(time.Second)
	must(t, s.Keys().Replace(ctx, moved))
	must(t, s.Keys().Delete(ctx, all[7].ID, all[7].Revision-1))
	left, err := s.Keys().ReplaceAll(ctx, all)
	slices.Sort(left)
	want := []string{all[3].ID, all[7].ID}
	slices.Sort(want)
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %v, %v, want %v", left, err, want)
	}
	for i, k := range all {
		got, err := s.Keys().Get(ctx, k.ID)
		if i == 7 {
			continue
		}
		if err != nil || got.RevokedAt.IsZero() != (i == 3) {
			t.Errorf("key %d: %+v, %v", i, got, err)
		}
	}
	if left, err := s.Keys().ReplaceAll(ctx, nil); err != nil || left != nil {
		t.Errorf("of none are left %v, %v", left, err)
	}
}

func manyEvents(t *testing.T, s store.Store) {
	ctx := t.Context()
	all := make([]audit.Event, 120)
	for i := range all {
		all[i] = audit.Event{
			ID: ids.New(ids.Event), At: time.Now().UTC().Truncate(time.Millisecond), Action: fmt.Sprint("many.", i),
			Object: audit.Object{Type: "key", ID: "key_of_many"},
		}
	}
	must(t, s.AppendEvents(ctx, all))
	got, err := s.Events(ctx, audit.Filter{ObjectID: "key_of_many"}, "", 200)
	if err != nil || len(got) != len(all) || got[0].Action != "many.119" {
		t.Errorf("%d events came back, %v", len(got), err)
	}
}
