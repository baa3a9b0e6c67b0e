package client

import (
	"context"
	"iter"
	"time"
)

// AuditService reads the audit log.
type AuditService struct{ c *Client }

// AuditFilter narrows a list of audit events; zero fields do not restrict.
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

// List returns a page of audit events, newest first.
func (s *AuditService) List(ctx context.Context, f AuditFilter) (List[AuditEvent], error) {
	return s.page(ctx, f, f.Page)
}

// All yields all audit events that match the filter.
func (s *AuditService) All(ctx context.Context, f AuditFilter) iter.Seq2[AuditEvent, error] {
	return walk(f.Page, func(p Page) (List[AuditEvent], error) { return s.page(ctx, f, p) })
}

func (s *AuditService) page(ctx context.Context, f AuditFilter, p Page) (List[AuditEvent], error) {
	return call[List[AuditEvent]](ctx, s.c, request{method: "GET", path: "/api/audit-events", query: f.query(p).values()})
}

// UsageService reads usage: how often keys were verified.
type UsageService struct{ c *Client }

// UsageQuery selects usage and says how to group it. The zero UsageQuery selects
// the last 24 hours.
type UsageQuery struct {
	OrganizationID, ServiceAccountID string // not for the usage of one key
	From, To                         time.Time
	Interval                         string // minute, hour or day
	GroupBy                          string // key, service_account, code or scope
}

func (q UsageQuery) query() query {
	return query{}.text("organization_id", q.OrganizationID).text("service_account_id", q.ServiceAccountID).
		time("from", q.From).time("to", q.To).text("interval", q.Interval).text("group_by", q.GroupBy)
}

const usagePath = "/api/usage"

// Get returns the number of verifications by outcome.
func (s *UsageService) Get(ctx context.Context, q UsageQuery) (UsageReport, error) {
	return call[UsageReport](ctx, s.c, request{method: "GET", path: usagePath, query: q.query().text("format", "json").values()})
}

// CSV returns the same report as comma-separated values.
func (s *UsageService) CSV(ctx context.Context, q UsageQuery) ([]byte, error) {
	return call[[]byte](ctx, s.c, request{method: "GET", path: usagePath, query: q.query().text("format", "csv").values()})
}

// NodesService lists the processes that serve.
type NodesService struct{ c *Client }

// List returns the nodes. For the provider's staff.
func (s *NodesService) List(ctx context.Context) ([]Node, error) {
	return items(call[List[Node]](ctx, s.c, request{method: "GET", path: "/api/nodes"}))
}

// ServiceService reports on the service itself.
type ServiceService struct{ c *Client }

// Alive is the answer of a running node, with its build.
type Alive struct {
	Status  string    `json:"status"`
	Version string    `json:"version"`
	Commit  string    `json:"commit"`
	Date    time.Time `json:"date,omitzero"`
}

// Readiness is the state of a node and of the parts that it depends on: ok,
// degraded or down.
type Readiness struct {
	Status string                `json:"status"`
	Checks map[string]PartHealth `json:"checks"`
}

// PartHealth is the state of one part.
type PartHealth struct {
	State              string   `json:"state"`
	LastSuccessSeconds *float64 `json:"last_success_seconds"` // nil: never
	Error              string   `json:"error"`                // timeout, unavailable or failed
	Mode               string   `json:"mode"`                 // how limits are decided now
}

// Health returns the build of the node that answers.
func (s *ServiceService) Health(ctx context.Context) (Alive, error) {
	return call[Alive](ctx, s.c, request{method: "GET", path: "/healthz", anonymous: true})
}

// Ready returns the state of the node. It is not an error if the node is down.
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
