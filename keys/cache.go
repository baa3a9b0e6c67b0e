package keys

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

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/usage"
)

const (
	unknownTTL    = 10 * time.Second // how long an unknown hash is remembered
	unknownSize   = 10_000           // how many of them
	sharedSize    = 20_000           // accounts, organizations and tiers kept
	maxRefreshes  = 4                // background loads at once
	loadAttempts  = 3
	touchInterval = 5 * time.Minute // how exact LastUsedAt is
)

// entry is what is known of one hash: its grant, or that there is none.
// Everything but the atomics is immutable. What the collector has to go through
// for each of very many keys is what verification waits for, so there is no
// pointer, and no object, that could be spared.
type entry struct {
	hash       Hash
	token      *AccessToken  // what a signed token said, nil for a key
	grant      *Grant        // nil: there is no such key
	marks      marks         // read before the store was
	loaded     time.Duration // since the cache was made
	refreshing atomic.Bool
	touched    atomic.Int64 // Unix seconds of the last use passed on
	counter    usage.Counter
}

// marks are those of the key's hash (or the token's id), its account,
// organization and tier, and of the key where a token stands for it; of a part
// that was not loaded there is none.
type marks [5]Mark

func (c *cache) stands(e *entry) bool {
	for _, m := range e.marks {
		if !c.marks.Stands(m) {
			return false
		}
	}
	return e.token == nil || c.marks.Stands(e.token.signers)
}

// granted is an entry in one piece of memory with its grant.
type granted struct {
	entry
	of Grant
}

// touch passes the use on, at most once in touchInterval.
func (e *entry) touch(now time.Time, q *Question, lastUsed func(string, usage.Use)) {
	second := now.Unix()
	last := e.touched.Load()
	if second-last < int64(touchInterval/time.Second) || !e.touched.CompareAndSwap(last, second) {
		return
	}
	u := usage.Use{At: moment(now), UserAgent: q.UserAgent}
	if q.Address.IsValid() {
		u.Address = q.Address.String()
	}
	lastUsed(e.grant.KeyID, u)
}

// cache holds grants by the hash of their key. A grant counts only while the
// marks that it was loaded under stand, so that a slow load never brings back
// what was revoked meanwhile.
type cache struct {
	store    Store
	marks    *Marks
	logger   *slog.Logger
	now      func() time.Time
	made     time.Time
	maxStale time.Duration
	timeout  time.Duration

	known   *ristretto.Cache[uint64, *entry]
	unknown *ristretto.Cache[uint64, *entry]
	shared  *sharedObjects
	flights singleflight.Group
	outage  atomic.Int64 // Unix nanoseconds of the last failed refresh
	tally   tally

	nodes    *nodes.Registry
	polling  polling
	recorded atomic.Pointer[time.Time] // the last poll that others know of
	beats    chan struct{}

	refreshes chan struct{}
	life      context.Context // ends with close, and with it what runs in the background
	stop      context.CancelFunc
	running   sync.WaitGroup
}

func newCache(c VerifierConfig) (*cache, error) {
	size := orDefault(c.CacheSize, DefaultCacheSize)
	known, err := newEntries(size)
	if err != nil {
		return nil, fmt.Errorf("make the cache of %d grants: %w", size, err)
	}
	unknown, err := newEntries(unknownSize)
	if err != nil {
		return nil, fmt.Errorf("make the cache of unknown hashes: %w", err)
	}
	shared, err := newSharedObjects(c.Store, c.Marks)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	started := c.Now()
	g := &cache{
		store: c.Store, marks: c.Marks, logger: c.Logger, now: c.Now, made: started,
		maxStale: orDefault(c.MaxStale, DefaultMaxStale), timeout: orDefault(c.StoreTimeout, 2*time.Second),
		known: known, unknown: unknown, shared: shared,
		refreshes: make(chan struct{}, maxRefreshes), life: ctx, stop: stop,
		nodes: c.Nodes, beats: make(chan struct{}, 1),
	}
	g.polling.applied = started
	g.recorded.Store(&started) // nothing is cached that is older
	g.running.Go(func() { g.poll(ctx) })
	g.running.Go(func() { g.beat(ctx) })
	if g.nodes != nil {
		g.running.Go(func() { g.watch(ctx) })
	}
	return g, nil
}

