package edge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/elapsed"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// source reads keys and changes from the nodes. It implements verify.Source.
type source struct {
	up       *upstream
	self     edgewire.Edge
	marks    *keys.Marks
	answered func() // called for each answer to a poll, if not nil

	mu    sync.Mutex
	moved func(maxStale time.Duration) // called when the changes of another node are read, if not nil
	epoch string
	place uint64
	brand string
	known keys.Foreign // shapes of imported keys
	stale time.Duration
	heard time.Duration // when the last poll that was answered in time began, by elapsed; 0: none was answered
}

// Load implements verify.Source.
func (s *source) Load(h keys.Hash) verify.Load { return &load{from: s, hash: h} }

// Changes implements verify.Source. It marks what changed before it returns. The lease
// starts when Changes asked, less the time in which the node itself may have missed
// something.
func (s *source) Changes(ctx context.Context, _ time.Time) (verify.News, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return s.changes(ctx, 0)
}

func (s *source) changes(ctx context.Context, wait time.Duration) (verify.News, error) {
	began := elapsed.Now()
	asked := s.question(began, wait)
	var told edgewire.Changes
	patience := wait + pollTime
	if asked.Heard == 0 { // a node may take longer for an edge that begins
		patience = askTimeout
	}
	if err := s.up.askPatiently(ctx, patience, edgewire.ChangesPath, &asked, &told); err != nil {
		if s.up.refused.Load() != nil {
			s.marks.BumpAll() // this key may no longer see what it was told before
		}
		return verify.News{}, err
	}
	if told.Epoch == "" || told.Age < 0 || told.MaxStale <= 0 || told.Brand == "" {
		return verify.News{}, unavailable("answered what makes no sense", nil)
	}
	if !s.apply(began, asked.Epoch, &told) {
		return verify.News{}, errMoved
	}
	if s.answered != nil {
		s.answered()
	}
	return verify.News{Age: time.Duration(told.Age) * time.Millisecond}, nil
}

func (s *source) question(now, wait time.Duration) edgewire.AskChanges {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := edgewire.AskChanges{Edge: s.self, Epoch: s.epoch, After: s.place, Wait: wait.Milliseconds()}
	if s.heard != 0 {
		asked.Heard = (now - s.heard).Milliseconds() + 1
	}
	return asked
}

// leave tells the node that this edge no longer serves anything, so that nobody waits for
// it. If the call fails the node finds out by itself.
func (s *source) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_ = s.up.ask(ctx, edgewire.ChangesPath, &edgewire.AskChanges{Edge: s.self, Leave: true}, &edgewire.Changes{})
}

// apply marks what changed before it stores the place: whoever asks from that place has
// learned of everything before it. Places and marks of different nodes are unrelated,
// so after a switch it drops everything read from the previous node. It reports false,
// and does nothing, for a late answer of a node that was replaced after the request.
func (s *source) apply(began time.Duration, from string, told *edgewire.Changes) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	another := told.Epoch != s.epoch
	if another && from != s.epoch {
		return false
	}
	stale := time.Duration(told.MaxStale) * time.Millisecond
	if another && s.moved != nil {
		s.moved(stale)
	}
	if another || told.All {
		s.marks.BumpAll()
	} else {
		for _, digest := range told.Marks {
			s.marks.BumpDigest(digest)
		}
	}
	if another {
		s.epoch, s.place = told.Epoch, told.Place
	}
	s.place = max(s.place, told.Place)
	s.brand, s.stale = told.Brand, stale
	if !slices.Equal(s.known.Shapes(), told.Foreign) {
		s.known.Set(told.Foreign[:min(len(told.Foreign), keys.MostShapes)])
	}
	if s.heard == 0 || elapsed.Now()-began <= pollTime {
		s.heard = max(s.heard, began)
	}
	return true
}

// feeds sets the engine up with what the node said, and tells it when another node
// answers.
func (s *source) feeds(v *verify.Verifier) error {
	s.mu.Lock()
	s.moved = v.Moved
	v.Moved(s.stale)
	s.mu.Unlock()
	return v.CatchUp()
}

// hears reports whether this edge reads the changes of the node with that epoch.
func (s *source) hears(epoch string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch == epoch
}

// pollEvery is how often the lease is renewed. Even with a node's own delay, usually less
// than a quarter of a second, a lease of one second does not run out.
const pollEvery = keys.PollBound * 2 / 5

// loadTimeout is the limit for one load, which may ask twice.
const loadTimeout = 2 * askTimeout

