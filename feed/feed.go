// Package feed sends edges what a verdict needs: grants, and what changed since they
// were read. It knows which edges this node feeds, and nothing of HTTP.
package feed

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/elapsed"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// MostWait is the longest that an answer waits for a change.
const MostWait = 30 * time.Second

// Config is what a Feed needs. Every field but LeastShared, Now and Elapsed is required.
type Config struct {
	Marks    *keys.Marks
	Verifier *verify.Verifier
	Limiter  ratelimit.Counters
	Nodes    *nodes.Registry
	MaxStale time.Duration // how long edges may continue while they are cut off
	// LeastShared is what a rule must allow per second and edge for edges to get shares
	// of it, 20 if 0. Below it they ask for each decision.
	LeastShared int

	// Destinations of what edges count.
	Recorder *usage.Recorder
	Meter    *usage.Meter
	LastUsed func(keyID string, u usage.Use)
	Plain    func(keyID string) // told of keys that arrived at edges without TLS
	Key      func(ctx context.Context, id string) (keys.Key, error)

	Now func() time.Time
	// Elapsed returns the time that has passed, including time in which the machine
	// slept; elapsed.Now if nil.
	Elapsed func() time.Duration
}

// Feed feeds edges from one node. It keeps the marks of the latest changes.
type Feed struct {
	c      Config
	epoch  string
	edges  *edges
	owners *owners
	counts *counts
	lent   *lent
	mark   int64 // of the buckets that this node hands out

	begin   sync.Once
	stop    context.CancelFunc
	life    context.Context // of background work
	running sync.WaitGroup

	mu      sync.Mutex
	ring    [edgewire.MostMarks]uint64
	place   uint64        // of the latest change
	all     uint64        // the latest place where anything may have changed
	changed chan struct{} // closed at the next change; nil: nobody waits
}

// New returns a Feed. Close stops it.
func New(c Config) (*Feed, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.LeastShared == 0 {
		c.LeastShared = defaultLeastShared
	}
	if c.Elapsed == nil {
		c.Elapsed = elapsed.Now
	}
	f := &Feed{
		c: c, epoch: rand.Text(), edges: &edges{registry: c.Nodes, limiter: c.Limiter, elapsed: c.Elapsed, byID: map[string]*fed{}},
		lent: newLent(c.Elapsed), mark: newMark(),
	}
	var err error
	if f.owners, err = newOwners(c.Key); err != nil {
		return nil, err
	}
	if f.counts, err = newCounts(); err != nil {
		return nil, err
	}
	f.life, f.stop = context.WithCancel(context.Background())
	return f, nil
}

// Stop stops feeding: edges are told to ask another node. It may be called again.
func (f *Feed) Stop() {
	f.begin.Do(func() {}) // nothing may start after this
	f.stop()
	f.running.Wait()
}

// Close stops, and records which edges nobody feeds until they find another node. Call
// it before this node's own record is deleted. If it returns an error that record must
// stay, because other nodes then rely on it.
func (f *Feed) Close(ctx context.Context) error {
	f.Stop()
	return f.edges.disown(ctx, 0)
}

// watch starts with the first edge: until then nobody needs the digests.
func (f *Feed) watch() {
	f.begin.Do(func() {
		f.c.Marks.Watch(f.note)
		f.running.Go(func() { every(f.life, sweepEvery, func() { _ = f.edges.disown(f.life, nodes.FreshFor) }) }) // retried on the next round
		f.running.Go(func() { every(f.life, idleBucket/4, f.lent.sweep) })
	})
}

// every calls do at each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

func (f *Feed) note(digest uint64, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.place++
	f.ring[f.place%edgewire.MostMarks] = digest
	if all {
		f.all = f.place
	}
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// Changes answers an edge of the owner, which sees the keys of the organization, or of all
// if that is "". Everything that others changed before the answer's Age is in this answer
// or an earlier one.
func (f *Feed) Changes(ctx context.Context, owner, sees string, asked edgewire.AskChanges) (edgewire.Changes, error) {
	if asked.Leave {
		if fed, err := f.edges.feeds(asked.Edge.ID, owner); fed && err == nil { // forgetting costs more than asking
			f.lent.forget(asked.Edge.ID, owner)
		}
		return edgewire.Changes{}, f.edges.leave(ctx, asked.Edge, owner)
	}
	f.watch()
	if f.life.Err() != nil {
		return edgewire.Changes{}, ErrStopping
	}
	edge, err := f.edges.hello(ctx, asked.Edge, owner, time.Duration(asked.Heard)*time.Millisecond)
	if err != nil {
		return edgewire.Changes{}, err
	}
	least := f.sees(owner, sees, &asked)
	if wait := min(time.Duration(asked.Wait)*time.Millisecond, MostWait); wait > 0 {
		f.await(ctx, asked, wait)
	}
	// Read this before the marks: what is applied later may be in the answer too,
	// never the reverse.
	polled := f.c.Verifier.Polling()
	if polled.Stale || polled.LastPoll.IsZero() {
		return edgewire.Changes{}, errStale
	}
	out := f.after(asked)
	if out.All = out.All || asked.After < least; out.All {
		out.Marks = nil
	}
	out.Age = polled.Age.Milliseconds() + 1 // whole milliseconds, rounded up
	out.MaxStale, out.Brand = f.c.MaxStale.Milliseconds(), f.c.Verifier.Brand()
	out.Foreign = f.c.Verifier.Shapes()
	f.edges.told(edge)
	return out, nil
}

// sees records what the edge may see, and returns the place after which that holds: what
// it was told before may be of keys that it may see no longer.
func (f *Feed) sees(owner, sees string, asked *edgewire.AskChanges) uint64 {
	edge := f.counts.of(owner, asked.Edge.ID)
	edge.reach.Lock()
	defer edge.reach.Unlock()
	if edge.known && edge.sees == sees {
		return edge.since
	}
	if edge.known || asked.Epoch == f.epoch { // the latter was forgotten here
		f.note(0, false) // a place of its own; nothing has this mark
		f.mu.Lock()
		edge.since = f.place
		f.mu.Unlock()
	}
	edge.known, edge.sees = true, sees
	return edge.since
}

// await returns when there is a change to report, or after the given time.
func (f *Feed) await(ctx context.Context, asked edgewire.AskChanges, wait time.Duration) {
	f.mu.Lock()
	if asked.Epoch != f.epoch || asked.After != f.place {
		f.mu.Unlock()
		return
	}
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	changed := f.changed
	f.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
	case <-f.life.Done():
	}
}

// after returns what changed after the given place.
func (f *Feed) after(asked edgewire.AskChanges) edgewire.Changes {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := edgewire.Changes{Epoch: f.epoch, Place: f.place}
	behind := f.place - asked.After
	if asked.Epoch != f.epoch || asked.After > f.place || asked.After < f.all || behind > edgewire.MostMarks {
		out.All = true
		return out
	}
	for place := asked.After + 1; place <= f.place; place++ {
		out.Marks = append(out.Marks, f.ring[place%edgewire.MostMarks])
	}
	return out
}
