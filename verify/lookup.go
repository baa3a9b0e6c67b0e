package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// Lookup asks for what is known of a key, so that an edge can decide about it.
type Lookup struct {
	Hash    keys.Hash
	Asker   keys.Actor // who needs EdgeKeys in the key's organization
	Charged string     // who is charged if the key is unknown
	Fresh   bool       // read the store, not the cache
}

// Lookup returns the grant of the key. The error is errs.NotFound if there is none
// that the asker may see, errs.Limited if they asked for too many such keys, and
// errs.Unavailable if it cannot be determined.
func (v *Verifier) Lookup(ctx context.Context, l Lookup) (Grant, error) {
	q := &Question{Asker: l.Asker, feeds: true, Charged: l.Charged, Fresh: l.Fresh}
	g, throttled, err := v.find(ctx, q, credential{hash: l.Hash}, false, v.now())
	switch {
	case err != nil:
		return Grant{}, fmt.Errorf("look up a key: %w", err)
	case throttled.Refused != ratelimit.PartNone:
		e := errs.WithCode(errs.Limited, string(RateLimited), "too_many_unknown")
		e.RetryAfter = throttled.RetryAfter
		return Grant{}, e
	case !g.Known(), g.rare.token != nil, g.rare.proven != nil: // these are looked up as a whole
		return Grant{}, errs.New(errs.NotFound, "no_key")
	default:
		return g, nil
	}
}

// Key returns the grant's key with the fields that a verdict needs: what a Source
// may return for it.
func (g *Grant) Key() keys.Key {
	k := keys.Key{
		ID: g.KeyID(), OrganizationID: g.Account.OrganizationID, ServiceAccountID: g.Account.ID, Environment: g.Environment(), Hash: g.hash,
		RevokedAt: g.rare.revokedAt, RotatedTo: g.rare.rotatedTo, GraceUntil: g.rare.graceUntil, LimitResets: g.rare.resets,
	}
	if !slices.Equal(g.Scopes(), g.Account.Scopes) {
		k.Scopes = g.Scopes()
	}
	k.Name, k.AllowedNetworks, k.RateLimit = g.Name(), g.rare.networks, g.rare.rateLimit
	k.ExpiresAt, k.NotBefore, k.Metadata, k.Disabled = g.EndsAt(), g.rare.notBefore, g.rare.metadata, g.disabled
	return k
}
