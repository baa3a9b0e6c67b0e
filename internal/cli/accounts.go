package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// accountVerbs are the verbs for service accounts.
type accountVerbs struct{ *app }

var accountView = view[client.ServiceAccount]{
	id: func(s *client.ServiceAccount) string { return s.ID },
	columns: []column[client.ServiceAccount]{
		{"id", func(s *client.ServiceAccount) any { return s.ID }},
		{"name", func(s *client.ServiceAccount) any { return s.Name }},
		{"organization", func(s *client.ServiceAccount) any { return s.OrganizationID }},
		{"tier", func(s *client.ServiceAccount) any { return s.Tier }},
		{"scopes", func(s *client.ServiceAccount) any { return s.Scopes }},
		{"rate limit", func(s *client.ServiceAccount) any { return s.RateLimit }},
		{"quota", func(s *client.ServiceAccount) any { return s.Quota }},
		{"owner", func(s *client.ServiceAccount) any { return s.OwnerID }},
		{"disabled", func(s *client.ServiceAccount) any { return s.Disabled }},
	},
}

var accountFields = []field{
	{flag: "name", member: "name", help: "name of the integration", read: text},
	{flag: "description", member: "description", help: "what it does", read: text},
	{flag: "tier", member: "tier", help: "its plan", read: text},
	{flag: "scopes", member: "scopes", help: "what its keys may have at most, separated by commas; or none", read: words},
	{flag: "networks", member: "allowed_networks", help: "networks that may use its keys, separated by commas; or none", read: words},
	{flag: "rate-limit", member: "rate_limit", help: "limit shared by its keys, such as 100/1m; or none", read: orNone(rule)},
	{flag: "quota", member: "quota", help: "such as 10000/day or 1000000/month; or none", read: orNone(quota)},
	{flag: "external-id", member: "external_id", help: "its name in your own system", read: text},
	{flag: "owner", member: "owner_id", help: "id of the member who looks after it; or none", read: orNone(text)},
	{flag: "metadata", member: "metadata", help: "your own data, a JSON object", read: object},
	{flag: "disabled", member: "disabled", help: "refuse its keys for now; --disabled=false ends that", read: yesNo, alone: "true"},
}

func (a *app) accountsCommand() *cobra.Command {
	v := accountVerbs{a}
	return noun("accounts", "Manage service accounts, which hold the keys",
		v.accountsList(), v.accountsCreate(),
		getVerb(a, "ACCOUNT", "Show a service account", accountView,
			func(c *client.Client) getter[client.ServiceAccount] { return c.Accounts.Get }),
		updateVerb(a, "ACCOUNT", "Change a service account", accountView, accountFields,
			func(c *client.Client) updater[client.ServiceAccount, client.ServiceAccountPatch] {
				return c.Accounts.Update
			}),
		deleteVerb(a, "ACCOUNT", "Remove a service account and its keys", "with its keys",
			func(c *client.Client) deleter { return c.Accounts.Delete }),
		v.accountsTransfer(), v.accountsOverride(), v.accountsEndOverride(), v.accountsResetLimits(), v.certificatesCommand())
}

func (a accountVerbs) accountsList() *cobra.Command {
	var f client.AccountFilter
	var most int
	cmd := &cobra.Command{
		Use: "list", Short: "List service accounts, the newest first", Args: Needs(),
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
			return printAll(a.app, accountView, atMost(c.Accounts.All(ctx, f), most))
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.OrganizationID, "organization", "", "only those of the organization")
	flags.StringVar(&f.Tier, "tier", "", "only those of the tier")
	flags.StringVar(&f.ExternalID, "external-id", "", "only the one with the name in your own system")
	flags.StringVar(&f.OwnerID, "owner", "", "only those that the member looks after")
	flags.StringVar(&f.Text, "search", "", "text in names")
	limitFlag(cmd, &most)
	return cmd
}

func (a accountVerbs) accountsCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create ORGANIZATION", Short: "Create a service account",
		Example: "  latchkey accounts create org_01a2 --name billing --tier free --scopes invoices:read,invoices:write",
		Args:    Needs("ORGANIZATION"),
	}
	addFields(cmd, accountFields)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in := client.CreateServiceAccount{OrganizationID: args[0]}
		if err := a.fill(cmd, accountFields, &in); err != nil {
			return err
		}
		s, err := c.Accounts.Create(ctx, in)
		return shownOr(a.app, accountView, s, err)
	})
	return cmd
}

func (a accountVerbs) accountsTransfer() *cobra.Command {
	var in client.TransferServiceAccount
	var owner string
	cmd := &cobra.Command{
		Use: "transfer ACCOUNT ORGANIZATION", Short: "Transfer a service account to another organization",
		Example: "  latchkey accounts transfer sa_01a2 org_01b3 --dry-run",
		Args:    Needs("ACCOUNT", "ORGANIZATION"),
	}
	cmd.Flags().StringVar(&owner, "owner", "", "id of the member there who will look after it")
	cmd.Flags().BoolVar(&in.DryRun, "dry-run", false, "change nothing, only say what would happen")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in.OrganizationID = args[1]
		if owner != "" {
			in.OwnerID = &owner
		}
		if !in.DryRun {
			if err := a.confirm(ctx, "Transfer %s with its keys to %s", args[0], args[1]); err != nil {
				return err
			}
		}
		t, err := c.Accounts.Transfer(ctx, args[0], in)
		return shownOr(a.app, transferView, t, err)
	})
	return cmd
}

