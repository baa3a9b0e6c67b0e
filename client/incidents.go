package client

import (
	"context"
	"iter"
)

// IncidentsService disables or revokes many keys at once. It is for the
// provider's staff.
type IncidentsService struct{ c *Client }

const (
	incidentsPath = "/api/incidents"
	incidentPath  = "/api/incidents/{id}"
)

// Create makes a dry run, or starts what a dry run has shown. Either continues
// after the response: poll Get until the state is planned or done.
func (s *IncidentsService) Create(ctx context.Context, in CreateIncident) (Incident, error) {
	return call[Incident](ctx, s.c, request{method: "POST", path: incidentsPath, body: in})
}

// List returns a page of incidents and dry runs without their keys, the newest first.
func (s *IncidentsService) List(ctx context.Context, p Page) (List[Incident], error) {
	return call[List[Incident]](ctx, s.c, request{method: "GET", path: incidentsPath, query: p.query().values()})
}

// All yields all incidents and dry runs.
func (s *IncidentsService) All(ctx context.Context) iter.Seq2[Incident, error] {
	return walk(Page{}, func(p Page) (List[Incident], error) { return s.List(ctx, p) })
}

// Get returns an incident with a page of its keys; pages run from 1 to
// Incident.Pages.
func (s *IncidentsService) Get(ctx context.Context, id string, page int) (Incident, error) {
	q := query{}.whole("page", page)
	return call[Incident](ctx, s.c, request{method: "GET", path: incidentPath, params: []string{id}, query: q.values()})
}

// Continue resumes an incident whose process has stopped.
func (s *IncidentsService) Continue(ctx context.Context, id string) (Incident, error) {
	return call[Incident](ctx, s.c, request{method: "POST", path: incidentPath + "/continue", params: []string{id}})
}

// Undo enables the keys that the incident has disabled.
func (s *IncidentsService) Undo(ctx context.Context, id string) (Incident, error) {
	return call[Incident](ctx, s.c, request{method: "POST", path: incidentPath + "/undo", params: []string{id}})
}
