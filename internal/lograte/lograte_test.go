package lograte_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/latchkey/latchkey/internal/lograte"
)

// world is a logger whose clock the test sets.
type world struct {
	*slog.Logger
	out bytes.Buffer
	now time.Time
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	w.Logger = slog.New(lograte.New(slog.NewTextHandler(&w.out, nil), func() time.Time { return w.now }))
	return w
}

func (w *world) lines() int { return strings.Count(w.out.String(), "\n") }

// fail logs from one place in the code, which inlining would make two.
//
//go:noinline
func (w *world) fail(times int) {
	for range times {
		w.With("node", "a").Error("request failed")
	}
}

func TestAFloodOfOneFaultIsCutShort(t *testing.T) {
	w := newWorld()
	w.fail(lograte.Burst * 10)
	if n := w.lines(); n != lograte.Burst {
		t.Errorf("%d lines, want %d", n, lograte.Burst)
	}
	w.Error("another fault")
	if n := w.lines(); n != lograte.Burst+1 {
		t.Error("another fault was dropped as well")
	}
	w.out.Reset()
	w.now = w.now.Add(time.Second)
	w.fail(lograte.PerSecond * 2)
	if n := w.lines(); n != lograte.PerSecond {
		t.Errorf("%d lines a second later, want %d", n, lograte.PerSecond)
	}
	if first, _, _ := strings.Cut(w.out.String(), "\n"); !strings.HasSuffix(first, "node=a suppressed=900") {
		t.Errorf("what was dropped is not told: %s", first)
	}
	if strings.Count(w.out.String(), "suppressed") != 1 {
		t.Errorf("what was dropped is told more than once:\n%s", w.out.String())
	}
}

func TestAccessLinesAreAllWritten(t *testing.T) {
	w := newWorld()
	for range lograte.Burst * 2 {
		w.Info("request")
	}
	if n := w.lines(); n != lograte.Burst*2 {
		t.Errorf("%d lines of %d", n, lograte.Burst*2)
	}
}

func TestAFloodFromManyAtOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Now()
	logger := slog.New(lograte.New(slog.NewTextHandler(&out, nil), func() time.Time { return now }))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range lograte.Burst {
				logger.Warn("store cannot be read")
			}
		})
	}
	all.Wait()
	if n := strings.Count(out.String(), "\n"); n != lograte.Burst {
		t.Errorf("%d lines, want %d", n, lograte.Burst)
	}
}

func TestAStandardLoggerIsLimited(t *testing.T) {
	w := newWorld()
	plain := slog.NewLogLogger(w.Handler(), slog.LevelWarn)
	for i := range lograte.Burst * 2 {
		plain.Printf("http: TLS handshake error from 192.0.2.%d", i)
	}
	if n := w.lines(); n != lograte.Burst {
		t.Errorf("%d lines, want %d", n, lograte.Burst)
	}
}

func TestItIsAHandler(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return lograte.New(slog.NewJSONHandler(&out, nil), time.Now)
	}, func(t *testing.T) map[string]any {
		t.Helper()
		line := map[string]any{}
		if err := json.NewDecoder(&out).Decode(&line); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		return line
	})
}
