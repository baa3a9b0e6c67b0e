package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Needs accepts exactly as many arguments as there are names, and reports the
// missing ones as a UsageError.
func Needs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return Usagef("%s needs %s; see %s --help", cmd.CommandPath(), strings.Join(names[len(args):], " and "), cmd.CommandPath())
		case len(args) > len(names):
			return Usagef("%s takes no %q; see %s --help", cmd.CommandPath(), args[len(names)], cmd.CommandPath())
		}
		return nil
	}
}

// NeedsCommand makes a command that only holds others fail when run by itself: its
// subcommand is missing or unknown, and a script must notice.
func NeedsCommand(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				names = append(names, c.Name())
			}
		}
		wanted := "needs a command"
		if len(args) > 0 {
			wanted = fmt.Sprintf("has no command %q", args[0])
		}
		return Usagef("%s %s: there are %s; see %s --help", cmd.CommandPath(), wanted, strings.Join(names, ", "), cmd.CommandPath())
	}
}

// noun returns a command that holds the verbs for one kind of object.
func noun(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	cmd.AddCommand(verbs...)
	NeedsCommand(cmd)
	return cmd
}
