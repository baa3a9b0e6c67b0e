package client

import (
	"context"
	"iter"
	"time"
)

// AuditService reads who did what.
type AuditService struct{ c *Client }

// AuditFilter narrows a list of audit events; what is not set does not.
type AuditFilter struct {
	Page
	OrganizationID, ObjectID, SubjectID string
	Action                              string // such as key.revoke
	From, Until                         time.Time
}

func (f AuditFilter) query(page Page) query {
	return page.query().text("organization_id", f.OrganizationID).text("object_id", f.ObjectID).text("subject_id", f.SubjectID).
		text("action", f.Action).time("from", f.From).time("until", f.Until)
}

// List returns a page of audit events, the newest first.
func (s *AuditService) List(ctx context.Context, f AuditFilter) (List[AuditEvent], error) {
	return s.page(ctx, f, f.Page)
}

// All yields all audit events that the filter lets through.
func (s *AuditService) All(ctx context.Context, f AuditFilter) iter.Seq2[AuditEvent, error] {
	return walk(f.Page, func(p Page) (List[AuditEvent], error) { return s.page(ctx, f, p) })
}

func (s *AuditService) page(ctx context.Context, f AuditFilter, p Page) (List[AuditEvent], error) {
	return call[List[AuditEvent]](ctx, s.c, request{method: "GET", path: "/api/audit-events", query: f.query(p).values()})
}

// UsageService counts verifications.
type UsageService struct{ c *Client }

// UsageQuery says which usage, and how it is grouped. The zero UsageQuery asks
// for the last 24 hours.
type UsageQuery struct {
	OrganizationID, ServiceAccountID string // not of the usage of one key
	From, To                         time.Time
	Interval                         string // minute, hour or day
	GroupBy                          string // key, service_account, code or scope
}

func (q UsageQuery) query() query {
	return query{}.text("organization_id", q.OrganizationID).text("service_account_id", q.ServiceAccountID).
		time("from", q.From).time("to", q.To).text("interval", q.Interval).text("group_by", q.GroupBy)
}

const usagePath = "/api/usage"

// Get returns how often verification had which outcome.
func (s *UsageService) Get(ctx context.Context, q UsageQuery) (UsageReport, error) {
	return call[UsageReport](ctx, s.c, request{method: "GET", path: usagePath, query: q.query().text("format", "json").values()})
}

// CSV returns the same as comma-separated values.
func (s *UsageService) CSV(ctx context.Context, q UsageQuery) ([]byte, error) {
	return call[[]byte](ctx, s.c, request{method: "GET", path: usagePath, query: q.query().text("format", "csv").values()})
}

// NodesService tells which processes serve.
type NodesService struct{ c *Client }

// List returns the nodes. For the provider's staff.
func (s *NodesService) List(ctx context.Context) ([]Node, error) {
	return items(call[List[Node]](ctx, s.c, request{method: "GET", path: "/api/nodes"}))
}

// ServiceService is about the service itself.
type ServiceService struct{ c *Client }

// Alive is a node that answers, and which build it is.
type Alive struct {
	Status  string    `json:"status"`
	Version string    `json:"version"`
	Commit  string    `json:"commit"`
	Date    time.Time `json:"date,omitzero"`
}

// Readiness is what a node leans on, and how well that does: ok, degraded or
// down.
type Readiness struct {
	Status string                `json:"status"`
	Checks map[string]PartHealth `json:"checks"`
}

// PartHealth is how well one part does.
type PartHealth struct {
	State              string   `json:"state"`
	LastSuccessSeconds *float64 `json:"last_success_seconds"` // nil: never
	Error              string   `json:"error"`                // timeout, unavailable or failed
	Mode               string   `json:"mode"`                 // how limits are decided now
}

// Health returns which build answers.
func (s *ServiceService) Health(ctx context.Context) (Alive, error) {
	return call[Alive](ctx, s.c, request{method: "GET", path: "/healthz", anonymous: true})
}

// Ready returns how well the node does. One that is down is no error.
func (s *ServiceService) Ready(ctx context.Context) (Readiness, error) {
	return call[Readiness](ctx, s.c, request{
		method: "GET", path: "/readyz", anonymous: true,
		refusals: func(a *answer) bool { return a.status == 503 && mediaType(a.header) == "application/json" },
	})
}

// Metrics returns the metrics for Prometheus.
func (s *ServiceService) Metrics(ctx context.Context) ([]byte, error) {
	return call[[]byte](ctx, s.c, request{method: "GET", path: "/metrics"})
}

// Contract returns the service's openapi.yaml.
func (s *ServiceService) Contract(ctx context.Context) ([]byte, error) {
	return call[[]byte](ctx, s.c, request{method: "GET", path: "/openapi.yaml", anonymous: true})
}
