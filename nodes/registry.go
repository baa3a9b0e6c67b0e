package nodes

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/latchkey/latchkey/internal/elapsed"
	"github.com/latchkey/latchkey/internal/ids"
)

const (
	// FreshFor is how long a node may show no new record and still count as
	// one that polls: some intervals of polling, and the time of the writes.
	FreshFor = 1500 * time.Millisecond
	// forgetAfter is how long a record stays after its node must have stopped
	// to serve what it remembers.
	forgetAfter = time.Minute
)

// Config is what a Registry needs. All fields but Name, Version, Now and Elapsed are
// required.
type Config struct {
	Store    Store
	Name     string // for people: where the process runs
	Version  string
	MaxStale time.Duration
	Logger   *slog.Logger
	Now      func() time.Time // time.Now if nil
	// Elapsed tells how much time has gone by, that in which the machine slept
	// included; elapsed.Now if nil.
	Elapsed func() time.Duration
}

// Registry keeps this node's record and watches those of the others. It judges
// others by when it saw their records change, on its own monotonic clock: what
// their clocks say can make an answer too late, never too early.
type Registry struct {
	c Config

	writing sync.Mutex // one record at a time, in order
	self    Node
	joined  bool

	mu     sync.Mutex // of what follows
	seen   map[string]*sighting
	looked time.Time     // when the records were last read
	passed time.Duration // the same by Elapsed
}

// sighting is the last record that was seen of another node.
type sighting struct {
	node   Node
	at     time.Time     // the moment at which it was there for sure
	passed time.Duration // the same by Elapsed
	proven bool          // it was written not long before
	// vouched is when the node that feeds this edge was last there and polled.
	vouched time.Time
}

// New returns a Registry of a node that nobody knows yet; Join makes it known.
func New(c Config) (*Registry, error) {
	if c.Store == nil || c.MaxStale <= 0 || c.Logger == nil {
		return nil, errors.New("nodes: Store, MaxStale and Logger are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Elapsed == nil {
		c.Elapsed = elapsed.Now
	}
	self := Node{ID: ids.New(ids.Node), Name: c.Name, Version: c.Version, StartedAt: c.Now(), MaxStale: c.MaxStale}
	return &Registry{c: c, self: self, seen: map[string]*sighting{}}, nil
}

// ID is that of this node.
func (r *Registry) ID() string { return r.self.ID }

// Join makes the node known. It is called before the node serves anything.
func (r *Registry) Join(ctx context.Context) error {
	r.writing.Lock()
	r.joined = true
	r.writing.Unlock()
	return errors.Join(r.Beat(ctx, r.c.Now()), r.Look(ctx))
}

// Leave removes the node's record. It is called when the node serves nothing
// any more.
func (r *Registry) Leave(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if !r.joined {
		return nil
	}
	r.joined = false
	return r.c.Store.DeleteNode(ctx, r.self.ID, math.MaxInt64)
}

// Beat records that all that was changed before polledAt has been applied. Only
// after it returned nil may the node rely on that poll: others go by the record.
func (r *Registry) Beat(ctx context.Context, polledAt time.Time) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if !r.joined {
		return nil
	}
	r.self.Beat++
	r.self.PolledAt = polledAt
	return r.c.Store.PutNode(ctx, r.self)
}

// Look reads the records of the others.
func (r *Registry) Look(ctx context.Context) error {
	found, err := r.c.Store.Nodes(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now, passed := r.c.Now(), r.c.Elapsed()
	// Between two looks that lie far apart a node may have written and died.
	watching := !r.looked.IsZero() && now.Sub(r.looked) <= FreshFor && passed-r.passed <= FreshFor
	r.looked, r.passed = now, passed
	there := make(map[string]bool, len(found))
	for _, n := range found {
		there[n.ID] = true
		before, ok := r.seen[n.ID]
		if n.ID == r.self.ID || (ok && before.node.since(&n)) {
			continue
		}
		s := &sighting{node: n, at: now, passed: passed, proven: watching}
		if r.seen[n.ID] = s; !n.IsEdge() && s.lag() > MostSkew && (!ok || before.lag() <= MostSkew) {
			r.c.Logger.WarnContext(ctx, "the clocks of two nodes differ too much; set them by NTP", "node", n.Name, "node_id", n.ID, "behind",
				s.lag().Round(time.Second))
		}
	}
	for id := range r.seen {
		if !there[id] {
			delete(r.seen, id)
		}
	}
	for _, s := range r.seen {
		if feeder := r.seen[s.node.FedBy]; feeder != nil && !feeder.silent(now, passed) {
			s.vouched = now
		}
	}
	return nil
}

// lag is how far the node's clock is behind this one's at most: its record is
// older than the poll of which it tells.
func (s *sighting) lag() time.Duration { return s.at.Sub(s.node.PolledAt) }

// Lag is how far the clock of another node is behind this one's beyond MostSkew:
// what such a node writes is stamped that much earlier.
func (r *Registry) Lag() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := time.Duration(0)
	for _, s := range r.seen {
		if !s.node.IsEdge() { // what it knows is written by the node that feeds it
			most = max(most, s.lag()-MostSkew)
		}
	}
	return most
}

