package usage

import (
	"context"
	"time"
)

// RecorderStats is the state of a Recorder.
type RecorderStats struct {
	Totals   Counts    // of all verifications since the process started
	Rows     int       // rows not in pages yet
	Folded   uint64    // verifications counted without their key, see Meter
	Failures uint64    // rounds that could not be saved and were retried
	Saved    time.Time // when saving last succeeded; zero if it never did
	Err      error     // of the latest round
}

// Stats returns the state of the Recorder. It drains the meter, so its totals are
// current even while the Recorder waits for the store.
func (r *Recorder) Stats() RecorderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drain()
	s := r.stats
	s.Rows = r.rows()
	s.Folded = r.c.Meter.folded.Load()
	return s
}

// note records how a round of saving ended.
func (r *Recorder) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Err = err
	if err != nil {
		r.stats.Failures++
		return
	}
	r.stats.Saved = r.c.Now()
}
