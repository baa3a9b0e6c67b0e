package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// importVerbs are the verbs for imports.
type importVerbs struct{ *app }

var importView = view[client.Import]{
	id: func(i *client.Import) string { return i.ID },
	columns: []column[client.Import]{
		{"id", func(i *client.Import) any { return i.ID }},
		{"files", func(i *client.Import) any { return i.Files }},
		{"state", func(i *client.Import) any { return i.State }},
		{"dry run", func(i *client.Import) any { return i.DryRun }},
		{"rows", func(i *client.Import) any { return i.Total }},
		{"imported", func(i *client.Import) any { return i.Count.Imported }},
		{"unchanged", func(i *client.Import) any { return i.Count.Unchanged }},
		{"refused", func(i *client.Import) any { return i.Count.Refused }},
		{"by", func(i *client.Import) any { return i.By }},
		{"created", func(i *client.Import) any { return i.CreatedAt }},
	},
}

var inUseView = view[client.ImportsInUseAccount]{
	id: func(a *client.ImportsInUseAccount) string { return a.ID },
	columns: []column[client.ImportsInUseAccount]{
		{"id", func(a *client.ImportsInUseAccount) any { return a.ID }},
		{"name", func(a *client.ImportsInUseAccount) any { return a.Name }},
		{"organization", func(a *client.ImportsInUseAccount) any { return a.OrganizationID }},
		{"keys", func(a *client.ImportsInUseAccount) any { return a.Keys }},
		{"used", func(a *client.ImportsInUseAccount) any { return a.Used }},
	},
}

func (a *app) importsCommand() *cobra.Command {
	v := importVerbs{a}
	get := getVerb(a, "IMPORT", "Show an import", importView, func(c *client.Client) getter[client.Import] {
		return func(ctx context.Context, id string) (client.Import, error) { return c.Imports.Get(ctx, id, 1) }
	})
	get.Aliases = []string{"show"}
	return noun("imports", "Move keys in from other systems, for the provider's staff",
		&cobra.Command{
			Use: "list", Short: "List imports, the newest first", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, importView, c.Imports.All(ctx))
			}),
		},
		get,
		v.upload(),
		&cobra.Command{
			Use: "in-use", Short: "Count imported keys that are in use, and list whose they are", Args: Needs(),
			RunE: a.run(v.inUse),
		},
		v.export())
}

func (a importVerbs) upload() *cobra.Command {
	var in client.CreateImport
	cmd := &cobra.Command{
		Use:   "upload FILE",
		Short: "Import keys from a file in JSON Lines or CSV; - is standard input",
		Example: `  latchkey imports upload keys.csv --organization Acme --dry-run
  latchkey imports upload keys.jsonl --tier pro --scopes invoices:read`,
		Args: Needs("FILE"),
	}
	f := cmd.Flags()
	f.StringVar(&in.Format, "format", "", "jsonl or csv (default: by the name of the file)")
	f.StringVar(&in.Organization, "organization", "", "id or name of the organization of all keys; made if there is none of that name")
	f.StringVar(&in.Tier, "tier", "", "tier of new accounts (default: imported, which has no limits)")
	f.StringSliceVar(&in.Scopes, "scopes", nil, "scopes of keys whose row has none, separated by commas")
	f.BoolVar(&in.AcceptWeak, "accept-weak", false, "take keys in clear that could be guessed; they are verified slowly")
	f.BoolVar(&in.DryRun, "dry-run", false, "import nothing, and report the same")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		if in.Format == "" && strings.HasSuffix(strings.ToLower(args[0]), ".csv") {
			in.Format = "csv"
		}
		file := io.NopCloser(a.In)
		if args[0] != "-" {
			var err error
			if file, err = os.Open(args[0]); err != nil {
				return err
			}
		}
		defer file.Close() //nolint:errcheck // it was only read
		n, err := c.Imports.Create(ctx, file, in)
		if err != nil {
			return err
		}
		if n, err = a.follow(ctx, c, n); err != nil {
			return err
		}
		return a.result(&n)
	})
	return cmd
}

// follow waits until the import has ended, and says how far it is.
func (a importVerbs) follow(ctx context.Context, c *client.Client, n client.Import) (client.Import, error) {
	for n.State == client.ImportReceiving || n.State == client.ImportRunning {
		a.tell("%s: %s, %d %%", n.ID, n.State, n.Percent)
		if err := pause(ctx, progressEvery); err != nil {
			return n, err
		}
		var err error
		if n, err = c.Imports.Get(ctx, n.ID, 1); err != nil {
			return n, err
		}
	}
	return c.Imports.Get(ctx, n.ID, 1) // with its problems
}

// result shows the import, and the first rows that were not taken.
func (a importVerbs) result(n *client.Import) error {
	for _, p := range n.Problems {
		a.tell("%s: %s", p.Place, strings.Join(nonEmpty(p.ID, p.Field, p.Detail), ": "))
	}
	if n.Count.Refused > len(n.Problems) {
		a.tell("and %d more; the API and the portal list them", n.Count.Refused-len(n.Problems))
	}
	if err := printOne(a.app, importView, *n); err != nil || n.Fault == nil {
		return err
	}
	return errors.New(n.Fault.Detail)
}

func (a importVerbs) inUse(ctx context.Context, c *client.Client, _ []string) error {
	u, err := c.Imports.InUse(ctx)
	if err != nil {
		return err
	}
	a.tell("%d imported keys: %d used in the last 30 days, %d not since the import", u.Keys, u.Used, u.Unused)
	if !u.Complete {
		a.tell("there are more imported keys than were counted")
	}
	return printAll(a.app, inUseView, each(u.ServiceAccounts))
}

func (a importVerbs) export() *cobra.Command {
	var hashes bool
	cmd := &cobra.Command{
		Use: "export FILE", Short: "Write everything as JSON Lines to a new file, only for its owner", Args: Needs("FILE"),
	}
	cmd.Flags().BoolVar(&hashes, "with-hashes", false, "with the digests of keys and passwords")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		file, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(c.Imports.Export(ctx, file, hashes), file.Close()); err != nil {
			return fmt.Errorf("%s is not whole: %w", args[0], err)
		}
		return nil
	})
	return cmd
}
