package usage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/latchkey/latchkey/usage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a store that can be gone.
type memory struct {
	mu      sync.Mutex
	gone    bool
	used    map[string]time.Time
	largest int
}

func (m *memory) TouchLastUsed(_ context.Context, used map[string]usage.Use) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return errors.New("gone")
	}
	m.largest = max(m.largest, len(used))
	for id, u := range used {
		if u.At.After(m.used[id]) {
			m.used[id] = u.At
		}
	}
	return nil
}

func (m *memory) set(gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = gone
}

func (m *memory) at(id string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used[id]
}

func (m *memory) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.used)
}

func bubble(t *testing.T, run func(t *testing.T, m *memory, l *usage.LastUsed)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{used: map[string]time.Time{}}
		l := usage.NewLastUsed(m, slog.New(slog.DiscardHandler))
		run(t, m, l)
		if err := l.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestUsesAreSavedBehind(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, l *usage.LastUsed) {
		at := time.Now()
		l.Note("a", usage.Use{At: at})
		if !m.at("a").IsZero() {
			t.Error("a use was written at once")
		}
		time.Sleep(1001 * time.Millisecond)
		synctest.Wait()
		if !m.at("a").Equal(at) {
			t.Errorf("after a second the store has %s", m.at("a"))
		}
	})
}

func TestUsesOutlastAnOutage(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, l *usage.LastUsed) {
		m.set(true)
		first := time.Now()
		l.Note("a", usage.Use{At: first})
		time.Sleep(5 * time.Second)
		later := time.Now()
		l.Note("b", usage.Use{At: later})
		m.set(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !m.at("a").Equal(first) || !m.at("b").Equal(later) {
			t.Errorf("after the outage the store has %v", m.used)
		}
	})
}

// A crowd of keys is written in steps, and all of it when the service stops.
func TestUsesAreBoundedAndFlushedAtTheEnd(t *testing.T) {
	t.Parallel()
	m := &memory{used: map[string]time.Time{}}
	l := usage.NewLastUsed(m, slog.New(slog.DiscardHandler))
	at := time.Now()
	for i := range 250_000 {
		l.Note(fmt.Sprint(i), usage.Use{At: at})
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.len() < 100_000 || m.len() > 200_000 || m.largest > 1000 {
		t.Errorf("%d uses were kept and written %d at a time", m.len(), m.largest)
	}
}
