package server

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	clockEvery = time.Second
	clockJump  = 2 * time.Second // smaller steps are ordinary clock corrections
)

// clockWatch detects changes to the wall clock. Stored times, such as the end of
// a key or of a quota, depend on that clock.
type clockWatch struct {
	wall    func() time.Time     // the wall clock only
	elapsed func() time.Duration // monotonic, includes time while the machine sleeps
	logger  *slog.Logger

	ahead time.Duration // of wall over elapsed, when last checked
	jumps atomic.Int64
}

func (w *clockWatch) offset() time.Duration { return time.Duration(w.wall().UnixNano()) - w.elapsed() }

// look counts and logs a jump since the last check, once.
func (w *clockWatch) look(ctx context.Context) {
	now := w.offset()
	by := now - w.ahead
	w.ahead = now
	if by.Abs() < clockJump {
		return
	}
	w.jumps.Add(1)
	w.logger.WarnContext(ctx, "the clock of this machine was set", "by", by.Round(time.Millisecond).String())
}

// run checks until ctx ends.
func (w *clockWatch) run(ctx context.Context) {
	w.ahead = w.offset()
	ticker := time.NewTicker(clockEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(ctx)
		}
	}
}
