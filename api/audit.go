package api

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// auditHandlers list audit events.
type auditHandlers struct {
	audit *audit.Log
}

func (h *auditHandlers) routes() []route {
	return []route{
		{"GET", "/api/audit-events", auth.HasScope(keys.ReadAudit), h.listAuditEvents, guarded, nil},
	}
}

func (h *auditHandlers) listAuditEvents(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	f := audit.Filter{
		OrganizationIDs: narrowed(principal(c).Organizations(keys.ReadAudit), q.Text("organization_id")), ObjectID: q.Text("object_id"),
		SubjectID: q.Text("subject_id"), Action: q.Text("action"), From: q.Time("from"), Until: q.Time("until"),
	}
	return list(c, q, func(p keys.Page) ([]audit.Event, error) {
		return h.audit.Events(c.Request.Context(), f, p.After, p.Limit)
	}, eventOut, func(e *audit.Event) string { return e.ID })
}

func eventOut(e *audit.Event) client.AuditEvent {
	return client.AuditEvent{
		ID: e.ID, At: e.At, Action: e.Action, Subject: client.AuditSubject(e.Subject),
		Object: client.AuditObject(e.Object), Origin: client.AuditOrigin(e.Origin), Before: e.Before, After: e.After,
	}
}
