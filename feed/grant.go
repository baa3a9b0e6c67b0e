package feed

import (
	"context"
	"encoding/hex"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

var errStale = errs.New(errs.Unavailable, "edge_node_stale")

// ErrStopping tells an edge to ask another node.
var ErrStopping error = errs.New(errs.Unavailable, "edge_node_stopping")

// Grant returns what an edge needs to know of a key, if the actor may feed edges with the
// keys of its organization. For a key that does not exist, or that they may not see,
// the error is errs.NotFound.
func (f *Feed) Grant(ctx context.Context, by keys.Actor, charged string, asked edgewire.AskGrant) (edgewire.Grant, error) {
	g, err := f.lookup(ctx, by, charged, asked)
	if err != nil {
		return edgewire.Grant{}, err
	}
	out := edgewire.NewGrant(g.Key(), *g.Account, *g.Organization, *g.Tier)
	out.Epoch = f.epoch
	return out, nil
}

func (f *Feed) lookup(ctx context.Context, by keys.Actor, charged string, asked edgewire.AskGrant) (verify.Grant, error) {
	var h keys.Hash
	if len(asked.Digest) != hex.EncodedLen(len(h)) {
		return verify.Grant{}, errs.BadField("digest", "digest_invalid")
	}
	if _, err := hex.Decode(h[:], []byte(asked.Digest)); err != nil {
		return verify.Grant{}, errs.BadField("digest", "digest_invalid")
	}
	return f.c.Verifier.Lookup(ctx, verify.Lookup{
		Hash: h, Asker: by, Charged: "edge " + charged, Fresh: asked.Fresh,
	})
}

// Limit charges the limits of a key for an edge, by this node's rules.
func (f *Feed) Limit(ctx context.Context, by keys.Actor, charged string, asked edgewire.AskLimit) (edgewire.Limit, error) {
	if !verify.ValidCost(asked.Cost) {
		return edgewire.Limit{}, errs.BadField("cost", "cost_out_of_range")
	}
	g, err := f.lookup(ctx, by, charged, edgewire.AskGrant{Digest: asked.Digest})
	if err != nil {
		return edgewire.Limit{}, err
	}
	d, err := f.c.Limiter.Take(ctx, g.Limits(asked.Cost, asked.DryRun, f.c.Now()))
	return edgewire.Limit{Decision: d}, err
}
