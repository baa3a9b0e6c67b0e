package verify

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// presented is the text of a key that the store may have under another hash than the
// SHA-256 of the text.
type presented struct {
	text  string
	other []keys.Alternate
}

// soughtByText is of unknown keys that were looked for by their other digests as well.
var soughtByText = &rare{}

// answeredBy reports whether what is cached answers a question about the credential. That
// nobody has a key with a hash does not, if the text may be stored with another digest:
// whoever asked before may have had the hash alone.
func (c credential) answeredBy(g *Grant) bool {
	return g.Known() || c.foreign == nil || g.rare == soughtByText
}

// flight names the load that those share who ask at once.
func (c credential) flight() string {
	if c.foreign != nil {
		return string(c.hash[:]) + "text"
	}
	return string(c.hash[:])
}

// proven says which stored digest a text was found to match, so that it need not be
// computed again while that stays.
type proven struct {
	hash   keys.Hash
	digest keys.Digest
}

// presented returns nil for a text that can only be stored as its SHA-256.
func (v *Verifier) presented(text string) *presented {
	other := v.format.Alternates(text)
	if len(other) == 0 {
		return nil
	}
	return &presented{text, other}
}

// Find returns the key with the text, for callers who look for a key and verify nothing: it
// charges no limit and changes nothing. The error is keys.ErrMalformed for a text that
// cannot be one, errs.NotFound if there is none, and ErrBusy while too many slow digests
// wait. It needs a Store.
func (v *Verifier) Find(ctx context.Context, text string) (keys.Key, error) {
	if err := v.format.Check(text); err != nil {
		return keys.Key{}, err
	}
	k, err := keys.Whole(ctx, v.grants.store.Keys(), keys.HashOf(text))
	p := v.presented(text)
	if !errors.Is(err, errs.NotFound) || p == nil {
		return k, err
	}
	return v.grants.match(ctx, p, &fact{})
}

// recognize finds an imported key by the digest that its source made, and stores its
// SHA-256 instead. A weak key keeps its digest, and only this node's memory knows which
// text matched.
func (c *cache) recognize(ctx context.Context, from credential, f *fact, fresh bool) (Grant, error) {
	for range loadAttempts {
		k, err := c.match(ctx, from.foreign, f)
		if err != nil {
			return Grant{}, err
		}
		by := credential{proven: &proven{k.Hash, k.Digest}}
		if strong, ok := k.Known(from.foreign.text); ok {
			if k, err = c.rehash(ctx, strong, k.Hash); errors.Is(err, errs.Stale) {
				continue
			}
			by = credential{}
		}
		if err != nil {
			return Grant{}, err
		}
		ctx, cancel := c.inTime(ctx)
		defer cancel()
		return c.shared.grant(ctx, c.source.Load(k.Hash), &Found{Key: k}, by, f, fresh)
	}
	return Grant{}, errs.New(errs.Unavailable, "too_many_writers")
}

// inTime gives a load whose slow digest has been computed its time for the store again, so
// that a digest is not computed for nothing, however long it took.
func (c *cache) inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
}

// match returns the stored key that the text proves. The other texts with its public
// part are not it.
func (c *cache) match(ctx context.Context, p *presented, f *fact) (keys.Key, error) {
	for _, a := range p.other {
		f.marks[4] = c.marks.Mark(a.Hash.MarkID())
		k, err := c.store.Keys().ByHash(ctx, a.Hash)
		if errors.Is(err, errs.NotFound) || err == nil && k.HashAlgorithm != a.Algorithm {
			continue
		}
		if err != nil {
			return k, err
		}
		if ok, err := c.slow.proves(ctx, &k, p.text); ok || err != nil {
			return k, err
		}
	}
	return keys.Key{}, errs.New(errs.NotFound, "no_key")
}

