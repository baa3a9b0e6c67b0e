package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Shared is a Limiter whose counters are shared with other nodes and may be
// unreachable.
type Shared interface {
	Limiter
	Settler
}

// Settler is what a Failover asks of shared counters that were unreachable.
type Settler interface {
	// Probe reports whether a decision could be made now.
	Probe(ctx context.Context) error
	// Settle adds what this node allowed without the shared counters.
	Settle(ctx context.Context, s Settlement) error
}

// FailoverConfig is what a Failover needs.
type FailoverConfig struct {
	Shared  Shared
	Lessor  Lessor        // hands out shares of the shared counters; nil if LeaseBucket and LeaseQuota are not called
	Local   *Local        // decides while Shared cannot be reached; always saves the use of quotas
	Timeout time.Duration // how long to wait for a decision of Shared
	Deny    bool          // refuse requests of accounts rather than decide with Local
	Logger  *slog.Logger
	Now     func() time.Time // time.Now if nil
}

// Failover is a Limiter that asks shared counters while they answer in time and decides
// by itself while they do not. The first call without an answer stops the asking for
// all requests. Failover checks in the background whether they answer again.
type Failover struct {
	FailoverConfig

	down      atomic.Bool
	fallbacks atomic.Uint64
	faults    atomic.Uint64

	mu      sync.Mutex // guards the fields below
	changes uint64
	since   time.Time
	latest  error
	wait    time.Duration // before the first probe of the next outage
	closed  bool

	stop    context.CancelFunc
	running sync.WaitGroup
	ctx     context.Context // of background work
}

// FailoverState is the state of a Failover.
type FailoverState struct {
	Shared    bool      // shared counters decide; otherwise only this node does
	Since     time.Time // when that started
	Changes   uint64    // number of changes between the two
	Faults    uint64    // calls that the shared counters did not answer
	Fallbacks uint64    // requests decided without them
	Err       error     // the latest fault
}

// The probe intervals. Shared counters that come and go are probed less often each
// time; those that were steady for a while are probed again soon.
const (
	firstProbe  = 50 * time.Millisecond
	rarestProbe = 2 * time.Second
	steadyAfter = 30 * time.Second
)

// NewFailover returns a Failover. It asks the shared counters once, in the background,
// so that the log shows at the start whether they can be reached. Close stops it.
func NewFailover(c FailoverConfig) (*Failover, error) {
	if c.Shared == nil || c.Local == nil || c.Timeout <= 0 || c.Logger == nil {
		return nil, errors.New("ratelimit: Shared, Local, Timeout and Logger are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	f := &Failover{FailoverConfig: c, since: c.Now(), wait: firstProbe}
	f.ctx, f.stop = context.WithCancel(context.Background())
	f.running.Go(func() {
		if err := f.probe(); err != nil && f.ctx.Err() == nil {
			f.trip(err)
		}
	})
	return f, nil
}

// Close stops the background work. It closes neither Shared nor Local.
func (f *Failover) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	f.running.Wait()
}

// State returns the state of the Failover.
func (f *Failover) State() FailoverState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return FailoverState{
		Shared: !f.down.Load(), Since: f.since, Changes: f.changes, Err: f.latest,
		Faults: f.faults.Load(), Fallbacks: f.fallbacks.Load(),
	}
}

// Take decides the request. It waits for the shared counters at most for the timeout,
// or twice that if a counter turns out to have lost something. It does not wait once
// they are known to be unreachable.
func (f *Failover) Take(ctx context.Context, r Request) (Decision, error) {
	if !f.down.Load() {
		d, err := f.ask(ctx, r)
		if err == nil {
			if f.Local.Observe(ctx, &r, &d) {
				f.catchUp(ctx, r.Quota.ID, windowOf(r.Quota.Quota.Per, f.Local.now()))
			}
			return d, nil
		}
		if !errors.Is(err, ErrQuotaUnknown) {
			f.trip(err)
		}
	}
	f.fallbacks.Add(1)
	if f.Deny && r.Group != "" {
		return Decision{Refused: PartUnreachable, RetryAfter: time.Second}, nil
	}
	return f.Local.Take(ctx, r)
}

// ask continues the call after its client disconnects: it may have been charged by
// then, and a disconnect says nothing about the counters.
func (f *Failover) ask(ctx context.Context, r Request) (Decision, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Timeout)
	defer cancel()
	return f.Shared.Take(ctx, r)
}

// catchUp settles a shared counter that has lost something. The request waits for it;
// otherwise others could pass that must not.
func (f *Failover) catchUp(ctx context.Context, id string, w window) {
	if err := f.Local.settleQuota(context.WithoutCancel(ctx), id, w, f.tell); err != nil {
		f.trip(err)
	}
}

func (f *Failover) tell(ctx context.Context, s Settlement) error {
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	return f.Shared.Settle(ctx, s)
}

func (f *Failover) probe() error {
	ctx, cancel := context.WithTimeout(f.ctx, f.Timeout)
	defer cancel()
	return f.Shared.Probe(ctx)
}

// trip stops the asking and starts to probe.
func (f *Failover) trip(err error) {
	f.faults.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latest = err
	if f.closed || f.down.Load() {
		return
	}
	now := f.Now()
	if now.Sub(f.since) >= steadyAfter {
		f.wait = firstProbe
	}
	f.changes++
	f.since = now
	f.down.Store(true)
	wait := f.wait
	f.wait = min(2*f.wait, rarestProbe)
	f.running.Go(func() { f.await(wait) })
	f.Logger.Warn("shared limits cannot be reached", "err", err, "fallback", f.fallback())
}

func (f *Failover) fallback() string {
	if f.Deny {
		return "deny"
	}
	return "local"
}

// await probes until the shared counters answer and have received what was allowed
// without them.
func (f *Failover) await(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-timer.C:
		}
		err := f.probe()
		if err == nil {
			err = f.settle()
		}
		if err == nil {
			f.restore()
			return
		}
		wait = min(2*wait, rarestProbe)
		timer.Reset(wait)
	}
}

// restore returns to the shared counters. It then settles what requests in flight still
// charged to this node.
func (f *Failover) restore() {
	f.mu.Lock()
	now := f.Now()
	away := now.Sub(f.since)
	f.changes++
	f.since = now
	f.Local.doubt()
	f.down.Store(false)
	f.mu.Unlock()
	f.Logger.Info("shared limits are reached again", "away", away.Round(time.Millisecond).String())
	if err := f.settle(); err != nil && f.ctx.Err() == nil {
		f.trip(err)
	}
}

// settle saves what this node allowed by itself, then reports it to the shared
// counters. A counter that was lost starts from the saved use.
func (f *Failover) settle() error {
	// An unavailable store is not the fault of the shared counters, and Local keeps
	// what it could not save.
	_ = f.Local.Flush(f.ctx)
	return f.Local.settle(f.ctx, f.tell)
}
