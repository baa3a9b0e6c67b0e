package verify

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const (
	deadKept       = 64   // unknown keys remembered per source
	sourcesKept    = 8192 // sources of unknown keys remembered
	askerAddresses = 100  // an asker's guess limit for all addresses it names, as a multiple of one address's
)

// guesses charges the senders of unknown keys, once per key: a client that repeats
// a dead key is not guessing.
type guesses struct {
	rule    ratelimit.Rule
	limiter ratelimit.Limiter

	mu   sync.Mutex
	dead *lru.Cache[string, *deadKeys]
}

// deadKeys holds the latest unknown keys of one source, by the start of their hash.
type deadKeys struct {
	slots [deadKept]uint64
	next  int
}

func newGuesses(rule ratelimit.Rule, l ratelimit.Limiter) (*guesses, error) {
	dead, err := lru.New[string, *deadKeys](sourcesKept)
	if err != nil {
		return nil, err
	}
	return &guesses{rule: rule, limiter: l, dead: dead}, nil
}

// buckets returns what an unknown key in the question is charged to: the address
// that the key came from, or the caller, who could name any address. ok is false if
// nobody is charged. Each address that a caller names has a bucket of its own, so
// one client does not use up the allowance of the others.
func (g *guesses) buckets(q *Question) (r ratelimit.Request, ok bool) {
	address := proxies.Neighbourhood(q.Address)
	switch {
	case g.rule.IsZero():
		return r, false
	case q.Charged != "":
		all := g.rule
		all.Requests = min(all.Requests*askerAddresses, ratelimit.MostRequests)
		all.Burst = min(all.Burst*askerAddresses, ratelimit.MostRequests)
		group := "asker:" + q.Charged
		return ratelimit.Request{
			Group: group, Key: ratelimit.Bucket{ID: group + " " + address, Rule: g.rule}, Account: ratelimit.Bucket{ID: group, Rule: all}, Cost: 1,
		}, true
	case q.Asker != nil || !q.Address.IsValid():
		return r, false
	default:
		return ratelimit.Request{Key: ratelimit.Bucket{ID: "guess " + address, Rule: g.rule}, Cost: 1}, true
	}
}

// may reports whether the source could be charged for one more unknown key. It
// could if it already sent this unknown key.
func (g *guesses) may(ctx context.Context, q *Question, h keys.Hash) (ratelimit.Decision, error) {
	r, charged := g.buckets(q)
	if !charged || g.repeated(r.Key.ID, h, false) {
		return ratelimit.Decision{Allowed: true}, nil
	}
	r.DryRun = true
	return g.limiter.Take(ctx, r)
}

// charge charges the source of the question for an unknown key.
func (g *guesses) charge(ctx context.Context, q *Question, h keys.Hash) error {
	r, charged := g.buckets(q)
	if !charged || (q.DryRun && !q.DryCharged) || g.repeated(r.Key.ID, h, true) {
		return nil
	}
	_, err := g.limiter.Take(ctx, r)
	return err
}

// repeated reports whether the source sent the unknown key lately, and can record
// that it did now.
func (g *guesses) repeated(source string, h keys.Hash, remember bool) bool {
	slot := binary.LittleEndian.Uint64(h[:8])
	g.mu.Lock()
	defer g.mu.Unlock()
	kept, known := g.dead.Get(source)
	if known {
		for _, s := range kept.slots {
			if s == slot {
				return true
			}
		}
	}
	if remember {
		if !known {
			kept = &deadKeys{}
			g.dead.Add(source, kept)
		}
		kept.slots[kept.next%deadKept] = slot
		kept.next++
	}
	return false
}

// exhausted refuses a question that would read the store if what is in memory
// already shows that the limits refuse it. A refusal reads no store.
func (v *Verifier) exhausted(ctx context.Context, q *Question, hash keys.Hash, now time.Time) (Verdict, bool, error) {
	if !q.Fresh || q.DryRun || q.Unmetered {
		return Verdict{}, false, nil
	}
	g, cached := v.grants.peek(ctx, hash, false, now)
	if !cached || !g.Known() || !v.visible(q, &g) {
		return Verdict{}, false, nil
	}
	for _, c := range checks {
		if c.refuse(&g, q, now) != nil {
			return Verdict{}, false, nil
		}
	}
	r := g.limits(q, now)
	r.DryRun = true
	d, err := v.limiter.Take(ctx, r)
	if err != nil || d.Allowed {
		return Verdict{}, false, err
	}
	verdict := Verdict{Grant: g, At: now, Limits: d, HasLimits: true}
	verdict.Code, verdict.Detail = refusedLimit(d)
	v.refused(q, &verdict, now)
	return verdict, true, nil
}
