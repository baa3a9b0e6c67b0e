package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/webhooks"
)

// webhookHandlers serve webhooks and what they were sent.
type webhookHandlers struct {
	idempotency *idempotency.Keeper
	now         func() time.Time
	webhooks    *webhooks.Service
}

func (h *webhookHandlers) routes() []route {
	read, write := auth.HasScope(keys.ReadWebhooks), auth.HasScope(keys.WriteWebhooks)
	overlap := client.Duration(webhooks.StandardOver)
	return []route{
		{"GET", "/api/webhooks", read, h.listWebhooks, guarded, nil},
		{"POST", "/api/webhooks", write, h.createWebhook, guarded, client.CreateWebhook{}},
		{"GET", "/api/webhooks/event-types", auth.IsAuthenticated(), h.listEventTypes, guarded, nil},
		{"GET", "/api/webhooks/:id", read, h.getWebhook, guarded, nil},
		{"PATCH", "/api/webhooks/:id", write, h.changeWebhook, guarded, client.WebhookSettings{}},
		{"DELETE", "/api/webhooks/:id", write, h.deleteWebhook, guarded, nil},
		{"POST", "/api/webhooks/:id/rotate-secret", write, h.rotateSecret, guarded, client.RotateWebhookSecret{Overlap: &overlap}},
		{"POST", "/api/webhooks/:id/test", write, h.testWebhook, guarded, nil},
		{"POST", "/api/webhooks/:id/resend", write, h.resendRange, guarded, client.ResendWebhook{}},
		{"GET", "/api/webhooks/:id/deliveries", read, h.listDeliveries, guarded, nil},
		{"GET", "/api/webhooks/:id/deliveries/:event_id", read, h.getDelivery, guarded, nil},
		{"POST", "/api/webhooks/:id/deliveries/:event_id/resend", write, h.resendDelivery, guarded, nil},
	}
}

func (h *webhookHandlers) listWebhooks(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	organization := q.Text("organization_id")
	var failed error
	err := list(c, q, func(p keys.Page) ([]webhooks.Endpoint, error) {
		return h.webhooks.List(c.Request.Context(), principal(c), organization, p)
	}, func(e *webhooks.Endpoint) client.Webhook {
		out, err := h.out(c.Request.Context(), e)
		if err != nil {
			failed = err
		}
		return out
	}, func(e *webhooks.Endpoint) string { return e.ID })
	if failed != nil {
		return failed
	}
	return err
}

func (h *webhookHandlers) listEventTypes(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	out := client.List[client.WebhookEventType]{}
	for _, t := range webhooks.Types(false) {
		out.Items = append(out.Items, client.WebhookEventType{Name: t.Name, Organization: t.Organization})
	}
	return answer(c, http.StatusOK, out)
}

// issuedWebhook is an endpoint with its secret, which a repeated request does not get.
type issuedWebhook struct {
	webhooks.Endpoint
	secret string
}

func (h *webhookHandlers) createWebhook(c *gin.Context) error {
	var in client.CreateWebhook
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	made, err := once(h.idempotency, c, body, object[issuedWebhook]{
		newID: func() string { return ids.New(ids.Webhook) },
		make: withID(func(ctx context.Context, id string) (out issuedWebhook, err error) {
			out.Endpoint, out.secret, err = h.webhooks.Create(ctx, principal(c), id, in.OrganizationID, webhooks.EndpointFields{
				URL: in.URL, Types: in.EventTypes, Description: in.Description, State: webhooks.State(in.State),
			})
			return out, err
		}),
		find: func(ctx context.Context, id string) (out issuedWebhook, err error) {
			out.Endpoint, err = h.webhooks.Get(ctx, principal(c), id)
			return out, err
		},
	})
	if err != nil {
		return err
	}
	return h.issued(c, &made.Endpoint, made.secret, true)
}

func (h *webhookHandlers) issued(c *gin.Context, e *webhooks.Endpoint, secret string, isNew bool) error {
	out, err := h.out(c.Request.Context(), e)
	if err != nil {
		return err
	}
	issued := client.IssuedWebhook{Webhook: out, Secret: secret}
	if !isNew {
		return show(c, http.StatusOK, e.Revision, issued)
	}
	return created(c, "/api/webhooks/"+e.ID, e.Revision, issued)
}

func (h *webhookHandlers) getWebhook(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	e, err := h.webhooks.Get(c.Request.Context(), principal(c), c.Param("id"))
	return h.show(c, &e, err)
}

func (h *webhookHandlers) show(c *gin.Context, e *webhooks.Endpoint, err error) error {
	if err != nil {
		return err
	}
	out, err := h.out(c.Request.Context(), e)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, e.Revision, out)
}

