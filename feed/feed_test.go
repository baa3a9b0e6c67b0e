package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// told is a feed that nobody has to be asked for.
func told() *Feed { return &Feed{epoch: "E", life: context.Background()} }

func asked(epoch string, after uint64) edgewire.AskChanges {
	return edgewire.AskChanges{Epoch: epoch, After: after}
}

// TestChangesFollowAPlace: an edge is told what it has not heard of, and everything
// where that is not known any more.
func TestChangesFollowAPlace(t *testing.T) {
	t.Parallel()
	f := told()
	for d := range uint64(5) {
		f.note(d+100, false)
	}
	for name, tt := range map[string]struct {
		asked edgewire.AskChanges
		marks []uint64
		all   bool
	}{
		"the beginning":   {asked("E", 0), []uint64{100, 101, 102, 103, 104}, false},
		"some":            {asked("E", 3), []uint64{103, 104}, false},
		"nothing":         {asked("E", 5), nil, false},
		"another node":    {asked("F", 3), nil, true},
		"nobody yet":      {asked("", 0), nil, true},
		"a place to come": {asked("E", 6), nil, true},
	} {
		got := f.after(tt.asked)
		if got.All != tt.all || !slices.Equal(got.Marks, tt.marks) || got.Place != 5 || got.Epoch != "E" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	f.note(0, true)
	f.note(105, false)
	if got := f.after(asked("E", 5)); !got.All {
		t.Errorf("before everything changed: %+v", got)
	}
	if got := f.after(asked("E", 6)); got.All || !slices.Equal(got.Marks, []uint64{105}) {
		t.Errorf("after everything changed: %+v", got)
	}
	for d := range uint64(edgewire.MostMarks) {
		f.note(d, false)
	}
	if got := f.after(asked("E", 6)); !got.All {
		t.Error("more than is kept is told in part")
	}
	if got := f.after(asked("E", 7)); got.All || len(got.Marks) != edgewire.MostMarks {
		t.Errorf("as much as is kept: %d, %t", len(got.Marks), got.All)
	}
}

// TestAChangeEndsTheWait of all who wait, and time does.
func TestAChangeEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := told()
		waited := make(chan time.Duration, 3)
		wait := func(most time.Duration) {
			began := time.Now()
			f.await(t.Context(), asked("E", f.place), most)
			waited <- time.Since(began)
		}
		go wait(time.Minute)
		go wait(time.Minute)
		go wait(time.Second)
		time.Sleep(2 * time.Second)
		if got := <-waited; got != time.Second {
			t.Errorf("a short wait took %s", got)
		}
		f.note(1, false)
		for range 2 {
			if got := <-waited; got != 2*time.Second {
				t.Errorf("a long wait took %s", got)
			}
		}
	})
}

// only may feed edges with the keys of one organization.
type only struct {
	keys.Actor
	organization string
}

func (o only) May(action keys.Action, organization string) bool {
	return action == keys.EdgeKeys && organization == o.organization
}