var transferView = view[client.Transfer]{
	id: func(t *client.Transfer) string { return t.ServiceAccountID },
	columns: []column[client.Transfer]{
		{"account", func(t *client.Transfer) any { return t.ServiceAccountID }},
		{"from", func(t *client.Transfer) any { return t.FromOrganizationID }},
		{"to", func(t *client.Transfer) any { return t.OrganizationID }},
		{"dry run", func(t *client.Transfer) any { return t.DryRun }},
		{"tier", func(t *client.Transfer) any { return t.Tier }},
		{"keys", func(t *client.Transfer) any { return t.Keys }},
		{"certificates", func(t *client.Transfer) any { return t.Certificates }},
		{"lacking scopes", func(t *client.Transfer) any { return t.LackingScopes }},
		{"effective by", func(t *client.Transfer) any { return t.EffectiveEverywhereBy }},
	},
}

var overrideFields = []field{
	{flag: "key-rate-limit", member: "key_rate_limit", help: "for each key without a limit of its own, such as 100/1m", read: rule},
	{flag: "rate-limit", member: "rate_limit", help: "shared by its keys", read: rule},
	{flag: "quota", member: "quota", help: "such as 10000/day", read: quota},
	{flag: "until", member: "until", help: "when the override ends: a time, a date or 7d", read: moment},
	{flag: "note", member: "note", help: "why", read: text},
}

func (a accountVerbs) accountsOverride() *cobra.Command {
	cmd := &cobra.Command{
		Use: "override ACCOUNT", Short: "Set other limits for a time, for the provider's staff",
		Example: "  latchkey accounts override sa_01a2 --quota 1000000/day --until 7d --note 'end of year'",
		Args:    Needs("ACCOUNT"),
	}
	addFields(cmd, overrideFields)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		var in client.Override
		if err := a.patch(cmd, overrideFields, &in); err != nil {
			return err
		}
		s, err := c.Accounts.SetOverride(ctx, args[0], in)
		return shownOr(a.app, accountView, s, err)
	})
	return cmd
}

func (a accountVerbs) accountsEndOverride() *cobra.Command {
	return onOne(a.app, "end-override ACCOUNT", "End other limits, for the provider's staff", accountView,
		func(ctx context.Context, c *client.Client, id string) (client.ServiceAccount, error) {
			return c.Accounts.EndOverride(ctx, id)
		})
}

func (a accountVerbs) accountsResetLimits() *cobra.Command {
	return onOne(a.app, "reset-limits ACCOUNT", "Reset the account's limits to full, for the provider's staff", accountView,
		func(ctx context.Context, c *client.Client, id string) (client.ServiceAccount, error) {
			return c.Accounts.ResetLimits(ctx, id)
		})
}

var certificateView = view[client.Certificate]{
	id: func(t *client.Certificate) string { return t.ID },
	columns: []column[client.Certificate]{
		{"id", func(t *client.Certificate) any { return t.ID }},
		{"name", func(t *client.Certificate) any { return t.Name }},
		{"match", func(t *client.Certificate) any { return t.Match }},
		{"account", func(t *client.Certificate) any { return t.ServiceAccountID }},
		{"expires", func(t *client.Certificate) any { return t.ExpiresAt }},
	},
}

var certificateFields = []field{
	{flag: "name", member: "name", help: "what it is for", read: text},
	{flag: "fingerprint", member: "fingerprint", help: "SHA-256 in hex", read: text},
	{flag: "san", member: "san", help: "dns:…, uri:… or email:…", read: text},
	{flag: "expires", member: "expires_at", help: "when it is no longer accepted", read: orNone(moment)},
}

func (a accountVerbs) certificatesCommand() *cobra.Command {
	return noun("certificates", "Manage client certificates that act as the account",
		&cobra.Command{
			Use: "list ACCOUNT", Short: "List certificates", Args: Needs("ACCOUNT"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				return printAll(a.app, certificateView, c.Certificates.All(ctx, args[0]))
			}),
		},
		a.certificatesAdd(),
		&cobra.Command{
			Use: "remove ACCOUNT CERTIFICATE", Short: "Stop a certificate from acting as the account", Args: Needs("ACCOUNT", "CERTIFICATE"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				if err := a.confirm(ctx, "Remove %s", args[1]); err != nil {
					return err
				}
				return c.Certificates.Remove(ctx, args[0], args[1])
			}),
		})
}

func (a accountVerbs) certificatesAdd() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "add ACCOUNT", Short: "Let a client certificate act as the account",
		Example: "  latchkey accounts certificates add sa_01a2 --name gateway --file client.pem",
		Args:    Needs("ACCOUNT"),
	}
	addFields(cmd, certificateFields)
	cmd.Flags().StringVar(&file, "file", "", "the certificate in PEM")
	_ = cmd.MarkFlagFilename("file", "pem", "crt") // fails only for a flag that is not there
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		var in client.AddCertificate
		if err := a.fill(cmd, certificateFields, &in); err != nil {
			return err
		}
		if file != "" {
			pem, err := os.ReadFile(file) //nolint:gosec // G304: the user names the file
			if err != nil {
				return err
			}
			in.Certificate = string(pem)
		}
		t, err := c.Certificates.Add(ctx, args[0], in)
		return shownOr(a.app, certificateView, t, err)
	})
	return cmd
}
