package server

import (
	"errors"
	"testing"
	"time"
)

func TestWhatStandsStill(t *testing.T) {
	t.Parallel()
	var s standing
	now := time.Now()
	holds := func(what, work string, still time.Duration) {
		t.Helper()
		if w, d := s.longest(now); w != work || d != still {
			t.Errorf("%s: %q for %s", what, w, d)
		}
	}
	holds("at first", "", 0)
	s.note("usage", now, 0, errors.New("gone"))
	now = now.Add(time.Minute)
	s.note("usage", now, 0, errors.New("gone"))
	holds("what fails again", "usage", time.Minute)
	s.note("incidents", now, 2*time.Minute, nil)
	holds("what stood still before it was looked at", "incidents", 2*time.Minute)
	s.note("incidents", now, 0, nil)
	holds("what goes on", "usage", time.Minute)
	s.note("usage", now, 0, nil)
	holds("in the end", "", 0)
}
