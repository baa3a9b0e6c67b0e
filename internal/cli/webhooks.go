package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// webhookVerbs are the verbs for webhooks.
type webhookVerbs struct{ *app }

var webhookView = view[client.Webhook]{
	id: func(w *client.Webhook) string { return w.ID },
	columns: []column[client.Webhook]{
		{"id", func(w *client.Webhook) any { return w.ID }},
		{"organization", func(w *client.Webhook) any { return w.OrganizationID }},
		{"url", func(w *client.Webhook) any { return w.URL }},
		{"events", func(w *client.Webhook) any { return w.EventTypes }},
		{"state", func(w *client.Webhook) any { return w.State }},
		{"reason", func(w *client.Webhook) any { return w.Reason }},
		{"failing since", func(w *client.Webhook) any { return w.FailingSince }},
		{"description", func(w *client.Webhook) any { return w.Description }},
	},
}

var issuedWebhookView = view[client.IssuedWebhook]{
	id: func(w *client.IssuedWebhook) string { return w.ID },
	columns: []column[client.IssuedWebhook]{
		{"id", func(w *client.IssuedWebhook) any { return w.ID }},
		{"url", func(w *client.IssuedWebhook) any { return w.URL }},
		{"secret", func(w *client.IssuedWebhook) any { return w.Secret }},
	},
}

var deliveryView = view[client.WebhookDelivery]{
	id: func(d *client.WebhookDelivery) string { return d.EventID },
	columns: []column[client.WebhookDelivery]{
		{"event", func(d *client.WebhookDelivery) any { return d.EventID }},
		{"type", func(d *client.WebhookDelivery) any { return d.EventType }},
		{"at", func(d *client.WebhookDelivery) any { return d.EventAt }},
		{"outcome", func(d *client.WebhookDelivery) any { return d.Outcome }},
		{"tries", func(d *client.WebhookDelivery) any { return d.Tries }},
		{"next attempt", func(d *client.WebhookDelivery) any { return d.NextAttemptAt }},
	},
}

var resentView = view[client.WebhookResent]{
	id: func(*client.WebhookResent) string { return "" },
	columns: []column[client.WebhookResent]{
		{"queued", func(r *client.WebhookResent) any { return r.Queued }},
		{"next from", func(r *client.WebhookResent) any { return r.NextFrom }},
	},
}

var eventTypeView = view[client.WebhookEventType]{
	id: func(t *client.WebhookEventType) string { return t.Name },
	columns: []column[client.WebhookEventType]{
		{"name", func(t *client.WebhookEventType) any { return t.Name }},
		{"for organizations", func(t *client.WebhookEventType) any { return t.Organization }},
	},
}

func (a *app) webhooksCommand() *cobra.Command {
	v := webhookVerbs{a}
	return noun("webhooks", "Manage webhooks, addresses that are told of events",
		v.webhooksList(),
		&cobra.Command{
			Use: "types", Short: "List the types of events", Args: Needs(),
			RunE: a.run(func(ctx context.Context, c *client.Client, _ []string) error {
				return printAll(a, eventTypeView, listed(c.Webhooks.EventTypes(ctx)))
			}),
		},
		v.webhooksCreate(),
		getVerb(a, "WEBHOOK", "Show a webhook", webhookView, func(c *client.Client) getter[client.Webhook] { return c.Webhooks.Get }),
		v.webhooksState("enable WEBHOOK", "Tell a webhook of events again", "enabled"),
		v.webhooksState("disable WEBHOOK", "Tell a webhook of nothing", "disabled"),
		v.webhooksRotate(),
		onOne(a, "test WEBHOOK", "Send a test event", deliveryView, func(ctx context.Context, c *client.Client,
			id string,
		) (client.WebhookDelivery, error) {
			return c.Webhooks.Test(ctx, id)
		}),
		&cobra.Command{
			Use: "deliveries WEBHOOK", Short: "List what a webhook was sent, the newest event first", Args: Needs("WEBHOOK"),
			RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
				return printAll(a, deliveryView, c.Webhooks.AllDeliveries(ctx, args[0]))
			}),
		},
		v.webhooksResend(),
		deleteVerb(a, "WEBHOOK", "Delete a webhook", "", func(c *client.Client) deleter { return c.Webhooks.Delete }))
}

