// Package health reports the state of what the service depends on.
package health

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey/latchkey/internal/calls"
)

// State is the state of one part.
type State string

// The states.
const (
	OK       State = "ok"
	Degraded State = "degraded" // it fails, but the service continues without it
	Down     State = "down"     // it fails, and the service cannot answer
)

// Result is what a Check found. Everybody can see it, so it contains no address, and only
// the kind of the error.
type Result struct {
	State State    `json:"state"`
	Since *float64 `json:"last_success_seconds,omitempty"` // time since its last success
	Error string   `json:"error,omitempty"`                // "timeout", "unavailable" or "failed"
	Mode  string   `json:"mode,omitempty"`                 // the current mode, if there are several
	Cause error    `json:"-"`                              // for the log
}

// Check checks one thing. It returns within the time that ctx allows.
type Check struct {
	Name string
	Ask  func(ctx context.Context) Result
}

// Report combines the results of all checks. Its state is the worst of theirs.
type Report struct {
	Status State             `json:"status"`
	Checks map[string]Result `json:"checks"`
}

// Checks run together.
type Checks []Check

// Report runs all checks concurrently.
func (all Checks) Report(ctx context.Context) Report {
	results := make([]Result, len(all))
	var running sync.WaitGroup
	for i, c := range all {
		running.Go(func() { results[i] = c.Ask(ctx) })
	}
	running.Wait()
	r := Report{Status: OK, Checks: map[string]Result{}}
	for i, c := range all {
		r.Checks[c.Name] = results[i]
		switch {
		case results[i].State == Down:
			r.Status = Down
		case results[i].State == Degraded && r.Status == OK:
			r.Status = Degraded
		}
	}
	return r
}

// Log logs why the report is not OK.
func (r Report) Log(ctx context.Context, logger *slog.Logger) {
	for name, c := range r.Checks {
		if c.State != OK {
			logger.WarnContext(ctx, "not healthy", "check", name, "state", string(c.State), "err", c.Cause)
		}
	}
}

// Found returns the result for something that last succeeded at that time (zero: never) and
// whose latest attempt ended with err. bad is its state if err is not nil.
func Found(now, last time.Time, err error, bad State) Result {
	r := Result{State: OK, Cause: err}
	if !last.IsZero() {
		seconds := max(0, now.Sub(last)).Round(time.Millisecond).Seconds()
		r.Since = &seconds
	}
	if err != nil {
		r.State, r.Error = bad, calls.Outcome(err)
		if r.Error == "ok" || r.Error == "canceled" {
			r.Error = "failed"
		}
	}
	return r
}
