package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
)

// scopeHandlers serve the scope catalogue.
type scopeHandlers struct {
	idempotency *idempotency.Keeper
	keys        *keys.Service
}

func (h *scopeHandlers) routes() []route {
	known, staff := auth.IsAuthenticated(), auth.IsAdminUser()
	scope := h.scope()
	return []route{
		{"GET", "/api/scopes", known, h.listScopes, guarded, nil},
		{"POST", "/api/scopes", staff, h.createScope, guarded, client.CreateScope{}},
		{"GET", "/api/scopes/:name", known, scope.getObject, guarded, nil},
		{"PATCH", "/api/scopes/:name", staff, scope.patchObject, guarded, client.ScopeSettings{}},
		{"PUT", "/api/scopes/:name", staff, scope.patchObject, guarded, client.ScopeSettings{}},
		{"DELETE", "/api/scopes/:name", staff, scope.deleteObject, guarded, nil},
		{"GET", "/api/scopes/:name/holders", staff, h.scopeHolders, guarded, nil},
		{"POST", "/api/scopes/:name/rename", staff, h.renameScope, guarded, client.RenameScope{Keep: client.Duration(standardKeep)}},
		{"POST", "/api/scopes/:name/retire", staff, h.retireScope(true), guarded, nil},
		{"POST", "/api/scopes/:name/restore", staff, h.retireScope(false), guarded, nil},
	}
}

// scope returns the resource for scopes.
func (h *scopeHandlers) scope() resource[keys.Scope, keys.ScopeFields, client.Scope, client.ScopeSettings] {
	return resource[keys.Scope, keys.ScopeFields, client.Scope, client.ScopeSettings]{
		get: func(c *gin.Context) (keys.Scope, error) {
			return h.keys.Scope(c.Request.Context(), c.Param("name"))
		},
		change: func(c *gin.Context, revision int64, edit func(keys.ScopeFields) (keys.ScopeFields, error)) (keys.Scope, error) {
			return h.keys.ChangeScope(c.Request.Context(), principal(c), c.Param("name"), revision, edit)
		},
		remove: func(c *gin.Context, revision int64) error {
			return h.keys.DeleteScope(c.Request.Context(), principal(c), c.Param("name"), revision)
		},
		path:     func(s *keys.Scope) string { return "/api/scopes/" + s.Name },
		revision: func(s *keys.Scope) int64 { return s.Revision },
		out:      scopeOut, settings: scopeSettings, fields: scopeFields,
	}
}

func (h *scopeHandlers) listScopes(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]keys.Scope, error) {
		return h.keys.Scopes(c.Request.Context(), p)
	}, scopeOut, func(s *keys.Scope) string { return s.Name })
}

func (h *scopeHandlers) createScope(c *gin.Context) error {
	var in client.CreateScope
	return h.scope().create(c, h.idempotency, &in, object[keys.Scope]{
		newID: func() string { return in.Name },
		make: withID(func(ctx context.Context, _ string) (keys.Scope, error) {
			return h.keys.CreateScope(ctx, principal(c), in.Name, scopeFields(in.ScopeSettings))
		}),
		find: h.keys.Scope,
	})
}

func (h *scopeHandlers) scopeHolders(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	ctx, name := c.Request.Context(), c.Param("name")
	s, err := h.keys.Scope(ctx, name)
	if err != nil {
		return err
	}
	use, err := h.keys.ScopesUse(ctx, principal(c), []string{s.Name})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.ScopeHolders(*use[s.Name]))
}

func (h *scopeHandlers) renameScope(c *gin.Context) error {
	in := client.RenameScope{Keep: client.Duration(standardKeep)}
	if _, err := bind(c, &in); err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	ctx, who := c.Request.Context(), principal(c)
	s, err := h.keys.RenameScope(ctx, who, c.Param("name"), rev, in.Name, time.Duration(in.Keep))
	if err != nil {
		return err
	}
	if _, err := h.keys.RenameStep(ctx, who); err != nil { // one node does the rest in the background
		return err
	}
	// The step may have changed or removed the scope.
	if now, err := h.keys.Scope(ctx, s.Name); err == nil {
		s = now
	} else if !errors.Is(err, errs.NotFound) {
		return err
	}
	return show(c, http.StatusOK, s.Revision, scopeOut(&s))
}

func (h *scopeHandlers) retireScope(retired bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		rev, err := condition(c)
		if err != nil {
			return err
		}
		s, err := h.keys.RetireScope(c.Request.Context(), principal(c), c.Param("name"), rev, retired)
		return h.scope().answer(c, s, err)
	}
}

// standardKeep is how long a scope's old name works if the request does not say.
const standardKeep = 30 * 24 * time.Hour
