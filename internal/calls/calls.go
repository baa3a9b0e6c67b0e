// Package calls lets others watch the calls that stores and limiters make to databases. It
// knows nothing about metrics and traces, and callers do not know who is watching.
package calls

import (
	"context"
	"errors"

	"github.com/latchkey/latchkey/errs"
)

// Operation says what a call does to the data.
type Operation string

// The operations.
const (
	Read  Operation = "read"
	Write Operation = "write"
)

// Call is one call to a database. It contains no values: names and texts come from the
// program's source.
type Call struct {
	System    string // "sqlite", "mongodb" or "redis"
	Operation Operation
	Name      string // short: "find keys"
	Text      string // the statement, with placeholders; "" if there is no text
}

// Watch is called when a call begins. The call uses the context that it returns, and calls
// end when it is over.
type Watch func(ctx context.Context, c Call) (_ context.Context, end func(error))

// Join returns one Watch for all that are not nil, or nil if all are.
func Join(all ...Watch) Watch {
	var given []Watch
	for _, w := range all {
		if w != nil {
			given = append(given, w)
		}
	}
	switch len(given) {
	case 0:
		return nil
	case 1:
		return given[0]
	}
	return func(ctx context.Context, c Call) (context.Context, func(error)) {
		ends := make([]func(error), len(given))
		for i, w := range given {
			ctx, ends[i] = w(ctx, c)
		}
		return ctx, func(err error) {
			for _, end := range ends {
				end(err)
			}
		}
	}
}

// Outcome says in one word how a call ended. It is "ok" also for an unwelcome answer, such
// as that there is no such object.
func Outcome(err error) string {
	switch {
	case err == nil, errors.Is(err, errs.NotFound), errors.Is(err, errs.Conflict), errors.Is(err, errs.Stale):
		return "ok"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), timedOut(err):
		return "timeout"
	case errors.Is(err, errs.Unavailable):
		return "unavailable"
	default:
		return "failed"
	}
}

func timedOut(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
