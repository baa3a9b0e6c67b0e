// Package cli manages a Latchkey service over its API: it signs in with "login",
// and has a noun for each kind of object with verbs such as list, get and create.
package cli

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// Terminal is what the commands read from and write to. Out gets what was asked
// for, and Err everything else.
type Terminal struct {
	Environment []string // NAME=value
	In          io.Reader
	Out, Err    io.Writer
}

// app is what all commands share.
type app struct {
	Terminal
	options options
	now     func() time.Time
}

// options are the flags that every command has.
type options struct {
	profile, output string
	quiet, yes      bool
	timeout         time.Duration
}

// Group is the id of the commands' group in the help.
const Group = "remote"

// Commands returns the commands, to be added to the root.
func Commands(t Terminal) []*cobra.Command {
	a := &app{Terminal: t, now: time.Now}
	all := []*cobra.Command{
		a.loginCommand(), a.logoutCommand(), a.whoamiCommand(), a.profilesCommand(),
		a.keysCommand(), a.accountsCommand(), a.orgsCommand(), a.membersCommand(), a.tiersCommand(), a.scopesCommand(),
		a.usageCommand(), a.auditCommand(), a.incidentsCommand(), a.leaksCommand(), a.importsCommand(), a.webhooksCommand(),
		a.nodesCommand(), a.usersCommand(), a.tokensCommand(), a.meCommand(),
	}
	for _, c := range all {
		a.common(c)
		c.GroupID = Group
	}
	return all
}

// common adds the flags that every command has.
func (a *app) common(c *cobra.Command) {
	f := c.PersistentFlags()
	f.StringVar(&a.options.profile, "profile", "", "sign-in to use (default: LATCHKEY_PROFILE, or the one last signed in to)")
	f.StringVarP(&a.options.output, "output", "o", "table", "table, json, yaml or csv")
	f.BoolVarP(&a.options.quiet, "quiet", "q", false, "print ids only")
	f.BoolVarP(&a.options.yes, "yes", "y", false, "do not ask before what cannot be undone")
	f.DurationVar(&a.options.timeout, "timeout", client.DefaultTimeout, "longest wait for an answer")
	complete := cobra.FixedCompletions([]string{formatTable, formatJSON, formatYAML, formatCSV}, cobra.ShellCompDirectiveNoFileComp)
	_ = c.RegisterFlagCompletionFunc("output", complete) // fails only for a flag that is not there
	_ = c.RegisterFlagCompletionFunc("profile", a.completeProfiles)
}

// variable returns a variable of the environment.
func (a *app) variable(name string) string {
	for _, v := range a.Environment {
		if key, value, _ := strings.Cut(v, "="); key == name {
			return value
		}
	}
	return ""
}

// Variables are the variables of the environment that the commands alone read, beside
// LATCHKEY_URL. The service ignores them.
var Variables = []string{variableProfile, variableToken, variableKey}

const (
	variableProfile = "LATCHKEY_PROFILE"
	variableURL     = "LATCHKEY_URL"
	variableToken   = "LATCHKEY_TOKEN"   //nolint:gosec // G101: its name
	variableKey     = "LATCHKEY_API_KEY" //nolint:gosec // G101: its name
)

// call is what a command does with the service.
type call func(ctx context.Context, c *client.Client, args []string) error

// run returns a command's function. It checks the flags, opens the profile and
// explains what failed.
func (a *app) run(do call) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := a.options.check(); err != nil {
			return err
		}
		p, err := a.profile()
		if err != nil {
			return err
		}
		c, err := p.client(a.options.timeout)
		if err != nil {
			return err
		}
		defer c.Close()
		return p.explain(do(cmd.Context(), c, args))
	}
}

// hostname names this machine, for the tokens that it gets.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "this machine"
	}
	return name
}
