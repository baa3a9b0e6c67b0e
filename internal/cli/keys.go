package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// keyVerbs are the verbs for keys.
type keyVerbs struct{ *app }

var keyView = view[client.Key]{
	id: func(k *client.Key) string { return k.ID },
	columns: []column[client.Key]{
		{"id", func(k *client.Key) any { return k.ID }},
		{"name", func(k *client.Key) any { return k.Name }},
		{"key", func(k *client.Key) any { return k.Start + "…" + k.Last4 }},
		{"status", func(k *client.Key) any { return k.Status }},
		{"environment", func(k *client.Key) any { return k.Environment }},
		{"account", func(k *client.Key) any { return k.ServiceAccountID }},
		{"scopes", func(k *client.Key) any {
			if k.Scopes == nil {
				return "all of the account"
			}
			return k.Scopes
		}},
		{"expires", func(k *client.Key) any { return k.ExpiresAt }},
		{"last used", func(k *client.Key) any { return k.LastUsedAt }},
	},
}

// keyFields are the members of a key that can be set.
var keyFields = []field{
	{flag: "name", member: "name", help: "what the key is for", read: text},
	{flag: "note", member: "note", help: "anything to remember", read: text},
	{flag: "scopes", member: "scopes", help: "scopes, separated by commas; all: those of the account, none: no scope", read: orAll},
	{flag: "networks", member: "allowed_networks", help: "networks that may use it, such as 192.0.2.0/24, separated by commas", read: words},
	{flag: "rate-limit", member: "rate_limit", help: "its own limit, such as 100/1m or 100/1m:200 with a burst of 200", read: orNone(rule)},
	{flag: "expires", member: "expires_at", help: "when it expires: a time, a date, 90d, or none", read: orNone(moment)},
	{flag: "not-before", member: "not_before", help: "when it begins to work", read: orNone(moment)},
	{flag: "metadata", member: "metadata", help: "your own data, a JSON object", read: object},
	{flag: "disabled", member: "disabled", help: "refuse it for now; --disabled=false ends that", read: yesNo, alone: "true"},
}

func (a *app) keysCommand() *cobra.Command {
	v := keyVerbs{a}
	return noun("keys", "Issue, change, rotate, revoke and check API keys",
		v.keysList(), v.keysCreate(), v.keysRotate(), v.keysRevoke(), v.keysExposures(),
		getVerb(a, "KEY", "Show a key, without its secret", keyView, func(c *client.Client) getter[client.Key] { return c.Keys.Get }),
		updateVerb(a, "KEY", "Change a key", keyView, keyFields,
			func(c *client.Client) updater[client.Key, client.KeyPatch] { return c.Keys.Update }),
		deleteVerb(a, "KEY", "Remove a key and its history; revoke it instead to keep that", "and its history",
			func(c *client.Client) deleter { return c.Keys.Delete }),
		v.keysVerify(), v.keysExplain(), v.keysFind(), v.keysRefusals(), v.keysUsage(),
		onOne(a, "reset-limits KEY", "Reset the key's limits to full, for the provider's staff", keyView,
			func(ctx context.Context, c *client.Client, id string) (client.Key, error) {
				return c.Keys.ResetLimits(ctx, id)
			}))
}

func (a keyVerbs) keysList() *cobra.Command {
	var f client.KeyFilter
	var most int
	var expiring string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List keys, the newest first",
		Example: `  latchkey keys list --account sa_01a2 --status active
  latchkey keys list --expiring-before 30d --output csv
  latchkey keys list --status expired --quiet | xargs -n 1 latchkey keys delete --yes`,
		Args: Needs(),
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
			if expiring != "" {
				at, err := parseMoment(expiring, a.now())
				if err != nil {
					return Usagef("--expiring-before: %w", err)
				}
				f.ExpiringBefore = at
			}
			return printAll(a.app, keyView, atMost(c.Keys.All(ctx, f), most))
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.OrganizationID, "organization", "", "only those of the organization")
	flags.StringVar(&f.ServiceAccountID, "account", "", "only those of the service account")
	flags.StringVar(&f.Environment, "environment", "", "live or test")
	flags.StringVar(&f.Status, "status", "", "active, disabled, not_yet_valid, expired or revoked")
	flags.StringVar(&expiring, "expiring-before", "", "only those that expire before the time, the date, or in less than 30d")
	flags.StringVar(&f.Text, "search", "", "text in name, note, id, start or end")
	limitFlag(cmd, &most)
	return cmd
}

