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
	return []route{
		{"GET", "/api/organizations", known, h.listOrganizations, guarded, nil},
		{"POST", "/api/organizations", staff, h.createOrganization, guarded, client.OrganizationSettings{}},
		{"GET", "/api/organizations/:id", known, h.getOrganization, guarded, nil},
		{"PATCH", "/api/organizations/:id", may(keys.WriteOrganization), h.patchOrganization, guarded, client.OrganizationSettings{}},
		{"PUT", "/api/organizations/:id", may(keys.WriteOrganization), h.patchOrganization, guarded, client.OrganizationSettings{}},
		{"DELETE", "/api/organizations/:id", staff, h.deleteOrganization, guarded, nil},
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
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	o, err := once(h.idempotency, c, body, object[keys.Organization]{
		newID: func() string { return ids.New(ids.Organization) },
		make: withID(func(ctx context.Context, id string) (keys.Organization, error) {
			return h.keys.CreateOrganization(ctx, principal(c), id, organizationFields(in))
		}),
		find: func(ctx context.Context, id string) (keys.Organization, error) {
			return h.keys.Organization(ctx, principal(c), id)
		},
	})
	if err != nil {
		return err
	}
	return created(c, "/api/organizations/"+o.ID, o.Revision, organizationOut(&o))
}

func (h *organizationHandlers) getOrganization(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	o, err := h.keys.Organization(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, 200, o.Revision, organizationOut(&o))
}

func (h *organizationHandlers) patchOrganization(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.OrganizationSettings](c)
	if err != nil {
		return err
	}
	o, err := h.keys.ChangeOrganization(c.Request.Context(), principal(c), c.Param("id"), rev, edit(change, organizationSettings, organizationFields))
	if err != nil {
		return err
	}
	return show(c, 200, o.Revision, organizationOut(&o))
}

func (h *organizationHandlers) deleteOrganization(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.keys.DeleteOrganization(c.Request.Context(), principal(c), c.Param("id"), rev))
}
