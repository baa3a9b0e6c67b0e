package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// keyHandlers serve keys.
type keyHandlers struct {
	idempotency *idempotency.Keeper
	keys        *keys.Service
	now         func() time.Time
}

func (h *keyHandlers) routes() []route {
	staff, may := auth.IsAdminUser(), auth.HasScope
	return []route{
		{"GET", "/api/keys", may(keys.ReadKeys), h.listKeys, guarded, nil},
		{
			"POST", "/api/keys", may(keys.WriteKeys), h.createKey, guarded, client.CreateKey{
				Environment: string(keys.Live),
				KeySettings: client.KeySettings{AllowedNetworks: []string{}},
			},
		},
		{"POST", "/api/keys/find", staff, h.findKeys, guarded, client.FindKeys{}},
		{"GET", "/api/keys/:id", may(keys.ReadKeys), h.getKey, guarded, nil},
		{"PATCH", "/api/keys/:id", may(keys.WriteKeys), h.patchKey, guarded, client.KeySettings{}},
		{"PUT", "/api/keys/:id", may(keys.WriteKeys), h.patchKey, guarded, client.KeySettings{}},
		{"DELETE", "/api/keys/:id", may(keys.WriteKeys), h.deleteKey, guarded, nil},
		{"POST", "/api/keys/:id/rotate", may(keys.WriteKeys), h.rotateKey, guarded, client.RotateKey{}},
		{"POST", "/api/keys/:id/limits/reset", staff, h.resetKeyLimits, guarded, nil},
		{"POST", "/api/keys/:id/revoke", may(keys.WriteKeys), h.revokeKey, guarded, client.RevokeKey{}},
	}
}

func (h *keyHandlers) listKeys(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	query := keys.KeyQuery{
		OrganizationID: q.Text("organization_id"), ServiceAccountID: q.Text("service_account_id"),
		Environment:    keys.Environment(q.OneOf("environment", "live", "test")),
		Status:         keys.Status(q.OneOf("status", "active", "disabled", "not_yet_valid", "expired", "revoked")),
		ExpiringBefore: q.Time("expiring_before"), Text: q.Typed("q"),
	}
	return list(c, q, func(p keys.Page) ([]keys.Key, error) {
		return h.keys.Keys(c.Request.Context(), principal(c), query, p)
	}, h.keyOut, func(k *keys.Key) string { return k.ID })
}

// issued is a key with its secret, which is empty when the request is a repeat.
type issued struct {
	key    keys.Key
	secret keys.Secret
}

func (h *keyHandlers) createKey(c *gin.Context) error {
	var in client.CreateKey
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	made, err := once(h.idempotency, c, body, h.issuing(c, func(ctx context.Context, claim keys.Claim) (keys.Key, keys.Secret, error) {
		return h.keys.Issue(ctx, principal(c), keys.IssueInput{
			Claim: claim, ServiceAccountID: in.ServiceAccountID, Environment: keys.Environment(in.Environment), KeyFields: keyFields(in.KeySettings),
		})
	}))
	if err != nil {
		return err
	}
	return h.showIssued(c, made)
}

// issuing makes keys with an id per try: a store sharded by digest could hold two
// keys with the same id.
func (h *keyHandlers) issuing(c *gin.Context, make func(context.Context, keys.Claim) (keys.Key, keys.Secret, error)) object[issued] {
	return object[issued]{
		newID:  func() string { return ids.New(ids.Key) },
		perTry: true,
		make: func(ctx context.Context, t *idempotency.Try) (i issued, err error) {
			var claim keys.Claim // nil rather than a nil *Try
			if t != nil {
				claim = t
			}
			i.key, i.secret, err = make(ctx, claim)
			return i, err
		},
		find: func(ctx context.Context, id string) (i issued, err error) {
			i.key, err = h.keys.Key(ctx, principal(c), id)
			return i, err
		},
	}
}

