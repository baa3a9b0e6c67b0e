package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/client"
)

// Exit codes.
const (
	exitRefused     = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitInterrupted = 130 // as shells have it for SIGINT
)

// UsageError is a command line that is wrong.
type UsageError struct{ Err error }

// Error returns what is wrong.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef returns a UsageError with the text.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Outcomes that need no further word.
var (
	errRefused     = errors.New("refused") // what there is to say is printed already
	errInterrupted = errors.New("interrupted")
)

// Refused returns the error of a command that exits with 1 and has printed why.
func Refused() error { return errRefused }

// ExitCode returns the exit code for the error of a command: 0 for none, 1 if it was
// refused, 2 if the command line is wrong, 3 if the service cannot be reached, 130 if
// the command was interrupted. silent
// says that the command itself has printed why.
func ExitCode(err error) (code int, silent bool) {
	var usage *UsageError
	var failed *client.Error
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return 0, true
	case errors.Is(err, errRefused):
		return exitRefused, true
	case errors.Is(err, errInterrupted):
		return exitInterrupted, true
	case errors.As(err, &usage):
		return exitUsage, false
	case errors.As(err, &failed) && unreachable(failed):
		return exitUnreachable, false
	default:
		return exitRefused, false
	}
}

// unreachable reports whether the service, or anything in front of it, did not answer.
func unreachable(e *client.Error) bool {
	switch e.Kind {
	case client.Unreachable, client.TimedOut, client.Broken, client.BadAnswer, client.Unavailable:
		return true
	default:
		return e.Status >= 502 && e.Status <= 504
	}
}

// failure is an error of the service in the words of the command line.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// explain says what an error of the service means for the person at the terminal.
func (p profile) explain(err error) error {
	var e *client.Error
	switch {
	case errors.Is(err, context.Canceled):
		return errInterrupted
	case !errors.As(err, &e):
		return err
	}
	text := e.Detail
	if text == "" && e.Err == nil {
		text = string(e.Kind)
	}
	switch e.Kind {
	case client.Unauthenticated:
		text = fmt.Sprintf("%s does not accept %s: %s", p.URL, p.described(), text)
		if p.name != "" {
			text += fmt.Sprintf("; sign in again with latchkey login --profile %s %s", p.name, p.URL)
		}
	case client.Unreachable, client.TimedOut, client.Broken, client.Unavailable:
		text = strings.Join(nonEmpty("cannot reach "+p.URL, text, reason(e.Err)), ": ")
	case client.BadAnswer, client.Unexpected:
		text = fmt.Sprintf("%s does not answer like Latchkey (%s): is the URL right?", p.URL, e.Error())
	case client.Limited:
		if e.RetryAfter > 0 {
			text += fmt.Sprintf("; try again in %s", client.Duration(e.RetryAfter))
		}
	}
	for _, f := range e.Fields {
		text += fmt.Sprintf("\n  %s: %s", f.Field, f.Detail)
	}
	if e.RequestID != "" && e.Kind == client.Internal {
		text += " (request " + e.RequestID + ")"
	}
	return &failure{text, err}
}

// reason returns the text of an error that may be nil.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}
