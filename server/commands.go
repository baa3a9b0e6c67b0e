package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/keys"
)

const probeTimeout = 3 * time.Second

func healthcheckCommand(settings source) *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Exit with 0 if the service on this machine is ready",
		Long:  "Ask the service's /readyz and exit with 0 if it is ready, else with 1. Containers use it: the image has no curl.",
		Args:  cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var trust http.RoundTripper
			if url == "" {
				c, err := settings.read()
				if err != nil {
					return err
				}
				if url, err = readyURL(c); err != nil {
					return err
				}
				if trust, err = trusting(c.tlsCert); err != nil {
					return err
				}
			}
			if err := probe(cmd.Context(), &http.Client{Transport: trust}, url); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return err
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "address to ask (default: /readyz at LATCHKEY_ADDR)")
	return cmd
}

func readyURL(c *config) (string, error) {
	host, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return "", fmt.Errorf("LATCHKEY_ADDR: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	scheme := "http"
	if c.tlsCert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/readyz", nil
}

// trusting returns a transport that trusts only the service's own certificate,
// whatever its name: the probe knows the address, not the name.
func trusting(file string) (http.RoundTripper, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read LATCHKEY_TLS_CERT: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("LATCHKEY_TLS_CERT holds no certificate")
	}
	return &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // G402: replaced by the stricter comparison below
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !bytes.Equal(s.PeerCertificates[0].Raw, block.Bytes) {
				return errors.New("the service shows another certificate than LATCHKEY_TLS_CERT")
			}
			return nil
		},
	}}, nil
}

func probe(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // the body was not read
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", answer.Status)
	}
	return nil
}

func userCommand(settings source, in io.Reader, log io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Manage users, directly in the store"}
	var name string
	var admin bool
	create := &cobra.Command{
		Use:   "create EMAIL",
		Short: "Create a user; reads the password from standard input",
		Example: `  latchkey user create ada@example.com < password.txt
  latchkey user create --admin ada@example.com < password.txt`,
		Args: cli.Needs("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd.Context(), settings, in, log, func(ctx context.Context, a *app, password string) error {
				u, err := a.People.Users.Create(ctx, auth.System(), "", auth.UserFields{Email: args[0], Name: name, Password: password, IsAdmin: admin})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "made %s %s\n", u.ID, u.Email)
				return err
			})
		},
	}
	create.Flags().StringVar(&name, "name", "", "the user's name")
	create.Flags().BoolVar(&admin, "admin", false, "make the user one of the provider's staff")
	password := &cobra.Command{
		Use:     "password EMAIL",
		Short:   "Set a user's password, read from standard input, and end all of their sessions",
		Example: "  latchkey user password ada@example.com < password.txt",
		Args:    cli.Needs("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd.Context(), settings, in, log, func(ctx context.Context, a *app, password string) error {
				u, err := setPassword(ctx, a.People.Users, args[0], password)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "set the password of %s %s; all sessions have ended\n", u.ID, u.Email)
				return err
			})
		},
	}
	cmd.AddCommand(create, password, userListCommand(settings, log), linkCommand(settings, log))
	cli.NeedsCommand(cmd)
	return cmd
}

func userListCommand(settings source, log io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the users",
		Args:  cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), settings, log, func(ctx context.Context, a *app) error {
				return listUsers(ctx, a.People.Users, cmd.OutOrStdout())
			})
		},
	}
}

// listUsers prints a line per user, page by page.
func listUsers(ctx context.Context, all *auth.Users, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "USER\tEMAIL\tSTAFF\tSTATE\tLAST SIGN-IN")
	page := keys.Page{Limit: 200}
	for {
		users, err := all.List(ctx, auth.System(), auth.UserFilter{}, page)
		if err != nil {
			return err
		}
		for i := range users {
			u := &users[i]
			staff, state, last := "no", "active", "never"
			if u.IsAdmin {
				staff = "yes"
			}
			if u.Disabled {
				state = "disabled"
			}
			if !u.LastSignInAt.IsZero() {
				last = u.LastSignInAt.Format(time.RFC3339)
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.ID, u.Email, staff, state, last)
		}
		if len(users) < page.Limit {
			return w.Flush()
		}
		page.After = users[len(users)-1].ID
	}
}

func setPassword(ctx context.Context, all *auth.Users, email, password string) (auth.User, error) {
	u, err := all.ByEmail(ctx, auth.System(), email)
	if err != nil {
		return auth.User{}, err
	}
	return all.Change(ctx, auth.System(), u.ID, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Password = password
		return f, nil
	})
}

// withApp reads a password from the first line of in and runs do on the store.
func withApp(ctx context.Context, settings source, in io.Reader, log io.Writer, do func(context.Context, *app, string) error) (err error) {
	line, err := bufio.NewReader(io.LimitReader(in, 2*auth.MaxPasswordBytes)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return errors.New("standard input holds no password: put it on the first line")
	}
	return withStore(ctx, settings, log, func(ctx context.Context, a *app) error { return do(ctx, a, password) })
}

// withStore runs do on the server's own store.
func withStore(ctx context.Context, settings source, log io.Writer, do func(context.Context, *app) error) (err error) {
	c, err := settings.read()
	if err != nil {
		return err
	}
	c.command = true
	a, err := build(ctx, c, newLogger(c, log), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close(context.WithoutCancel(ctx))) }()
	return do(ctx, a)
}
