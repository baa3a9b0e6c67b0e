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

// accountHandlers serve service accounts.
type accountHandlers struct {
	idempotency *idempotency.Keeper
	keys        *keys.Service
}

func (h *accountHandlers) routes() []route {
	staff, may := auth.IsAdminUser(), auth.HasScope
	account := h.account()
	return []route{
		{"GET", "/api/service-accounts", may(keys.ReadAccounts), h.listAccounts, guarded, nil},
		{
			"POST", "/api/service-accounts", may(keys.WriteAccounts), h.createAccount, guarded,
			client.CreateServiceAccount{ServiceAccountSettings: client.ServiceAccountSettings{Scopes: []string{}, AllowedNetworks: []string{}}},
		},
		{"GET", "/api/service-accounts/:id", may(keys.ReadAccounts), account.getObject, guarded, nil},
		{"PATCH", "/api/service-accounts/:id", may(keys.WriteAccounts), account.patchObject, guarded, client.ServiceAccountSettings{}},
		{"PUT", "/api/service-accounts/:id", may(keys.WriteAccounts), account.patchObject, guarded, client.ServiceAccountSettings{}},
		{"DELETE", "/api/service-accounts/:id", may(keys.WriteAccounts), account.deleteObject, guarded, nil},
		{"PUT", "/api/service-accounts/:id/override", staff, h.setOverride, guarded, client.Override{}},
		{"POST", "/api/service-accounts/:id/limits/reset", staff, h.resetAccountLimits, guarded, nil},
		{"DELETE", "/api/service-accounts/:id/override", staff, h.endOverride, guarded, nil},
		{"GET", "/api/clients", may(keys.ReadAccounts), h.listAccounts, guarded, nil},
	}
}

// account returns the resource for service accounts.
func (h *accountHandlers) account() resource[keys.ServiceAccount, keys.AccountFields, client.ServiceAccount,
	client.ServiceAccountSettings] {
	return resource[keys.ServiceAccount, keys.AccountFields, client.ServiceAccount, client.ServiceAccountSettings]{
		get: func(c *gin.Context) (keys.ServiceAccount, error) {
			return h.keys.Account(c.Request.Context(), principal(c), c.Param("id"))
		},
		change: func(c *gin.Context, revision int64, edit func(keys.AccountFields) (keys.AccountFields, error)) (keys.ServiceAccount, error) {
			return h.keys.ChangeAccount(c.Request.Context(), principal(c), c.Param("id"), revision, edit)
		},
		remove: func(c *gin.Context, revision int64) error {
			return h.keys.DeleteAccount(c.Request.Context(), principal(c), c.Param("id"), revision)
		},
		path:     func(a *keys.ServiceAccount) string { return "/api/service-accounts/" + a.ID },
		revision: func(a *keys.ServiceAccount) int64 { return a.Revision },
		out:      accountOut, settings: accountSettings, fields: accountFields,
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
	return h.account().create(c, h.idempotency, &in, object[keys.ServiceAccount]{
		newID: func() string { return ids.New(ids.ServiceAccount) },
		make: withID(func(ctx context.Context, id string) (keys.ServiceAccount, error) {
			return h.keys.CreateAccount(ctx, principal(c), id, in.OrganizationID, accountFields(in.ServiceAccountSettings))
		}),
		find: func(ctx context.Context, id string) (keys.ServiceAccount, error) {
			return h.keys.Account(ctx, principal(c), id)
		},
	})
}

// resetAccountLimits resets the limits and quota of a service account and the
// limits of its keys.
func (h *accountHandlers) resetAccountLimits(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	account, err := h.keys.ResetAccountLimits(c.Request.Context(), principal(c), c.Param("id"), rev)
	return h.account().answer(c, account, err)
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
	return h.account().answer(c, account, err)
}

func (h *accountHandlers) endOverride(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	account, err := h.keys.SetOverride(c.Request.Context(), principal(c), c.Param("id"), rev, nil)
	return h.account().answer(c, account, err)
}
