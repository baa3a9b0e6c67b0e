package verify

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	"golang.org/x/sync/singleflight"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/usage"
)

const (
	unknownTTL    = 10 * time.Second // how long an unknown hash is cached
	unknownSize   = 10_000           // unknown hashes cached
	sharedSize    = 20_000           // accounts, organizations and tiers kept
	maxRefreshes  = 4                // background loads at once
	loadAttempts  = 3
	touchInterval = 5 * time.Minute // precision of LastUsedAt
)

// marks holds the marks of the key's hash (or the token's id), its account,
// organization and tier, and of the key itself if it is represented by a token or
// stored under another hash. A part that was not loaded
// has no mark.
type marks [5]keys.Mark

func (c *cache) stands(g *Grant) bool {
	for _, m := range g.marks {
		if !c.marks.Stands(m) {
			return false
		}
	}
	return g.rare.token == nil || c.marks.Stands(g.rare.token.signers)
}

// touch records the use, at most once per touchInterval.
func (g *Grant) touch(now time.Time, q *Question, lastUsed func(string, usage.Use)) {
	second := now.Unix()
	last := g.touched.Load()
	if second-last < int64(touchInterval/time.Second) || !g.touched.CompareAndSwap(last, second) {
		return
	}
	u := usage.Use{At: keys.Moment(now), UserAgent: q.UserAgent}
	if q.Address.IsValid() {
		u.Address = q.Address.String()
	}
	lastUsed(g.KeyID(), u)
}

// cache holds grants by the hash of their key. A grant is valid only while the
// marks it was loaded under are unchanged, so a slow load never brings back what
// was revoked in the meantime.
type cache struct {
	source   Source
	store    keys.Store // nil if the source is not a store
	marks    *keys.Marks
	logger   *slog.Logger
	now      func() time.Time
	made     time.Time
	maxStale atomic.Int64 // nanoseconds
	timeout  time.Duration
	every    time.Duration // between polls

	known    *ristretto.Cache[uint64, Grant]
	unknown  *ristretto.Cache[uint64, Grant]
	shared   *sharedObjects
	flights  singleflight.Group
	outage   atomic.Int64 // Unix nanoseconds of the last failed refresh
	counters counters
	slow     *slow

	nodes    *nodes.Registry
	polling  polling
	pulse    pulse
	settling sync.Mutex
	recorded atomic.Pointer[time.Time] // the last poll that other nodes know of
	start    *time.Time                // initial value of recorded
	beats    chan struct{}

	refreshes chan struct{}
	life      context.Context // ends with close, and stops background work
	stop      context.CancelFunc
	running   sync.WaitGroup
}

func newCache(c Config) (*cache, error) {
	size := orDefault(c.CacheSize, DefaultCacheSize)
	known, err := newGrants(size)
	if err != nil {
		return nil, fmt.Errorf("make the cache of %d grants: %w", size, err)
	}
	unknown, err := newGrants(unknownSize)
	if err != nil {
		return nil, fmt.Errorf("make the cache of unknown hashes: %w", err)
	}
	shared, err := newSharedObjects(c.Marks)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	started := c.Now()
	g := &cache{
		source: c.Source, store: c.Store, marks: c.Marks, logger: c.Logger, now: c.Now, made: started,
		timeout: orDefault(c.StoreTimeout, 2*time.Second),
		every:   orDefault(c.PollEvery, pollEvery),
		known:   known, unknown: unknown, shared: shared,
		refreshes: make(chan struct{}, maxRefreshes), life: ctx, stop: stop,
		slow: newSlow(), nodes: c.Nodes, beats: make(chan struct{}, 1),
	}
	g.maxStale.Store(int64(orDefault(c.MaxStale, DefaultMaxStale)))
	g.pulse.elapsed = c.Elapsed
	g.pulse.begin(started)
	g.polling.applied, g.polling.majority, g.polling.began = started, started, c.Elapsed()
	g.start = &started
	g.recorded.Store(g.start) // nothing cached is older
	if !c.NoPolls {
		g.running.Go(func() { g.poll(ctx) })
		g.running.Go(func() { g.beat(ctx) })
	}
	if g.nodes != nil {
		g.running.Go(func() { g.watch(ctx) })
	}
	return g, nil
}

