package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// accountHandlers serve service accounts.
type accountHandlers struct {
	idempotency *idempotency.Keeper
	keys        *keys.Service
}

func (h *accountHandlers) routes() []route {
	staff, may := auth.IsAdminUser(), auth.HasScope
	return []route{
		{"GET", "/api/service-accounts", may(keys.ReadAccounts), h.listAccounts, guarded, nil},
		{"POST", "/api/service-accounts", may(keys.WriteAccounts), h.createAccount, guarded, client.CreateServiceAccount{ServiceAccountSettings: client.ServiceAccountSettings{Scopes: []string{}, AllowedNetworks: []string{}}}},
		{"GET", "/api/service-accounts/:id", may(keys.ReadAccounts), h.getAccount, guarded, nil},
		{"PATCH", "/api/service-accounts/:id", may(keys.WriteAccounts), h.patchAccount, guarded, client.ServiceAccountSettings{}},
		{"PUT", "/api/service-accounts/:id", may(keys.WriteAccounts), h.patchAccount, guarded, client.ServiceAccountSettings{}},
		{"DELETE", "/api/service-accounts/:id", may(keys.WriteAccounts), h.deleteAccount, guarded, nil},
		{"PUT", "/api/service-accounts/:id/override", staff, h.setOverride, guarded, client.Override{}},
		{"POST", "/api/service-accounts/:id/limits/reset", staff, h.resetAccountLimits, guarded, nil},
		{"DELETE", "/api/service-accounts/:id/override", staff, h.endOverride, guarded, nil},
		{"GET", "/api/clients", may(keys.ReadAccounts), h.listAccounts, guarded, nil},
	}
}

func (h *accountHandlers) listAccounts(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	organization := q.Text("organization_id")
	f := keys.AccountFilter{Tier: q.Text("tier"), ExternalID: q.Typed("external_id"), OwnerID: q.Text("owner_id"), Text: q.Typed("q")}
	return list(c, q, func(p keys.Page) ([]keys.ServiceAccount, error) {
		return h.keys.Accounts(c.Request.Context(), principal(c), organization, f, p)
	}, accountOut, func(x *keys.ServiceAccount) string { return x.ID })
}

func (h *accountHandlers) createAccount(c *gin.Context) error {
	var in client.CreateServiceAccount
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	account, err := once(h.idempotency, c, body, object[keys.ServiceAccount]{
		newID: func() string { return ids.New(ids.ServiceAccount) },
		make: withID(func(ctx context.Context, id string) (keys.ServiceAccount, error) {
			return h.keys.CreateAccount(ctx, principal(c), id, in.OrganizationID, accountFields(in.ServiceAccountSettings))
		}),
		find: func(ctx context.Context, id string) (keys.ServiceAccount, error) {
			return h.keys.Account(ctx, principal(c), id)
		},
	})
	if err != nil {
		return err
	}
	return created(c, "/api/service-accounts/"+account.ID, account.Revision, accountOut(&account))
}

func (h *accountHandlers) getAccount(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	account, err := h.keys.Account(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, 200, account.Revision, accountOut(&account))
}

func (h *accountHandlers) patchAccount(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.ServiceAccountSettings](c)
	if err != nil {
		return err
	}
	account, err := h.keys.ChangeAccount(c.Request.Context(), principal(c), c.Param("id"), rev, edit(change, accountSettings, accountFields))
	if err != nil {
		return err
	}
	return show(c, 200, account.Revision, accountOut(&account))
}

func (h *accountHandlers) deleteAccount(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.keys.DeleteAccount(c.Request.Context(), principal(c), c.Param("id"), rev))
}

// resetAccountLimits lets the limits and the quota of a service account, and
// those of its keys, begin anew.
func (h *accountHandlers) resetAccountLimits(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	account, err := h.keys.ResetAccountLimits(c.Request.Context(), principal(c), c.Param("id"), rev)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, account.Revision, accountOut(&account))
}

func (h *accountHandlers) setOverride(c *gin.Context) error {
	var in client.Override
	if _, err := bind(c, &in); err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	account, err := h.keys.SetOverride(c.Request.Context(), principal(c), c.Param("id"), rev, &keys.Override{
		KeyRateLimit: ruleIn(in.KeyRateLimit), RateLimit: ruleIn(in.RateLimit), Quota: quotaIn(in.Quota), Until: timeIn(in.Until), Note: in.Note,
	})
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, account.Revision, accountOut(&account))
}

func (h *accountHandlers) endOverride(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	account, err := h.keys.SetOverride(c.Request.Context(), principal(c), c.Param("id"), rev, nil)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, account.Revision, accountOut(&account))
}
