// Package server is the whole service as a program: configuration, commands and
// the wiring of all parts. Command latchkey only calls Main. A program of your
// own can call Main too, and add authenticators.
package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/cli"
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
	code, silent := cli.ExitCode(err)
	if !silent {
		fmt.Fprintln(os.Stderr, "latchkey:", err)
	}
	return code
}

// Command returns the command line, for tools that describe it.
func Command() *cobra.Command { return newCommand(nil, os.Stdin, os.Stdout, os.Stderr) }

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
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Usagef("%w", err) })
	root.AddGroup(
		&cobra.Group{ID: here, Title: "Run a service, and look after its store:"},
		&cobra.Group{ID: cli.Group, Title: "Manage a service from anywhere, over its API:"},
	)
	root.AddCommand(serveCommand(settings, out, log), edgeCommand(settings, out, log))
	root.AddCommand(healthcheckCommand(settings), userCommand(settings, in, log),
		signingKeyCommand(settings, log), secretCommand(settings), backupCommand(settings), restoreCommand(settings),
		importCommand(settings, log), exportCommand(settings, log), demoCommand(settings, log), scanCommand(settings, in, log))
	for _, c := range root.Commands() {
		c.GroupID = here
	}
	root.AddCommand(versionCommand())
	root.AddCommand(cli.Commands(cli.Terminal{Environment: environment, In: in, Out: out, Err: log})...)
	cli.NeedsCommand(root)
	root.SetHelpCommand(helpCommand())
	return root
}

// here is the group of the commands that need a store or serve.
const here = "here"

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
				return cli.Usagef("%s has no command %q; see %s --help", found.CommandPath(), rest[0], found.CommandPath())
			}
			return found.Help()
		},
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and date of the build",
		Args:  cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "latchkey", buildinfo.Current())
			return err
		},
	}
}
