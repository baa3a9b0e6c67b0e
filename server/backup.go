package server

import (
	"fmt"
	"io"
	"path/filepath"

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
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore the SQLite database from a backup; never overwrites one",
		Long: `Check a file that latchkey backup wrote, and restore the SQLite database that
LATCHKEY_DATABASE_URL names from it. An existing database is never overwritten:
stop the service and move it away first. For MongoDB use mongorestore.`,
		Example: "  latchkey restore /var/backups/latchkey-2026-11-24.db",
		Args:    cli.Needs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := settings.read()
			if err != nil {
				return err
			}
			if err := store.Restore(cmd.Context(), c.databaseURL, args[0]); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			return c.tellOfSecret(cmd.OutOrStdout(), "restored "+args[0], "put back")
		},
	}
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
