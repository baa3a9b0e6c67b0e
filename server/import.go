package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/imports"
	from "github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/internal/cli"
)

func importCommand(settings source, log io.Writer) *cobra.Command {
	var o imports.Options
	var mapFile, report string
	cmd := &cobra.Command{
		Use:   "import --from FORMAT FILE…",
		Short: "Move keys in from another system, directly into the store",
		Long:  importLong(),
		Example: `  latchkey import --from django dump.json --dry-run
  latchkey import --from kong kong.yaml --organization "Acme" --scopes invoices:read
  latchkey import --from csv keys.csv --map map.json --report refused.jsonl`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Format == "" || len(args) == 0 {
				return cli.Usagef("%s needs --from and at least one file; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			if err := readMap(mapFile, &o.Map); err != nil {
				return err
			}
			return withStore(cmd.Context(), settings, log, func(ctx context.Context, a *app) error {
				if o.Format == ownExport {
					return readExports(ctx, a, args, cmd.OutOrStdout())
				}
				t := &telling{out: cmd.OutOrStdout(), err: log, began: time.Now()}
				return t.run(ctx, a, o, args, report)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Format, "from", "", "what the files are: "+strings.Join(formatNames(), ", "))
	f.StringVar(&o.Organization, "organization", "", "id or name of the organization of all keys; made if there is none of that name")
	f.StringVar(&o.Tier, "tier", "", `tier of new accounts (default "`+imports.DefaultTier+`", which has no limits)`)
	f.StringSliceVar(&o.Scopes, "scopes", nil, "scopes of keys whose source has none, separated by commas")
	f.StringVar(&mapFile, "map", "", "file with what owners, scopes and tiers become, in JSON")
	f.BoolVar(&o.AcceptWeak, "accept-weak", false, "take keys in clear that could be guessed; they are verified slowly")
	f.BoolVar(&o.DryRun, "dry-run", false, "write nothing, and report the same")
	f.StringVar(&report, "report", "", "file for the rows that are not taken, as JSON Lines (default: shown as text)")
	return cmd
}

// ownExport is the format of what latchkey export writes.
const ownExport = "latchkey"

func importLong() string {
	var b strings.Builder
	b.WriteString(`Move keys in from another system. Its users go on with the keys that they have:
only digests are stored, and they verify like keys that Latchkey issued. A second
run changes nothing, and one that was interrupted continues. The service may run
meanwhile. See docs/importing.md.

Formats:
`)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range from.Formats() {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", f.Name, f.About)
	}
	_, _ = fmt.Fprintf(w, "  %s\twhat latchkey export --with-hashes wrote, into an empty store; other flags do not apply\n", ownExport)
	_ = w.Flush()
	return strings.TrimRight(b.String(), "\n")
}

func formatNames() (all []string) {
	for _, f := range from.Formats() {
		all = append(all, f.Name)
	}
	return append(all, ownExport)
}

// readMap reads the file of --map.
func readMap(file string, into *imports.Map) error {
	if file == "" {
		return nil
	}
	b, err := os.ReadFile(file) //nolint:gosec // G304: whoever imports names the file
	if err != nil {
		return fmt.Errorf("read --map: %w", err)
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("--map %s: %w; it has the members owners, scopes and tiers", file, err)
	}
	return nil
}

// telling shows an import while it runs.
type telling struct {
	out, err io.Writer
	began    time.Time
	shown    time.Time
	refused  int
	report   *json.Encoder
	terminal bool
}

func (t *telling) run(ctx context.Context, a *app, o imports.Options, names []string, report string) (err error) {
	if f, ok := t.err.(*os.File); ok {
		t.terminal = term.IsTerminal(int(f.Fd()))
	}
	if report != "" {
		file, err := os.OpenFile(report, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // G304: whoever imports names the file
		if err != nil {
			return fmt.Errorf("write --report: %w", err)
		}
		buffered := bufio.NewWriter(file)
		t.report = json.NewEncoder(buffered)
		defer func() { err = errors.Join(err, buffered.Flush(), file.Close()) }()
	}
	done, err := a.Imports.Files(ctx, auth.System(), o, filesOf(names), imports.Follow{Problem: t.problem, Progress: t.progress})
	if t.terminal {
		_, _ = fmt.Fprint(t.err, "\r\033[K")
	}
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return t.summary(&done)
}

func filesOf(names []string) (all []from.File) {
	for _, name := range names {
		all = append(all, from.File{
			Name: filepath.Base(name),
			Open: func() (io.ReadCloser, error) { return os.Open(name) }, //nolint:gosec // G304: whoever imports names the file
		})
	}
	return all
}

// mostShown is how many rows that are not taken are shown without --report.
const mostShown = 50

func (t *telling) problem(p imports.Problem) error {
	t.refused++
	if t.report != nil {
		return t.report.Encode(map[string]any{
			"file": p.Place.File, "line": p.Place.Line, "element": p.Place.Element, "id": p.ID, "field": p.Field,
			"code": p.Fault.Code, "detail": p.Fault.String(),
		})
	}
	if t.refused > mostShown {
		return nil
	}
	_, err := fmt.Fprintf(t.out, "%s: %s%s%s\n", p.Place, before(p.ID, ": "), before(p.Field, " "), p.Fault)
	return err
}

// before returns the text and what follows it, unless the text is empty.
func before(text, gap string) string {
	if text == "" {
		return ""
	}
	return text + gap
}

// progress shows how far the import is: at a terminal all the time, otherwise now and then.
func (t *telling) progress(n *imports.Import) {
	every := 200 * time.Millisecond
	if !t.terminal {
		every = 10 * time.Second
	}
	if time.Since(t.began) < every || time.Since(t.shown) < every {
		return
	}
	t.shown = time.Now()
	done := n.Count.Done()
	line := fmt.Sprintf("%d of %d rows (%d %%), %.0f a second", done, n.Total, n.Percent(), float64(done)/time.Since(t.began).Seconds())
	if t.terminal {
		_, _ = fmt.Fprint(t.err, "\r\033[K"+line)
		return
	}
	_, _ = fmt.Fprintln(t.err, line)
}

func (t *telling) summary(n *imports.Import) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	if t.report == nil && t.refused > mostShown {
		_, _ = fmt.Fprintf(w, "… and %d more; --report FILE has them all\n", t.refused-mostShown)
	}
	if n.Options.DryRun {
		_, _ = fmt.Fprintln(w, "A dry run: nothing was written.")
	}
	for _, c := range []struct {
		n    int
		what string
	}{
		{n.Count.Imported, "keys imported"},
		{n.Count.Unchanged, "keys were here, unchanged"},
		{n.Count.Refused, "rows not taken"},
		{n.Count.Organizations, "organizations made"},
		{n.Count.Accounts, "service accounts made"},
		{n.Count.Scopes, "scopes added to the catalogue"},
		{n.Count.Slow, "keys get their SHA-256 when they are first used"},
		{n.Count.Weak, "weak keys, which stay slow: rotate them"},
	} {
		if c.n > 0 || c.what == "keys imported" {
			_, _ = fmt.Fprintf(w, "%d\t%s\n", c.n, c.what)
		}
	}
	if err := w.Flush(); err != nil { // what follows has columns of its own
		return err
	}
	for _, s := range n.Renamed {
		to := s.To
		if to == "" {
			to = "(dropped)"
		}
		_, _ = fmt.Fprintf(w, "scope %s\tbecame %s\n", s.From, to)
	}
	for _, note := range n.Noted {
		_, _ = fmt.Fprintf(w, "%d\trows: %s (first at %s)\n", note.Rows, note.Note, note.Place)
	}
	return w.Flush()
}
