package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

func (a *API) listAccounts(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	organization := q.Text("organization_id")
	f := keys.AccountFilter{Tier: q.Text("tier"), ExternalID: q.Typed("external_id"), OwnerID: q.Text("owner_id"), Text: q.Typed("q")}
	return list(c, q, func(p keys.Page) ([]keys.ServiceAccount, error) {
		return a.Keys.Accounts(c.Request.Context(), principal(c), organization, f, p)
	}, accountOut, func(x *keys.ServiceAccount) string { return x.ID })
}

func (a *API) createAccount(c *gin.Context) error {
	var in client.CreateServiceAccount
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	account, err := once(a, c, body, object[keys.ServiceAccount]{
		newID: func() string { return ids.New(ids.ServiceAccount) },
		make: withID(func(ctx context.Context, id string) (keys.ServiceAccount, error) {
			return a.Keys.CreateAccount(ctx, principal(c), id, in.OrganizationID, accountFields(in.ServiceAccountSettings))
		}),
		find: func(ctx context.Context, id string) (keys.ServiceAccount, error) {
			return a.Keys.Account(ctx, principal(c), id)
		},
	})
	if err != nil {
		return err
	}
	return created(c, "/api/service-accounts/"+account.ID, account.Revision, accountOut(&account))
}

func (a *API) getAccount(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	account, err := a.Keys.Account(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, 200, account.Revision, accountOut(&account))
}

func (a *API) patchAccount(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.ServiceAccountSettings](c)
	if err != nil {
		return err
	}
	account, err := a.Keys.ChangeAccount(c.Request.Context(), principal(c), c.Param("id"), rev, edit(change, accountSettings, accountFields))
	if err != nil {
		return err
	}
	return show(c, 200, account.Revision, accountOut(&account))
}

func (a *API) deleteAccount(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.Keys.DeleteAccount(c.Request.Context(), principal(c), c.Param("id"), rev))
}
