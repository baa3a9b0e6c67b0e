package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/exports"
	"github.com/latchkey/latchkey/internal/cli"
)

func exportCommand(settings source, log io.Writer) *cobra.Command {
	var hashes bool
	var file string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write everything as JSON Lines, directly from the store",
		Long: `Write organizations, people, accounts, keys, tiers and scopes as JSON Lines. The
service may run meanwhile. docs/leaving.md describes the lines, and how to verify
keys from them without Latchkey. latchkey import --from latchkey reads them back.

With --with-hashes keys have their SHA-256 and people the hash of their password:
that takes the place of a backup, so keep it as safe. Keys themselves are not stored.`,
		Example: `  latchkey export --with-hashes --output latchkey.jsonl
  latchkey export | jq 'select(.type == "key") | .object.name'`,
		Args: cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), settings, log, func(ctx context.Context, a *app) error {
				return export(ctx, a, hashes, file, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().BoolVar(&hashes, "with-hashes", false, "with the digests of keys and passwords")
	cmd.Flags().StringVar(&file, "output", "", "new file to write, only for its owner (default: standard output)")
	return cmd
}

func export(ctx context.Context, a *app, hashes bool, name string, to io.Writer) (err error) {
	if name != "" {
		file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // G304: whoever exports names the file
		if err != nil {
			return fmt.Errorf("write --output: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		to = file
	}
	return a.Exports.Write(ctx, auth.System(), hashes, to)
}

// readExports stores what exports of Latchkey have.
func readExports(ctx context.Context, a *app, names []string, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range names {
		file, err := os.Open(name) //nolint:gosec // G304: whoever imports names the file
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		stored, there, err := exports.Read(ctx, a.store, a.format.Brand(), file)
		for _, kind := range exports.Kinds() {
			if n := stored[kind]; n > 0 {
				_, _ = fmt.Fprintf(w, "%d\t%s\tstored\n", n, kind)
			}
			if n := there[kind]; n > 0 {
				_, _ = fmt.Fprintf(w, "%d\t%s\twere here, unchanged\n", n, kind)
			}
		}
		if err := errors.Join(err, file.Close(), w.Flush()); err != nil {
			return fmt.Errorf("import %s: %w", name, err)
		}
	}
	return a.Imports.LoadShapes(ctx)
}
