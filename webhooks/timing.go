package webhooks

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Timing says when things happen; zero fields mean the defaults.
type Timing struct {
	Pauses    []time.Duration // between tries; the last one repeats
	GiveUp    time.Duration   // after the first try, a delivery is parked
	DisableIn time.Duration   // after this time without a success, an endpoint is disabled
	Lease     time.Duration   // of the node that delivers
	Poll      time.Duration   // of the audit log
	Reload    time.Duration   // of the endpoints
	Lags      []time.Duration // how far behind the clock the log is read again, shortest first
	Keep      time.Duration   // of deliveries
	KeepCount int             // deliveries of one endpoint
}

func (t Timing) complete() Timing {
	if t.Pauses == nil {
		t.Pauses = []time.Duration{
			5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
			6 * time.Hour,
		}
	}
	if t.Lags == nil {
		t.Lags = []time.Duration{0, time.Second, 4 * time.Second, lookBack}
	}
	for _, d := range []struct {
		into     *time.Duration
		standard time.Duration
	}{
		{&t.GiveUp, 24 * time.Hour},
		{&t.DisableIn, 5 * 24 * time.Hour},
		{&t.Lease, 10 * time.Second},
		{&t.Poll, 250 * time.Millisecond},
		{&t.Reload, 2 * time.Second},
		{&t.Keep, 30 * 24 * time.Hour},
	} {
		if *d.into == 0 {
			*d.into = d.standard
		}
	}
	if t.KeepCount == 0 {
		t.KeepCount = 5000
	}
	return t
}

// pause returns how long to wait after the try, the first being 1. It varies by a tenth, so
// that what failed at once is not tried again at once.
func (t *Timing) pause(tries int) time.Duration {
	p := t.Pauses[min(max(tries, 1), len(t.Pauses))-1]
	return p - p/10 + rand.N(p/5+1) //nolint:gosec // G404: a spread, no secret
}

// longest returns the largest lag.
func (t *Timing) longest() time.Duration { return slices.Max(t.Lags) }
