package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// meVerbs are the verbs for one's own account.
type meVerbs struct{ *app }

var meFields = []field{
	{flag: "name", member: "name", help: "how people call you", read: text},
	{flag: "username", member: "username", help: "another name to sign in with", read: text},
	{flag: "language", member: "language", help: "such as en or de", read: text},
}

func (a *app) meCommand() *cobra.Command {
	v := meVerbs{a}
	return noun("me", "Manage your own account: name, password, second step, sessions",
		v.update(), v.password(), v.enableOTP(), v.disableOTP(),
		&cobra.Command{
			Use: "sessions", Short: "List where you are signed in by a browser", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, sessionView, listed(c.Sessions.List(ctx)))
			}),
		},
		&cobra.Command{
			Use: "end-session SESSION", Short: "Sign out a browser", Args: Needs("SESSION"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error { return c.Sessions.End(ctx, args[0]) }),
		},
		&cobra.Command{
			Use: "identities", Short: "List the accounts elsewhere that you sign in with", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, identityView, listed(c.Me.Identities(ctx)))
			}),
		})
}

var sessionView = view[client.Session]{
	id: func(s *client.Session) string { return s.ID },
	columns: []column[client.Session]{
		{"id", func(s *client.Session) any { return s.ID }},
		{"since", func(s *client.Session) any { return s.CreatedAt }},
		{"last seen", func(s *client.Session) any { return s.LastSeenAt }},
		{"address", func(s *client.Session) any { return s.Address }},
		{"user agent", func(s *client.Session) any { return s.UserAgent }},
	},
}

var identityView = view[client.Identity]{
	id: func(i *client.Identity) string { return i.ID },
	columns: []column[client.Identity]{
		{"id", func(i *client.Identity) any { return i.ID }},
		{"provider", func(i *client.Identity) any { return i.Provider }},
		{"email", func(i *client.Identity) any { return i.Email }},
		{"since", func(i *client.Identity) any { return i.CreatedAt }},
	},
}

func (v meVerbs) update() *cobra.Command {
	cmd := &cobra.Command{Use: "update", Short: "Change your name or language", Args: Needs()}
	addFields(cmd, meFields)
	cmd.RunE = v.run(func(ctx context.Context, c *client.Client, _ []string) error {
		var in client.MePatch
		if err := v.patch(cmd, meFields, &in); err != nil {
			return err
		}
		me, err := c.Me.Update(ctx, in)
		return shownOr(v.app, meView, me, err)
	})
	return cmd
}

func (v meVerbs) password() *cobra.Command {
	return &cobra.Command{
		Use: "password", Short: "Change your password; reads the old and the new one, a line each", Args: Needs(),
		RunE: v.run(func(ctx context.Context, c *client.Client, _ []string) error {
			old, err := v.secret(ctx, "Old password")
			if err != nil {
				return err
			}
			next, err := v.secret(ctx, "New password")
			if err != nil {
				return err
			}
			if _, ok := v.terminal(); ok {
				again, err := v.secret(ctx, "New password, again")
				if err != nil {
					return err
				}
				if again != next {
					return Usagef("these are two passwords; nothing was changed")
				}
			}
			return c.Auth.ChangePassword(ctx, client.ChangePassword{OldPassword: old, Password: next, KeepToken: true})
		}),
	}
}

func (v meVerbs) enableOTP() *cobra.Command {
	return &cobra.Command{
		Use: "enable-otp", Short: "Turn on one-time codes as a second step, and print the recovery codes", Args: Needs(),
		RunE: v.run(func(ctx context.Context, c *client.Client, _ []string) error {
			e, err := c.Me.BeginOTP(ctx)
			if err != nil {
				return err
			}
			v.tell("Enter this on your device, or open the link there:\n  %s\n  %s", e.Secret, e.URL)
			code, err := v.question(ctx, "First code")
			if err != nil {
				return err
			}
			recovery, err := c.Me.EnableOTP(ctx, code)
			if err != nil {
				return err
			}
			v.tell("Keep these recovery codes; each works once in place of a code.")
			return printRecovery(v.app, recovery)
		}),
	}
}

func printRecovery(a *app, r client.RecoveryCodes) error {
	for _, code := range r.RecoveryCodes {
		if _, err := fmt.Fprintln(a.Out, code); err != nil {
			return err
		}
	}
	return nil
}

func (v meVerbs) disableOTP() *cobra.Command {
	return &cobra.Command{
		Use: "disable-otp", Short: "Turn off one-time codes; reads your password", Args: Needs(),
		RunE: v.run(func(ctx context.Context, c *client.Client, _ []string) error {
			password, err := v.secret(ctx, "Password")
			if err != nil {
				return err
			}
			return c.Me.DisableOTP(ctx, client.ConfirmPassword{Password: password})
		}),
	}
}
