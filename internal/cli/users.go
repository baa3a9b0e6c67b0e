package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// userVerbs are the verbs for users and tokens.
type userVerbs struct{ *app }

var userView = view[client.User]{
	id: func(u *client.User) string { return u.ID },
	columns: []column[client.User]{
		{"id", func(u *client.User) any { return u.ID }},
		{"email", func(u *client.User) any { return u.Email }},
		{"name", func(u *client.User) any { return u.Name }},
		{"staff", func(u *client.User) any { return u.IsAdmin }},
		{"disabled", func(u *client.User) any { return u.Disabled }},
		{"created", func(u *client.User) any { return u.CreatedAt }},
	},
}

var userFields = []field{
	{flag: "email", member: "email", help: "e-mail address", read: text},
	{flag: "username", member: "username", help: "another name to sign in with", read: text},
	{flag: "name", member: "name", help: "how people call them", read: text},
	{flag: "language", member: "language", help: "such as en or de", read: text},
	{flag: "staff", member: "is_admin", help: "one of the provider's staff; --staff=false ends that", read: yesNo, alone: "true"},
	{flag: "disabled", member: "disabled", help: "lock them out; --disabled=false ends that", read: yesNo, alone: "true"},
}

func (a *app) usersCommand() *cobra.Command {
	v := userVerbs{a}
	return noun("users", "Manage the people who sign in, for the provider's staff",
		v.usersList(), v.usersCreate(),
		getVerb(a, "USER", "Show a user", userView, func(c *client.Client) getter[client.User] { return c.Users.Get }),
		updateVerb(a, "USER", "Change a user", userView, userFields,
			func(c *client.Client) updater[client.User, client.UserPatch] { return c.Users.Update }),
		deleteVerb(a, "USER", "Remove a user", "", func(c *client.Client) deleter { return c.Users.Delete }),
		&cobra.Command{
			Use: "reset-otp USER", Short: "Turn off the second step of a user who lost their authenticator", Args: Needs("USER"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				if err := a.confirm(ctx, "Turn off the second step of %s", args[0]); err != nil {
					return err
				}
				return c.Users.ResetOTP(ctx, args[0])
			}),
		})
}

func (a userVerbs) usersList() *cobra.Command {
	var f client.UserFilter
	var most int
	cmd := &cobra.Command{
		Use: "list", Short: "List users", Args: Needs(),
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
			return printAll(a.app, userView, atMost(c.Users.All(ctx, f), most))
		}),
	}
	cmd.Flags().StringVar(&f.Text, "search", "", "text in names and e-mail addresses")
	limitFlag(cmd, &most)
	return cmd
}

func (a userVerbs) usersCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create EMAIL", Short: "Create a user; reads the password from standard input", Args: Needs("EMAIL"),
		Example: "  latchkey users create ada@example.com --name Ada < password.txt",
	}
	fields := userFields[1:] // the e-mail address is an argument
	addFields(cmd, fields)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in := client.SetUser{UserSettings: client.UserSettings{Email: args[0]}}
		if err := a.fill(cmd, fields, &in); err != nil {
			return err
		}
		var err error
		if in.Password, err = a.secret(ctx, "Password of the new user"); err != nil {
			return err
		}
		u, err := c.Users.Create(ctx, in)
		return shownOr(a.app, userView, u, err)
	})
	return cmd
}

var tokenView = view[client.Token]{
	id: func(t *client.Token) string { return t.ID },
	columns: []column[client.Token]{
		{"id", func(t *client.Token) any { return t.ID }},
		{"name", func(t *client.Token) any { return t.Name }},
		{"ends with", func(t *client.Token) any { return t.Last4 }},
		{"last used", func(t *client.Token) any { return t.LastUsedAt }},
		{"expires", func(t *client.Token) any { return t.ExpiresAt }},
	},
}

var createdTokenView = wrap(tokenView, func(t *client.CreatedToken) *client.Token { return &t.Token })

func (a *app) tokensCommand() *cobra.Command {
	v := userVerbs{a}
	return noun("tokens", "Manage your personal tokens",
		&cobra.Command{
			Use: "list", Short: "List your tokens, the newest first", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, tokenView, c.Tokens.All(ctx))
			}),
		},
		v.tokensCreate(),
		&cobra.Command{
			Use: "revoke TOKEN", Short: "End a token", Args: Needs("TOKEN"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				if err := a.confirm(ctx, "Revoke %s", args[0]); err != nil {
					return err
				}
				return c.Tokens.Revoke(ctx, args[0])
			}),
		})
}

func (a userVerbs) tokensCreate() *cobra.Command {
	var expires string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a token and print it, alone and only this once", Args: Needs("NAME"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			in := client.CreateToken{Name: args[0]}
			if expires != "" {
				at, err := parseMoment(expires, a.now())
				if err != nil {
					return Usagef("--expires: %w", err)
				}
				in.ExpiresAt = &at
			}
			t, err := c.Tokens.Create(ctx, in)
			if err != nil {
				return err
			}
			if a.options.output != formatTable {
				return printOne(a.app, createdTokenView, t)
			}
			_, err = fmt.Fprintln(a.Out, t.Secret)
			return err
		}),
	}
	cmd.Flags().StringVar(&expires, "expires", "", "a time, a date or 90d (default: never)")
	return cmd
}
