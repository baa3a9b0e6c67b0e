package sqlite

import (
	"context"
	"strings"

	"github.com/latchkey/latchkey/internal/calls"
)

// begin reports a statement, or a whole transaction, to the watch.
func begin(ctx context.Context, w calls.Watch, o calls.Operation, text string) (context.Context, func(error)) {
	if w == nil {
		return ctx, func(error) {}
	}
	verb, _, _ := strings.Cut(text, " ")
	return w(ctx, calls.Call{System: "sqlite", Operation: o, Name: verb, Text: text})
}

// watched is a row whose call ends when it is scanned. Callers always scan it.
type watched struct {
	scanner
	end func(error)
}

// Scan implements the interface.
func (w watched) Scan(into ...any) error {
	err := w.scanner.Scan(into...)
	w.end(known(err))
	return err
}