func newGrants(size int) (*ristretto.Cache[uint64, Grant], error) {
	return ristretto.NewCache(&ristretto.Config[uint64, Grant]{
		NumCounters: int64(size) * 10, MaxCost: int64(size), BufferItems: 64, IgnoreInternalCost: true,
	})
}

func orDefault[T comparable](v, standard T) T {
	var zero T
	if v == zero {
		return standard
	}
	return v
}

func (c *cache) close() {
	c.stop()
	c.running.Wait()
	c.known.Close()
	c.unknown.Close()
	c.shared.close()
}

// since returns the time since the cache was created.
func (c *cache) since(now time.Time) time.Duration { return now.Sub(c.made) }

// slotOf returns the cache key; grants hold the full hash for comparison.
func slotOf(h keys.Hash) uint64 { return binary.LittleEndian.Uint64(h[:8]) }

// get returns the grant of the hash, or a cached "unknown", of any age, if its
// marks have not changed.
func (c *cache) get(h keys.Hash) (g Grant, cached bool) {
	slot := slotOf(h)
	if g, cached = c.known.Get(slot); !cached {
		if g, cached = c.unknown.Get(slot); !cached {
			return Grant{}, false
		}
	}
	if subtle.ConstantTimeCompare(g.hash[:], h[:]) != 1 || !c.stands(&g) {
		return Grant{}, false
	}
	return g, true
}

// peek returns the grant if it can be used without asking the store. That is only
// possible while polling reports changes; if this node has not polled lately, peek
// waits for a poll first.
func (c *cache) peek(ctx context.Context, h keys.Hash, fresh bool, now time.Time) (g Grant, cached bool) {
	if fresh || c.tooStale(now) || !c.hears(ctx, now) {
		return Grant{}, false
	}
	return c.usable(h, now)
}

// ready is peek for callers that do not wait.
func (c *cache) ready(h keys.Hash, fresh bool, now time.Time) (Grant, bool) {
	if fresh || c.tooStale(now) || !c.pulse.recently(now) {
		return Grant{}, false
	}
	return c.usable(h, now)
}

// usable returns the grant unless it is too old. It refreshes an aging one in the
// background.
func (c *cache) usable(h keys.Hash, now time.Time) (g Grant, cached bool) {
	if g, cached = c.get(h); !cached {
		return Grant{}, false
	}
	age := c.since(now) - g.loaded
	if !g.Known() {
		return g, age <= unknownTTL
	}
	if age > time.Duration(c.maxStale.Load()/2) {
		c.refresh(&g, now)
	}
	return g, true
}

// load asks the store, once for all who wait. While the store is unavailable it
// falls back to the cache, as long as the last poll is recent enough. After that
// every grant is loaded again.
func (c *cache) load(ctx context.Context, from credential, fresh bool, now time.Time) (Grant, error) {
	fresh = fresh || c.tooStale(now) || !c.pulse.recently(now)
	from.proven = c.provenBefore(&from)
	for range loadAttempts {
		g, err := c.fly(ctx, from, fresh)
		if err != nil {
			return c.fallback(ctx, from.hash, fresh, now, err)
		}
		if c.stands(&g) {
			return g, nil
		}
	}
	// The object changes faster than loads join. Anything read from here on
	// was written before the question was asked, whatever changes meanwhile.
	g, err := c.read(ctx, from, true)
	if err != nil {
		return c.fallback(ctx, from.hash, fresh, now, err)
	}
	return g, nil
}

func (c *cache) fly(ctx context.Context, from credential, fresh bool) (Grant, error) {
	if fresh {
		return c.read(ctx, from, true)
	}
	flight := c.flights.DoChan(from.flight(), func() (any, error) {
		return c.read(context.WithoutCancel(ctx), from, false)
	})
	select {
	case <-ctx.Done():
		return Grant{}, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return Grant{}, r.Err
		}
		return r.Val.(Grant), nil
	}
}

