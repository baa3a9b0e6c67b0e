package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// incidentVerbs are the verbs for incidents.
type incidentVerbs struct{ *app }

var incidentView = view[client.Incident]{
	id: func(i *client.Incident) string { return i.ID },
	columns: []column[client.Incident]{
		{"id", func(i *client.Incident) any { return i.ID }},
		{"action", func(i *client.Incident) any { return i.Action }},
		{"state", func(i *client.Incident) any { return i.State }},
		{"planned", func(i *client.Incident) any { return i.Count.Planned }},
		{"done", func(i *client.Incident) any { return i.Count.Done }},
		{"failed", func(i *client.Incident) any { return i.Count.Failed }},
		{"unknown", func(i *client.Incident) any { return i.Count.Unknown }},
		{"note", func(i *client.Incident) any { return i.Note }},
		{"created", func(i *client.Incident) any { return i.CreatedAt }},
		{"undo until", func(i *client.Incident) any { return i.UndoUntil }},
	},
}

func (a *app) incidentsCommand() *cobra.Command {
	v := incidentVerbs{a}
	return noun("incidents", "Disable or revoke many keys at once, for the provider's staff",
		&cobra.Command{
			Use: "list", Short: "List incidents, the newest first", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, incidentView, c.Incidents.All(ctx))
			}),
		},
		getVerb(a, "INCIDENT", "Show an incident", incidentView, func(c *client.Client) getter[client.Incident] {
			return func(ctx context.Context, id string) (client.Incident, error) { return c.Incidents.Get(ctx, id, 1) }
		}),
		v.incidentsCreate(),
		v.incidentsGoOn("continue INCIDENT", "Go on with an incident that was interrupted",
			func(ctx context.Context, c *client.Client, id string) (client.Incident, error) {
				return c.Incidents.Continue(ctx, id)
			}),
		v.incidentsGoOn("undo INCIDENT", "Enable again what an incident disabled",
			func(ctx context.Context, c *client.Client, id string) (client.Incident, error) {
				return c.Incidents.Undo(ctx, id)
			}))
}

// incidentFlags select the keys.
type incidentFlags struct {
	client.CreateIncident
	file, created, used string
	dryRun              bool
}

func (i *incidentFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.Reason, "reason", "", "unspecified, leaked, superseded, unused, abuse or holder")
	f.StringVar(&i.Note, "note", "", "what happened")
	f.StringVar(&i.file, "keys", "", "file with whole keys and ids, one on each line; - is standard input")
	f.StringVar(&i.OrganizationID, "organization", "", "keys of the organization")
	f.StringVar(&i.ServiceAccountID, "account", "", "keys of the service account")
	f.StringVar(&i.Tier, "tier", "", "keys of the tier")
	f.StringVar(&i.Scope, "scope", "", "keys that may use the scope")
	f.StringVar(&i.CreatedBy, "created-by", "", "keys that the user or account issued")
	f.StringVar(&i.created, "created-before", "", "keys issued before the time, the date, or 90d ago")
	f.StringVar(&i.used, "last-used-before", "", "keys not used since the time, the date, or for 90d")
	f.StringVar(&i.Neglect, "neglect", "", "no_owner, creator_left, never_used or no_expiry")
	f.BoolVar(&i.dryRun, "dry-run", false, "only say which keys it would be")
	_ = cmd.MarkFlagFilename("keys") // fails only for a flag that is not there
}

// complete reads times and the file.
func (i *incidentFlags) complete(a *app) error {
	for _, t := range []struct {
		flag, text string
		into       **time.Time
	}{{"--created-before", i.created, &i.CreatedBefore}, {"--last-used-before", i.used, &i.LastUsedBefore}} {
		at, err := since(t.flag, t.text, a.now())
		if err != nil {
			return err
		}
		if !at.IsZero() {
			*t.into = &at
		}
	}
	if i.file == "" {
		return nil
	}
	in := a.In
	if i.file != "-" {
		f, err := os.Open(i.file)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it was only read
		in = f
	}
	var err error
	i.Keys, err = nonEmptyLines(in)
	return err
}

func nonEmptyLines(in io.Reader) (lines []string, err error) {
	s := bufio.NewScanner(in)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, s.Err()
}

func (a incidentVerbs) incidentsCreate() *cobra.Command {
	var i incidentFlags
	cmd := &cobra.Command{
		Use:   "create disable|revoke",
		Short: "Plan an incident, ask, and run it",
		Example: `  latchkey incidents create disable --keys leaked.txt --reason leaked
  latchkey incidents create revoke --account sa_01a2 --dry-run`,
		Args: Needs("disable|revoke"), ValidArgs: []string{"disable", "revoke"},
	}
	i.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		i.Action = args[0]
		if err := i.complete(a.app); err != nil {
			return err
		}
		plan, err := c.Incidents.Create(ctx, i.CreateIncident)
		if err != nil {
			return err
		}
		if plan, err = a.follow(ctx, c, plan); err != nil {
			return err
		}
		if i.dryRun || plan.Confirm == nil {
			return printOne(a.app, incidentView, plan)
		}
		if err := a.confirm(ctx, "%s %d keys", strings.ToUpper(args[0][:1])+args[0][1:], plan.Count.Planned); err != nil {
			return err
		}
		i.DryRun, i.Confirm = new(false), *plan.Confirm
		return a.goOn(ctx, c, func() (client.Incident, error) { return c.Incidents.Create(ctx, i.CreateIncident) })
	})
	return cmd
}

func (a incidentVerbs) incidentsGoOn(
	use, short string, do func(context.Context, *client.Client, string) (client.Incident, error),
) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: Needs("INCIDENT"),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			return a.goOn(ctx, c, func() (client.Incident, error) { return do(ctx, c, args[0]) })
		}),
	}
}

// goOn starts something and follows it to its end.
func (a incidentVerbs) goOn(ctx context.Context, c *client.Client, begin func() (client.Incident, error)) error {
	i, err := begin()
	if err != nil {
		return err
	}
	if i, err = a.follow(ctx, c, i); err != nil {
		return err
	}
	if err := printOne(a.app, incidentView, i); err != nil {
		return err
	}
	if i.Interrupted || i.Count.Failed > 0 {
		return errors.New("not everything was done; go on with latchkey incidents continue " + i.ID)
	}
	return nil
}

const progressEvery = time.Second

// follow waits until the service has done its part, and says how far it is.
func (a incidentVerbs) follow(ctx context.Context, c *client.Client, i client.Incident) (client.Incident, error) {
	for (i.State == "planning" || i.State == "running" || i.State == "undoing") && !i.Interrupted {
		a.tell("%s: %s, %d %%", i.ID, i.State, i.Percent)
		if err := pause(ctx, progressEvery); err != nil {
			return i, err
		}
		var err error
		if i, err = c.Incidents.Get(ctx, i.ID, 1); err != nil {
			return i, err
		}
	}
	return i, nil
}