// rehash stores the key with the new digest. The error is errs.Stale if the key changed
// meanwhile; if another node was faster, what it stored is returned.
func (c *cache) rehash(ctx context.Context, k keys.Key, was keys.Hash) (keys.Key, error) {
	ctx, cancel := c.inTime(ctx)
	defer cancel()
	k.Advance(c.now())
	err := c.store.Keys().Rehash(ctx, k, was)
	switch {
	case err == nil:
		c.marks.Bump(k.Mark()) // edges may know that there was no such key
		return k, nil
	case errors.Is(err, errs.Stale), errors.Is(err, errs.Conflict):
		there, missing := keys.Whole(ctx, c.store.Keys(), k.Hash)
		if errors.Is(missing, errs.NotFound) {
			return k, err
		}
		return there, missing
	default:
		return k, fmt.Errorf("store the digest of an imported key: %w", err)
	}
}

// provenBefore returns the digest that the text was found to match, so that a change to the
// key's account or tier does not cost a slow digest for each weak key; nil if none is known.
func (c *cache) provenBefore(from *credential) *proven {
	if from.foreign == nil || from.token != nil {
		return nil
	}
	g, cached := c.known.Get(slotOf(from.hash))
	if !cached || !g.Known() || subtle.ConstantTimeCompare(g.hash[:], from.hash[:]) != 1 {
		return nil
	}
	return g.rare.proven
}

// readProven loads a key again whose text was matched before.
func (c *cache) readProven(ctx context.Context, from credential, f *fact, fresh bool) (Grant, error) {
	f.marks[0], f.marks[4] = c.marks.Mark(from.hash.MarkID()), c.marks.Mark(from.proven.hash.MarkID())
	k, err := c.store.Keys().ByHash(ctx, from.proven.hash)
	if err == nil && k.Digest != from.proven.digest {
		err = errs.New(errs.NotFound, "no_key")
	}
	if errors.Is(err, errs.NotFound) && from.foreign != nil {
		return c.readKey(ctx, from, f, fresh) // which may have another digest now
	}
	if err != nil {
		return Grant{}, err
	}
	return c.shared.grant(ctx, c.source.Load(k.Hash), &Found{Key: k}, from, f, fresh)
}

const (
	mostWaiting = 64 // texts that may wait for a slow digest
	mostOfOne   = 2  // of them for that of one key, so that who guesses one stops nobody else
)

// ErrBusy is returned for an imported key whose slow digest cannot be computed now,
// because too many others wait.
var ErrBusy error = errs.New(errs.Unavailable, "slow_keys_busy")

// slow computes digests that are slow by design on half of the processors, so that the
// other verifications have the rest.
type slow struct {
	waiting, running chan struct{}
	flights          singleflight.Group // by key and text

	mu sync.Mutex
	of map[keys.Hash]int // texts that wait, by the stored hash of the key
}

func newSlow() *slow {
	return &slow{
		waiting: make(chan struct{}, mostWaiting), running: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), of: map[keys.Hash]int{},
	}
}

// proves reports whether the text is the key. Those who ask the same at once share the work.
func (s *slow) proves(ctx context.Context, k *keys.Key, text string) (bool, error) {
	if k.HashAlgorithm != keys.PBKDF2SHA256 {
		return k.Proves(text), nil
	}
	of := keys.HashOf(text)
	ok, err, _ := s.flights.Do(k.ID+string(k.Digest)+string(of[:]), func() (any, error) { return s.compute(ctx, k, text) })
	if err != nil {
		return false, err
	}
	return ok.(bool), nil
}

// compute waits for its turn.
func (s *slow) compute(ctx context.Context, k *keys.Key, text string) (bool, error) {
	if !s.enter(k.Hash) {
		return false, ErrBusy
	}
	defer s.leave(k.Hash)
	select {
	case s.running <- struct{}{}:
	case <-ctx.Done():
		return false, ErrBusy
	}
	defer func() { <-s.running }()
	return k.Proves(text), nil
}

// enter takes a place in the queue, if there is one for the key.
func (s *slow) enter(h keys.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[h] >= mostOfOne {
		return false
	}
	select {
	case s.waiting <- struct{}{}:
		s.of[h]++
		return true
	default:
		return false
	}
}

func (s *slow) leave(h keys.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[h]--; s.of[h] == 0 {
		delete(s.of, h)
	}
	<-s.waiting
}