// limitFlag adds the flag that ends a list early.
func limitFlag(cmd *cobra.Command, most *int) {
	cmd.Flags().IntVar(most, "limit", 0, "at most so many (default: all)")
}

func (a keyVerbs) keysRevoke() *cobra.Command {
	var in client.RevokeKey
	cmd := &cobra.Command{
		Use:   "revoke KEY",
		Short: "End a key for good, and say from when on no node accepts it",
		Args:  Needs("KEY"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			if err := a.confirm(ctx, "Revoke %s for good", args[0]); err != nil {
				return err
			}
			k, err := c.Keys.Revoke(ctx, args[0], in)
			if err != nil {
				return err
			}
			a.tellEffective(k.EffectiveEverywhereBy, k.WaitingFor)
			return printOne(a.app, revokedView, k)
		}),
	}
	cmd.Flags().StringVar(&in.Reason, "reason", "", "unspecified, leaked, superseded, unused, abuse or holder")
	cmd.Flags().StringVar(&in.Note, "note", "", "anything to remember")
	return cmd
}

var revokedView = wrap(keyView, func(k *client.RevokedKey) *client.Key { return &k.Key },
	column[client.RevokedKey]{"effective by", func(k *client.RevokedKey) any { return k.EffectiveEverywhereBy }})

// wrap shows objects that hold others, with more columns.
func wrap[T, U any](v view[U], inner func(*T) *U, more ...column[T]) view[T] {
	out := view[T]{id: func(t *T) string { return v.id(inner(t)) }}
	for _, c := range v.columns {
		out.columns = append(out.columns, column[T]{c.name, func(t *T) any { return c.of(inner(t)) }})
	}
	out.columns = append(out.columns, more...)
	return out
}

// tellEffective says when a change holds on every node, and which nodes are silent.
func (a *app) tellEffective(by time.Time, waiting []client.WaitingNode) {
	for _, n := range waiting {
		a.tell("Node %s is silent. If it runs and is only cut off, it stops to answer from memory at %s.", shown(n.Name), shown(n.StopsAt))
	}
	a.tell("No node accepts it from %s on.", shown(by))
}

func (a keyVerbs) keysFind() *cobra.Command {
	return &cobra.Command{
		Use:   "find [ID|START|LAST4]",
		Short: "Find keys by what is known of them; reads a whole key from standard input",
		Example: `  latchkey keys find lk_live_xC6z
  pbpaste | latchkey keys find`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			what, err := a.argumentOrSecret(ctx, args, "Key")
			if err != nil {
				return err
			}
			return printAll(a.app, keyView, listed(c.Keys.Find(ctx, what)))
		}),
	}
}

// argumentOrSecret returns the argument, or what is typed: whole keys are not for the
// shell's history.
func (a *app) argumentOrSecret(ctx context.Context, args []string, prompt string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	what, err := a.secret(ctx, prompt)
	if err == nil && what == "" {
		return "", Usagef("there is nothing on standard input")
	}
	return what, err
}

func (a keyVerbs) keysRefusals() *cobra.Command {
	return &cobra.Command{
		Use:   "refusals KEY",
		Short: "List why the key was refused last, the newest first",
		Args:  Needs("KEY"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			return printAll(a.app, refusalView, listed(c.Keys.Refusals(ctx, args[0])))
		}),
	}
}

var refusalView = view[client.Refusal]{
	id: func(r *client.Refusal) string { return r.Code },
	columns: []column[client.Refusal]{
		{"at", func(r *client.Refusal) any { return r.At }},
		{"code", func(r *client.Refusal) any { return r.Code }},
		{"address", func(r *client.Refusal) any { return r.IP }},
		{"method", func(r *client.Refusal) any { return r.Method }},
		{"path", func(r *client.Refusal) any { return r.Path }},
		{"detail", func(r *client.Refusal) any { return r.Detail }},
	},
}

func (a keyVerbs) keysUsage() *cobra.Command {
	var u usageFlags
	cmd := &cobra.Command{Use: "usage KEY", Short: "Count how often the key was verified, by outcome", Args: Needs("KEY")}
	u.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		q, err := u.query(a.now())
		if err != nil {
			return err
		}
		report, err := c.Keys.Usage(ctx, args[0], q)
		if err != nil {
			return err
		}
		return printAll(a.app, usageView, each(report.Items))
	})
	return cmd
}

// patch is fill for a change, which has to change something.
func (a *app) patch(cmd *cobra.Command, all []field, in any) error {
	if err := someChanged(cmd); err != nil {
		return err
	}
	return a.fill(cmd, all, in)
}