func (h *webhookHandlers) changeWebhook(c *gin.Context) error {
	at, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.WebhookSettings](c)
	if err != nil {
		return err
	}
	e, err := h.webhooks.Change(c.Request.Context(), principal(c), c.Param("id"), at, edit(change, webhookSettings, webhookFields))
	return h.show(c, &e, err)
}

func webhookSettings(f webhooks.EndpointFields) client.WebhookSettings {
	return client.WebhookSettings{URL: f.URL, EventTypes: f.Types, Description: f.Description, State: string(f.State)}
}

func webhookFields(s client.WebhookSettings) webhooks.EndpointFields {
	return webhooks.EndpointFields{URL: s.URL, Types: s.EventTypes, Description: s.Description, State: webhooks.State(s.State)}
}

func (h *webhookHandlers) deleteWebhook(c *gin.Context) error {
	at, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.webhooks.Delete(c.Request.Context(), principal(c), c.Param("id"), at))
}

func (h *webhookHandlers) rotateSecret(c *gin.Context) error {
	var in client.RotateWebhookSecret
	if _, err := bindOptional(c, &in); err != nil {
		return err
	}
	overlap := webhooks.StandardOver
	if in.Overlap != nil {
		overlap = time.Duration(*in.Overlap)
	}
	e, secret, err := h.webhooks.RotateSecret(c.Request.Context(), principal(c), c.Param("id"), overlap)
	if err != nil {
		return err
	}
	return h.issued(c, &e, secret, false)
}

func (h *webhookHandlers) testWebhook(c *gin.Context) error {
	if _, err := bindOptional(c, &struct{}{}); err != nil {
		return err
	}
	d, err := h.webhooks.Test(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, deliveryOut(&d))
}

func (h *webhookHandlers) listDeliveries(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]webhooks.Delivery, error) {
		return h.webhooks.Deliveries(c.Request.Context(), principal(c), c.Param("id"), p)
	}, deliveryOut, func(d *webhooks.Delivery) string { return d.ID })
}

func (h *webhookHandlers) getDelivery(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	_, d, err := h.webhooks.Delivery(c.Request.Context(), principal(c), c.Param("id"), c.Param("event_id"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, deliveryOut(&d))
}

func (h *webhookHandlers) resendDelivery(c *gin.Context) error {
	if _, err := bindOptional(c, &struct{}{}); err != nil {
		return err
	}
	d, err := h.webhooks.Resend(c.Request.Context(), principal(c), c.Param("id"), c.Param("event_id"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, deliveryOut(&d))
}

func (h *webhookHandlers) resendRange(c *gin.Context) error {
	var in client.ResendWebhook
	if _, err := bind(c, &in); err != nil {
		return err
	}
	r, err := h.webhooks.ResendRange(c.Request.Context(), principal(c), c.Param("id"), webhooks.Range{
		From: in.From, Until: timeIn(in.Until), All: in.All,
	})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.WebhookResent{Queued: r.Queued, NextFrom: timeOut(r.Next)})
}

func (h *webhookHandlers) out(ctx context.Context, e *webhooks.Endpoint) (client.Webhook, error) {
	health, err := h.webhooks.Health(ctx, e)
	if err != nil {
		return client.Webhook{}, err
	}
	out := client.Webhook{
		ID: e.ID, OrganizationID: textOut(e.OrganizationID), WebhookSettings: webhookSettings(e.EndpointFields),
		Reason: textOut(e.Reason), FailingSince: timeOut(health.FailingSince), Secrets: []client.WebhookSecret{}, Stamps: stamps(&e.Stamp),
	}
	for _, s := range e.Secrets {
		if s.EndsAt.IsZero() || s.EndsAt.After(h.now()) {
			out.Secrets = append(out.Secrets, client.WebhookSecret{CreatedAt: s.CreatedAt, EndsAt: timeOut(s.EndsAt)})
		}
	}
	return out, nil
}

func deliveryOut(d *webhooks.Delivery) client.WebhookDelivery {
	out := client.WebhookDelivery{
		WebhookID: d.EndpointID, EventID: d.EventID, EventType: d.Type, EventAt: d.At, Outcome: string(d.Outcome), Tries: d.Tries,
		NextAttemptAt: timeOut(d.NextAt), Payload: d.Payload, Attempts: make([]client.WebhookAttempt, len(d.Attempts)),
	}
	for i, a := range d.Attempts {
		out.Attempts[i] = client.WebhookAttempt{
			At: a.At, Duration: client.Duration(a.Took), URL: a.URL, Fault: textOut(a.Fault), Type: a.Kind, Answer: a.Answer,
		}
		if a.Status != 0 {
			out.Attempts[i].Status = &d.Attempts[i].Status
		}
	}
	return out
}
