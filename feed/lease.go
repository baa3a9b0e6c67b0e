package feed

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

const (
	// defaultLeastShared is the default of Config.LeastShared.
	defaultLeastShared = 20
	// quotaLeast is how many times as much must be left of a quota.
	quotaLeast = 10
	// quotaPart is the fraction of what is left of a quota that one edge may hold, and
	// burstPart that of a burst.
	quotaPart, burstPart = 100, 4
	// exactFor is how long an edge asks for each decision instead.
	exactFor = 5 * time.Second
	// leaseLife is how long a node counts tokens as held by an edge.
	leaseLife = time.Second
	// atOnce is how many shares of a message are asked for at the same time.
	atOnce = 8
)

// Lease hands out shares of limits to an edge, and takes back what it did not spend. Which
// limits those are, and their rules, follows from what this node knows of the keys.
func (f *Feed) Lease(ctx context.Context, by keys.Actor, owner, charged string, asked edgewire.AskLease) (edgewire.Leases, error) {
	if !asked.Valid() {
		return edgewire.Leases{}, errs.New(errs.Invalid, "edge_message")
	}
	fed, err := f.edges.feeds(asked.EdgeID, owner)
	if err != nil {
		return edgewire.Leases{}, err
	}
	out := edgewire.Leases{Shares: make([]edgewire.Share, len(asked.Shares))}
	one := func(i int) {
		if !fed { // it will ask for changes before long
			out.Shares[i].Exact = time.Second.Milliseconds()
			return
		}
		l := lease{Feed: f, edge: asked.EdgeID, owner: owner, asked: &asked.Shares[i]}
		g, err := l.find(ctx, by, charged)
		if err != nil {
			out.Shares[i].Code = string(cmp.Or(errs.KindOf(err), errs.Unavailable))
			return
		}
		out.Shares[i] = edgewire.Share{Amount: g.Amount, Left: g.Left, Used: g.Used, Began: g.Began, Exact: g.Exact.Milliseconds()}
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(atOnce, len(asked.Shares)) {
		all.Go(func() {
			for i := next.Add(1); i <= int64(len(asked.Shares)); i = next.Add(1) {
				one(int(i - 1))
			}
		})
	}
	all.Wait()
	return out, nil
}

// lease is one share that an edge asks for.
type lease struct {
	*Feed
	edge, owner string
	asked       *edgewire.AskedShare
}

// find finds the limit that is asked for.
func (l *lease) find(ctx context.Context, by keys.Actor, charged string) (ratelimit.Granted, error) {
	if !verify.ValidCost(l.asked.Need) {
		return ratelimit.Granted{}, errs.Invalid
	}
	g, err := l.lookup(ctx, by, charged, edgewire.AskGrant{Digest: l.asked.Digest})
	if err != nil {
		return ratelimit.Granted{}, err
	}
	r := g.Limits(0, false, l.c.Now())
	switch l.asked.Part {
	case ratelimit.PartKey:
		return l.bucket(ctx, r.Counters(), r.Key)
	case ratelimit.PartAccount:
		return l.bucket(ctx, r.Counters(), r.Account)
	case ratelimit.PartQuota:
		return l.quota(ctx, r.Quota)
	default: // of a later version
		return ratelimit.Granted{Exact: exactFor}, nil
	}
}

func (l *lease) bucket(ctx context.Context, group string, b ratelimit.Bucket) (ratelimit.Granted, error) {
	if b.Rule.IsZero() { // the edge does not know that yet
		return ratelimit.Granted{Exact: time.Second}, nil
	}
	h, edges := l.lent.hold(shareName{part: l.asked.Part, id: b.ID}, l.edge, l.owner)
	if h == nil {
		return ratelimit.Granted{Exact: exactFor}, nil
	}
	defer h.mu.Unlock()
	back, holds := h.returned(l.asked, l.asked.Began == l.mark)
	ask := ratelimit.BucketLease{
		Group: group, Account: l.asked.Part == ratelimit.PartAccount, Bucket: b, Node: l.edge, Life: leaseLife, Back: back, Holds: holds,
	}
	exact := small(b.Rule, l.c.LeastShared*edges)
	if exact && back == 0 && h.out == 0 {
		return ratelimit.Granted{Exact: exactFor, Began: l.mark}, nil
	}
	if !exact {
		ask.Want, ask.Need = clip(l.asked, b.Rule.Burst/burstPart)
	}
	g, err := l.c.Limiter.LeaseBucket(ctx, ask)
	if h.out = holds; err != nil {
		return g, err
	}
	h.out += g.Amount
	if g.Began = l.mark; exact {
		g.Exact = exactFor
	}
	return g, nil
}

// small reports whether the rule allows less than that per second, or at once.
func small(r ratelimit.Rule, least int) bool {
	return r.Burst < int64(least) || float64(r.Requests) < float64(least)*r.Per.Seconds()
}

func (l *lease) quota(ctx context.Context, q ratelimit.QuotaCharge) (ratelimit.Granted, error) {
	window, ends := q.Quota.Window(l.c.Now())
	if q.Quota.IsZero() || window != l.asked.Window { // the edge does not know that yet
		return ratelimit.Granted{Exact: time.Second}, nil
	}
	h, _ := l.lent.hold(shareName{ratelimit.PartQuota, q.ID, window}, l.edge, l.owner)
	if h == nil {
		return ratelimit.Granted{Exact: exactFor}, nil
	}
	defer h.mu.Unlock()
	back, holds := h.returned(l.asked, true) // the counter knows by its mark what is its own
	ask := ratelimit.QuotaLease{
		ID: q.ID, Window: window, Ends: ends, Limit: q.Quota.Requests, Back: back, Began: l.asked.Began, Holds: holds,
	}
	if !h.known || back > 0 { // how much is left decides how much may be taken
		g, err := l.c.Limiter.LeaseQuota(ctx, ask)
		if h.out = holds; err != nil {
			return g, err
		}
		h.known, h.used = g.Exact == 0, g.Used
		if ask.Back = 0; l.asked.Want == 0 || g.Exact > 0 {
			return g, nil
		}
	}
	left := q.Quota.Requests - h.used
	if left < int64(quotaLeast*l.c.LeastShared) {
		return ratelimit.Granted{Exact: exactFor, Used: h.used, Began: l.asked.Began}, nil
	}
	ask.Want, ask.Need = clip(l.asked, left/quotaPart)
	g, err := l.c.Limiter.LeaseQuota(ctx, ask)
	if h.out = holds; err != nil {
		return g, err
	}
	h.out += g.Amount
	h.known, h.used = g.Exact == 0, g.Used
	return g, nil
}

// clip limits what one lease takes: no edge withholds much from the others, unless a
// request spends it at once.
func clip(asked *edgewire.AskedShare, most int64) (want, need int64) {
	return min(max(asked.Want, asked.Need), max(asked.Need, most, 1)), asked.Need
}

const (
	// mostHoldings is the most shares that this node remembers; beyond it edges ask for
	// each decision.
	mostHoldings = 100_000
	// mostHoldingsOfOne is the most for the edges of one service account.
	mostHoldingsOfOne = mostHoldings / 4
	// A share that was not asked for lately counts no more for how many edges share a
	// limit. What is held of a quota may be returned for longer, if there is room.
	idleBucket = 10 * time.Second
	idleQuota  = time.Hour
)

// lent is what edges hold of limits. An edge cannot return what it was not lent.
type lent struct {
	elapsed func() time.Duration

	mu      sync.Mutex
	byName  map[shareName]map[string]*holding // by edge
	total   int
	ofOwner map[string]int
}

type shareName struct {
	part       ratelimit.Part
	id, window string
}

// holding is what one edge holds of one limit, at most.
type holding struct {
	owner string
	asked time.Duration // guarded by mu of lent

	mu    sync.Mutex // one lease at a time
	out   int64
	used  int64 // of the quota, when last asked
	known bool  // whether used is
}

func newLent(elapsed func() time.Duration) *lent {
	return &lent{elapsed: elapsed, byName: map[shareName]map[string]*holding{}, ofOwner: map[string]int{}}
}

// newMark returns a mark for the buckets that a node hands out, see ratelimit.Granted.
func newMark() int64 { return 1 + rand.Int64N(1<<52) } //nolint:gosec // G404: a name, no secret

// hold returns what the edge holds, locked, and how many edges share the limit. It
// returns nil if there are too many.
func (l *lent) hold(name shareName, edge, owner string) (h *holding, edges int) {
	l.mu.Lock()
	byEdge := l.byName[name]
	if h = byEdge[edge]; h == nil {
		if l.total >= mostHoldings || l.ofOwner[owner] >= mostHoldingsOfOne {
			l.mu.Unlock()
			return nil, 0
		}
		if byEdge == nil {
			byEdge = map[string]*holding{}
			l.byName[name] = byEdge
		}
		h = &holding{owner: owner}
		byEdge[edge] = h
		l.total++
		l.ofOwner[owner]++
	}
	h.asked = l.elapsed()
	edges = len(byEdge)
	l.mu.Unlock()
	h.mu.Lock()
	return h, edges
}

// returned returns how much of what the edge says can be true. Nothing can if it speaks
// of another node's counters.
func (h *holding) returned(asked *edgewire.AskedShare, own bool) (back, holds int64) {
	if !own {
		return 0, 0
	}
	back = min(asked.Back, h.out)
	return back, min(asked.Holds, h.out-back)
}

// sweep forgets what was not asked for lately.
func (l *lent) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.elapsed()
	for name, byEdge := range l.byName {
		for edge, h := range byEdge {
			if unused := now - h.asked; unused > idleBucket && h.mu.TryLock() {
				crowded := l.total > mostHoldings/2 || l.ofOwner[h.owner] > mostHoldingsOfOne/2
				gone := name.part != ratelimit.PartQuota || h.out == 0 || unused > idleQuota || crowded
				h.mu.Unlock()
				if gone {
					l.drop(name, edge)
				}
			}
		}
	}
}

// forget forgets an edge that has returned what it held.
func (l *lent) forget(edge, owner string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, byEdge := range l.byName {
		if h := byEdge[edge]; h != nil && h.owner == owner {
			l.drop(name, edge)
		}
	}
}

func (l *lent) drop(name shareName, edge string) {
	byEdge := l.byName[name]
	owner := byEdge[edge].owner
	delete(byEdge, edge)
	l.total--
	if l.ofOwner[owner]--; l.ofOwner[owner] == 0 {
		delete(l.ofOwner, owner)
	}
	if len(byEdge) == 0 {
		delete(l.byName, name)
	}
}