func (a webhookVerbs) webhooksList() *cobra.Command {
	var f client.WebhookFilter
	cmd := &cobra.Command{Use: "list", Short: "List webhooks, the newest first", Args: Needs()}
	cmd.Flags().StringVar(&f.OrganizationID, "organization", "", "of the organization; provider for the provider's")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, _ []string) error {
		return printAll(a.app, webhookView, c.Webhooks.All(ctx, f))
	})
	return cmd
}

func (a webhookVerbs) webhooksCreate() *cobra.Command {
	var in client.CreateWebhook
	cmd := &cobra.Command{
		Use: "create URL", Short: "Create a webhook, and show its secret once",
		Example: "  latchkey webhooks create https://example.com/hook --organization org_01a2 --events 'key.*,member.created'",
		Args:    Needs("URL"),
	}
	f := cmd.Flags()
	f.StringVar(&in.OrganizationID, "organization", "", "of the organization (default: the provider's, over all)")
	f.StringSliceVar(&in.EventTypes, "events", nil, "types, or families such as key.* (default: all)")
	f.StringVar(&in.Description, "description", "", "what it is for")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		in.URL = args[0]
		w, err := c.Webhooks.Create(ctx, in)
		return shownOr(a.app, issuedWebhookView, w, err)
	})
	return cmd
}

func (a webhookVerbs) webhooksState(use, short, state string) *cobra.Command {
	return onOne(a.app, use, short, webhookView, func(ctx context.Context, c *client.Client, id string) (client.Webhook, error) {
		return c.Webhooks.Update(ctx, id, client.WebhookPatch{State: client.Set(state)})
	})
}

func (a webhookVerbs) webhooksRotate() *cobra.Command {
	var overlap string
	cmd := &cobra.Command{Use: "rotate-secret WEBHOOK", Short: "Give a webhook a new secret, and show it once", Args: Needs("WEBHOOK")}
	cmd.Flags().StringVar(&overlap, "overlap", "", "how long the old secret stays valid (default: 24h)")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		var in client.RotateWebhookSecret
		if overlap != "" {
			d, err := parseSpan(overlap)
			if err != nil {
				return Usagef("--overlap: %w", err)
			}
			in.Overlap = new(client.Duration)
			*in.Overlap = client.Duration(d)
		}
		w, err := c.Webhooks.RotateSecret(ctx, args[0], in)
		return shownOr(a.app, issuedWebhookView, w, err)
	})
	return cmd
}

func (a webhookVerbs) webhooksResend() *cobra.Command {
	var event, from, until string
	var in client.ResendWebhook
	cmd := &cobra.Command{
		Use: "resend WEBHOOK", Short: "Send an event again, or those of a time that were not delivered",
		Example: `  latchkey webhooks resend wh_01a2 --event evt_01a2
  latchkey webhooks resend wh_01a2 --from 2d`,
		Args: Needs("WEBHOOK"),
	}
	f := cmd.Flags()
	f.StringVar(&event, "event", "", "id of the event")
	f.StringVar(&from, "from", "", "events since the time, the date, or 2d ago")
	f.StringVar(&until, "until", "", "events before the time, the date, or 1d ago (default: until now)")
	f.BoolVar(&in.All, "all", false, "also what was delivered")
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		if (event == "") == (from == "") {
			return Usagef("give either --event or --from")
		}
		if event != "" {
			d, err := c.Webhooks.Resend(ctx, args[0], event)
			return shownOr(a.app, deliveryView, d, err)
		}
		var end time.Time
		for _, t := range []struct {
			flag, text string
			into       *time.Time
		}{{"--from", from, &in.From}, {"--until", until, &end}} {
			at, err := since(t.flag, t.text, a.now())
			if err != nil {
				return err
			}
			*t.into = at
		}
		if !end.IsZero() {
			in.Until = &end
		}
		r, err := c.Webhooks.ResendRange(ctx, args[0], in)
		return shownOr(a.app, resentView, r, err)
	})
	return cmd
}
