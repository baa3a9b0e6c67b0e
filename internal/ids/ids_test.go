package ids_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
)

func TestIDsSortByTheTimeOfTheirMaking(t *testing.T) {
	t.Parallel()
	before := time.Now()
	all := make([]string, 10_000)
	for i := range all {
		all[i] = ids.New(ids.Event)
	}
	after := time.Now()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("ids are out of order or not unique")
	}
	if first := ids.At(ids.Event, before); first > all[0] || !ids.Valid(ids.Event, first) {
		t.Errorf("%s is not before %s", first, all[0])
	}
	// Ids of one millisecond may borrow from the next ones, by a little.
	if last := ids.At(ids.Event, after.Add(time.Second)); last < all[len(all)-1] {
		t.Errorf("%s is not behind %s", last, all[len(all)-1])
	}
	if early := ids.At(ids.Event, time.Time{}); !ids.Valid(ids.Event, early) || early > all[0] {
		t.Errorf("the id of the zero time is %s", early)
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	good := ids.New(ids.Key)
	for id, want := range map[string]bool{
		good: true, good[:len(good)-1]: false, good + "0": false, ids.User + good[len(ids.Key):]: false,
		good[:len(good)-1] + "G": false, "": false, ids.Key: false,
	} {
		if ids.Valid(ids.Key, id) != want {
			t.Errorf("%q: want %t", id, want)
		}
	}
}
