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
	// FreshFor is how long a node may go without a new record and still count as
	// polling: a few polling intervals, plus the time of the writes.
	FreshFor = 1500 * time.Millisecond
	// forgetAfter is how long a record stays after its node must have stopped serving
	// from memory.
	forgetAfter = time.Minute
)

// Config is what a Registry needs. All fields but Name, Version, Now and Elapsed are
// required.
type Config struct {
	Store    Store
	Name     string // for people: the machine that the process runs on
	Version  string
	MaxStale time.Duration
	Logger   *slog.Logger
	Now      func() time.Time // time.Now if nil
	// Elapsed returns the time that has passed, including time in which the machine
	// slept; elapsed.Now if nil.
	Elapsed func() time.Duration
}

// Registry keeps this node's record and watches those of the others. It judges others by
// when it saw their records change, on its own monotonic clock. Their clocks can make an
// answer too late, never too early.
type Registry struct {
	c Config

	writing sync.Mutex // one record at a time, in order
	self    Node
	joined  bool

	mu     sync.Mutex // guards the fields below
	seen   map[string]*sighting
	looked time.Time     // when the records were last read
	passed time.Duration // the same, by Elapsed
}

// sighting is the last record seen of another node.
type sighting struct {
	node   Node
	at     time.Time     // a time at which it certainly existed
	passed time.Duration // the same, by Elapsed
	proven bool          // it was written shortly before
	// vouched is when the node that feeds this edge last existed and polled.
	vouched time.Time
}

// New returns a Registry of a node that is not registered yet; see Join.
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

// ID returns the id of this node.
func (r *Registry) ID() string { return r.self.ID }

// Join registers the node. Call it before the node serves anything.
func (r *Registry) Join(ctx context.Context) error {
	r.writing.Lock()
	r.joined = true
	r.writing.Unlock()
	return errors.Join(r.Beat(ctx, r.c.Now()), r.Look(ctx))
}

// Leave deletes the node's record. Call it when the node no longer serves anything.
func (r *Registry) Leave(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if !r.joined {
		return nil
	}
	r.joined = false
	return r.c.Store.DeleteNode(ctx, r.self.ID, math.MaxInt64)
}

// Joined reports whether the node is registered, and so may serve.
func (r *Registry) Joined() bool {
	r.writing.Lock()
	defer r.writing.Unlock()
	return r.joined
}

// Beat records that everything changed before polledAt has been applied. The node may
// rely on that poll only after Beat returns nil, because others rely on the record.
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

// Look reads the records of the other nodes.
func (r *Registry) Look(ctx context.Context) error {
	found, err := r.c.Store.Nodes(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now, passed := r.c.Now(), r.c.Elapsed()
	// A node may have written and died between two reads that are far apart.
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

// lag returns the most by which the node's clock may be behind this one's: its record
// is seen after the poll that it reports.
func (s *sighting) lag() time.Duration { return s.at.Sub(s.node.PolledAt) }

// Lag returns how far the clock of another node is behind this one's, beyond MostSkew.
// What such a node writes is stamped that much too early.
func (r *Registry) Lag() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := time.Duration(0)
	for _, s := range r.seen {
		if !s.node.IsEdge() { // an edge's record is written by the node that feeds it
			most = max(most, s.lag()-MostSkew)
		}
	}
	return most
}

func (s *sighting) silent(now time.Time, passed time.Duration) bool {
	return !s.proven || now.Sub(s.at) > FreshFor || passed-s.passed > FreshFor
}

// lastPoll returns the latest time at which the node's recorded poll can have begun:
// no later than its record was seen, and no later than MostSkew after the time that its
// own clock recorded.
func (s *sighting) lastPoll() time.Time {
	if said := s.node.PolledAt.Add(MostSkew); said.Before(s.at) {
		return said
	}
	return s.at
}

// silentAt reports whether it is unknown if the node learns of changes. The caller holds
// mu.
func (r *Registry) silentAt(s *sighting, now time.Time, passed time.Duration) bool {
	switch feeder := r.seen[s.node.FedBy]; {
	case s.node.FedBy == "":
		return s.node.IsEdge() || s.silent(now, passed) // a node wrote that the edge is cut off
	case s.node.FedBy == r.self.ID:
		return false
	default:
		return feeder == nil || feeder.silent(now, passed)
	}
}

// lastPoll returns the latest time at which the node may have learned of changes. An
// edge knows no more than the node that feeds it. The caller holds mu.
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
		return s.at // its feeding node was never seen
	}
}

// stopsAt returns when the node stops answering from memory. The caller holds mu.
func (r *Registry) stopsAt(s *sighting) time.Time {
	return r.lastPoll(s).Add(s.node.MaxStale + time.Millisecond) // recorded times are truncated to milliseconds
}

// Silent is a node that may not know of changes.
type Silent struct {
	ID       string
	Name     string
	LastPoll time.Time
	StopsAt  time.Time // when it stops serving from memory
}

// HeardBy returns the time after which every node has applied what was written before
// the call or serves nothing from memory, and the silent nodes that may serve from
// memory until then. A node that polls needs bound for it.
func (r *Registry) HeardBy(ctx context.Context, bound time.Duration) (time.Time, []Silent) {
	err := r.Look(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now()
	by := now.Add(bound)
	if err != nil {
		// There may be nodes that this one has never seen.
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

// Forget deletes the records of nodes that must have stopped long ago.
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

// Lead takes or renews the lease of the work for life and reports whether this node has
// it. A lease that lasts longer than that was taken by a clock that has since been set
// right, and its holder may be dead. If clocks differ by more than MostSkew two nodes
// may hold it for a while, and work under a lease must tolerate that.
func (r *Registry) Lead(ctx context.Context, work string, life time.Duration) (bool, error) {
	now := r.c.Now()
	until := now.Add(life)
	return r.c.Store.TakeLease(ctx, Lease{Name: work, Holder: r.self.ID, Until: until}, now.Add(-MostSkew), until.Add(MostSkew))
}

// Release ends the lease.
func (r *Registry) Release(ctx context.Context, work string) error {
	return r.c.Store.DropLease(ctx, work, r.self.ID)
}
