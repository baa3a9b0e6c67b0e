package signing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// Config is what a Keyring needs. All fields but Now and the durations are
// required.
type Config struct {
	Store     Store
	Sealer    *seal.Sealer
	Algorithm Algorithm
	Issuer    string // iss of every token: the public URL of the service
	Logger    *slog.Logger
	Life      time.Duration    // how long a key signs, DefaultLife if 0
	Overlap   time.Duration    // how long it verifies after that: the longest life of a token
	Retired   func()           // called after a key was retired, if not nil
	Now       func() time.Time // time.Now if nil
}

const (
	// DefaultLife is how long a key signs.
	DefaultLife = 90 * 24 * time.Hour
	// announcement is how long a new key is published before it signs, so that
	// other nodes, and services that cache the JWKS, know it by then.
	announcement = 10 * time.Minute
	reloadEvery  = 30 * time.Second
	reloadAgain  = time.Second // minimum time between reloads for unknown kids
	leeway       = 5 * time.Second
	maxToken     = 8 << 10
)

// Keyring signs and verifies tokens. Its methods are safe for concurrent use.
type Keyring struct {
	Config
	known    atomic.Pointer[map[string]*pair]
	loading  sync.Mutex
	loadedAt time.Time
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// NewKeyring loads the keys, creates the first one if none exists, and starts
// maintaining them; Close stops that.
func NewKeyring(ctx context.Context, c Config) (*Keyring, error) {
	if c.Store == nil || c.Sealer == nil || c.Issuer == "" || c.Logger == nil || c.Overlap <= 0 {
		return nil, errors.New("signing: Store, Sealer, Issuer, Logger and Overlap are required")
	}
	if c.Life == 0 {
		c.Life = DefaultLife
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &Keyring{Config: c}
	if err := r.tend(ctx); err != nil {
		if r.known.Load() == nil || !errors.Is(err, errs.Unavailable) {
			return nil, err
		}
		c.Logger.WarnContext(ctx, "the next signing key cannot be made; it is tried again", "err", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	r.running.Go(func() { r.repeat(background) })
	return r, nil
}

// Close ends the background work.
func (r *Keyring) Close() {
	r.stop()
	r.running.Wait()
}

func (r *Keyring) repeat(ctx context.Context) {
	ticker := time.NewTicker(reloadEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := r.tend(ctx); err != nil && ctx.Err() == nil {
			r.Logger.Warn("signing keys cannot be looked after", "err", err)
		}
	}
}

// tend reads the keys, and creates the next one when it is due.
func (r *Keyring) tend(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	newest := r.newest()
	now := r.Now()
	if newest != nil && newest.Algorithm == r.Algorithm && now.Before(newest.ActiveAt.Add(r.Life-announcement)) {
		return nil
	}
	if _, err := r.add(ctx, newest, now.Add(announcement)); err != nil {
		return err
	}
	return r.load(ctx)
}

// add creates the successor of a key, or the first key, which signs at once.
func (r *Keyring) add(ctx context.Context, after *pair, active time.Time) (Key, error) {
	id, now := ids.New(ids.SigningKey), r.Now()
	if after != nil {
		id = successorID(after.ID)
	} else {
		active = now
	}
	k, err := newKey(id, r.Algorithm, r.Sealer, now, active, active.Add(r.Life+r.Overlap))
	if err != nil {
		return Key{}, err
	}
	if err := r.Store.SigningKeys().Insert(ctx, k); err != nil && !errors.Is(err, errs.Conflict) {
		return Key{}, fmt.Errorf("store a signing key: %w", err)
	}
	return k, nil
}

// Rotate creates the next key. It signs after an announcement of ten minutes, or
// at once if now is set. With retire it signs at once and the earlier keys stop
// verifying at that moment, for a key that leaked. Every node follows within half
// a minute.
func (r *Keyring) Rotate(ctx context.Context, now, retire bool) (Key, error) {
	if err := r.load(ctx); err != nil {
		return Key{}, err
	}
	earlier := *r.known.Load()
	active := r.Now().Add(announcement)
	if now || retire {
		active = r.Now()
	}
	made, err := r.add(ctx, r.newest(), active)
	if err != nil {
		return Key{}, err
	}
	for id := range earlier {
		end := active.Add(r.Overlap)
		if retire {
			end = active
		}
		_, _, err := keys.Revise(ctx, r.Store.SigningKeys(), id, keys.AnyRevision, r.Now, func(k *Key) error {
			if end.Before(k.RetireAt) {
				k.RetireAt = end.UTC().Truncate(time.Millisecond)
			}
			return nil
		})
		if err != nil {
			return Key{}, fmt.Errorf("retire signing key %s: %w", id, err)
		}
	}
	return made, r.load(ctx)
}

// load reads the keys and removes those that are retired.
func (r *Keyring) load(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.loadedAt = r.Now()
	stored, err := all(ctx, r.Store)
	if err != nil {
		return err
	}
	known := make(map[string]*pair, len(stored))
	for _, k := range stored {
		if !r.Now().Before(k.RetireAt) {
			if err := r.Store.SigningKeys().Delete(ctx, k.ID, k.Revision); err != nil && !errors.Is(err, errs.NotFound) &&
				!errors.Is(err, errs.Stale) {
				return fmt.Errorf("remove a retired signing key: %w", err)
			}
			continue
		}
		p, err := open(k, r.Sealer)
		if err != nil {
			return err
		}
		known[k.ID] = p
	}
	before := r.known.Swap(&known)
	if before == nil || r.Retired == nil {
		return nil
	}
	for id := range *before {
		if known[id] == nil {
			r.Retired()
			break
		}
	}
	return nil
}

// newest returns the known key that becomes active last, nil for none.
func (r *Keyring) newest() *pair {
	return r.latest(func(*pair) bool { return true })
}

func (r *Keyring) latest(is func(*pair) bool) *pair {
	var found *pair
	for _, p := range *r.known.Load() {
		if is(p) && (found == nil || p.ActiveAt.After(found.ActiveAt) || (p.ActiveAt.Equal(found.ActiveAt) && p.ID > found.ID)) {
			found = p
		}
	}
	return found
}

// Keys returns the keys that are not retired.
func (r *Keyring) Keys() []Key {
	var list []Key
	for _, p := range *r.known.Load() {
		list = append(list, p.Key)
	}
	return list
}

// JWKS returns the public halves as a JSON Web Key Set.
func (r *Keyring) JWKS() ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, p := range *r.known.Load() {
		set.Keys = append(set.Keys, p.public)
	}
	return json.Marshal(set)
}

// ErrNoSigner is returned if no key can sign.
var ErrNoSigner = errors.New("there is no signing key that is not retired")

// signer returns the key that signs now: the newest active one. If none is active
// yet, as after a start with the clock ahead, it returns the one that becomes
// active first: all keys are published, and no other can sign.
func (r *Keyring) signer() *pair {
	now := r.Now()
	if p := r.latest(func(p *pair) bool { return !now.Before(p.ActiveAt) && now.Before(p.RetireAt) }); p != nil {
		return p
	}
	var first *pair
	for _, p := range *r.known.Load() {
		if now.Before(p.RetireAt) && (first == nil || p.ActiveAt.Before(first.ActiveAt)) {
			first = p
		}
	}
	return first
}

// CanSign returns ErrNoSigner if tokens cannot be signed.
func (r *Keyring) CanSign() error {
	if r.signer() == nil {
		return ErrNoSigner
	}
	return nil
}

// Sign returns a token of the type with the claims. It sets the issuer.
func (r *Keyring) Sign(t Type, c Claims) (string, error) {
	p := r.signer()
	if p == nil {
		return "", ErrNoSigner
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(t))
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(p.Algorithm), Key: jose.JSONWebKey{Key: p.private, KeyID: p.ID},
	}, options)
	if err != nil {
		return "", fmt.Errorf("make a signer: %w", err)
	}
	c.Issuer = r.Issuer
	return jwt.Signed(signer).Claims(c).Serialize()
}
