package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// catalogueVerbs are the verbs for tiers and scopes.
type catalogueVerbs struct{ *app }

var tierView = view[client.Tier]{
	id: func(t *client.Tier) string { return t.Name },
	columns: []column[client.Tier]{
		{"name", func(t *client.Tier) any { return t.Name }},
		{"title", func(t *client.Tier) any { return t.Title }},
		{"rate limit", func(t *client.Tier) any { return t.RateLimit }},
		{"account rate limit", func(t *client.Tier) any { return t.AccountRateLimit }},
		{"quota", func(t *client.Tier) any { return t.Quota }},
		{"max keys", func(t *client.Tier) any { return t.MaxKeys }},
		{"max key age", func(t *client.Tier) any { return t.MaxKeyAge }},
		{"key retention", func(t *client.Tier) any { return t.KeyRetention }},
		{"leak policy", func(t *client.Tier) any { return t.LeakPolicy }},
	},
}

var tierFields = []field{
	{flag: "title", member: "title", help: "its name for people", read: text},
	{
		flag: "rate-limit", member: "rate_limit", read: orNone(rule),
		help: "of each key, such as 100/1m or 100/1m:200 with a burst of 200; or none",
	},
	{flag: "account-rate-limit", member: "account_rate_limit", help: "shared by the keys of an account; or none", read: orNone(rule)},
	{flag: "quota", member: "quota", help: "of an account, such as 10000/day; or none", read: orNone(quota)},
	{flag: "max-keys", member: "max_keys", help: "of an account", read: whole},
	{flag: "max-key-age", member: "max_key_age", help: "longest life of a key, such as 90d; or none", read: orNone(span)},
	{flag: "key-retention", member: "key_retention", help: "how long keys are kept after their end; or none", read: orNone(span)},
	{flag: "leak-policy", member: "leak_policy", help: "what happens to leaked keys: revoke, disable or tell", read: text},
}

func (a *app) tiersCommand() *cobra.Command {
	v := catalogueVerbs{a}
	return noun("tiers", "Manage tiers, the plans of service accounts",
		&cobra.Command{
			Use: "list", Short: "List tiers", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, tierView, c.Tiers.All(ctx))
			}),
		},
		v.tiersCreate(),
		getVerb(a, "TIER", "Show a tier", tierView, func(c *client.Client) getter[client.Tier] { return c.Tiers.Get }),
		v.tiersUpdate(),
		deleteVerb(a, "TIER", "Remove a tier that nobody has", "", func(c *client.Client) deleter { return c.Tiers.Delete }))
}

func (a catalogueVerbs) tiersCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a tier",
		Example: "  latchkey tiers create pro --title Pro --rate-limit 100/1s:200 --quota 5000000/month",
		Args:    Needs("NAME"),
	}
	addFields(cmd, tierFields)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in := client.CreateTier{Name: args[0], TierSettings: client.TierSettings{Title: args[0]}}
		if err := a.fill(cmd, tierFields, &in); err != nil {
			return err
		}
		t, err := c.Tiers.Create(ctx, in)
		return shownOr(a.app, tierView, t, err)
	})
	return cmd
}

func (a catalogueVerbs) tiersUpdate() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "update TIER", Short: "Change a tier for everybody who has it",
		Example: "  latchkey tiers update free --rate-limit 5/1s --dry-run",
		Args:    Needs("TIER"),
	}
	addFields(cmd, tierFields)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "change nothing, only say whom it would affect")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		var in client.TierPatch
		if err := a.patch(cmd, tierFields, &in); err != nil {
			return err
		}
		if dry {
			impact, err := c.Tiers.Preview(ctx, args[0], in)
			return shownOr(a.app, impactView, impact, err)
		}
		t, err := c.Tiers.Update(ctx, args[0], in)
		return shownOr(a.app, tierView, t, err)
	})
	return cmd
}

var impactView = view[client.TierImpact]{
	id: func(*client.TierImpact) string { return "" },
	columns: []column[client.TierImpact]{
		{"accounts", func(i *client.TierImpact) any { return i.Accounts }},
		{"keys", func(i *client.TierImpact) any { return i.Keys }},
		{"lower limits", func(i *client.TierImpact) any { return i.Lower }},
		{"higher limits", func(i *client.TierImpact) any { return i.Higher }},
		{"own limit", func(i *client.TierImpact) any { return i.OwnLimit }},
		{"exempt", func(i *client.TierImpact) any { return i.Exempt }},
		{"accounts with too many keys", func(i *client.TierImpact) any { return i.OverFull }},
		{"keys that live too long", func(i *client.TierImpact) any { return i.TooOld }},
		{"incomplete", func(i *client.TierImpact) any { return i.Incomplete }},
	},
}