const (
	listenFor   = 25 * time.Second // proxies end connections that are silent for longer
	leastPause  = 100 * time.Millisecond
	longestRest = 5 * time.Second
)

// listen receives changes as they happen until ctx ends. It renews no lease; the next
// poll reports what it misses.
func (s *source) listen(ctx context.Context) {
	pause := leastPause
	for ctx.Err() == nil {
		bounded, cancel := context.WithTimeout(ctx, listenFor+askTimeout)
		_, err := s.changes(bounded, listenFor)
		cancel()
		if err == nil {
			pause = leastPause
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = min(2*pause, longestRest)
	}
}

// load reads one key and what it belongs to, by its digest alone. A node answers all of
// it at once. The first answer tells which objects the key belongs to; they are read
// again once the marks of all of them are known.
type load struct {
	from   *source
	hash   keys.Hash
	first  *edgewire.Grant
	second *edgewire.Grant
}

// ask asks the node whose changes are read. If another node answers, ask reads that
// node's changes first: otherwise nothing would ever take back its answer on this key.
func (l *load) ask(ctx context.Context) (*edgewire.Grant, error) {
	g, err := l.askOnce(ctx)
	if err != nil || l.from.hears(g.Epoch) {
		return g, err
	}
	if _, err := l.from.changes(ctx, 0); errors.Is(err, errMoved) {
		return nil, errAnother
	} else if err != nil {
		return nil, err
	}
	if g, err = l.askOnce(ctx); err == nil && !l.from.hears(g.Epoch) {
		err = errAnother
	}
	return g, err
}

func (l *load) askOnce(ctx context.Context) (*edgewire.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	g := &edgewire.Grant{}
	if err := l.from.up.ask(ctx, edgewire.GrantPath, edgewire.AskGrant{Digest: l.hash.Hex()}, g); err != nil {
		return nil, err
	}
	if g.Key.ID == "" || g.Account.ID != g.Key.ServiceAccountID || g.Organization.ID != g.Account.OrganizationID ||
		g.Tier.Name != g.Account.Tier {
		return nil, unavailable("answered a grant that makes no sense", nil)
	}
	if len(g.Needs) > 0 {
		return nil, unavailable("asks for checks that this version does not know: "+strings.Join(g.Needs, ", "), verify.ErrElsewhere)
	}
	g.Key.Hash = l.hash
	return g, nil
}

// Key implements verify.Load.
func (l *load) Key(ctx context.Context) (verify.Found, error) {
	g, err := l.ask(ctx)
	if err != nil {
		return verify.Found{}, err
	}
	l.first = g
	return verify.Found{Key: g.Key, OrganizationID: g.Organization.ID, Tier: g.Tier.Name}, nil
}

// again returns what was read after the marks: the object that of finds must have the id.
// One read serves all objects that the first answer named.
func (l *load) again(ctx context.Context, id string, of func(*edgewire.Grant) string) (*edgewire.Grant, error) {
	if l.second == nil || l.first == nil || of(l.first) != id {
		g, err := l.ask(ctx)
		if err != nil {
			return nil, err
		}
		l.second = g
	}
	if of(l.second) != id {
		return nil, errMoved
	}
	return l.second, nil
}

// ServiceAccount implements verify.Load.
func (l *load) ServiceAccount(ctx context.Context, id string) (keys.ServiceAccount, error) {
	g, err := l.again(ctx, id, func(g *edgewire.Grant) string { return g.Account.ID })
	if err != nil {
		return keys.ServiceAccount{}, err
	}
	return g.Account, nil
}

// Organization implements verify.Load.
func (l *load) Organization(ctx context.Context, id string) (keys.Organization, error) {
	g, err := l.again(ctx, id, func(g *edgewire.Grant) string { return g.Organization.ID })
	if err != nil {
		return keys.Organization{}, err
	}
	return g.Organization, nil
}

// Tier implements verify.Load.
func (l *load) Tier(ctx context.Context, name string) (keys.Tier, error) {
	g, err := l.again(ctx, name, func(g *edgewire.Grant) string { return g.Tier.Name })
	if err != nil {
		return keys.Tier{}, err
	}
	return g.Tier, nil
}

// errAnother ends a load if one address leads to several nodes in turn.
var errAnother = unavailable(
	"is another one at each answer: list the nodes one by one, or have the load balancer keep an edge on one", nil)

// errMoved ends a load of something that changes right now; the next one finds it.
var errMoved = fmt.Errorf("edge: the key changes right now: %w", errs.Unavailable)
