package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// question says what a verification asks.
type question struct {
	scopes, address, agent string
	cost                   int64
	fresh                  bool
}

func (q *question) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.scopes, "scopes", "", "scopes that the request needs, separated by commas")
	f.StringVar(&q.address, "address", "", "address of the key's user")
	f.StringVar(&q.agent, "user-agent", "", "user agent of the key's user")
	f.Int64Var(&q.cost, "cost", 1, "what the request charges to limits")
	f.BoolVar(&q.fresh, "fresh", false, "read the store, not the cache")
}

func (q *question) of(cmd *cobra.Command, key string, now time.Time) (out client.Question, err error) {
	out = client.Question{Key: key, UserAgent: q.agent, Fresh: q.fresh}
	list, err := words(q.scopes, now)
	if err != nil {
		return out, err
	}
	out.Scopes = list.([]string)
	if cmd.Flags().Changed("cost") {
		out.Cost = client.Set(q.cost)
	}
	if q.address != "" {
		if err := out.Address.UnmarshalText([]byte(q.address)); err != nil {
			return out, Usagef("--address: write an IP address")
		}
	}
	return out, nil
}

// ask asks whether a key from the input may do something.
func (a keyVerbs) ask(ctx context.Context, c *client.Client, cmd *cobra.Command, q *question, dry bool) (client.Verdict, error) {
	key, err := a.secret(ctx, "Key")
	if err != nil {
		return client.Verdict{}, err
	}
	if key == "" {
		return client.Verdict{}, Usagef("there is no key on standard input")
	}
	asked, err := q.of(cmd, key, a.now())
	if err != nil {
		return client.Verdict{}, err
	}
	asked.DryRun = dry
	v, err := c.Verify(ctx, asked)
	if err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	return v, nil
}

func (a keyVerbs) keysVerify() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Ask whether a key may do something now, and charge it; reads the key from standard input",
		Long: `Ask whether a key may do something now, and charge it. The key is read from
standard input. Who asks needs the scope latchkey:verify, or is one of the
provider's staff. The command exits with 0 if the key may, else with 1.`,
		Example: "  latchkey keys verify --scopes invoices:read < key.txt",
		Args:    Needs(),
	}
	q.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, _ []string) error {
		v, err := a.ask(ctx, c, cmd, &q, false)
		if err != nil {
			return err
		}
		return a.printVerdict(v)
	})
	return cmd
}

func (a keyVerbs) printVerdict(v client.Verdict) error {
	if err := printOne(a.app, verdictView, v.VerifyResponse); err != nil {
		return err
	}
	if !v.Valid {
		return errRefused
	}
	return nil
}

var verdictView = view[client.VerifyResponse]{
	id: func(v *client.VerifyResponse) string { return v.KeyID },
	columns: []column[client.VerifyResponse]{
		{"code", func(v *client.VerifyResponse) any { return v.Code }},
		{"detail", func(v *client.VerifyResponse) any { return v.Detail }},
		{"key", func(v *client.VerifyResponse) any { return v.KeyID }},
		{"organization", func(v *client.VerifyResponse) any { return v.OrganizationID }},
		{"tier", func(v *client.VerifyResponse) any { return v.Tier }},
		{"scopes", func(v *client.VerifyResponse) any { return v.Scopes }},
		{"missing scopes", func(v *client.VerifyResponse) any { return v.MissingScopes }},
		{"expires", func(v *client.VerifyResponse) any { return v.ExpiresAt }},
	},
}

func (a keyVerbs) keysExplain() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use:     "explain",
		Short:   "Say what each check decides about a key, and charge nothing; reads the key from standard input",
		Example: "  latchkey keys explain --scopes invoices:write --address 192.0.2.7 < key.txt",
		Args:    Needs(),
	}
	q.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, _ []string) error {
		v, err := a.ask(ctx, c, cmd, &q, true)
		if err != nil {
			return err
		}
		if a.options.output == formatTable && !a.options.quiet {
			if err := printAll(a.app, stepView, each(v.Steps)); err != nil {
				return err
			}
			a.tell("")
		}
		return a.printVerdict(v)
	})
	return cmd
}

var stepView = view[client.VerifyStep]{
	id: func(s *client.VerifyStep) string { return s.Check },
	columns: []column[client.VerifyStep]{
		{"check", func(s *client.VerifyStep) any { return s.Check }},
		{"outcome", func(s *client.VerifyStep) any { return s.Outcome }},
		{"code", func(s *client.VerifyStep) any { return s.Code }},
		{"detail", func(s *client.VerifyStep) any { return s.Detail }},
		{"change", func(s *client.VerifyStep) any { return s.Change }},
	},
}
