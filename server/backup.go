package server

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/store"
)

func backupCommand(settings source) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the SQLite database to a new file, also while the service runs",
		Long: `Write the SQLite database as it is at one moment to a new file and check it.
The service may run meanwhile. What is sealed in it needs the secret as well:
keep LATCHKEY_SECRET, or the file secret of the data folder, with the backup.
For MongoDB use mongodump.`,
		Example: "  latchkey backup /var/backups/latchkey-$(date +%F).db",
		Args:    needs("FILE"),
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
		Short: "Make the SQLite database of a backup; never over one that exists",
		Long: `Check what latchkey backup wrote and make the SQLite database of it that
LATCHKEY_DATABASE_URL names. A database that exists is not overwritten: stop
the service and move it away first. For MongoDB use mongorestore.`,
		Example: "  latchkey restore /var/backups/latchkey-2026-11-24.db",
		Args:    needs("FILE"),
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

// tellOfSecret says where the secret is that belongs to the database.
func (c *config) tellOfSecret(out io.Writer, done, what string) error {
	secret := "LATCHKEY_SECRET"
	if c.secret == "" {
		secret = filepath.Join(c.dataDir, "secret")
	}
	_, err := fmt.Fprintf(out, "%s; %s the secret that belongs to it, too: %s\n", done, what, secret)
	return err
}
