package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

var leakView = view[client.Leak]{
	id: func(l *client.Leak) string { return l.ID },
	columns: []column[client.Leak]{
		{"id", func(l *client.Leak) any { return l.ID }},
		{"source", func(l *client.Leak) any { return l.Source }},
		{"keys", func(l *client.Leak) any {
			all := make([]string, len(l.Keys))
			for i, k := range l.Keys {
				all[i] = fmt.Sprintf("%s %s…%s %s", k.KeyID, k.Start, k.Last4, k.Outcome)
			}
			return strings.Join(all, ", ")
		}},
		{"note", func(l *client.Leak) any { return l.Note }},
		{"created", func(l *client.Leak) any { return l.CreatedAt }},
	},
}

var exposureView = view[client.Exposure]{
	id: func(x *client.Exposure) string { return x.Way },
	columns: []column[client.Exposure]{
		{"way", func(x *client.Exposure) any { return x.Way }},
		{"source", func(x *client.Exposure) any { return x.Source }},
		{"first", func(x *client.Exposure) any { return x.FirstAt }},
		{"last", func(x *client.Exposure) any { return x.LastAt }},
	},
}

func (a *app) leaksCommand() *cobra.Command {
	return noun("leaks", "Report leaked keys, and list what was reported",
		&cobra.Command{
			Use: "list", Short: "List leaks, the newest first", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, leakView, c.Leaks.All(ctx))
			}),
		},
		a.leaksReport(),
		&cobra.Command{
			Use: "revoke", Short: "Revoke the key that standard input holds, whoever it belongs to", Args: Needs(),
			Example: "  latchkey leaks revoke <found.txt",
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				all, err := nonEmptyLines(a.In)
				if err != nil {
					return err
				}
				if len(all) != 1 {
					return Usagef("write one key to standard input, not %d", len(all))
				}
				return c.Leaks.Revoke(ctx, all[0])
			}),
		})
}

// leaksReport reads keys from standard input: others on the machine see arguments.
func (a *app) leaksReport() *cobra.Command {
	var in client.LeakReport
	cmd := &cobra.Command{
		Use: "report", Short: "Report the keys that standard input holds, one a line", Args: Needs(),
		Example: "  latchkey leaks report --url https://example.com/paste <found.txt",
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) (err error) {
			if in.Keys, err = nonEmptyLines(a.In); err != nil {
				return err
			}
			return c.Leaks.Report(ctx, in)
		}),
	}
	cmd.Flags().StringVar(&in.URL, "url", "", "where they were found")
	cmd.Flags().StringVar(&in.Note, "note", "", "anything that the provider's staff should know")
	return cmd
}

func (a keyVerbs) keysExposures() *cobra.Command {
	return &cobra.Command{
		Use: "exposures KEY", Short: "List how a key was exposed: reported as leaked, or sent without TLS", Args: Needs("KEY"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			all, err := c.Leaks.Exposures(ctx, args[0])
			return printAll(a.app, exposureView, func(yield func(client.Exposure, error) bool) {
				if err != nil {
					yield(client.Exposure{}, err)
					return
				}
				for _, x := range all {
					if !yield(x, nil) {
						return
					}
				}
			})
		}),
	}
}
