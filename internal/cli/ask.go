package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm asks before something that cannot be undone. Without a terminal there is
// nobody to ask, and --yes is needed.
func (a *app) confirm(ctx context.Context, format string, args ...any) error {
	if a.options.yes {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if _, ok := a.terminal(); !ok {
		return Usagef("%s: add --yes, because there is no terminal to ask at", what)
	}
	if _, err := fmt.Fprintf(a.Err, "%s? [y/N] ", what); err != nil {
		return err
	}
	answer, err := interruptible(ctx, a.line)
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	default:
		return errors.New("nothing was changed")
	}
}

// terminal returns the descriptor of the input if people type there.
func (a *app) terminal() (int, bool) {
	f, ok := a.In.(*os.File)
	if !ok {
		return 0, false
	}
	fd := int(f.Fd())
	return fd, term.IsTerminal(fd)
}

const longestLine = 16 << 10 // bytes

// line reads a line from the input, and not a byte more: what follows is for the next
// question.
func (a *app) line() (string, error) {
	var b strings.Builder
	one := make([]byte, 1)
	for b.Len() < longestLine {
		n, err := a.In.Read(one)
		if n == 1 && one[0] != '\n' {
			b.WriteByte(one[0])
		}
		if n == 1 && one[0] == '\n' || errors.Is(err, io.EOF) {
			return strings.TrimRight(b.String(), "\r"), nil
		}
		if err != nil {
			return "", fmt.Errorf("read the input: %w", err)
		}
	}
	return "", bufio.ErrTooLong
}

// question asks for a line at the terminal; without one it reads the next line of the
// input.
func (a *app) question(ctx context.Context, prompt string) (string, error) {
	if _, ok := a.terminal(); ok {
		if _, err := fmt.Fprint(a.Err, prompt+": "); err != nil {
			return "", err
		}
	}
	return interruptible(ctx, a.line)
}

// secret is like question, but does not show what is typed.
func (a *app) secret(ctx context.Context, prompt string) (string, error) {
	fd, ok := a.terminal()
	if !ok {
		return interruptible(ctx, a.line)
	}
	if _, err := fmt.Fprint(a.Err, prompt+": "); err != nil {
		return "", err
	}
	shows, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the input: %w", err)
	}
	typed, err := interruptible(ctx, func() (string, error) {
		text, err := term.ReadPassword(fd)
		return strings.TrimSpace(string(text)), err
	})
	_, _ = fmt.Fprintln(a.Err) // the return key is not shown either
	// Who is interrupted gets their terminal back as it was.
	return typed, errors.Join(err, term.Restore(fd, shows))
}

// interruptible returns when the context ends, although a read of a terminal goes on:
// the process ends then.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type line struct {
		text string
		err  error
	}
	done := make(chan line, 1)
	go func() {
		text, err := read()
		done <- line{text, err}
	}()
	select {
	case l := <-done:
		return l.text, l.err
	case <-ctx.Done():
		return "", errInterrupted
	}
}

// tell says something beside the output.
func (a *app) tell(format string, args ...any) { _, _ = fmt.Fprintf(a.Err, format+"\n", args...) }
