package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// organizationHandlers serve organizations.
type organizationHandlers struct {
	idempotency *idempotency.Keeper
	keys        *keys.Service
}

func (h *organizationHandlers) routes() []route {
	known, staff, may := auth.IsAuthenticated(), auth.IsAdminUser(), auth.HasScope
	organization := h.organization()
	return []route{
		{"GET", "/api/organizations", known, h.listOrganizations, guarded, nil},
		{"POST", "/api/organizations", staff, h.createOrganization, guarded, client.OrganizationSettings{}},
		{"GET", "/api/organizations/:id", known, organization.getObject, guarded, nil},
		{"PATCH", "/api/organizations/:id", may(keys.WriteOrganization), organization.patchObject, guarded, client.OrganizationSettings{}},
		{"PUT", "/api/organizations/:id", may(keys.WriteOrganization), organization.patchObject, guarded, client.OrganizationSettings{}},
		{"DELETE", "/api/organizations/:id", staff, organization.deleteObject, guarded, nil},
	}
}

// organization returns the resource for organizations.
func (h *organizationHandlers) organization() resource[keys.Organization, keys.OrganizationFields, client.Organization,
	client.OrganizationSettings] {
	return resource[keys.Organization, keys.OrganizationFields, client.Organization, client.OrganizationSettings]{
		get: func(c *gin.Context) (keys.Organization, error) {
			return h.keys.Organization(c.Request.Context(), principal(c), c.Param("id"))
		},
		change: func(c *gin.Context, revision int64, edit func(keys.OrganizationFields) (keys.OrganizationFields, error)) (keys.Organization,
			error,
		) {
			return h.keys.ChangeOrganization(c.Request.Context(), principal(c), c.Param("id"), revision, edit)
		},
		remove: func(c *gin.Context, revision int64) error {
			return h.keys.DeleteOrganization(c.Request.Context(), principal(c), c.Param("id"), revision)
		},
		path:     func(o *keys.Organization) string { return "/api/organizations/" + o.ID },
		revision: func(o *keys.Organization) int64 { return o.Revision },
		out:      organizationOut, settings: organizationSettings, fields: organizationFields,
	}
}

func (h *organizationHandlers) listOrganizations(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	f := keys.OrganizationFilter{Text: q.Typed("q")}
	return list(c, q, func(p keys.Page) ([]keys.Organization, error) {
		return h.keys.Organizations(c.Request.Context(), principal(c), f, p)
	}, organizationOut, func(o *keys.Organization) string { return o.ID })
}

func (h *organizationHandlers) createOrganization(c *gin.Context) error {
	var in client.OrganizationSettings
	return h.organization().create(c, h.idempotency, &in, object[keys.Organization]{
		newID: func() string { return ids.New(ids.Organization) },
		make: withID(func(ctx context.Context, id string) (keys.Organization, error) {
			return h.keys.CreateOrganization(ctx, principal(c), id, organizationFields(in))
		}),
		find: func(ctx context.Context, id string) (keys.Organization, error) {
			return h.keys.Organization(ctx, principal(c), id)
		},
	})
}
