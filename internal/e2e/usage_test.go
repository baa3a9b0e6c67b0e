package e2e

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// counted is how many verifications the key's usage tells of.
func counted(s *service, id string) int {
	total := 0.0
	for _, point := range s.call("GET", "/api/keys/"+id+"/usage", nil, 200)["items"].([]any) {
		total += point.(map[string]any)["total"].(float64)
	}
	return int(total)
}

// settledCount waits for a count that stays: what a killed process had sent, a
// database on its own may still be carrying out.
func settledCount(t *testing.T, s *service, id string) int {
	t.Helper()
	last, since := counted(s, id), time.Now()
	parts.Await(t, 20*time.Second, "what was sent before the kill to land", func(context.Context) error {
		if got := counted(s, id); got != last {
			last, since = got, time.Now()
		}
		if time.Since(since) < 2*time.Second {
			return fmt.Errorf("%d since %s", last, since)
		}
		return nil
	})
	return last
}

// What was counted more than a second before a kill was saved, and before a
// SIGTERM all of it.
func TestUsageOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outlives(t, database)
		})
	}
}

func outlives(t *testing.T, database string) {
	s, process := start(t, database)
	id, key := s.issue(s.vast(), "invoices:read")
	verify := func(n int) {
		ask := verifier(t, s.base, key)
		for range n {
			if status := ask(); status != http.StatusOK {
				t.Fatalf("GET /verify: %d", status)
			}
		}
	}
	const before, last = 500, 100
	verify(before)
	parts.Await(t, 5*time.Second, "usage to be saved", func(context.Context) error {
		if got := counted(s, id); got != before {
			return fmt.Errorf("%d of %d", got, before)
		}
		return nil
	})
	verify(last)
	process.Kill()
	s, process = start(t, database)
	atLeast := settledCount(t, s, id)
	if atLeast < before || atLeast > before+last {
		t.Errorf("after a kill %d of %d and %d are left", atLeast, before, last)
	}
	verify(last)
	process.Signal(syscall.SIGTERM)
	if err := process.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	s, _ = start(t, database)
	if got := counted(s, id); got != atLeast+last {
		t.Errorf("after SIGTERM %d are left of %d", got, atLeast+last)
	}
}
