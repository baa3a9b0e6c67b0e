package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
)

// tierHandlers serve tiers.
type tierHandlers struct {
	idempotency *idempotency.Keeper
	keys        *keys.Service
}

func (h *tierHandlers) routes() []route {
	known, staff := auth.IsAuthenticated(), auth.IsAdminUser()
	return []route{
		{"GET", "/api/tiers", known, h.listTiers, guarded, nil},
		{"POST", "/api/tiers", staff, h.createTier, guarded, client.CreateTier{}},
		{"GET", "/api/tiers/:name", known, h.getTier, guarded, nil},
		{"PATCH", "/api/tiers/:name", staff, h.patchTier, guarded, client.TierSettings{}},
		{"PUT", "/api/tiers/:name", staff, h.patchTier, guarded, client.TierSettings{}},
		{"DELETE", "/api/tiers/:name", staff, h.deleteTier, guarded, nil},
		{"POST", "/api/tiers/:name/preview", staff, h.previewTier, guarded, client.TierSettings{}},
	}
}

func (h *tierHandlers) listTiers(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]keys.Tier, error) {
		return h.keys.Tiers(c.Request.Context(), p)
	}, tierOut, func(t *keys.Tier) string { return t.Name })
}

func (h *tierHandlers) createTier(c *gin.Context) error {
	in := client.CreateTier{TierSettings: client.TierSettings{MaxKeys: keys.DefaultMaxKeys}}
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	t, err := once(h.idempotency, c, body, object[keys.Tier]{
		newID: func() string { return in.Name },
		make: withID(func(ctx context.Context, _ string) (keys.Tier, error) {
			return h.keys.CreateTier(ctx, principal(c), in.Name, tierFields(in.TierSettings))
		}),
		find: h.keys.Tier,
	})
	if err != nil {
		return err
	}
	return created(c, "/api/tiers/"+t.Name, t.Revision, tierOut(&t))
}

func (h *tierHandlers) getTier(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	t, err := h.keys.Tier(c.Request.Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return show(c, 200, t.Revision, tierOut(&t))
}

func (h *tierHandlers) patchTier(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.TierSettings](c)
	if err != nil {
		return err
	}
	t, err := h.keys.ChangeTier(c.Request.Context(), principal(c), c.Param("name"), rev, edit(change, tierSettings, tierFields))
	if err != nil {
		return err
	}
	return show(c, 200, t.Revision, tierOut(&t))
}

func (h *tierHandlers) deleteTier(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.keys.DeleteTier(c.Request.Context(), principal(c), c.Param("name"), rev))
}

// previewTier tells what a patch of the tier would do.
func (h *tierHandlers) previewTier(c *gin.Context) error {
	change, err := merge[client.TierSettings](c)
	if err != nil {
		return err
	}
	ctx, name := c.Request.Context(), c.Param("name")
	t, err := h.keys.Tier(ctx, name)
	if err != nil {
		return err
	}
	fields, err := edit(change, tierSettings, tierFields)(t.TierFields)
	if err != nil {
		return err
	}
	impact, err := h.keys.TierImpact(ctx, principal(c), name, fields)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.TierImpact(impact))
}
