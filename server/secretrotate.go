package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/webhooks"
)

func secretCommand(settings source) *cobra.Command {
	cmd := &cobra.Command{Use: "secret", Short: "Manage the secret that encrypts others, directly in the store"}
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Encrypt everything with a new secret",
		Long: `Encrypt with LATCHKEY_SECRET whatever LATCHKEY_SECRET_PREVIOUS encrypted: signing
keys, secrets of one-time codes, the key of sign-in tokens, secrets of webhooks,
and reports of leaked keys that wait. Nodes that have both settings may keep
running.

If LATCHKEY_SECRET is not set, the secret is in the data folder: stop the
service first. A new secret is created there, and the old one is removed last.

If it is interrupted, run it again. It changes nothing unless it can decrypt
everything with one of the two secrets.`,
		Example: `  latchkey secret rotate                           # the secret in the data folder
  LATCHKEY_SECRET=$new LATCHKEY_SECRET_PREVIOUS=$old latchkey secret rotate`,
		Args: cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings.read()
			if err != nil {
				return err
			}
			return c.rotateSecret(cmd.Context(), cmd.OutOrStdout())
		},
	}
	cmd.AddCommand(rotate)
	cli.NeedsCommand(cmd)
	return cmd
}

// rotateSecret seals everything under a new secret.
func (c *config) rotateSecret(ctx context.Context, out io.Writer) (err error) {
	switch {
	case c.secret != "" && c.previousSecret == "":
		return errors.New("set LATCHKEY_SECRET to the new secret and LATCHKEY_SECRET_PREVIOUS to the one until now")
	case c.secret == "" && c.previousSecret != "":
		return errors.New("LATCHKEY_SECRET_PREVIOUS is set and LATCHKEY_SECRET is not; set both, or neither for the secret in the data folder")
	}
	s, err := store.Open(ctx, c.databaseURL, newLogger(c, os.Stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	if c.secret == "" {
		if err := c.checkKept(ctx, s); err != nil {
			return err
		}
		if err := c.renewKeptSecret(); err != nil {
			return fmt.Errorf("make a new secret in the data folder: %w", err)
		}
	}
	sealer, err := c.sealer()
	if err != nil {
		return err
	}
	if _, err := reseal(ctx, s, sealer, false); err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	n, err := reseal(ctx, s, sealer, true)
	if err != nil {
		return fmt.Errorf("%w; run it again to go on", err)
	}
	last := "LATCHKEY_SECRET_PREVIOUS can go"
	if c.secret == "" {
		last = "start the service"
		if err := os.Remove(c.keptSecret(".previous")); err != nil {
			return fmt.Errorf("remove the old secret: %w", err)
		}
	}
	_, err = fmt.Fprintf(out, "sealed %d secrets anew; %s\n", n, last)
	return err
}

// checkKept fails if the secret in the data folder does not open what is stored.
// It runs before anything is changed.
func (c *config) checkKept(ctx context.Context, s store.Store) error {
	sealer, err := c.sealer()
	if err != nil {
		return err
	}
	if _, err := reseal(ctx, s, sealer, false); err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	return nil
}

// reseal seals everything stored under a secret again, under the sealer's current
// secret.
func reseal(ctx context.Context, s store.Store, sealer *seal.Sealer, write bool) (int, error) {
	signers, err := signing.Reseal(ctx, s, sealer, time.Now, write)
	if err != nil {
		return 0, err
	}
	others, err := auth.Reseal(ctx, s, sealer, time.Now, write)
	if err != nil {
		return 0, err
	}
	reports, err := leaks.Reseal(ctx, s, sealer, time.Now, write)
	if err != nil {
		return 0, err
	}
	hooks, err := webhooks.Reseal(ctx, s, sealer, time.Now, write)
	return signers + others + reports + hooks, err
}

// keptSecret returns the path of the secret in the data folder.
func (c *config) keptSecret(suffix string) string {
	return filepath.Join(c.dataDir, "secret"+suffix)
}

// renewKeptSecret replaces the secret in the data folder with a new one and keeps
// the old one beside it. If an earlier call did so, it continues with those two.
func (c *config) renewKeptSecret() error {
	err := os.Link(c.keptSecret(""), c.keptSecret(".previous"))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if same, err := sameFile(c.keptSecret(""), c.keptSecret(".previous")); err != nil || !same {
		return err
	}
	next := c.keptSecret(".next")
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeSecret(next); err != nil {
		return err
	}
	return os.Rename(next, c.keptSecret(""))
}

func sameFile(one, other string) (bool, error) {
	a, err := os.Stat(one)
	if err != nil {
		return false, err
	}
	b, err := os.Stat(other)
	if err != nil {
		return false, err
	}
	return os.SameFile(a, b), nil
}
