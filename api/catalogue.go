package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

func (a *API) listTiers(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]keys.Tier, error) {
		return a.Keys.Tiers(c.Request.Context(), p)
	}, tierOut, func(t *keys.Tier) string { return t.Name })
}

func (a *API) createTier(c *gin.Context) error {
	in := client.CreateTier{TierSettings: client.TierSettings{MaxKeys: keys.DefaultMaxKeys}}
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	t, err := once(a, c, body, object[keys.Tier]{
		newID: func() string { return in.Name },
		make: withID(func(ctx context.Context, _ string) (keys.Tier, error) {
			return a.Keys.CreateTier(ctx, principal(c), in.Name, tierFields(in.TierSettings))
		}),
		find: a.Keys.Tier,
	})
	if err != nil {
		return err
	}
	return created(c, "/api/tiers/"+t.Name, t.Revision, tierOut(&t))
}

func (a *API) getTier(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	t, err := a.Keys.Tier(c.Request.Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return show(c, 200, t.Revision, tierOut(&t))
}

func (a *API) patchTier(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.TierSettings](c)
	if err != nil {
		return err
	}
	t, err := a.Keys.ChangeTier(c.Request.Context(), principal(c), c.Param("name"), rev, edit(change, tierSettings, tierFields))
	if err != nil {
		return err
	}
	return show(c, 200, t.Revision, tierOut(&t))
}

func (a *API) deleteTier(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.Keys.DeleteTier(c.Request.Context(), principal(c), c.Param("name"), rev))
}

func (a *API) listScopes(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]keys.Scope, error) {
		return a.Keys.Scopes(c.Request.Context(), p)
	}, scopeOut, func(s *keys.Scope) string { return s.Name })
}

func (a *API) createScope(c *gin.Context) error {
	var in client.CreateScope
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	s, err := once(a, c, body, object[keys.Scope]{
		newID: func() string { return in.Name },
		make: withID(func(ctx context.Context, _ string) (keys.Scope, error) {
			return a.Keys.CreateScope(ctx, principal(c), in.Name, scopeFields(in.ScopeSettings))
		}),
		find: a.Keys.Scope,
	})
	if err != nil {
		return err
	}
	return created(c, "/api/scopes/"+s.Name, s.Revision, scopeOut(&s))
}

func (a *API) getScope(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	s, err := a.Keys.Scope(c.Request.Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return show(c, 200, s.Revision, scopeOut(&s))
}

func (a *API) patchScope(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.ScopeSettings](c)
	if err != nil {
		return err
	}
	s, err := a.Keys.ChangeScope(c.Request.Context(), principal(c), c.Param("name"), rev, edit(change, scopeSettings, scopeFields))
	if err != nil {
		return err
	}
	return show(c, 200, s.Revision, scopeOut(&s))
}

func (a *API) deleteScope(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.Keys.DeleteScope(c.Request.Context(), principal(c), c.Param("name"), rev))
}
