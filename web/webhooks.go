package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/webhooks"
)

// webhookPages manage webhooks of organizations and of the provider.
type webhookPages struct{ *site }

func (p *webhookPages) mount(g *gin.RouterGroup) {
	g.GET("/organizations/:id/webhooks", p.member(p.ofOrganization(p.listWebhooks)))
	g.POST("/organizations/:id/webhooks", p.member(p.ofOrganization(p.createWebhook)))
	g.GET("/provider/webhooks", p.staff(p.ofProvider(p.listWebhooks)))
	g.POST("/provider/webhooks", p.staff(p.ofProvider(p.createWebhook)))
	g.GET("/webhooks/:id", p.member(p.showWebhook))
	g.POST("/webhooks/:id", p.member(p.changeWebhook))
	g.POST("/webhooks/:id/rotate", p.member(p.rotateWebhook))
	g.POST("/webhooks/:id/test", p.member(p.testWebhook))
	g.POST("/webhooks/:id/resend", p.member(p.resendRange))
	g.POST("/webhooks/:id/delete", p.member(p.deleteWebhook))
	g.GET("/webhooks/:id/deliveries/:event", p.member(p.showDelivery))
	g.POST("/webhooks/:id/deliveries/:event/resend", p.member(p.resendDelivery))
}

// tenant is whose webhooks a page is about: an organization, or the provider.
type tenant struct {
	ID   string // "" for the provider
	Name string
	Path string // of the list
}

func (p *webhookPages) ofOrganization(handle func(*gin.Context, tenant) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		o, err := p.Keys.Organization(c.Request.Context(), principal(c), c.Param("id"))
		if err != nil {
			return err
		}
		if !principal(c).May(keys.ReadWebhooks, o.ID) {
			return errs.New(errs.Forbidden, "action_needed", "action", string(keys.ReadWebhooks))
		}
		return handle(c, tenant{o.ID, o.Name, "/organizations/" + o.ID + "/webhooks"})
	}
}

func (p *webhookPages) ofProvider(handle func(*gin.Context, tenant) error) func(*gin.Context) error {
	return func(c *gin.Context) error { return handle(c, tenant{Path: "/provider/webhooks"}) }
}

// webhookForm is what people type about a webhook.
type webhookForm struct {
	URL, Description string
	All              bool
	Enabled          bool
	Types            []typeChoice
}

type typeChoice struct {
	Name   string
	Chosen bool
}

func webhookTyped(organization bool, f webhooks.EndpointFields) webhookForm {
	out := webhookForm{URL: f.URL, Description: f.Description, All: f.Types == nil, Enabled: f.State != webhooks.Disabled}
	for _, t := range webhooks.Types(organization) {
		out.Types = append(out.Types, typeChoice{t.Name, f.Names(t.Name)})
	}
	return out
}

func webhookFields(v url.Values) webhooks.EndpointFields {
	f := webhooks.EndpointFields{URL: v.Get("url"), Description: v.Get("description"), State: webhooks.Disabled}
	if v.Get("enabled") != "" {
		f.State = webhooks.Enabled
	}
	if v.Get("all") == "" {
		f.Types = append([]string{}, v["event_types"]...)
	}
	return f
}

type webhooksPage struct {
	Tenant tenant
	Rows   []webhooks.Endpoint
	Next   string
	Form   webhookForm
}

func (p *webhookPages) listWebhooks(c *gin.Context, t tenant) error {
	return p.listView(c, t, http.StatusOK, webhooks.EndpointFields{}, nil)
}

