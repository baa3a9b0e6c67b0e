package server

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/cli"
)

func linkCommand(settings source, log io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "link EMAIL NAME",
		Short: "Link the name that a trusted proxy sends to a user (remote_user)",
		Long: `Link the name that a trusted proxy sends in its header, Remote-User by default,
to a user. A name that is not linked acts for nobody, unless it is the confirmed
e-mail address of a user, or LATCHKEY_REMOTE_USER_CREATE creates users.`,
		Example: "  latchkey user link ada@example.com ada",
		Args:    cli.Needs("EMAIL", "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), settings, log, func(ctx context.Context, a *app) error {
				u, err := a.People.Users.ByEmail(ctx, auth.System(), args[0])
				if err != nil {
					return err
				}
				if err := a.People.Users.TieRemote(ctx, auth.System(), u.ID, args[1]); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "the proxy's name %s is linked to %s %s\n", args[1], u.ID, u.Email)
				return err
			})
		},
	}
}