func (h *keyHandlers) showIssued(c *gin.Context, i issued) error {
	return created(c, "/api/keys/"+i.key.ID, i.key.Revision, client.IssuedKey{Key: h.keyOut(&i.key), Secret: i.secret.Reveal()})
}

func (h *keyHandlers) getKey(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	k, err := h.keys.Key(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, 200, k.Revision, h.keyOut(&k))
}

func (h *keyHandlers) patchKey(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.KeySettings](c)
	if err != nil {
		return err
	}
	k, err := h.keys.ChangeKey(c.Request.Context(), principal(c), c.Param("id"), rev, edit(change, keySettings, keyFields))
	if err != nil {
		return err
	}
	return show(c, 200, k.Revision, h.keyOut(&k))
}

func (h *keyHandlers) deleteKey(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.keys.DeleteKey(c.Request.Context(), principal(c), c.Param("id"), rev))
}

// standardGrace is how long a rotated key keeps working if the request gives no
// grace period.
const standardGrace = 24 * time.Hour

func (h *keyHandlers) rotateKey(c *gin.Context) error {
	in := client.RotateKey{Grace: client.Duration(standardGrace)}
	body, err := bindOptional(c, &in)
	if err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	made, err := once(h.idempotency, c, body, h.issuing(c, func(ctx context.Context, claim keys.Claim) (keys.Key, keys.Secret, error) {
		return h.keys.Rotate(ctx, principal(c), c.Param("id"), keys.RotateInput{
			Claim: claim, Revision: rev, Grace: time.Duration(in.Grace),
			ExpiresAt: timeIn(in.ExpiresAt),
		})
	}))
	if err != nil {
		return err
	}
	return h.showIssued(c, made)
}

func (h *keyHandlers) revokeKey(c *gin.Context) error {
	var in client.RevokeKey
	if _, err := bindOptional(c, &in); err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	k, effect, err := h.keys.Revoke(c.Request.Context(), principal(c), c.Param("id"), rev, keys.RevokeReason(in.Reason), in.Note)
	if err != nil {
		return err
	}
	return show(c, 200, k.Revision, client.RevokedKey{
		Key: h.keyOut(&k), EffectiveEverywhereBy: effect.By, WaitingFor: waitingOut(effect.Waiting),
	})
}

// resetKeyLimits resets the limit of a key.
func (h *keyHandlers) resetKeyLimits(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	k, err := h.keys.ResetLimits(c.Request.Context(), principal(c), c.Param("id"), rev)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, k.Revision, h.keyOut(&k))
}

// findKeys takes the query in the body: URLs end up in too many logs to hold a
// key.
func (h *keyHandlers) findKeys(c *gin.Context) error {
	var in client.FindKeys
	if _, err := bind(c, &in); err != nil {
		return err
	}
	found, err := h.keys.FindAny(c.Request.Context(), principal(c), in.Find)
	if err != nil {
		return err
	}
	out := client.List[client.Key]{Items: make([]client.Key, len(found))}
	for i := range found {
		out.Items[i] = h.keyOut(&found[i])
	}
	return answer(c, http.StatusOK, out)
}

func (h *keyHandlers) keyOut(k *keys.Key) client.Key {
	return client.Key{
		ID: k.ID, OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID, Environment: string(k.Environment),
		Start: k.Start, Last4: k.Last4, Status: string(k.Status(h.now())), KeySettings: keySettings(k.KeyFields),
		RevokedAt: timeOut(k.RevokedAt), RevokeReason: textOut(k.RevokeReason), RevokeNote: textOut(k.RevokeNote),
		RotatedFrom: textOut(k.RotatedFrom), RotatedTo: textOut(k.RotatedTo), GraceUntil: timeOut(k.GraceUntil),
		LastUsedAt: timeOut(k.LastUsedAt), LastUsedIP: textOut(k.LastUsedIP), LastUsedUserAgent: textOut(k.LastUsedAgent),
		CreatedBy: k.CreatedBy, Stamps: stamps(&k.Stamp),
	}
}
