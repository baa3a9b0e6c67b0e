package usage

import (
	"context"
	"time"
)

// RecorderStats tells how a Recorder fares.
type RecorderStats struct {
	Totals   Counts    // of all verifications since the process began
	Rows     int       // that are not in pages yet
	Folded   uint64    // verifications whose key was not recorded, see Meter
	Failures uint64    // rounds that could not be saved, and were tried again
	Saved    time.Time // when saving last succeeded; zero before the first time
	Err      error     // of the latest round
}

// Stats tells how the Recorder fares. It drains the meter, so that its totals
// are those of this moment also while the store keeps the Recorder waiting.
func (r *Recorder) Stats() RecorderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drain()
	s := r.stats
	s.Rows = r.rows()
	s.Folded = r.c.Meter.folded.Load()
	return s
}

// note remembers how a round of saving ended.
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
