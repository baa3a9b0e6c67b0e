package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

func (a *API) listOrganizations(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	f := keys.OrganizationFilter{Text: q.Typed("q")}
	return list(c, q, func(p keys.Page) ([]keys.Organization, error) {
		return a.Keys.Organizations(c.Request.Context(), principal(c), f, p)
	}, organizationOut, func(o *keys.Organization) string { return o.ID })
}

func (a *API) createOrganization(c *gin.Context) error {
	var in client.OrganizationSettings
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	o, err := once(a, c, body, object[keys.Organization]{
		newID: func() string { return ids.New(ids.Organization) },
		make: withID(func(ctx context.Context, id string) (keys.Organization, error) {
			return a.Keys.CreateOrganization(ctx, principal(c), id, organizationFields(in))
		}),
		find: func(ctx context.Context, id string) (keys.Organization, error) {
			return a.Keys.Organization(ctx, principal(c), id)
		},
	})
	if err != nil {
		return err
	}
	return created(c, "/api/organizations/"+o.ID, o.Revision, organizationOut(&o))
}

func (a *API) getOrganization(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	o, err := a.Keys.Organization(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, 200, o.Revision, organizationOut(&o))
}

func (a *API) patchOrganization(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.OrganizationSettings](c)
	if err != nil {
		return err
	}
	o, err := a.Keys.ChangeOrganization(c.Request.Context(), principal(c), c.Param("id"), rev, edit(change, organizationSettings, organizationFields))
	if err != nil {
		return err
	}
	return show(c, 200, o.Revision, organizationOut(&o))
}

func (a *API) deleteOrganization(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.Keys.DeleteOrganization(c.Request.Context(), principal(c), c.Param("id"), rev))
}