func (p *webhookPages) listView(c *gin.Context, t tenant, status int, typed webhooks.EndpointFields, wrong faults) error {
	asked := t.ID
	if asked == "" {
		asked = webhooks.Provider
	}
	found, err := p.Webhooks.List(c.Request.Context(), principal(c), asked, keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	out := webhooksPage{Tenant: t, Form: webhookTyped(t.ID != "", typed)}
	out.Rows, out.Next = fullPage(found, func(e *webhooks.Endpoint) string { return e.ID })
	return p.show(c, status, "webhooks", view{Title: p.say(c, "webhook.title"), Faults: wrong, Notice: p.say(c,
		"done."+c.Query("done")), Data: out})
}

func (p *webhookPages) createWebhook(c *gin.Context, t tenant) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	values.Set("enabled", "yes")
	fields := webhookFields(values)
	e, secret, err := p.Webhooks.Create(c.Request.Context(), principal(c), "", t.ID, fields)
	if err != nil {
		return p.saidFields(c, err, func(wrong faults) error {
			return p.listView(c, t, http.StatusUnprocessableEntity, fields, wrong)
		}, "url", "description", "event_types")
	}
	return p.issued(c, &e, secret)
}

// issuedWebhook shows a secret, once.
type issuedWebhook struct {
	webhooks.Endpoint
	Secret string
}

func (p *webhookPages) issued(c *gin.Context, e *webhooks.Endpoint, secret string) error {
	return p.show(c, http.StatusOK, "webhook-issued", view{Title: p.say(c, "webhook.issued"), Data: issuedWebhook{*e, secret}})
}

type webhookPage struct {
	webhooks.Endpoint
	Health     webhooks.Health
	Tenant     tenant
	MayWrite   bool
	Form       webhookForm
	Deliveries []webhooks.Delivery
	Next       string
	From       string
	Until      string
	RangeAll   bool
	Queued     string // what a range led to
}