// TestAnEdgeCountsForNoKeyOfOthers, whatever it says of them.
func TestAnEdgeCountsForNoKeyOfOthers(t *testing.T) {
	t.Parallel()
	asked := 0
	o, err := newOwners(func(_ context.Context, id string) (keys.Key, error) {
		asked++
		switch id {
		case "key_own":
			return keys.Key{ID: id, ServiceAccountID: "sa_own", OrganizationID: "org_own"}, nil
		case "key_other":
			return keys.Key{ID: id, ServiceAccountID: "sa_other", OrganizationID: "org_other"}, nil
		case "key_unreadable":
			return keys.Key{}, errs.New(errs.Unavailable, "busy")
		default:
			return keys.Key{}, fmt.Errorf("key: %w", errs.NotFound)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{Feed: &Feed{owners: o}, by: only{organization: "org_own"}, now: time.Now()}
	claim := func(id string) usage.Tally {
		return usage.Tally{Subject: usage.Subject{KeyID: id, AccountID: "sa_forged", OrganizationID: "org_own"}}
	}
	for range 2 {
		err = c.find(t.Context(), &edgewire.Usage{Tallies: []usage.Tally{claim("key_own"), claim("key_other"), claim("key_gone"), claim("")}})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.owners) != 1 || c.owners["key_own"] != (usage.Subject{KeyID: "key_own", AccountID: "sa_own", OrganizationID: "org_own"}) {
			t.Errorf("it counts for %v", c.owners)
		}
	}
	if asked != 4 { // the key that is gone is looked up each time
		t.Errorf("the store was asked %d times", asked)
	}
	if err := c.find(t.Context(), &edgewire.Usage{Uses: map[string]usage.Use{"key_unreadable": {}}}); !errors.Is(err, errs.Unavailable) {
		t.Errorf("what cannot be looked up is lost: %v", err)
	}
}

// TestAnEdgeExposesNoKeyOfOthers, whatever it says arrived without TLS.
func TestAnEdgeExposesNoKeyOfOthers(t *testing.T) {
	t.Parallel()
	o, err := newOwners(func(_ context.Context, id string) (keys.Key, error) {
		return keys.Key{ID: id, OrganizationID: "org_" + id[len("key_"):]}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var exposed []string
	f := &Feed{owners: o, c: Config{
		Recorder: &usage.Recorder{}, Meter: usage.NewMeter(), Now: time.Now, Plain: func(id string) { exposed = append(exposed, id) },
	}}
	if f.counts, err = newCounts(); err != nil {
		t.Fatal(err)
	}
	told := edgewire.Usage{Edge: edgewire.Edge{ID: ids.New(ids.Edge)}, Batch: 1, Plain: []string{"key_own", "key_other"}}
	for range 2 {
		if err := f.Count(t.Context(), only{organization: "org_own"}, "sa_1", "org_own", told); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(exposed, []string{"key_own"}) {
		t.Errorf("it exposes %v", exposed)
	}
	told.Batch, told.Plain = 2, make([]string, edgewire.MostPlain+1)
	if err := f.Count(t.Context(), only{organization: "org_own"}, "sa_1", "org_own", told); !errors.Is(err, errs.Invalid) {
		t.Errorf("more than allowed: %v", err)
	}
}

// TestFiguresOfAWrongEdgeAreBounded in time, size and number.
func TestFiguresOfAWrongEdgeAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	c := &counting{now: now}
	wild := usage.Tally{At: now.Add(time.Hour), Scopes: map[string]uint64{"a:b": 1 << 60, "no scope": 1}}
	wild.Counts[0] = 1 << 60
	got := c.sane(wild)
	if !got.At.Equal(now) || got.Counts[0] != mostCount || got.Scopes["a:b"] != mostCount || len(got.Scopes) != 1 {
		t.Errorf("it counts %+v", got)
	}
	if got := c.sane(usage.Tally{At: now.Add(-24 * time.Hour)}); !got.At.Equal(now.Add(-oldest)) {
		t.Errorf("it counts at %s", got.At)
	}
}

// TestEdgesThatMakeNoSense are told so.
func TestEdgesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	e := &edges{elapsed: func() time.Duration { return 0 }, byID: map[string]*fed{}}
	good := edgewire.Edge{ID: ids.New(ids.Edge), Name: "a", Version: "v1", StartedAt: time.Now()}
	for name, change := range map[string]func(*edgewire.Edge){
		"no id":          func(e *edgewire.Edge) { e.ID = "" },
		"a node's id":    func(e *edgewire.Edge) { e.ID = ids.New(ids.Node) },
		"a long name":    func(e *edgewire.Edge) { e.Name = fmt.Sprintf("%0200d", 0) },
		"a long version": func(e *edgewire.Edge) { e.Version = fmt.Sprintf("%0200d", 0) },
		"a hidden name":  func(e *edgewire.Edge) { e.Name = "a\u202eb" },
		"two lines":      func(e *edgewire.Edge) { e.Version = "v1\nv2" },
		"no text":        func(e *edgewire.Edge) { e.Name = "\xff" },
		"no beginning":   func(e *edgewire.Edge) { e.StartedAt = time.Time{} },
	} {
		bad := good
		change(&bad)
		if _, err := e.hello(t.Context(), bad, "sa_1", 0); !errors.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := e.find(good, "sa_1", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := e.find(good, "sa_2", 0); !errors.Is(err, errs.Forbidden) {
		t.Errorf("another account's edge: %v", err)
	}
	for i := range mostEdges - 1 {
		e.byID[fmt.Sprint(i)] = &fed{}
	}
	more := good
	more.ID = ids.New(ids.Edge)
	if _, err := e.find(more, "sa_1", 0); !errors.Is(err, errs.Unavailable) {
		t.Errorf("one too many: %v", err)
	}
}