func (c *cache) fallback(ctx context.Context, h keys.Hash, fresh bool, now time.Time, err error) (Grant, error) {
	if ctx.Err() != nil {
		return Grant{}, ctx.Err()
	}
	if errors.Is(err, ErrElsewhere) || errors.Is(err, ErrBusy) {
		return Grant{}, err
	}
	c.outage.Store(now.UnixNano())
	if g, cached := c.get(h); cached && g.Known() && !fresh {
		return g, nil
	}
	c.logger.WarnContext(ctx, "store cannot be read and nothing fresh is cached", "err", err)
	return Grant{}, errs.New(errs.Unavailable, "store_gone_uncached")
}

// credential identifies what a grant is for: the key with the hash, or the key
// that a signed token with the hash represents, or one that may be stored with
// another digest.
type credential struct {
	hash    keys.Hash
	token   *AccessToken
	foreign *presented
	proven  *proven
}

// read loads the grant of the hash and caches it.
func (c *cache) read(ctx context.Context, from credential, fresh bool) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	f := &fact{hash: from.hash, loaded: c.since(c.now())}
	read := c.readKey
	switch {
	case from.token != nil:
		read = c.readToken
	case from.proven != nil:
		read = c.readProven
	}
	g, err := read(ctx, from, f, fresh)
	slot := slotOf(from.hash)
	switch {
	case errors.Is(err, errs.NotFound):
		g = Grant{fact: f, rare: nothingRare.of(credential{token: from.token}, "", "")}
		if from.foreign != nil {
			g.rare = soughtByText
		}
		c.known.Del(slot)
		c.unknown.Set(slot, g, 1)
	case err != nil:
		return Grant{}, fmt.Errorf("load a grant: %w", err)
	default:
		c.unknown.Del(slot)
		c.known.Set(slot, g, 1)
	}
	return g, nil
}

func (c *cache) readKey(ctx context.Context, from credential, f *fact, fresh bool) (Grant, error) {
	f.marks[0] = c.marks.Mark(from.hash.MarkID())
	load := c.source.Load(from.hash)
	found, err := load.Key(ctx)
	if errors.Is(err, errs.NotFound) && from.foreign != nil && c.store != nil {
		return c.recognize(ctx, from, f, fresh)
	}
	if err != nil {
		return Grant{}, err
	}
	return c.shared.grant(ctx, load, &found, credential{}, f, fresh)
}

// readToken returns the grant of the token's key, limited to what the token allows.
func (c *cache) readToken(ctx context.Context, from credential, f *fact, fresh bool) (Grant, error) {
	t := from.token
	f.marks[0], f.marks[4] = c.marks.Mark(t.ID), c.marks.Mark(t.KeyID)
	ended, err := c.store.HasTombstone(ctx, t.ID)
	if err != nil {
		return Grant{}, err
	}
	k, err := c.store.Keys().Get(ctx, t.KeyID)
	if err != nil {
		return Grant{}, err
	}
	f.tokenEnded = ended
	return c.shared.grant(ctx, c.source.Load(k.Hash), &Found{Key: k}, from, f, fresh)
}

// refresh reloads the grant in the background: one load at a time per grant, a few
// at a time in total, and none right after a failure.
func (c *cache) refresh(g *Grant, now time.Time) {
	if now.Sub(time.Unix(0, c.outage.Load())) < time.Second || !g.refreshing.CompareAndSwap(false, true) {
		return
	}
	select {
	case c.refreshes <- struct{}{}:
	default:
		g.refreshing.Store(false)
		return
	}
	old, from := g.fact, credential{hash: g.hash, token: g.rare.token, proven: g.rare.proven}
	c.running.Go(func() {
		defer func() { <-c.refreshes; old.refreshing.Store(false) }()
		if _, err := c.read(c.life, from, true); err != nil && c.life.Err() == nil {
			c.outage.Store(c.now().UnixNano())
			c.logger.Warn("refresh of a cached grant", "err", err)
		}
	})
}