var scopeView = view[client.Scope]{
	id: func(s *client.Scope) string { return s.Name },
	columns: []column[client.Scope]{
		{"name", func(s *client.Scope) any { return s.Name }},
		{"description", func(s *client.Scope) any { return s.Description }},
		{"retired", func(s *client.Scope) any { return s.RetiredAt }},
		{"renamed to", func(s *client.Scope) any { return s.RenamedTo }},
		{"renamed until", func(s *client.Scope) any { return s.RenamedUntil }},
	},
}

var scopeFields = []field{{flag: "description", member: "description", help: "what it allows", read: text}}

func (a *app) scopesCommand() *cobra.Command {
	v := catalogueVerbs{a}
	return noun("scopes", "Manage the catalogue of scopes",
		&cobra.Command{
			Use: "list", Short: "List scopes", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, scopeView, c.Scopes.All(ctx))
			}),
		},
		v.scopesCreate(),
		getVerb(a, "SCOPE", "Show a scope", scopeView, func(c *client.Client) getter[client.Scope] { return c.Scopes.Get }),
		updateVerb(a, "SCOPE", "Change a scope's description", scopeView, scopeFields,
			func(c *client.Client) updater[client.Scope, client.ScopePatch] { return c.Scopes.Update }),
		v.scopesRename(),
		onOne(a, "retire SCOPE", "Grant a scope no longer; who has it keeps it", scopeView,
			func(ctx context.Context, c *client.Client, name string) (client.Scope, error) {
				return c.Scopes.Retire(ctx, name)
			}),
		onOne(a, "restore SCOPE", "Grant a retired scope again", scopeView,
			func(ctx context.Context, c *client.Client, name string) (client.Scope, error) {
				return c.Scopes.Restore(ctx, name)
			}),
		onOne(a, "holders SCOPE", "Count who has a scope", holdersView,
			func(ctx context.Context, c *client.Client, name string) (client.ScopeHolders, error) {
				return c.Scopes.Holders(ctx, name)
			}),
		deleteVerb(a, "SCOPE", "Remove a scope that nobody has", "", func(c *client.Client) deleter { return c.Scopes.Delete }))
}

var holdersView = view[client.ScopeHolders]{
	id: func(*client.ScopeHolders) string { return "" },
	columns: []column[client.ScopeHolders]{
		{"accounts", func(h *client.ScopeHolders) any { return h.Accounts }},
		{"keys with scopes of their own", func(h *client.ScopeHolders) any { return h.Keys }},
		{"accounts with a wildcard", func(h *client.ScopeHolders) any { return h.Wildcards }},
		{"incomplete", func(h *client.ScopeHolders) any { return h.Incomplete }},
	},
}

func (a catalogueVerbs) scopesCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create SCOPE", Short: "Add a scope to the catalogue",
		Example: "  latchkey scopes create invoices:read --description 'Read invoices'",
		Args:    Needs("SCOPE"),
	}
	addFields(cmd, scopeFields)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in := client.CreateScope{Name: args[0]}
		if err := a.fill(cmd, scopeFields, &in); err != nil {
			return err
		}
		s, err := c.Scopes.Create(ctx, in)
		return shownOr(a.app, scopeView, s, err)
	})
	return cmd
}

func (a catalogueVerbs) scopesRename() *cobra.Command {
	var keep string
	cmd := &cobra.Command{
		Use: "rename SCOPE NEW", Short: "Rename a scope; the old name works on for a while", Args: Needs("SCOPE", "NEW"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			in := client.ScopeRenaming{Name: args[1]}
			if keep != "" {
				d, err := parseSpan(keep)
				if err != nil {
					return Usagef("--keep: %w", err)
				}
				in.Keep = client.Set(client.Duration(d))
			}
			s, err := c.Scopes.Rename(ctx, args[0], in)
			return shownOr(a.app, scopeView, s, err)
		}),
	}
	cmd.Flags().StringVar(&keep, "keep", "", "how long the old name works (default: 30d)")
	return cmd
}
