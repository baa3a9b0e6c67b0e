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
	tier := h.tier()
	return []route{
		{"GET", "/api/tiers", known, h.listTiers, guarded, nil},
		{"POST", "/api/tiers", staff, h.createTier, guarded, client.CreateTier{}},
		{"GET", "/api/tiers/:name", known, tier.getObject, guarded, nil},
		{"PATCH", "/api/tiers/:name", staff, tier.patchObject, guarded, client.TierSettings{}},
		{"PUT", "/api/tiers/:name", staff, tier.patchObject, guarded, client.TierSettings{}},
		{"DELETE", "/api/tiers/:name", staff, tier.deleteObject, guarded, nil},
		{"POST", "/api/tiers/:name/preview", staff, h.previewTier, guarded, client.TierSettings{}},
	}
}

// tier returns the resource for tiers.
func (h *tierHandlers) tier() resource[keys.Tier, keys.TierFields, client.Tier, client.TierSettings] {
	return resource[keys.Tier, keys.TierFields, client.Tier, client.TierSettings]{
		get: func(c *gin.Context) (keys.Tier, error) {
			return h.keys.Tier(c.Request.Context(), c.Param("name"))
		},
		change: func(c *gin.Context, revision int64, edit func(keys.TierFields) (keys.TierFields, error)) (keys.Tier, error) {
			return h.keys.ChangeTier(c.Request.Context(), principal(c), c.Param("name"), revision, edit)
		},
		remove: func(c *gin.Context, revision int64) error {
			return h.keys.DeleteTier(c.Request.Context(), principal(c), c.Param("name"), revision)
		},
		path:     func(t *keys.Tier) string { return "/api/tiers/" + t.Name },
		revision: func(t *keys.Tier) int64 { return t.Revision },
		out:      tierOut, settings: tierSettings, fields: tierFields,
	}
}

func (h *tierHandlers) listTiers(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]keys.Tier, error) {
		return h.keys.Tiers(c.Request.Context(), p)
	}, tierOut, func(t *keys.Tier) string { return t.Name })
}

func (h *tierHandlers) createTier(c *gin.Context) error {
	in := client.CreateTier{TierSettings: client.TierSettings{MaxKeys: keys.DefaultMaxKeys}}
	return h.tier().create(c, h.idempotency, &in, object[keys.Tier]{
		newID: func() string { return in.Name },
		make: withID(func(ctx context.Context, _ string) (keys.Tier, error) {
			return h.keys.CreateTier(ctx, principal(c), in.Name, tierFields(in.TierSettings))
		}),
		find: h.keys.Tier,
	})
}

// previewTier reports what a patch of the tier would change.
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
