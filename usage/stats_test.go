package usage_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/usage"
)

func TestStatsOfARecorder(t *testing.T) {
	gathering(t, func(t *testing.T, p *pages, m *usage.Meter, r *usage.Recorder) {
		g := newGrant("key_a")
		m.Count(&g.counter, g.of(), usage.Allowed)
		m.CountUnknown("", 2)
		if s := r.Stats(); s.Totals[usage.Allowed] != 1 || s.Totals[2] != 1 || s.Rows != 2 || !s.Saved.IsZero() {
			t.Errorf("before anything is saved: %+v", s)
		}
		second()
		if s := r.Stats(); s.Totals.Total() != 2 || s.Rows != 0 || s.Failures != 0 || time.Since(s.Saved) > 2*time.Second || s.Err != nil {
			t.Errorf("when it is saved: %+v", s)
		}
		p.setGone(true)
		for range 5 {
			m.Count(&g.counter, g.of(), usage.Allowed)
			second()
		}
		s := r.Stats()
		if s.Totals[usage.Allowed] != 6 || s.Rows == 0 || s.Failures < 4 || s.Err == nil || time.Since(s.Saved) < 4*time.Second {
			t.Errorf("without a store: %+v", s)
		}
		p.setGone(false)
		second()
		second()
		if now := r.Stats(); now.Rows != 0 || now.Err != nil || now.Failures < s.Failures || p.total(usage.OfKey, usage.Minutes) != 6 {
			t.Errorf("with it again: %+v, %d saved", now, p.total(usage.OfKey, usage.Minutes))
		}
	})
}
