package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// What only the provider's staff does, beside incidents.

func (a *API) setOverride(c *gin.Context) error {
	var in client.Override
	if _, err := bind(c, &in); err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	account, err := a.Keys.SetOverride(c.Request.Context(), principal(c), c.Param("id"), rev, &keys.Override{
		KeyRateLimit: ruleIn(in.KeyRateLimit), RateLimit: ruleIn(in.RateLimit), Quota: quotaIn(in.Quota), Until: timeIn(in.Until), Note: in.Note,
	})
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, account.Revision, accountOut(&account))
}

func (a *API) endOverride(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	account, err := a.Keys.SetOverride(c.Request.Context(), principal(c), c.Param("id"), rev, nil)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, account.Revision, accountOut(&account))
}

// findKeys takes what is looked for in the body: an address is written down in
// too many places for a key to be in it.
func (a *API) findKeys(c *gin.Context) error {
	var in client.FindKeys
	if _, err := bind(c, &in); err != nil {
		return err
	}
	found, err := a.Keys.FindAny(c.Request.Context(), principal(c), in.Find)
	if err != nil {
		return err
	}
	out := client.List[client.Key]{Items: make([]client.Key, len(found))}
	for i := range found {
		out.Items[i] = a.keyOut(&found[i])
	}
	return answer(c, http.StatusOK, out)
}

// previewTier tells what a patch of the tier would do.
func (a *API) previewTier(c *gin.Context) error {
	change, err := merge[client.TierSettings](c)
	if err != nil {
		return err
	}
	ctx, name := c.Request.Context(), c.Param("name")
	t, err := a.Keys.Tier(ctx, name)
	if err != nil {
		return err
	}
	fields, err := edit(change, tierSettings, tierFields)(t.TierFields)
	if err != nil {
		return err
	}
	impact, err := a.Keys.TierImpact(ctx, principal(c), name, fields)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.TierImpact(impact))
}

func (a *API) scopeHolders(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	ctx, name := c.Request.Context(), c.Param("name")
	s, err := a.Keys.Scope(ctx, name)
	if err != nil {
		return err
	}
	use, err := a.Keys.ScopesUse(ctx, principal(c), []string{s.Name})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.ScopeHolders(*use[s.Name]))
}

// standardKeep is how long the old name of a scope works when the request does
// not say.
const standardKeep = 30 * 24 * time.Hour

func (a *API) renameScope(c *gin.Context) error {
	in := client.RenameScope{Keep: client.Duration(standardKeep)}
	if _, err := bind(c, &in); err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	ctx, who := c.Request.Context(), principal(c)
	s, err := a.Keys.RenameScope(ctx, who, c.Param("name"), rev, in.Name, time.Duration(in.Keep))
	if err != nil {
		return err
	}
	if _, err := a.Keys.RenameStep(ctx, who); err != nil { // what is left is done behind, on one node
		return err
	}
	// The step may have changed the scope, or ended it.
	if now, err := a.Keys.Scope(ctx, s.Name); err == nil {
		s = now
	} else if !errors.Is(err, errs.NotFound) {
		return err
	}
	return show(c, http.StatusOK, s.Revision, scopeOut(&s))
}

func (a *API) retireScope(retired bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		rev, err := condition(c)
		if err != nil {
			return err
		}
		s, err := a.Keys.RetireScope(c.Request.Context(), principal(c), c.Param("name"), rev, retired)
		if err != nil {
			return err
		}
		return show(c, http.StatusOK, s.Revision, scopeOut(&s))
	}
}
