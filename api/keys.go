package api

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

func (a *API) listKeys(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	query := keys.KeyQuery{
		OrganizationID: q.Text("organization_id"), ServiceAccountID: q.Text("service_account_id"),
		Environment:    keys.Environment(q.OneOf("environment", "live", "test")),
		Status:         keys.Status(q.OneOf("status", "active", "disabled", "not_yet_valid", "expired", "revoked")),
		ExpiringBefore: q.Time("expiring_before"), Text: q.Typed("q"),
	}
	return list(c, q, func(p keys.Page) ([]keys.Key, error) {
		return a.Keys.Keys(c.Request.Context(), principal(c), query, p)
	}, a.keyOut, func(k *keys.Key) string { return k.ID })
}

// issued is a key with its secret, which is empty for a repeated request.
type issued struct {
	key    keys.Key
	secret keys.Secret
}

func (a *API) createKey(c *gin.Context) error {
	var in client.CreateKey
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	made, err := once(a, c, body, a.issuing(c, func(ctx context.Context, claim keys.Claim) (keys.Key, keys.Secret, error) {
		return a.Keys.Issue(ctx, principal(c), keys.IssueInput{
			Claim: claim, ServiceAccountID: in.ServiceAccountID, Environment: keys.Environment(in.Environment), KeyFields: keyFields(in.KeySettings),
		})
	}))
	if err != nil {
		return err
	}
	return a.showIssued(c, made)
}

// issuing makes a key, of which a store that is sharded by the digest may hold
// two with one id.
func (a *API) issuing(c *gin.Context, make func(context.Context, keys.Claim) (keys.Key, keys.Secret, error)) object[issued] {
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
			i.key, err = a.Keys.Key(ctx, principal(c), id)
			return i, err
		},
	}
}

func (a *API) showIssued(c *gin.Context, i issued) error {
	return created(c, "/api/keys/"+i.key.ID, i.key.Revision, client.IssuedKey{Key: a.keyOut(&i.key), Secret: i.secret.Reveal()})
}

func (a *API) getKey(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	k, err := a.Keys.Key(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, 200, k.Revision, a.keyOut(&k))
}

func (a *API) patchKey(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.KeySettings](c)
	if err != nil {
		return err
	}
	k, err := a.Keys.ChangeKey(c.Request.Context(), principal(c), c.Param("id"), rev, edit(change, keySettings, keyFields))
	if err != nil {
		return err
	}
	return show(c, 200, k.Revision, a.keyOut(&k))
}

func (a *API) deleteKey(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.Keys.DeleteKey(c.Request.Context(), principal(c), c.Param("id"), rev))
}

// standardGrace is how long a rotated key works when the request names no grace.
const standardGrace = 24 * time.Hour

func (a *API) rotateKey(c *gin.Context) error {
	in := client.RotateKey{Grace: client.Duration(standardGrace)}
	body, err := bindOptional(c, &in)
	if err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	made, err := once(a, c, body, a.issuing(c, func(ctx context.Context, claim keys.Claim) (keys.Key, keys.Secret, error) {
		return a.Keys.Rotate(ctx, principal(c), c.Param("id"), keys.RotateInput{Claim: claim, Revision: rev, Grace: time.Duration(in.Grace), ExpiresAt: timeIn(in.ExpiresAt)})
	}))
	if err != nil {
		return err
	}
	return a.showIssued(c, made)
}

func (a *API) revokeKey(c *gin.Context) error {
	var in client.RevokeKey
	if _, err := bindOptional(c, &in); err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	k, effect, err := a.Keys.Revoke(c.Request.Context(), principal(c), c.Param("id"), rev, keys.RevokeReason(in.Reason), in.Note)
	if err != nil {
		return err
	}
	return show(c, 200, k.Revision, client.RevokedKey{Key: a.keyOut(&k), EffectiveEverywhereBy: effect.By, WaitingFor: waitingOut(effect.Waiting)})
}
