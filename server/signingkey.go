package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
)

func signingKeyCommand(settings source, log io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: "signing-key", Short: "Manage the keys that sign tokens, directly in the store"}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the keys",
		Args:  cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), settings, log, func(_ context.Context, a *app) error {
				return listSigningKeys(cmd.OutOrStdout(), a.Ring.Keys())
			})
		},
	}
	var now, retire bool
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Create the next key",
		Long: `Create the next key. It is published for ten minutes before it signs. Earlier
keys verify until the last token that they signed has expired. Running nodes
pick it up within half a minute.`,
		Example: `  latchkey signing-key rotate            # the ordinary way
  latchkey signing-key rotate --retire   # a key leaked: its tokens end now`,
		Args: cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), settings, log, func(ctx context.Context, a *app) error {
				made, err := a.Ring.Rotate(ctx, now, retire)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "created %s, which signs from %s\n", made.ID, made.ActiveAt.Format(time.RFC3339))
				return err
			})
		},
	}
	rotate.Flags().BoolVar(&now, "now", false, "sign with it at once, before verifiers have learned of it")
	rotate.Flags().BoolVar(&retire, "retire", false, "reject every token that earlier keys signed, at once: for a leaked key")
	cmd.AddCommand(list, rotate, resetSigningKeysCommand(settings))
	cli.NeedsCommand(cmd)
	return cmd
}

// resetSigningKeysCommand works without the secret that the keys were sealed
// under: it is for the case that this secret is lost.
func resetSigningKeysCommand(settings source) *cobra.Command {
	return &cobra.Command{
		Use:   "reset",
		Short: "Remove all keys after LATCHKEY_SECRET was lost; the next start creates a new one",
		Args:  cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := settings.read()
			if err != nil {
				return err
			}
			s, err := store.Open(cmd.Context(), c.databaseURL, newLogger(c, cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(cmd.Context()))) }()
			all, err := s.SigningKeys().List(cmd.Context(), keys.NoFilter{}, keys.Page{Limit: 1000})
			if err != nil {
				return err
			}
			for _, k := range all {
				if err := s.SigningKeys().Delete(cmd.Context(), k.ID, k.Revision); err != nil {
					return err
				}
			}
			if err := removeTokenKey(cmd.Context(), s); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "removed %d keys; every signed token is over, and users who sign in with one-time codes need "+
				"an admin to turn them off\n", len(all))
			return err
		},
	}
}

// removeTokenKey removes the key that derives sign-in tokens, which is sealed
// under the same secret. Tokens that are already stored stay valid.
func removeTokenKey(ctx context.Context, s store.Store) error {
	sealed, err := s.SealedKeys().List(ctx, keys.NoFilter{}, keys.Page{Limit: 1000})
	for i := range sealed {
		err = errors.Join(err, s.SealedKeys().Delete(ctx, sealed[i].ID, sealed[i].Revision))
	}
	return err
}

func listSigningKeys(out io.Writer, all []signing.Key) error {
	slices.SortFunc(all, func(a, b signing.Key) int { return a.ActiveAt.Compare(b.ActiveAt) })
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "KEY\tALGORITHM\tSIGNS FROM\tVERIFIES UNTIL")
	for _, k := range all {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.ActiveAt.Format(time.RFC3339), k.RetireAt.Format(time.RFC3339))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}
