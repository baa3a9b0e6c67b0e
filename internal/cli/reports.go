package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// usageFlags select what usage is counted.
type usageFlags struct{ from, to, interval, by string }

func (u *usageFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&u.from, "from", "", "first moment: a time, a date, or 7d for seven days ago")
	f.StringVar(&u.to, "to", "", "last moment (default: now)")
	f.StringVar(&u.interval, "interval", "", "minute, hour or day")
	f.StringVar(&u.by, "by", "", "key, service_account, code or scope")
}

func (u *usageFlags) query(now time.Time) (q client.UsageQuery, err error) {
	q = client.UsageQuery{Interval: u.interval, GroupBy: u.by}
	if q.From, err = since("--from", u.from, now); err != nil {
		return q, err
	}
	q.To, err = since("--to", u.to, now)
	return q, err
}

// since reads a time, a date or how long ago; "" is no time.
func since(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := parseSpan(s); err == nil {
		return now.Add(-d), nil
	}
	at, err := parseMoment(s, now)
	if err != nil {
		return at, Usagef("%s: write a time (2027-01-31T12:00:00Z), a date (2027-01-31) or how long ago (7d, 12h)", flag)
	}
	return at, nil
}

var usageView = view[client.UsagePoint]{
	id: func(p *client.UsagePoint) string { return plain(p.Start) },
	columns: []column[client.UsagePoint]{
		{"start", func(p *client.UsagePoint) any { return p.Start }},
		{"group", func(p *client.UsagePoint) any { return p.Group }},
		{"total", func(p *client.UsagePoint) any { return p.Total }},
		{"outcomes", func(p *client.UsagePoint) any {
			var all []string
			for _, code := range slices.Sorted(maps.Keys(p.Codes)) {
				all = append(all, fmt.Sprintf("%s=%d", code, p.Codes[code]))
			}
			return strings.Join(all, " ")
		}},
	},
}

func (a *app) usageCommand() *cobra.Command {
	var u usageFlags
	var organization, account string
	cmd := &cobra.Command{
		Use: "usage", Short: "Count verifications by time, key, account, outcome or scope",
		Example: "  latchkey usage --from 7d --interval day --by code\n  latchkey usage --from 2027-01-01 --to 2027-02-01 --by key --output csv",
		Args:    Needs(),
	}
	u.add(cmd)
	cmd.Flags().StringVar(&organization, "organization", "", "only that of the organization")
	cmd.Flags().StringVar(&account, "account", "", "only that of the service account")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, _ []string) error {
		q, err := u.query(a.now())
		if err != nil {
			return err
		}
		q.OrganizationID, q.ServiceAccountID = organization, account
		report, err := c.Usage.Get(ctx, q)
		if err != nil {
			return err
		}
		return printAll(a, usageView, each(report.Items))
	})
	return cmd
}

var eventView = view[client.AuditEvent]{
	id: func(e *client.AuditEvent) string { return e.ID },
	columns: []column[client.AuditEvent]{
		{"at", func(e *client.AuditEvent) any { return e.At }},
		{"action", func(e *client.AuditEvent) any { return e.Action }},
		{"by", func(e *client.AuditEvent) any { return strings.TrimSpace(e.Subject.Name + " " + e.Subject.ID) }},
		{"object", func(e *client.AuditEvent) any { return e.Object.ID }},
		{"organization", func(e *client.AuditEvent) any { return e.Object.OrganizationID }},
		{"address", func(e *client.AuditEvent) any { return e.Origin.Address }},
	},
}

func (a *app) auditCommand() *cobra.Command {
	var f client.AuditFilter
	var from, until string
	var most int
	cmd := &cobra.Command{
		Use: "audit", Short: "List who changed what, the newest first",
		Example: "  latchkey audit --action key.revoke --from 30d\n  latchkey audit --object key_01a2 --output json",
		Args:    Needs(),
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) (err error) {
			if f.From, err = since("--from", from, a.now()); err != nil {
				return err
			}
			if f.Until, err = since("--until", until, a.now()); err != nil {
				return err
			}
			return printAll(a, eventView, atMost(c.Audit.All(ctx, f), most))
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.OrganizationID, "organization", "", "only in the organization")
	flags.StringVar(&f.ObjectID, "object", "", "only what was done to the object")
	flags.StringVar(&f.SubjectID, "by", "", "only what the user, key or account did")
	flags.StringVar(&f.Action, "action", "", "such as key.revoke")
	flags.StringVar(&from, "from", "", "not before: a time, a date or 7d for seven days ago")
	flags.StringVar(&until, "until", "", "not after")
	flags.IntVar(&most, "limit", 100, "at most so many; 0 for all")
	return cmd
}

var nodeView = view[client.Node]{
	id: func(n *client.Node) string { return n.ID },
	columns: []column[client.Node]{
		{"id", func(n *client.Node) any { return n.ID }},
		{"name", func(n *client.Node) any { return n.Name }},
		{"kind", func(n *client.Node) any { return n.Kind }},
		{"state", func(n *client.Node) any { return n.State }},
		{"version", func(n *client.Node) any { return n.Version }},
		{"started", func(n *client.Node) any { return n.StartedAt }},
		{"last poll", func(n *client.Node) any { return n.LastPollAt }},
		{"fed by", func(n *client.Node) any { return n.FedBy }},
	},
}

func (a *app) nodesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "nodes", Short: "List the nodes and edges that serve", Args: Needs(),
		RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
			return printAll(a, nodeView, listed(c.Nodes.List(ctx)))
		}),
	}
}
