package feed

import (
	"context"
	"encoding/hex"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

var errStale = errs.New(errs.Unavailable, "edge_node_stale")

// Grant tells an edge what is known of a key, if the actor may feed edges with
// the keys of its organization. A key that is not there, or that they may not see,
// is errs.NotFound.
func (f *Feed) Grant(ctx context.Context, by keys.Actor, charged string, asked edgewire.AskGrant) (edgewire.Grant, error) {
	var h keys.Hash
	if n, err := hex.Decode(h[:], []byte(asked.Digest)); err != nil || n != len(h) || len(asked.Digest) != hex.EncodedLen(len(h)) {
		return edgewire.Grant{}, errs.BadField("digest", "digest_invalid")
	}
	g, err := f.c.Verifier.Lookup(ctx, verify.Lookup{
		Hash: h, Asker: by, Action: keys.EdgeKeys, Charged: "edge " + charged, Fresh: asked.Fresh,
	})
	if err != nil {
		return edgewire.Grant{}, err
	}
	return edgewire.NewGrant(g.Key(), *g.Account, *g.Organization, *g.Tier), nil
}