func newEntries(size int) (*ristretto.Cache[uint64, *entry], error) {
	return ristretto.NewCache(&ristretto.Config[uint64, *entry]{
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

// since is how long after the cache was made it is.
func (c *cache) since(now time.Time) time.Duration { return now.Sub(c.made) }

// slotOf is the cache's key: entries hold the full hash to compare.
func slotOf(h Hash) uint64 { return binary.LittleEndian.Uint64(h[:8]) }

// get returns the entry of the hash if its marks stand, however old it is.
func (c *cache) get(h Hash) *entry {
	slot := slotOf(h)
	e, ok := c.known.Get(slot)
	if !ok {
		if e, ok = c.unknown.Get(slot); !ok {
			return nil
		}
	}
	if subtle.ConstantTimeCompare(e.hash[:], h[:]) != 1 || !c.stands(e) {
		return nil
	}
	return e
}

// peek returns the entry if it can be used without asking the store, which is
// the case only while polling tells what changed. One that is getting old is
// refreshed in the background.
func (c *cache) peek(h Hash, fresh bool, now time.Time) *entry {
	if fresh || c.tooStale(now) {
		return nil
	}
	e := c.get(h)
	if e == nil {
		return nil
	}
	age := c.since(now) - e.loaded
	if e.grant == nil {
		if age > unknownTTL {
			return nil
		}
		return e
	}
	if age > c.maxStale/2 {
		c.refresh(e, now)
	}
	return e
}

// load asks the store, once however many wait. While the store is gone it
// falls back to what is cached, for as long as polling is not too long ago;
// then everything is read anew.
func (c *cache) load(ctx context.Context, from source, fresh bool, now time.Time) (*entry, error) {
	fresh = fresh || c.tooStale(now)
	for range loadAttempts {
		e, err := c.fly(ctx, from, fresh)
		if err != nil {
			return c.fallback(ctx, from.hash, fresh, now, err)
		}
		if c.stands(e) {
			return e, nil
		}
	}
	// The object changes faster than loads join: what is read from here on
	// was written before the question was asked, whatever changes meanwhile.
	e, err := c.read(ctx, from, true)
	if err != nil {
		return c.fallback(ctx, from.hash, fresh, now, err)
	}
	return e, nil
}

func (c *cache) fly(ctx context.Context, from source, fresh bool) (*entry, error) {
	if fresh {
		return c.read(ctx, from, true)
	}
	flight := c.flights.DoChan(string(from.hash[:]), func() (any, error) {
		return c.read(context.WithoutCancel(ctx), from, false)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*entry), nil
	}
}

func (c *cache) fallback(ctx context.Context, h Hash, fresh bool, now time.Time, err error) (*entry, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	c.outage.Store(now.UnixNano())
	if e := c.get(h); e != nil && e.grant != nil && !fresh {
		return e, nil
	}
	c.logger.WarnContext(ctx, "store cannot be read and nothing fresh is cached", "err", err)
	return nil, errs.New(errs.Unavailable, "the store cannot be reached and the key is not cached")
}

// source is where a grant comes from: the key with the hash, or the key that
// a signed token with the hash stands for.
type source struct {
	hash  Hash
	token *AccessToken
}

// read loads what is known of the hash and keeps it.
func (c *cache) read(ctx context.Context, from source, fresh bool) (*entry, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	g := &granted{entry: entry{hash: from.hash, token: from.token, loaded: c.since(c.now())}}
	e := &g.entry
	var err error
	if from.token == nil {
		g.of, err = c.readKey(ctx, from.hash, &e.marks, fresh)
	} else {
		g.of, err = c.readToken(ctx, from.token, &e.marks, fresh)
	}
	if err == nil {
		e.grant = &g.of
		e.counter.Init(e.grant)
	}
	slot := slotOf(from.hash)
	switch {
	case errors.Is(err, errs.NotFound):
		c.known.Del(slot)
		c.unknown.Set(slot, e, 1)
	case err != nil:
		return nil, fmt.Errorf("load a grant: %w", err)
	default:
		c.unknown.Del(slot)
		c.known.Set(slot, e, 1)
	}
	return e, nil
}

func (c *cache) readKey(ctx context.Context, h Hash, m *marks, fresh bool) (Grant, error) {
	m[0] = c.marks.Mark(hashMark(h))
	k, err := c.store.Keys().ByHash(ctx, h)
	if err != nil {
		return Grant{}, err
	}
	return c.shared.grant(ctx, &k, m, fresh)
}

// readToken returns the grant of the token's key as far as the token goes.
func (c *cache) readToken(ctx context.Context, t *AccessToken, m *marks, fresh bool) (Grant, error) {
	m[0], m[4] = c.marks.Mark(t.ID), c.marks.Mark(t.KeyID)
	ended, err := c.store.Buried(ctx, t.ID)
	if err != nil {
		return Grant{}, err
	}
	k, err := c.store.Keys().Get(ctx, t.KeyID)
	if err != nil {
		return Grant{}, err
	}
	g, err := c.shared.grant(ctx, &k, m, fresh)
	if err != nil {
		return Grant{}, err
	}
	g.tokenEnded = ended
	g.scopes = c.shared.scopeSet(effectiveScopes(t.Scopes, g.scopes.list))
	if g.endsAt == 0 || t.ExpiresAt.UnixMilli() < g.endsAt {
		g.endsAt, g.token = t.ExpiresAt.UnixMilli(), true
	}
	return g, nil
}

// refresh loads the entry anew in the background: once at a time for each
// entry, few at a time for all, and not right after one failed.
func (c *cache) refresh(e *entry, now time.Time) {
	if now.Sub(time.Unix(0, c.outage.Load())) < time.Second || !e.refreshing.CompareAndSwap(false, true) {
		return
	}
	select {
	case c.refreshes <- struct{}{}:
	default:
		e.refreshing.Store(false)
		return
	}
	c.running.Go(func() {
		defer func() { <-c.refreshes; e.refreshing.Store(false) }()
		if _, err := c.read(c.life, source{e.hash, e.token}, true); err != nil && c.life.Err() == nil {
			c.outage.Store(c.now().UnixNano())
			c.logger.Warn("refresh of a cached grant", "err", err)
		}
	})
}