func (s *sighting) silent(now time.Time, passed time.Duration) bool {
	return !s.proven || now.Sub(s.at) > FreshFor || passed-s.passed > FreshFor
}

// lastPoll is the latest moment at which the node's recorded poll can have
// begun: before its record was seen, and by its own clock not much earlier
// than it says.
func (s *sighting) lastPoll() time.Time {
	if said := s.node.PolledAt.Add(MostSkew); said.Before(s.at) {
		return said
	}
	return s.at
}

// silentAt reports whether nobody knows that the node hears of changes. The caller
// holds mu.
func (r *Registry) silentAt(s *sighting, now time.Time, passed time.Duration) bool {
	switch feeder := r.seen[s.node.FedBy]; {
	case s.node.FedBy == "":
		return s.node.IsEdge() || s.silent(now, passed) // that an edge is cut off was written by a node
	case s.node.FedBy == r.self.ID:
		return false
	default:
		return feeder == nil || feeder.silent(now, passed)
	}
}

// lastPoll is the latest moment at which the node may have heard of changes. An edge
// has heard of no more than the node that feeds it. The caller holds mu.
func (r *Registry) lastPoll(s *sighting) time.Time {
	switch feeder := r.seen[s.node.FedBy]; {
	case s.node.FedBy == "":
		return s.lastPoll()
	case s.node.FedBy == r.self.ID:
		return r.c.Now()
	case feeder != nil:
		return feeder.lastPoll()
	case !s.vouched.IsZero():
		return s.vouched
	default:
		return s.at // the node that fed it was never seen
	}
}

// stopsAt is when the node stops answering from memory. The caller holds mu.
func (r *Registry) stopsAt(s *sighting) time.Time {
	return r.lastPoll(s).Add(s.node.MaxStale + time.Millisecond) // recorded times are truncated to milliseconds
}

// Silent is a node that may not know of changes.
type Silent struct {
	ID       string
	Name     string
	LastPoll time.Time
	StopsAt  time.Time // when it stops to serve what it remembers
}

// HeardBy returns the moment after which every node has applied what was
// written before the call, or serves nothing from memory, and the nodes that
// are silent and may serve it until then. A node that polls needs bound for it.
func (r *Registry) HeardBy(ctx context.Context, bound time.Duration) (time.Time, []Silent) {
	err := r.Look(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now()
	by := now.Add(bound)
	if err != nil {
		// There may be nodes that were never seen here.
		r.c.Logger.WarnContext(ctx, "records of other nodes cannot be read", "err", err)
		by = now.Add(max(bound, r.c.MaxStale))
	}
	var silent []Silent
	for _, s := range r.seen {
		stops := r.stopsAt(s)
		if (err == nil && !r.silentAt(s, now, r.c.Elapsed())) || !stops.After(now) {
			continue
		}
		silent = append(silent, Silent{ID: s.node.ID, Name: s.node.Name, LastPoll: r.lastPoll(s), StopsAt: stops})
		if stops.After(by) {
			by = stops
		}
	}
	slices.SortFunc(silent, func(a, b Silent) int { return cmp.Compare(a.ID, b.ID) })
	return by, silent
}

// State is a node as this one sees it.
type State struct {
	Node
	LastPoll time.Time // at the latest, by this node's clock
	Fresh    bool      // it polls
	Self     bool
}

// List returns this node and the others, oldest first.
func (r *Registry) List(ctx context.Context) ([]State, error) {
	if err := r.Look(ctx); err != nil {
		return nil, err
	}
	r.writing.Lock()
	self := r.self
	r.writing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now()
	all := []State{{Node: self, LastPoll: self.PolledAt, Fresh: now.Sub(self.PolledAt) <= FreshFor, Self: true}}
	for _, s := range r.seen {
		all = append(all, State{Node: s.node, LastPoll: r.lastPoll(s), Fresh: !r.silentAt(s, now, r.c.Elapsed())})
	}
	slices.SortFunc(all, func(a, b State) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// Forget removes the records of nodes that must have stopped long ago.
func (r *Registry) Forget(ctx context.Context) error {
	if err := r.Look(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	now := r.c.Now()
	var gone []Node
	for _, s := range r.seen {
		if now.After(r.stopsAt(s).Add(forgetAfter)) {
			gone = append(gone, s.node)
		}
	}
	r.mu.Unlock()
	var faults []error
	for _, n := range gone {
		faults = append(faults, r.c.Store.DeleteNode(ctx, n.ID, n.Beat))
	}
	return errors.Join(faults...)
}

// Lead reports whether this node has the lease of the work, which it takes, or
// takes anew, for life. A lease that goes on for longer was taken by a clock that
// has been set right since, and whoever had it may be dead. Where clocks differ by
// more than MostSkew two nodes may have it for a while, so that work under a lease
// must bear that.
func (r *Registry) Lead(ctx context.Context, work string, life time.Duration) (bool, error) {
	now := r.c.Now()
	until := now.Add(life)
	return r.c.Store.TakeLease(ctx, Lease{Name: work, Holder: r.self.ID, Until: until}, now.Add(-MostSkew), until.Add(MostSkew))
}

// Release gives the lease back.
func (r *Registry) Release(ctx context.Context, work string) error {
	return r.c.Store.DropLease(ctx, work, r.self.ID)
}
