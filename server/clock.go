package server

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	clockEvery = time.Second
	clockJump  = 2 * time.Second // less is what clocks are set right by as a rule
)

// clockWatch notices when the clock on the wall is set: what is stored of time,
// such as the end of a key or of a quota, goes by that clock.
type clockWatch struct {
	wall    func() time.Time     // the wall's alone
	elapsed func() time.Duration // monotonic, and includes sleep of the machine
	logger  *slog.Logger

	ahead time.Duration // of the wall before elapsed, as last seen
	jumps atomic.Int64
}

func (w *clockWatch) offset() time.Duration { return time.Duration(w.wall().UnixNano()) - w.elapsed() }

// look counts and logs a jump since it last looked, once.
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

// run looks until ctx ends.
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