func (p *webhookPages) page(c *gin.Context) (out webhookPage, err error) {
	ctx, who := c.Request.Context(), principal(c)
	if out.Endpoint, err = p.Webhooks.Get(ctx, who, c.Param("id")); err != nil {
		return out, err
	}
	if out.Health, err = p.Webhooks.Health(ctx, &out.Endpoint); err != nil {
		return out, err
	}
	if out.Tenant, err = p.tenantOf(c, &out.Endpoint); err != nil {
		return out, err
	}
	out.MayWrite = out.OrganizationID == "" || who.May(keys.WriteWebhooks, out.OrganizationID)
	out.Form = webhookTyped(out.OrganizationID != "", out.EndpointFields)
	found, err := p.Webhooks.Deliveries(ctx, who, out.ID, keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	out.Deliveries, out.Next = fullPage(found, func(d *webhooks.Delivery) string { return d.ID })
	return out, err
}

func (p *webhookPages) tenantOf(c *gin.Context, e *webhooks.Endpoint) (tenant, error) {
	if e.OrganizationID == "" {
		return tenant{Path: "/provider/webhooks"}, nil
	}
	o, err := p.Keys.Organization(c.Request.Context(), principal(c), e.OrganizationID)
	return tenant{o.ID, o.Name, "/organizations/" + o.ID + "/webhooks"}, err
}

func (p *webhookPages) showWebhook(c *gin.Context) error {
	return p.webhookView(c, http.StatusOK, nil, nil)
}

func (p *webhookPages) webhookView(c *gin.Context, status int, wrong faults, edit func(*webhookPage)) error {
	out, err := p.page(c)
	if err != nil {
		return err
	}
	if edit != nil {
		edit(&out)
	}
	return p.show(c, status, "webhook", view{
		Title: p.say(c, "webhook.title"), Faults: wrong, Notice: p.say(c, "staff.done_"+c.Query("done")), Data: out,
	})
}

func (p *webhookPages) changeWebhook(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	fields := webhookFields(values)
	_, err = p.Webhooks.Change(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision,
		func(webhooks.EndpointFields) (webhooks.EndpointFields, error) { return fields, nil })
	if err != nil {
		return p.saidFields(c, err, func(wrong faults) error {
			return p.webhookView(c, http.StatusUnprocessableEntity, wrong, func(out *webhookPage) {
				out.Form = webhookTyped(out.OrganizationID != "", fields)
			})
		}, "url", "description", "event_types")
	}
	c.Redirect(http.StatusSeeOther, "/webhooks/"+c.Param("id")+"?done=saved")
	return nil
}

func (p *webhookPages) rotateWebhook(c *gin.Context) error {
	if _, err := form(c); err != nil {
		return err
	}
	e, secret, err := p.Webhooks.RotateSecret(c.Request.Context(), principal(c), c.Param("id"), webhooks.StandardOver)
	if err != nil {
		return err
	}
	return p.issued(c, &e, secret)
}

func (p *webhookPages) testWebhook(c *gin.Context) error {
	if _, err := form(c); err != nil {
		return err
	}
	d, err := p.Webhooks.Test(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/webhooks/"+d.EndpointID+"/deliveries/"+d.EventID)
	return nil
}

func (p *webhookPages) deleteWebhook(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	ctx, who := c.Request.Context(), principal(c)
	e, err := p.Webhooks.Get(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	if values.Get("sure") == "" {
		return p.webhookView(c, http.StatusUnprocessableEntity, faults{"sure": p.say(c, "staff.sure")}, nil)
	}
	if err := p.Webhooks.Delete(ctx, who, e.ID, keys.AnyRevision); err != nil {
		return err
	}
	to, err := p.tenantOf(c, &e)
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, to.Path)
	return nil
}

// momentForm is how browsers send a moment.
const momentForm = "2006-01-02T15:04"

func (p *webhookPages) resendRange(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	var f errs.Faults
	moment := func(field string) time.Time {
		if values.Get(field) == "" {
			return time.Time{}
		}
		t, err := time.Parse(momentForm, values.Get(field))
		f.Check(err == nil, field, "not_a_time")
		return t
	}
	r := webhooks.Range{From: moment("from"), Until: moment("until"), All: values.Get("range_all") != ""}
	var done webhooks.Resent
	if err = f.Err(); err == nil {
		done, err = p.Webhooks.ResendRange(c.Request.Context(), principal(c), c.Param("id"), r)
	}
	keep := func(out *webhookPage) {
		out.From, out.Until, out.RangeAll = values.Get("from"), values.Get("until"), r.All
	}
	if err != nil {
		return p.saidFields(c, err, func(wrong faults) error {
			return p.webhookView(c, http.StatusUnprocessableEntity, wrong, keep)
		}, "from", "until")
	}
	return p.webhookView(c, http.StatusOK, nil, func(out *webhookPage) {
		out.Queued = p.with(c, "webhook.queued", done.Queued)
		if !done.Next.IsZero() {
			keep(out)
			out.From = done.Next.Format(momentForm)
			out.Queued = p.with(c, "webhook.queued_more", done.Queued, done.Next.Format(time.DateTime))
		}
	})
}

type deliveryPage struct {
	Endpoint webhooks.Endpoint
	webhooks.Delivery
	MayWrite bool
	Body     string
}

func (p *webhookPages) showDelivery(c *gin.Context) error {
	ctx, who := c.Request.Context(), principal(c)
	e, d, err := p.Webhooks.Delivery(ctx, who, c.Param("id"), c.Param("event"))
	if err != nil {
		return err
	}
	out := deliveryPage{Endpoint: e, Delivery: d, Body: string(d.Payload)}
	out.MayWrite = e.State == webhooks.Enabled && d.Type != webhooks.TestType &&
		(e.OrganizationID == "" || who.May(keys.WriteWebhooks, e.OrganizationID))
	if pretty, err := json.MarshalIndent(d.Payload, "", "  "); err == nil {
		out.Body = string(pretty)
	}
	slices.Reverse(out.Attempts)
	return p.show(c, http.StatusOK, "webhook-delivery", view{Title: p.say(c, "webhook.delivery"), Data: out})
}

func (p *webhookPages) resendDelivery(c *gin.Context) error {
	if _, err := form(c); err != nil {
		return err
	}
	d, err := p.Webhooks.Resend(c.Request.Context(), principal(c), c.Param("id"), c.Param("event"))
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/webhooks/"+d.EndpointID+"/deliveries/"+d.EventID)
	return nil
}
