package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// orgVerbs are the verbs for organizations and their members.
type orgVerbs struct{ *app }

var orgView = view[client.Organization]{
	id: func(o *client.Organization) string { return o.ID },
	columns: []column[client.Organization]{
		{"id", func(o *client.Organization) any { return o.ID }},
		{"name", func(o *client.Organization) any { return o.Name }},
		{"disabled", func(o *client.Organization) any { return o.Disabled }},
		{"created", func(o *client.Organization) any { return o.CreatedAt }},
	},
}

var orgFields = []field{
	{flag: "name", member: "name", help: "name of the company or team", read: text},
	{flag: "metadata", member: "metadata", help: "your own data, a JSON object", read: object},
	{flag: "disabled", member: "disabled", help: "refuse all of its keys for now; --disabled=false ends that", read: yesNo, alone: "true"},
}

func (a *app) orgsCommand() *cobra.Command {
	v := orgVerbs{a}
	return noun("orgs", "Manage organizations, the third parties",
		v.orgsList(), v.orgsCreate(),
		getVerb(a, "ORGANIZATION", "Show an organization", orgView,
			func(c *client.Client) getter[client.Organization] { return c.Organizations.Get }),
		updateVerb(a, "ORGANIZATION", "Change an organization", orgView, orgFields,
			func(c *client.Client) updater[client.Organization, client.OrganizationPatch] {
				return c.Organizations.Update
			}),
		deleteVerb(a, "ORGANIZATION", "Remove an organization with everything in it", "with everything in it",
			func(c *client.Client) deleter { return c.Organizations.Delete }))
}

func (a orgVerbs) orgsList() *cobra.Command {
	var f client.OrganizationFilter
	var most int
	cmd := &cobra.Command{
		Use: "list", Short: "List organizations, the newest first", Args: Needs(),
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
			return printAll(a.app, orgView, atMost(c.Organizations.All(ctx, f), most))
		}),
	}
	cmd.Flags().StringVar(&f.Text, "search", "", "text in names")
	limitFlag(cmd, &most)
	return cmd
}

func (a orgVerbs) orgsCreate() *cobra.Command {
	cmd := &cobra.Command{Use: "create NAME", Short: "Create an organization", Args: Needs("NAME")}
	fields := orgFields[1:] // the name is an argument
	addFields(cmd, fields)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in := client.OrganizationSettings{Name: args[0]}
		if err := a.fill(cmd, fields, &in); err != nil {
			return err
		}
		o, err := c.Organizations.Create(ctx, in)
		return shownOr(a.app, orgView, o, err)
	})
	return cmd
}

var memberView = view[client.Member]{
	id: func(m *client.Member) string { return m.UserID },
	columns: []column[client.Member]{
		{"user", func(m *client.Member) any { return m.UserID }},
		{"organization", func(m *client.Member) any { return m.OrganizationID }},
		{"role", func(m *client.Member) any { return m.Role }},
		{"since", func(m *client.Member) any { return m.CreatedAt }},
	},
}

var invitationView = view[client.Invitation]{
	id: func(i *client.Invitation) string { return i.ID },
	columns: []column[client.Invitation]{
		{"id", func(i *client.Invitation) any { return i.ID }},
		{"email", func(i *client.Invitation) any { return i.Email }},
		{"role", func(i *client.Invitation) any { return i.Role }},
		{"expires", func(i *client.Invitation) any { return i.ExpiresAt }},
		{"link", func(i *client.Invitation) any { return i.Link }},
	},
}

func (a *app) membersCommand() *cobra.Command {
	v := orgVerbs{a}
	return noun("members", "Manage who belongs to an organization",
		&cobra.Command{
			Use: "list ORGANIZATION", Short: "List the members", Args: Needs("ORGANIZATION"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				return printAll(a, memberView, c.Members.All(ctx, args[0]))
			}),
		},
		v.membersAdd(), v.membersUpdate(), v.membersRemove(), v.membersInvite(),
		&cobra.Command{
			Use: "invitations ORGANIZATION", Short: "List the open invitations", Args: Needs("ORGANIZATION"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				return printAll(a, invitationView, listed(c.Invitations.List(ctx, args[0])))
			}),
		},
		&cobra.Command{
			Use: "accept [TOKEN]", Short: "Accept an invitation by the token in its link", Args: cobra.MaximumNArgs(1),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				token, err := a.argumentOrSecret(ctx, args, "Token")
				if err != nil {
					return err
				}
				m, err := c.Invitations.Accept(ctx, token)
				return shownOr(a, memberView, m, err)
			}),
		},
		&cobra.Command{
			Use: "withdraw ORGANIZATION INVITATION", Short: "Withdraw an invitation", Args: Needs("ORGANIZATION", "INVITATION"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				return c.Invitations.Withdraw(ctx, args[0], args[1])
			}),
		})
}

const roles = "owner, developer or viewer"

func (a orgVerbs) membersAdd() *cobra.Command {
	var in client.AddMember
	cmd := &cobra.Command{
		Use: "add ORGANIZATION USER", Short: "Make a user a member", Args: Needs("ORGANIZATION", "USER"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			in.UserID = args[1]
			m, err := c.Members.Add(ctx, args[0], in)
			return shownOr(a.app, memberView, m, err)
		}),
	}
	cmd.Flags().StringVar(&in.Role, "role", "viewer", roles)
	return cmd
}

func (a orgVerbs) membersUpdate() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "update ORGANIZATION USER", Short: "Change a member's role", Args: Needs("ORGANIZATION", "USER"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			m, err := c.Members.SetRole(ctx, args[0], args[1], role)
			return shownOr(a.app, memberView, m, err)
		}),
	}
	cmd.Flags().StringVar(&role, "role", "", roles)
	_ = cmd.MarkFlagRequired("role") // fails only for a flag that is not there
	return cmd
}

func (a orgVerbs) membersRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ORGANIZATION USER", Short: "End a membership", Args: Needs("ORGANIZATION", "USER"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			if err := a.confirm(ctx, "Remove %s from %s", args[1], args[0]); err != nil {
				return err
			}
			return c.Members.Remove(ctx, args[0], args[1])
		}),
	}
}

func (a orgVerbs) membersInvite() *cobra.Command {
	var in client.Invite
	cmd := &cobra.Command{
		Use: "invite ORGANIZATION EMAIL", Short: "Invite somebody by mail; without a mail server, prints the link",
		Args: Needs("ORGANIZATION", "EMAIL"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			in.Email = args[1]
			i, err := c.Invitations.Create(ctx, args[0], in)
			return shownOr(a.app, invitationView, i, err)
		}),
	}
	cmd.Flags().StringVar(&in.Role, "role", "viewer", roles)
	return cmd
}
