package api

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// incidentHandlers serve incidents.
type incidentHandlers struct {
	incidents *incidents.Service
	now       func() time.Time
}

func (h *incidentHandlers) routes() []route {
	staff := auth.IsAdminUser()
	return []route{
		{"GET", "/api/incidents", staff, h.listIncidents, guarded, nil},
		{"POST", "/api/incidents", staff, h.createIncident, guarded, client.CreateIncident{}},
		{"GET", "/api/incidents/:id", staff, h.getIncident, guarded, nil},
		{"POST", "/api/incidents/:id/continue", staff, h.continueIncident, guarded, nil},
		{"POST", "/api/incidents/:id/undo", staff, h.undoIncident, guarded, nil},
	}
}

func (h *incidentHandlers) listIncidents(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]incidents.Incident, error) {
		return h.incidents.List(c.Request.Context(), principal(c), p)
	}, h.incidentOut, func(n *incidents.Incident) string { return n.ID })
}

// createIncident makes a dry run, or carries out a confirmed one.
func (h *incidentHandlers) createIncident(c *gin.Context) error {
	var in client.CreateIncident
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	if err := noEmpty(body, "organization_id", "service_account_id", "tier", "scope", "created_by", "neglect"); err != nil {
		return err
	}
	request := incidentRequest(&in)
	if in.DryRun == nil || *in.DryRun {
		if in.Confirm != "" {
			return errs.BadField("confirm", "confirm_of_dry_run")
		}
		made, err := h.incidents.Plan(c.Request.Context(), principal(c), request)
		if err != nil {
			return err
		}
		c.Header("Location", "/api/incidents/"+made.ID)
		return h.showIncident(c, http.StatusCreated, &made, 1)
	}
	found, err := h.incidents.Confirmed(c.Request.Context(), principal(c), in.Confirm, request)
	if err != nil {
		return err
	}
	return h.showIncident(c, http.StatusOK, &found, 1)
}

// noEmpty refuses members that are an empty string. As a filter, one comes from
// an unset variable in a script and would select everything.
func noEmpty(body []byte, names ...string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return fmt.Errorf("read the members of a body that was decoded: %w", err)
	}
	var f errs.Faults
	for _, name := range names {
		f.Check(strings.TrimSpace(string(members[name])) != `""`, name, "empty_filter")
	}
	return f.Err()
}

func (h *incidentHandlers) getIncident(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	page := q.Whole("page", 1, 1, math.MaxInt32)
	if err := q.Err(); err != nil {
		return err
	}
	found, err := h.incidents.Incident(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return h.showIncident(c, http.StatusOK, &found, int(page))
}

func (h *incidentHandlers) undoIncident(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	found, err := h.incidents.Undo(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return h.showIncident(c, http.StatusOK, &found, 1)
}

func (h *incidentHandlers) continueIncident(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	found, err := h.incidents.Continue(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return h.showIncident(c, http.StatusOK, &found, 1)
}

// showIncident answers the incident with a page of its keys; pages count from 1.
func (h *incidentHandlers) showIncident(c *gin.Context, status int, n *incidents.Incident, page int) error {
	some, err := h.incidents.Page(c.Request.Context(), principal(c), n.ID, page-1)
	if err != nil {
		return err
	}
	out := h.incidentOut(n)
	for i := range some {
		k := &some[i]
		out.Keys = append(out.Keys, client.IncidentKey{
			KeyID: k.ID, Name: k.Name, OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID, Start: k.Start, Last4: k.Last4,
			Outcome: textOut(k.Outcome), At: timeOut(k.At),
		})
	}
	return answer(c, status, out)
}

func incidentRequest(in *client.CreateIncident) incidents.Request {
	s := &in.IncidentSelection
	return incidents.Request{
		Action: incidents.Action(in.Action), Reason: keys.RevokeReason(in.Reason), Note: in.Note, List: in.Keys,
		Selection: incidents.Selection{
			OrganizationID: s.OrganizationID, ServiceAccountID: s.ServiceAccountID, Tier: s.Tier, Scope: s.Scope, CreatedBy: s.CreatedBy,
			CreatedBefore: timeIn(s.CreatedBefore), LastUsedBefore: timeIn(s.LastUsedBefore), Neglect: keys.Neglect(s.Neglect),
		},
	}
}

func subjectOut(s audit.Subject) string {
	if s.Name != "" {
		return s.Name
	}
	return s.Kind
}

func (h *incidentHandlers) incidentOut(n *incidents.Incident) client.Incident {
	now, s := h.now(), &n.Selection
	out := client.Incident{
		ID: n.ID, Action: string(n.Action), Reason: string(n.Reason), Note: n.Note, Pasted: s.Pasted, State: string(n.State),
		Interrupted: n.Interrupted(now), Percent: n.Percent(),
		Selection: client.IncidentSelection{
			OrganizationID: s.OrganizationID, ServiceAccountID: s.ServiceAccountID, Tier: s.Tier, Scope: s.Scope, CreatedBy: s.CreatedBy,
			CreatedBefore: timeOut(s.CreatedBefore), LastUsedBefore: timeOut(s.LastUsedBefore), Neglect: string(s.Neglect),
		},
		PlannedBy: subjectOut(n.PlannedBy), StartedBy: textOut(subjectOut(n.StartedBy)), StartedAt: timeOut(n.StartedAt),
		FinishedAt: timeOut(n.FinishedAt),
		UndoneBy:   textOut(subjectOut(n.UndoneBy)), UndoneAt: timeOut(n.UndoneAt), UndoUntil: timeOut(n.UndoUntil()),
		Count: client.IncidentCount(n.Count), Groups: make([]client.IncidentGroup, len(n.Groups)), UnknownLines: n.UnknownLines,
		Pages: n.Pages, Keys: []client.IncidentKey{}, Stamps: stamps(&n.Stamp),
	}
	for i, g := range n.Groups {
		out.Groups[i] = client.IncidentGroup(g)
	}
	if out.UnknownLines == nil {
		out.UnknownLines = []int{}
	}
	if n.State == incidents.Planned {
		out.Confirm = textOut(n.Confirm())
	}
	return out
}
