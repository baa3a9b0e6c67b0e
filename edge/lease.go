package edge

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/elapsed"
	"github.com/latchkey/latchkey/ratelimit"
)

const (
	// limitTimeout is how long a verification waits for the node's counters.
	limitTimeout = time.Second
	// mostSending is how many messages about shares are under way at once.
	mostSending = 8
	// without is how long a node that hands out no shares is not asked again.
	without = 30 * time.Second
	// longestExact bounds how long a node may refuse shares at a time.
	longestExact = time.Minute
)

// counters are the node's counters. Shares that are asked for at the same time travel in
// one message. It implements ratelimit.Counters.
type counters struct {
	up     *upstream
	edgeID string
	cut    atomic.Bool  // no node answers; nothing is asked
	resume atomic.Int64 // when to ask for shares again, by elapsed

	mu      sync.Mutex
	waiting []*waiting
	sending int
	running sync.WaitGroup
}

// waiting is a share that is being asked for.
type waiting struct {
	asked edgewire.AskedShare
	told  edgewire.Share
	err   error
	done  chan struct{}
}

// Take implements ratelimit.Limiter: the node charges the request.
func (c *counters) Take(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, limitTimeout)
	defer cancel()
	var told edgewire.Limit
	err := c.up.ask(ctx, edgewire.LimitPath, edgewire.AskLimit{
		Digest: hex.EncodeToString(r.Digest[:]), Cost: r.Cost, DryRun: r.DryRun,
	}, &told)
	if err == nil && told.Decision.Allowed == (told.Decision.Refused != ratelimit.PartNone) {
		err = unavailable("answered a decision that makes no sense", nil)
	}
	told.Decision.Cluster = true
	return told.Decision, err
}

// LeaseBucket implements ratelimit.Lessor.
func (c *counters) LeaseBucket(_ context.Context, b ratelimit.BucketLease) (ratelimit.Granted, error) {
	part := ratelimit.PartKey
	if b.Account {
		part = ratelimit.PartAccount
	}
	return c.lease(edgewire.AskedShare{
		Digest: hex.EncodeToString(b.Digest[:]), Part: part, Began: b.Began, Back: b.Back, Holds: b.Holds, Want: b.Want, Need: b.Need,
	})
}

// LeaseQuota implements ratelimit.Lessor.
func (c *counters) LeaseQuota(_ context.Context, q ratelimit.QuotaLease) (ratelimit.Granted, error) {
	return c.lease(edgewire.AskedShare{
		Digest: hex.EncodeToString(q.Digest[:]), Part: ratelimit.PartQuota, Window: q.Window, Began: q.Began,
		Back: q.Back, Holds: q.Holds, Want: q.Want, Need: q.Need,
	})
}

// lease asks for the share. It waits for the answer even if the client disconnects:
// what was granted would be lost.
func (c *counters) lease(asked edgewire.AskedShare) (ratelimit.Granted, error) {
	if c.cut.Load() {
		return ratelimit.Granted{}, fmt.Errorf("%w: %w", ratelimit.ErrNotAsked, errs.Unavailable)
	}
	if left := time.Duration(c.resume.Load()) - elapsed.Now(); left > 0 {
		return ratelimit.Granted{Exact: left}, nil
	}
	w := &waiting{asked: asked, done: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	if c.sending < mostSending {
		c.sending++
		c.running.Go(c.send)
	}
	c.mu.Unlock()
	<-w.done
	return w.granted()
}

// send sends what waits until nothing does.
func (c *counters) send() {
	for {
		runtime.Gosched() // so that what is asked for together goes together
		c.mu.Lock()
		batch := c.waiting[:min(len(c.waiting), edgewire.MostLeases)]
		if c.waiting = c.waiting[len(batch):]; len(batch) == 0 {
			c.waiting = nil
			c.sending--
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		c.deliver(batch)
	}
}

func (c *counters) deliver(batch []*waiting) {
	ctx, cancel := context.WithTimeout(context.Background(), limitTimeout)
	defer cancel()
	asked := edgewire.AskLease{EdgeID: c.edgeID, Shares: make([]edgewire.AskedShare, len(batch))}
	for i, w := range batch {
		asked.Shares[i] = w.asked
	}
	var told edgewire.Leases
	err := c.ask(ctx, &asked, &told)
	switch {
	case errors.Is(err, errs.NotFound): // the node has no such path
		c.resume.Store(int64(elapsed.Now() + without))
		told.Shares, err = make([]edgewire.Share, len(batch)), nil
		for i := range told.Shares {
			told.Shares[i].Exact = without.Milliseconds()
		}
	case err == nil && len(told.Shares) != len(batch):
		err = unavailable("answered shares that make no sense", nil)
	}
	for i, w := range batch {
		if w.err = err; err == nil {
			w.told = told.Shares[i]
		}
		close(w.done)
	}
}

// ask asks the node that answered last. If it does not answer, it may have taken back what
// is returned, so nothing is returned to the next one: it may know the same counter.
func (c *counters) ask(ctx context.Context, asked *edgewire.AskLease, told *edgewire.Leases) error {
	err := c.up.askOne(ctx, edgewire.LeasePath, asked, told)
	if errs.KindOf(err) != errs.Unavailable || ctx.Err() != nil || len(c.up.addresses) == 1 {
		return err
	}
	for i := range asked.Shares {
		asked.Shares[i].Back = 0
	}
	return c.up.ask(ctx, edgewire.LeasePath, asked, told)
}

// errNoShare means that the node is there, but cannot hand out this share now.
var errNoShare = errors.New("no share")

// granted returns what the node answered, if that makes sense.
func (w *waiting) granted() (ratelimit.Granted, error) {
	t := &w.told
	switch {
	case w.err != nil:
		return ratelimit.Granted{}, w.err
	case t.Code == string(errs.NotFound):
		return ratelimit.Granted{}, errs.New(errs.NotFound, "no_key")
	case t.Code == string(errs.Limited):
		return ratelimit.Granted{}, errs.New(errs.Limited, "too_many_unknown")
	case t.Code != "":
		return ratelimit.Granted{}, unavailable("cannot hand out shares now: "+t.Code, errNoShare)
	case t.Amount < 0 || t.Amount > max(w.asked.Want, w.asked.Need) || t.Used < 0 || t.Exact < 0 || !(t.Left >= 0) || math.IsInf(t.Left, 1):
		return ratelimit.Granted{}, unavailable("answered a share that makes no sense", nil)
	}
	return ratelimit.Granted{
		Amount: t.Amount, Left: t.Left, Used: t.Used, Began: t.Began,
		Exact: min(time.Duration(min(t.Exact, longestExact.Milliseconds()))*time.Millisecond, longestExact),
	}, nil
}
