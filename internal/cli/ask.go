package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm asks before something that cannot be undone. Without a terminal there is
// nobody to ask, and --yes is needed.
func (a *app) confirm(format string, args ...any) error {
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
	answer, err := a.line()
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
func (a *app) question(prompt string) (string, error) {
	if _, ok := a.terminal(); ok {
		if _, err := fmt.Fprint(a.Err, prompt+": "); err != nil {
			return "", err
		}
	}
	return a.line()
}

// secret is like question, but does not show what is typed.
func (a *app) secret(prompt string) (string, error) {
	fd, ok := a.terminal()
	if !ok {
		return a.line()
	}
	if _, err := fmt.Fprint(a.Err, prompt+": "); err != nil {
		return "", err
	}
	text, err := term.ReadPassword(fd)
	_, _ = fmt.Fprintln(a.Err) // the return key is not shown either
	if err != nil {
		return "", fmt.Errorf("read the input: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// tell says something beside the output.
func (a *app) tell(format string, args ...any) { _, _ = fmt.Fprintf(a.Err, format+"\n", args...) }
