package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// incidentPages disable and revoke many keys at once.
type incidentPages struct{ *site }

func (p *incidentPages) mount(g *gin.RouterGroup) {
	g.GET("/provider/incidents", p.staff(p.listIncidents))
	g.GET("/provider/incidents/new", p.staff(p.newIncident))
	g.POST("/provider/incidents/new", p.staff(p.planIncident))
	g.GET("/provider/incidents/:id", p.staff(p.showIncident))
	g.GET("/provider/incidents/:id/report.csv", p.staff(p.incidentReport))
	g.POST("/provider/incidents/:id/run", p.staff(p.runIncident))
	g.POST("/provider/incidents/:id/continue", p.staff(p.continueIncident))
	g.POST("/provider/incidents/:id/undo", p.staff(p.undoIncident))
}

type incidentsPage struct {
	Rows  []incidents.Incident
	Next  string
	Now   time.Time
	Leaks leaksPage // the latest, on the first page
}

// fewLeaks is how many leaks the list of incidents shows.
const fewLeaks = 10

func (p *incidentPages) listIncidents(c *gin.Context) error {
	found, err := p.Staff.Incidents.List(c.Request.Context(), principal(c), keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	out := incidentsPage{Now: time.Now()}
	if c.Query("after") == "" {
		if out.Leaks, err = p.leaksPage(c, "", fewLeaks); err != nil {
			return err
		}
	}
	out.Rows, out.Next = fullPage(found, func(n *incidents.Incident) string { return n.ID })
	return p.show(c, http.StatusOK, "staff-incidents", view{Title: p.say(c, "incident.title"), Data: out})
}

// incidentForm is the form of a dry run. A pasted list is not shown again.
type incidentForm struct {
	Action, Reason, Note                          string
	Organization, Account, Tier, Scope, CreatedBy string
	CreatedBefore, LastUsedBefore                 string
	Reasons                                       []keys.RevokeReason
	Tiers, Neglects                               []option
	Neglect                                       string
	Organizations, Accounts, Scopes               []option // suggestions, unless there are too many
	Most                                          int
}

// mostChoices bounds the suggestions of each field.
const mostChoices = 200

func (p *incidentPages) incidentForm(c *gin.Context, v url.Values) (incidentForm, error) {
	f := incidentForm{
		Action: v.Get("action"), Reason: v.Get("reason"), Note: v.Get("note"), Organization: v.Get("organization_id"),
		Account: v.Get("service_account_id"),
		Tier:    v.Get("tier"), Scope: v.Get("scope"), CreatedBy: v.Get("created_by"), CreatedBefore: v.Get("created_before"),
		LastUsedBefore: v.Get("last_used_before"),
		Neglect:        v.Get("neglect"), Reasons: reasons(), Most: incidents.MaxPasted,
		Tiers: []option{{"", p.say(c, "incident.any")}}, Neglects: []option{{"", p.say(c, "incident.any")}},
	}
	if f.Action == "" {
		f.Action = string(incidents.Disable)
	}
	for _, one := range []keys.Neglect{keys.NoOwner, keys.CreatorLeft, keys.NeverUsed, keys.NoExpiry} {
		f.Neglects = append(f.Neglects, option{string(one), p.say(c, "orphans."+string(one))})
	}
	tiers, err := p.Keys.Tiers(c.Request.Context(), keys.Page{Limit: mostChoices})
	for i := range tiers {
		f.Tiers = append(f.Tiers, option{tiers[i].Name, tiers[i].Title})
	}
	if err != nil {
		return f, err
	}
	return f, p.incidentChoices(c, &f)
}

// incidentChoices fills the suggestions of the form's fields.
func (p *incidentPages) incidentChoices(c *gin.Context, f *incidentForm) error {
	ctx, who, page := c.Request.Context(), principal(c), keys.Page{Limit: mostChoices}
	organizations, err := p.Keys.Organizations(ctx, who, keys.OrganizationFilter{}, page)
	for i := range organizations {
		f.Organizations = append(f.Organizations, option{organizations[i].ID, organizations[i].Name})
	}
	if err != nil {
		return err
	}
	accounts, err := p.Keys.Accounts(ctx, who, "", keys.AccountFilter{}, page)
	for i := range accounts {
		f.Accounts = append(f.Accounts, option{accounts[i].ID, accounts[i].Name})
	}
	if err != nil {
		return err
	}
	scopes, err := p.Keys.Scopes(ctx, page)
	for i := range scopes {
		f.Scopes = append(f.Scopes, option{scopes[i].Name, scopes[i].Description})
	}
	return err
}

func (p *incidentPages) newIncident(c *gin.Context) error {
	f, err := p.incidentForm(c, c.Request.URL.Query())
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "staff-incident-new", view{Title: p.say(c, "incident.new"), Data: f})
}

func chosenDay(values url.Values, field string) (time.Time, error) {
	text := values.Get(field)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return at, errs.BadField(field, "choose_day")
	}
	return at, nil
}

// incidentRequest parses the form of a dry run.
func incidentRequest(v url.Values) (r incidents.Request, err error) {
	trimmed := func(field string) string { return strings.TrimSpace(v.Get(field)) }
	r = incidents.Request{
		Action: incidents.Action(v.Get("action")), Reason: keys.RevokeReason(v.Get("reason")), Note: v.Get("note"),
		Selection: incidents.Selection{
			OrganizationID: trimmed("organization_id"), ServiceAccountID: trimmed("service_account_id"), Tier: trimmed("tier"),
			Scope:     trimmed("scope"),
			CreatedBy: trimmed("created_by"), Neglect: keys.Neglect(v.Get("neglect")),
		},
	}
	if list := v.Get("keys"); strings.TrimSpace(list) != "" {
		r.List = strings.Split(list, "\n")
	}
	if r.Selection.CreatedBefore, err = chosenDay(v, "created_before"); err != nil {
		return r, err
	}
	r.Selection.LastUsedBefore, err = chosenDay(v, "last_used_before")
	return r, err
}

