// Package server is the whole service as a program: configuration, commands and
// the wiring of all parts. Command latchkey only calls Main. A program of your
// own can call Main too, and add authenticators.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/verify"
)

// Authenticator is an authenticator that is not built in. Its name can be used in
// LATCHKEY_AUTHENTICATORS.
type Authenticator struct {
	Name string
	// New creates it when the service starts.
	New func(Parts) (auth.Authenticator, error)
}

// Parts are the parts of the service that an Authenticator may need.
type Parts struct {
	People   *auth.People
	Verifier *verify.Verifier
	Logger   *slog.Logger
}

// Main runs the command given by the program's arguments and returns its exit
// status. It adds the authenticators to the built-in ones.
func Main(extra ...Authenticator) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newCommand(os.Environ(), os.Stdin, os.Stdout, os.Stderr, extra...).ExecuteContext(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "latchkey:", err)
		return 1
	}
	return 0
}

// source is where settings come from.
type source struct {
	environment []string
	extra       []Authenticator
}

func (s source) read() (*config, error) { return readConfig(s.environment, s.extra...) }

// newCommand returns the root command, reading settings from the environment.
func newCommand(environment []string, in io.Reader, out, log io.Writer, extra ...Authenticator) *cobra.Command {
	settings := source{environment, extra}
	root := &cobra.Command{
		Use:           "latchkey",
		Short:         "API keys for third-party integrations: issue, verify, throttle",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.Version = buildinfo.Current().String()
	root.SetVersionTemplate("latchkey {{.Version}}\n")
	root.SetOut(out)
	root.SetErr(log)
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(serveCommand(settings, out, log), edgeCommand(settings, out, log))
	root.AddCommand(versionCommand(), healthcheckCommand(settings), userCommand(settings, in, log),
		signingKeyCommand(settings, log), secretCommand(settings), backupCommand(settings), restoreCommand(settings), demoCommand(settings, log))
	group(root)
	root.SetHelpCommand(helpCommand())
	return root
}

// helpCommand shows the help of a command, and refuses unknown ones.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return fmt.Errorf("%s has no command %q; see %s --help", found.CommandPath(), rest[0], found.CommandPath())
			}
			return found.Help()
		},
	}
}

// group makes a command that only holds others fail when run by itself: its
// subcommand is missing or unknown, and a script must notice.
func group(cmd *cobra.Command) {
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
		return fmt.Errorf("%s %s: there are %s; see %s --help", cmd.CommandPath(), wanted, strings.Join(names, ", "), cmd.CommandPath())
	}
}

// needs accepts exactly as many arguments as there are names, and reports the
// missing ones.
func needs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s needs %s; see %s --help", cmd.CommandPath(), strings.Join(names[len(args):], " and "), cmd.CommandPath())
		case len(args) > len(names):
			return fmt.Errorf("%s takes no %q; see %s --help", cmd.CommandPath(), args[len(names)], cmd.CommandPath())
		}
		return nil
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and date of the build",
		Args:  needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "latchkey", buildinfo.Current())
			return err
		},
	}
}
