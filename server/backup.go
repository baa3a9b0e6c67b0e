package server

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/store"
)

func backupCommand(settings source) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the SQLite database to a new file, even while the service runs",
		Long: `Write a consistent copy of the SQLite database to a new file, and check it. The
service may keep running. Parts of it are encrypted: keep LATCHKEY_SECRET, or
the file named secret in the data folder, with the backup.
For MongoDB use mongodump.`,
		Example: "  latchkey backup /var/backups/latchkey-$(date +%F).db",
		Args:    cli.Needs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings.read()
			if err != nil {
				return err
			}
			if err := store.Backup(cmd.Context(), c.databaseURL, args[0]); err != nil {
				return fmt.Errorf("back up: %w", err)
			}
			return c.tellOfSecret(cmd.OutOrStdout(), "wrote "+args[0], "keep")
		},
	}
}

func restoreCommand(settings source) *cobra.Command {
	var before string
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore the SQLite database from a backup; never overwrites one",
		Long: `Check a file that latchkey backup wrote, and restore the SQLite database that
LATCHKEY_DATABASE_URL names from it. An existing database is never overwritten:
stop the service and move it away first. For MongoDB use mongorestore.

Keys that were revoked or deleted after the backup are alive again. --replaces names
the database that you moved away: its revokes are compared, and those keys listed.
Revoke them before you start the service for others.`,
		Example: "  latchkey restore /var/backups/latchkey-2026-11-24.db --replaces latchkey-before.db",
		Args:    cli.Needs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings.read()
			if err != nil {
				return err
			}
			if err := store.Restore(cmd.Context(), c.databaseURL, args[0]); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			if err := c.tellOfSecret(cmd.OutOrStdout(), "restored "+args[0], "put back"); err != nil {
				return err
			}
			return c.tellOfRevived(cmd.Context(), cmd.OutOrStdout(), before)
		},
	}
	cmd.Flags().StringVar(&before, "replaces", "", "database that was in use, to list keys that were revoked in it")
	return cmd
}

// tellOfRevived lists keys that the restored database brings back.
func (c *config) tellOfRevived(ctx context.Context, out io.Writer, before string) error {
	if before == "" {
		_, err := fmt.Fprintln(out, "keys that were revoked after the backup are alive again; --replaces OLD lists them")
		return err
	}
	found, err := store.Revived(ctx, c.databaseURL, before)
	if err != nil {
		return fmt.Errorf("the backup is restored, but look for keys that were revoked since: %w", err)
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "no key of the backup was revoked or deleted since")
		return err
	}
	_, _ = fmt.Fprintf(out, "%d keys are alive again that were revoked or deleted since the backup:\n", len(found))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range found {
		ended := "deleted"
		if !k.RevokedAt.IsZero() {
			ended = "revoked " + k.RevokedAt.Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s…%s\t%s\t%s\n", k.ID, k.Start, k.Last4, ended, k.Name)
	}
	return w.Flush()
}

// tellOfSecret says where to find the secret that belongs to the database.
func (c *config) tellOfSecret(out io.Writer, done, what string) error {
	secret := "LATCHKEY_SECRET"
	if c.secret == "" {
		secret = filepath.Join(c.dataDir, "secret")
	}
	_, err := fmt.Fprintf(out, "%s; %s the secret that belongs to it, too: %s\n", done, what, secret)
	return err
}