func (p *incidentPages) planIncident(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	request, err := incidentRequest(values)
	if err == nil {
		err = p.picker(principal(c)).selection(c.Request.Context(), &request.Selection)
	}
	var made incidents.Incident
	if err == nil {
		made, err = p.Staff.Incidents.Plan(c.Request.Context(), principal(c), request)
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/provider/incidents/"+made.ID)
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error {
		f, err := p.incidentForm(c, values)
		if err != nil {
			return err
		}
		return p.show(c, http.StatusUnprocessableEntity, "staff-incident-new", view{Title: p.say(c, "incident.new"), Faults: wrong, Data: f})
	}, "action", "reason", "note", "organization_id", "service_account_id", "tier", "scope", "created_by", "created_before",
		"last_used_before", "neglect", "keys")
}

// incidentPage shows one incident and a page of its keys.
type incidentPage struct {
	incidents.Incident
	Groups      []incidentGroup
	MoreGroups  int
	Keys        []incidents.Key
	Number      int // of the page of keys, from 1
	Before      int
	Behind      int // next page, 0: none
	Confirm     string
	Working     bool
	Interrupted bool
	Undoable    bool
	UndoUntil   time.Time
	Percent     int
	Names       names
}

type incidentGroup struct {
	incidents.Group
	Name string
}

const (
	mostGroupsShown = 100
	refreshSeconds  = "1"
)

func (p *incidentPages) showIncident(c *gin.Context) error {
	return p.incidentView(c, http.StatusOK, nil)
}

func (p *incidentPages) incidentView(c *gin.Context, status int, wrong faults) error {
	ctx, who, now := c.Request.Context(), principal(c), time.Now()
	n, err := p.Staff.Incidents.Incident(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	out := incidentPage{
		Incident: n, Confirm: n.Confirm(), Working: n.Working(now), Interrupted: n.Interrupted(now), Undoable: n.Undoable(now),
		UndoUntil: n.UndoUntil(),
		Percent:   n.Percent(), Names: names{}, Number: max(1, pageNumber(c)),
	}
	for _, g := range n.Groups[:min(len(n.Groups), mostGroupsShown)] {
		out.Groups = append(out.Groups, incidentGroup{g, p.organizationName(ctx, who, out.Names, g.OrganizationID)})
	}
	out.MoreGroups = len(n.Groups) - len(out.Groups)
	if out.Keys, err = p.Staff.Incidents.Page(ctx, who, n.ID, out.Number-1); err != nil {
		return err
	}
	out.Before = out.Number - 1
	if out.Number < n.Pages {
		out.Behind = out.Number + 1
	}
	if out.Working {
		c.Header("Refresh", refreshSeconds)
	}
	return p.show(c, status, "staff-incident", view{Title: p.say(c, "incident.title_"+string(n.Action)), Faults: wrong, Data: out})
}

// incidentDone answers an action on an incident.
func (p *incidentPages) incidentDone(c *gin.Context, err error) error {
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/provider/incidents/"+c.Param("id"))
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error { return p.incidentView(c, http.StatusUnprocessableEntity, wrong) }, "sure")
}

func (p *incidentPages) runIncident(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	if values.Get("sure") != "yes" {
		return p.incidentDone(c, errs.BadField("sure", p.say(c, "staff.sure")))
	}
	confirm := values.Get("confirm")
	if id, _, _ := strings.Cut(confirm, "."); id != c.Param("id") {
		return p.incidentDone(c, errs.BadField("sure", p.say(c, "incident.other")))
	}
	_, err = p.Staff.Incidents.Run(c.Request.Context(), principal(c), confirm)
	return p.incidentDone(c, err)
}

func (p *incidentPages) continueIncident(c *gin.Context) error {
	_, err := p.Staff.Incidents.Continue(c.Request.Context(), principal(c), c.Param("id"))
	return p.incidentDone(c, err)
}

func (p *incidentPages) undoIncident(c *gin.Context) error {
	_, err := p.Staff.Incidents.Undo(c.Request.Context(), principal(c), c.Param("id"))
	return p.incidentDone(c, err)
}

// incidentReport writes each key with its result.
func (p *incidentPages) incidentReport(c *gin.Context) error {
	ctx, who := c.Request.Context(), principal(c)
	n, err := p.Staff.Incidents.Incident(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	number := 0
	head := []string{"key_id", "name", "organization_id", "service_account_id", "start", "last4", "outcome", "at"}
	return p.export(c, n.ID, head, func() (lines [][]string, more bool, err error) {
		page, err := p.Staff.Incidents.Page(ctx, who, n.ID, number)
		for i := range page {
			lines = append(lines, incidentRecord(&page[i]))
		}
		number++
		return lines, number < n.Pages, err
	})
}

func incidentRecord(k *incidents.Key) []string {
	at := ""
	if !k.At.IsZero() {
		at = k.At.Format(time.RFC3339)
	}
	return []string{k.ID, httpx.CSVCell(k.Name), k.OrganizationID, k.ServiceAccountID, k.Start, k.Last4, string(k.Outcome), at}
}
