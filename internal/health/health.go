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
	Degraded State = "degraded" // it fails, and the service goes on without it
	Down     State = "down"     // it fails, and the service can answer nothing
)

// Result is what a Check found. It is shown to everybody, so it holds no
// address, and of the error nothing but its kind.
type Result struct {
	State State    `json:"state"`
	Since *float64 `json:"last_success_seconds,omitempty"` // how long ago it last did what it should
	Error string   `json:"error,omitempty"`                // "timeout", "unavailable" or "failed"
	Mode  string   `json:"mode,omitempty"`                 // which of several ways the service goes
	Cause error    `json:"-"`                              // for the log
}

// Check asks after one thing. It returns in bounded time, as ctx says.
type Check struct {
	Name string
	Ask  func(ctx context.Context) Result
}

// Report is what all checks found. Its state is the worst of theirs.
type Report struct {
	Status State             `json:"status"`
	Checks map[string]Result `json:"checks"`
}

// Checks are asked together.
type Checks []Check

// Report asks all checks at once.
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

// Log writes down why the report is not good.
func (r Report) Log(ctx context.Context, logger *slog.Logger) {
	for name, c := range r.Checks {
		if c.State != OK {
			logger.WarnContext(ctx, "not healthy", "check", name, "state", string(c.State), "err", c.Cause)
		}
	}
}

// Found is the result of a thing that last did well at that time, zero for
// never, and whose latest try ended with err. bad is its state if that is an
// error.
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
