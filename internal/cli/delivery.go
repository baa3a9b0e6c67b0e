package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// delivery brings the secret of a new key to where it is needed, so that it need not
// pass the screen.
type delivery struct {
	*app
	envFile, envName, command string

	file *secretFile // for --env-file
	rest []byte      // of that file
}

func (d *delivery) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&d.envFile, "env-file", "", "set NAME=KEY in the file, which only you can read then, and print nothing")
	f.StringVar(&d.envName, "env-name", "LATCHKEY_API_KEY", "the variable's NAME")
	f.StringVar(&d.command, "exec", "", "run the command by the shell with the key on standard input, and print nothing")
	cmd.MarkFlagsMutuallyExclusive("env-file", "exec")
	_ = cmd.MarkFlagFilename("env-file") // fails only for a flag that is not there
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// prepare makes sure that the file can be written, before there is a key.
func (d *delivery) prepare() error {
	if d.envFile == "" {
		return nil
	}
	if !variableName.MatchString(d.envName) {
		return Usagef("--env-name: a variable has letters, digits and underscores, and begins with no digit")
	}
	was, err := readEnvFile(d.envFile)
	if err != nil {
		return fmt.Errorf("read --env-file: %w", err)
	}
	d.rest = d.without(was)
	if d.file, err = newSecretFile(d.envFile); err != nil {
		return fmt.Errorf("write --env-file: %w", err)
	}
	if err := d.file.reserve(len(d.rest)); err != nil {
		return fmt.Errorf("write --env-file: %w", err)
	}
	return nil
}

const mostEnvFile = 1 << 20 // bytes

// readEnvFile returns the file's text, or none if there is no such file.
func readEnvFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > mostEnvFile:
		return nil, fmt.Errorf("%s is not a file of at most a megabyte", path)
	}
	return os.ReadFile(path) //nolint:gosec // G304: the user names the file
}

// without returns the lines that do not set the variable.
func (d *delivery) without(text []byte) []byte {
	var rest []byte
	for line := range bytes.Lines(text) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(line)), "export "), "=")
		if strings.TrimSpace(name) == d.envName {
			continue
		}
		rest = append(rest, line...)
	}
	if n := len(rest); n > 0 && rest[n-1] != '\n' {
		rest = append(rest, '\n')
	}
	return rest
}

// drop forgets what was prepared.
func (d *delivery) drop() error {
	if d.file == nil {
		return nil
	}
	return d.file.drop()
}

func (d *delivery) deliver(ctx context.Context, k client.IssuedKey) error {
	switch {
	case d.file != nil:
		if err := d.file.commit(append(d.rest, d.envName+"="+k.Secret+"\n"...)); err != nil {
			return fmt.Errorf("write --env-file: %w", err)
		}
		return nil
	case d.command != "":
		return d.run(ctx, k.Secret)
	case d.options.quiet || d.options.output == formatTable:
		_, err := fmt.Fprintln(d.Out, k.Secret)
		return err
	default:
		return printOne(d.app, issuedView, k)
	}
}

func (d *delivery) run(ctx context.Context, secret string) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", d.command) //nolint:gosec // G204: what the user asks for
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(secret+"\n"), d.Out, d.Err
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("--exec: %w", err)
	}
	return nil
}
