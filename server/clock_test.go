package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestAJumpOfTheClockIsCountedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	wall, elapsed := time.Unix(1_800_000_000, 0), time.Hour
	w := &clockWatch{wall: func() time.Time {
		return wall
	}, elapsed: func() time.Duration { return elapsed }, logger: slog.New(slog.NewTextHandler(&log, nil))}
	w.ahead = w.offset()
	passes := func(d, set time.Duration, want int64) {
		t.Helper()
		wall, elapsed = wall.Add(d+set), elapsed+d
		w.look(t.Context())
		if got := w.jumps.Load(); got != want || int64(strings.Count(log.String(), "was set")) != want {
			t.Errorf("%d jumps, want %d: %s", got, want, log.String())
		}
	}
	passes(time.Second, 0, 0)
	passes(time.Second, 500*time.Millisecond, 0) // set right a little
	passes(8*time.Hour, 0, 0)                    // the machine slept
	passes(time.Second, -20*time.Second, 1)
	passes(time.Second, 0, 1)
	passes(time.Second, 24*time.Hour, 2)
	if !strings.Contains(log.String(), "by=-20s") || !strings.Contains(log.String(), "by=24h0m0s") {
		t.Error(log.String())
	}
}
