package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// signInVerbs are the commands that sign in and out.
type signInVerbs struct{ *app }

// login says how to sign in.
type login struct {
	user       string
	token, key bool
	allowHTTP  bool
}

func (a *app) loginCommand() *cobra.Command {
	var l login
	cmd := &cobra.Command{
		Use:   "login URL",
		Short: "Sign in to a service with a password, a token or a key",
		Long: `Sign in to a service and remember it as a profile.

With a password, a personal token is created, and only that is kept. Without a
terminal, secrets are read from standard input, a line each.

The environment variables LATCHKEY_URL with LATCHKEY_TOKEN or LATCHKEY_API_KEY
replace a profile, for scripts.`,
		Example: `  latchkey login https://keys.example.com
  latchkey login --key --profile ci https://keys.example.com < key.txt`,
		Args: Needs("URL"),
		RunE: func(cmd *cobra.Command, args []string) error { return signInVerbs{a}.login(cmd.Context(), args[0], l) },
	}
	f := cmd.Flags()
	f.StringVar(&l.user, "user", "", "e-mail address or username (default: ask)")
	f.BoolVar(&l.token, "token", false, "sign in with a personal token")
	f.BoolVar(&l.key, "key", false, "sign in with the key of a service account")
	f.BoolVar(&l.allowHTTP, "allow-http", false, "allow http:// to other machines, where everybody on the way reads the secret")
	cmd.MarkFlagsMutuallyExclusive("token", "key", "user")
	return cmd
}

func (a signInVerbs) login(ctx context.Context, address string, l login) error {
	all, err := a.profiles()
	if err != nil {
		return err
	}
	p := profile{URL: withScheme(address), AllowHTTP: l.allowHTTP, Kind: kindToken}
	if p.name, err = a.newName(p.URL); err != nil {
		return err
	}
	switch {
	case l.token:
		p.Secret, err = a.secret(ctx, "Token")
	case l.key:
		p.Kind = kindKey
		p.Secret, err = a.secret(ctx, "Key")
	default:
		err = a.obtain(ctx, &p, l.user)
	}
	if err != nil {
		return err
	}
	if p.Secret == "" {
		return Usagef("there is no %s on standard input", p.Kind)
	}
	c, err := p.client(a.options.timeout)
	if err != nil {
		return err
	}
	defer c.Close()
	me, err := c.Me.Get(ctx)
	if err != nil {
		p.name = "" // it is not kept
		return p.explain(err)
	}
	was := all.Profiles[p.name]
	all.Profiles[p.name], all.Current = p, p.name
	if err := all.save(); err != nil {
		return err
	}
	if was.TokenID != "" && was.URL == p.URL { // nobody uses it any more
		if err := c.Tokens.Revoke(ctx, was.TokenID); err != nil && !errors.Is(err, client.NotFound) {
			a.tell("The token of the sign-in before still works: %v", p.explain(err))
		}
	}
	a.tell("Signed in to %s as %s (profile %s).", p.URL, nameOf(me), p.name)
	return nil
}

// withScheme adds https:// where people leave it out.
func withScheme(address string) string {
	if strings.Contains(address, "://") {
		return strings.TrimRight(address, "/")
	}
	return "https://" + strings.TrimRight(address, "/")
}

// newName returns what --profile says, or the service's host.
func (a signInVerbs) newName(address string) (string, error) {
	name := a.options.profile
	if name == "" {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return "", Usagef("the URL is written like https://keys.example.com")
		}
		name = strings.ReplaceAll(u.Host, ":", "-")
	}
	if !profileName.MatchString(name) {
		return "", Usagef("--profile: a name has letters, digits, dots, dashes and underscores, at most 63")
	}
	return name, nil
}

const codeRequired = "otp_required"

// obtain exchanges a password for a personal token, which logout can end.
func (a signInVerbs) obtain(ctx context.Context, p *profile, user string) (err error) {
	if user == "" {
		if user, err = a.question(ctx, "E-mail address or username"); err != nil {
			return err
		}
	}
	password, err := a.secret(ctx, "Password")
	if err != nil {
		return err
	}
	anonymous, err := client.New(client.Config{URL: p.URL, AllowHTTP: p.AllowHTTP, Timeout: a.options.timeout})
	if err != nil {
		return wrongURL(err)
	}
	defer anonymous.Close()
	in := client.SignIn{Username: user, Password: password}
	_, session, err := anonymous.Sessions.SignIn(ctx, in)
	var refused *client.Error
	if errors.As(err, &refused) && refused.Code == codeRequired {
		if in.Code, err = a.secret(ctx, "Code of your authenticator"); err != nil {
			return err
		}
		_, session, err = anonymous.Sessions.SignIn(ctx, in)
	}
	if err != nil {
		return signInFailed(p, err)
	}
	c, err := anonymous.With(session)
	if err != nil {
		return err
	}
	created, err := c.Tokens.Create(ctx, client.CreateToken{Name: "latchkey on " + hostname()})
	if err != nil {
		return errors.Join(p.explain(err), c.Sessions.SignOut(ctx))
	}
	p.Secret, p.TokenID = created.Secret, created.ID
	return c.Sessions.SignOut(ctx)
}

// signInFailed leaves out the advice to sign in again.
func signInFailed(p *profile, err error) error {
	var e *client.Error
	if errors.As(err, &e) && e.Kind == client.Unauthenticated {
		return &failure{e.Detail, err}
	}
	return p.explain(err)
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Sign out: end the token that login created, and forget the profile",
		Args:  Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := a.profiles()
			if err != nil {
				return err
			}
			name := a.chosen(all.Current)
			p, ok := all.Profiles[name]
			if !ok {
				return Usagef("there is no profile %q; latchkey profiles lists them", name)
			}
			p.name = name
			return signInVerbs{a}.logout(cmd.Context(), all, p)
		},
	}
}

func (a signInVerbs) logout(ctx context.Context, all profiles, p profile) error {
	if p.TokenID != "" {
		c, err := p.client(a.options.timeout)
		if err != nil {
			return err
		}
		defer c.Close()
		err = c.Tokens.Revoke(ctx, p.TokenID)
		if err != nil && !errors.Is(err, client.Unauthenticated) && !errors.Is(err, client.NotFound) {
			return fmt.Errorf("the token still works, so the profile is kept: %w", p.explain(err))
		}
	}
	delete(all.Profiles, p.name)
	if all.Current == p.name {
		all.Current = ""
	}
	if err := all.save(); err != nil {
		return err
	}
	a.tell("Signed out of %s.", p.URL)
	return nil
}

func (a *app) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "whoami",
		Short: "Show who is signed in, and where",
		Args:  Needs(),
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
			me, err := c.Me.Get(ctx)
			if err != nil {
				return err
			}
			return printOne(a, meView, me)
		}),
	}
}

// nameOf is how people call who acts.
func nameOf(me client.Me) string {
	for _, name := range []string{me.Email, me.Name, me.ID} {
		if name != "" {
			return name
		}
	}
	return me.Kind
}

var meView = view[client.Me]{
	id: func(m *client.Me) string { return m.ID },
	columns: []column[client.Me]{
		{"id", func(m *client.Me) any { return m.ID }},
		{"kind", func(m *client.Me) any { return m.Kind }},
		{"name", func(m *client.Me) any { return m.Name }},
		{"email", func(m *client.Me) any { return m.Email }},
		{"staff", func(m *client.Me) any { return m.IsAdmin }},
		{"organization", func(m *client.Me) any { return m.OrganizationID }},
		{"key", func(m *client.Me) any { return m.KeyID }},
		{"scopes", func(m *client.Me) any { return m.Scopes }},
	},
}
