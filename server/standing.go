package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey/latchkey/internal/health"
)

// standsStill is how long background work may fail before it is shown.
const standsStill = time.Minute

// standing records since when background work has failed.
type standing struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// note records the result of one run of the work. still is how long it had
// already failed before.
func (s *standing) note(work string, now time.Time, still time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && still == 0 {
		delete(s.since, work)
		return
	}
	if s.since == nil {
		s.since = map[string]time.Time{}
	}
	began := now.Add(-still)
	if earlier, ok := s.since[work]; !ok || began.Before(earlier) {
		s.since[work] = began
	}
}

// longest returns the work that has failed for longest, and for how long.
func (s *standing) longest(now time.Time) (work string, still time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, since := range s.since {
		if d := now.Sub(since); d > still {
			work, still = name, d
		}
	}
	return work, still
}

func (a *app) checkBackground(context.Context) health.Result {
	now := time.Now()
	var err error
	work, still := a.standing.longest(now)
	if still > standsStill {
		err = fmt.Errorf("%s: nothing has come of it for %s", work, still.Round(time.Second))
	}
	return health.Found(now, time.Time{}, err, health.Degraded)
}
