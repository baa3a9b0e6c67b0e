package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks/scan"
)

// scanCommand looks for keys without a service. It takes only the brand from the
// settings.
func scanCommand(settings source, in io.Reader, log io.Writer) *cobra.Command {
	var history, asJSON bool
	var brand string
	cmd := &cobra.Command{
		Use:   "scan PATH…",
		Short: "Find keys in files, git histories or standard input",
		Long: `Find keys in files and folders, in git histories (--history) or in standard
input (-). It needs no service: the checksum tells a key from what only looks
like one. It prints where a key is, its start and its last four characters, never
the key.

The exit code is 0 if there is none, 1 if there is one, and 2 if something could
not be read.`,
		Example: `  latchkey scan .                  # this folder
  latchkey scan --history .        # what its commits added
  git diff --cached | latchkey scan -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			format, err := keys.NewFormat(brand)
			if err != nil {
				return &cli.UsageError{Err: err}
			}
			r := &scanning{out: cmd.OutOrStdout(), log: log, asJSON: asJSON}
			r.Format, r.Found, r.Fault = format, r.found, r.fault
			for _, path := range args {
				if err := r.one(cmd.Context(), path, history, in); err != nil {
					return err
				}
			}
			return r.outcome()
		},
	}
	cmd.Flags().BoolVar(&history, "history", false, "scan what the commits of git repositories added, on all branches")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each key, one a line")
	cmd.Flags().StringVar(&brand, "brand", settings.brand(), "what keys begin with (LATCHKEY_BRAND)")
	return cmd
}

// brand returns the brand in the environment, or the default.
func (s source) brand() string {
	brand := keys.DefaultBrand
	for _, pair := range s.environment {
		if v, ok := strings.CutPrefix(pair, variablePrefix+"BRAND="); ok && v != "" {
			brand = v
		}
	}
	return brand
}

// scanning prints what a scan finds.
type scanning struct {
	scan.Scanner
	out, log    io.Writer
	asJSON      bool
	keys        int
	firstUnread error
}

func (r *scanning) one(ctx context.Context, path string, history bool, in io.Reader) error {
	switch {
	case path == "-":
		return r.Stream(ctx, path, in)
	case history:
		return r.History(ctx, path)
	default:
		return r.Path(ctx, path)
	}
}

func (r *scanning) found(f scan.Finding) error {
	r.keys++
	if r.asJSON {
		return json.NewEncoder(r.out).Encode(f)
	}
	where := f.Path
	if strings.ContainsFunc(where, func(c rune) bool { return !unicode.IsPrint(c) }) {
		where = strconv.Quote(where) // a name of a file must not write to the terminal
	}
	if f.Line > 0 {
		where += fmt.Sprintf(":%d", f.Line)
	}
	if f.Commit != "" {
		where = f.Commit + " " + where
	}
	_, err := fmt.Fprintf(r.out, "%s: %s…%s\n", where, f.Start, f.Last4)
	return err
}

func (r *scanning) fault(err error) {
	if r.firstUnread == nil {
		r.firstUnread = err
		return
	}
	_, _ = fmt.Fprintln(r.log, "latchkey:", err)
}

// outcome returns the error with the exit code. A key that was found matters more than
// what could not be read.
func (r *scanning) outcome() error {
	if r.keys > 0 {
		if r.firstUnread != nil {
			_, _ = fmt.Fprintln(r.log, "latchkey:", r.firstUnread)
		}
		return cli.Refused()
	}
	if r.firstUnread != nil {
		return &cli.UsageError{Err: r.firstUnread}
	}
	return nil
}
