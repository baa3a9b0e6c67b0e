package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

var issuedView = wrap(keyView, func(k *client.IssuedKey) *client.Key { return &k.Key })

func (a keyVerbs) keysCreate() *cobra.Command {
	var in client.CreateKey
	d := delivery{app: a.app}
	cmd := &cobra.Command{
		Use:     "create ACCOUNT",
		Aliases: []string{"issue"},
		Short:   "Issue a key; the secret alone goes to standard output, a file or a command",
		Example: `  latchkey keys create sa_01a2 --name billing --scopes invoices:read --expires 90d
  latchkey keys create sa_01a2 --name billing --env-file .env
  latchkey keys create sa_01a2 --name ci --exec 'gh secret set API_KEY'`,
		Args: Needs("ACCOUNT"),
	}
	cmd.Flags().StringVar(&in.Environment, "environment", "", "live (the default) or test")
	addFields(cmd, keyFields)
	d.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in.ServiceAccountID = args[0]
		if err := a.fill(cmd, keyFields, &in); err != nil {
			return err
		}
		if err := d.prepare(); err != nil {
			return err
		}
		k, err := c.Keys.Issue(ctx, in)
		if err != nil {
			return errors.Join(err, d.drop())
		}
		if err := d.deliver(ctx, k); err != nil {
			return a.takeBack(ctx, c, k.ID, err)
		}
		a.tell("Issued %s (%s).", k.ID, shown(k.Name))
		return nil
	})
	return cmd
}

// takeBack revokes a new key that reached nobody.
func (a keyVerbs) takeBack(ctx context.Context, c *client.Client, id string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.options.timeout)
	defer cancel()
	if _, err := c.Keys.Revoke(ctx, id, client.RevokeKey{Reason: "unused", Note: "it could not be delivered"}); err != nil {
		return fmt.Errorf("%w; the new key %s is lost, but still valid: revoke it (%w)", why, id, err)
	}
	return fmt.Errorf("%w; the new key %s was revoked again", why, id)
}

func (a keyVerbs) keysRotate() *cobra.Command {
	var grace, expires string
	d, w := delivery{app: a.app}, wait{app: a.app}
	cmd := &cobra.Command{
		Use:   "rotate KEY",
		Short: "Issue a successor of a key; the old one works on for a while",
		Long: `Issue a successor of a key. The old key works until --grace is over.

With --wait-unused the command waits until the old key has not been used for a
while, and then revokes it.`,
		Example: `  latchkey keys rotate key_01a2 --grace 7d --env-file .env
  latchkey keys rotate key_01a2 --exec ./deploy.sh --wait-unused --unused-for 10m`,
		Args: Needs("KEY"),
	}
	cmd.Flags().StringVar(&grace, "grace", "", "how long the old key works on, such as 12h or 7d (default: a day)")
	cmd.Flags().StringVar(&expires, "expires", "", "when the successor expires (default: it lives as long as the old key)")
	d.add(cmd)
	w.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in, err := rotation(grace, expires, a.now())
		if err != nil {
			return err
		}
		if err := d.prepare(); err != nil {
			return err
		}
		k, err := c.Keys.Rotate(ctx, args[0], in)
		if err != nil {
			return errors.Join(err, d.drop())
		}
		if err := d.deliver(ctx, k); err != nil {
			return fmt.Errorf("%w; the successor %s is lost, and %s still works for its grace period: rotate %s", err, k.ID, args[0], k.ID)
		}
		a.tell("Issued %s, the successor of %s.", k.ID, args[0])
		if !w.wanted {
			return nil
		}
		return w.revokeUnused(ctx, c, args[0])
	})
	return cmd
}

func rotation(grace, expires string, now time.Time) (in client.KeyRotation, err error) {
	if grace != "" {
		d, err := parseSpan(grace)
		if err != nil {
			return in, Usagef("--grace: %w", err)
		}
		in.Grace = client.Set(client.Duration(d))
	}
	if expires != "" {
		at, err := parseMoment(expires, now)
		if err != nil {
			return in, Usagef("--expires: %w", err)
		}
		in.ExpiresAt = &at
	}
	return in, nil
}

// wait waits until a key is no longer used.
type wait struct {
	*app
	wanted bool
	unused time.Duration
}

func (w *wait) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.wanted, "wait-unused", false, "wait until the old key is no longer used, then revoke it")
	cmd.Flags().DurationVar(&w.unused, "unused-for", 5*time.Minute, "how long it must not have been used")
}

const lookEvery = 2 * time.Second

// revokeUnused revokes the key once it was not used for long enough. Last uses are known
// to the service some seconds later.
func (w *wait) revokeUnused(ctx context.Context, c *client.Client, id string) error {
	began, seen := w.now(), time.Time{}
	w.tell("Waiting until %s is not used for %s. Its successor works already, so this can be interrupted.", id, client.Duration(w.unused))
	for {
		k, err := c.Keys.Get(ctx, id)
		if err != nil {
			return err
		}
		if k.Status == "revoked" || k.Status == "expired" {
			w.tell("%s is %s.", id, k.Status)
			return nil
		}
		last := began
		if k.LastUsedAt != nil && k.LastUsedAt.After(last) {
			last = *k.LastUsedAt
		}
		if last.After(began) && !last.Equal(seen) {
			seen = last
			w.tell("%s was used at %s.", id, shown(last))
		}
		if w.now().Sub(last) >= w.unused {
			break
		}
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
	}
	k, err := c.Keys.Revoke(ctx, id, client.RevokeKey{Reason: "superseded"})
	if err != nil {
		return err
	}
	w.tell("Revoked %s.", id)
	w.tellEffective(k.EffectiveEverywhereBy, k.WaitingFor)
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
