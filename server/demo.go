package server

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/demo"
	"github.com/latchkey/latchkey/internal/cli"
)

func demoCommand(settings source, log io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Fill an empty store with sample data, and print who can sign in",
		Long: `Fill an empty store with realistic sample data, so that you can look around: 3
organizations, 40 service accounts, 400 keys in all states and 90 days of usage.
A store with users or service accounts is left alone. Run it before the first
start, then start the service.`,
		Example: `  LATCHKEY_DATABASE_URL=sqlite:demo/latchkey.db latchkey demo
  LATCHKEY_DATABASE_URL=sqlite:demo/latchkey.db latchkey serve`,
		Args: cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), settings, log, func(ctx context.Context, a *app) error {
				signIns, err := demo.Fill(ctx, demo.Config{Store: a.store, People: a.People, Format: a.format})
				if err != nil {
					return err
				}
				return tellSignIns(cmd.OutOrStdout(), signIns)
			})
		},
	}
}

func tellSignIns(out io.Writer, all []demo.SignIn) error {
	var b strings.Builder
	fmt.Fprintf(&b, "made %d organizations, %d service accounts, %d keys, %d days of usage\n\nsign in as (start with latchkey serve)\n",
		demo.Organizations, demo.Accounts, demo.Keys, demo.Days)
	for _, s := range all {
		fmt.Fprintf(&b, "  %-24s %s   %s\n", s.Email, s.Password, s.About)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
