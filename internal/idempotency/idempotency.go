// Package idempotency lets a client repeat a POST without creating anything twice (IETF
// httpapi draft, The Idempotency-Key HTTP Header Field).
//
// The first request with a key inserts a claim before it creates anything. The claim
// names the id of the object to be created. It is one insert into a collection that is
// never sharded, so only one request gets it, on whatever node. The others wait for its
// outcome. If nobody confirms a claim in time, because its node died, the next request
// takes it over and looks for the object before it creates it. A store therefore only
// has to accept a claim once, and to change one record in one step. The object itself
// may be in a sharded collection, where an id is unique only within a shard.
package idempotency

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// MaxKeyLength bounds the header's value, in bytes.
const MaxKeyLength = 255

const (
	// lease is how long a try may take. It is then abandoned, and another one may begin.
	lease = 15 * time.Second
	// skew is how far the clocks of nodes may differ.
	skew = 5 * time.Second
	// patience is how long a request waits for another one with its key.
	patience = 5 * time.Second
	// pause is the interval between its checks.
	pause = 50 * time.Millisecond
	// releaseTime bounds the release of a claim after a refusal.
	releaseTime = 2 * time.Second
)

// Record is a claim: it links a client's key to the id of what its request creates.
type Record struct {
	Key         [sha256.Size]byte // digest of principal, operation and the client's key
	Fingerprint [sha256.Size]byte // digest of the request's body
	ObjectID    string            // of what the current try creates
	CreatedAt   time.Time
	Try         int64     // grows with every request that takes the claim over
	Made        bool      // the object is stored
	FreeAt      time.Time // when a claim that is not Made may be taken over; zero in records of earlier releases
}

// free reports whether no try is creating the object any more. A claim that ends later
// than a try may take was written by a clock that has since been set right.
func (r *Record) free(now time.Time) bool {
	at := r.FreeAt
	if at.IsZero() {
		at = r.CreatedAt.Add(lease + skew)
	}
	return r.Made || !now.Before(at) || at.Sub(now) > lease+2*skew
}

// released reports whether the last try ended in a refusal: nothing was created.
func (r *Record) released() bool { return !r.Made && r.FreeAt.Equal(r.CreatedAt) }

// Store stores records for at least a day.
type Store interface {
	// InsertIdempotency stores the record, or fails with errs.Conflict if its Key is taken.
	// Of many concurrent calls, on whatever nodes, one succeeds.
	InsertIdempotency(ctx context.Context, r Record) error
	// Idempotency returns the record with the key, or errs.NotFound.
	Idempotency(ctx context.Context, key [sha256.Size]byte) (Record, error)
	// ReplaceIdempotency replaces the record that has r's Key with r if it still has the
	// Try and the Made of was, and fails with errs.Stale otherwise.
	ReplaceIdempotency(ctx context.Context, was, r Record) error
	// DeleteIdempotencyBefore deletes at most limit records older than before.
	DeleteIdempotencyBefore(ctx context.Context, before time.Time, limit int) (int, error)
}

// Keeper manages claims.
type Keeper struct {
	store Store
	now   func() time.Time
}

// New returns a Keeper on the store.
func New(store Store, now func() time.Time) *Keeper { return &Keeper{store: store, now: now} }

// Request is one POST that its client may repeat.
type Request struct {
	Principal string // id of the caller: keys of different principals are unrelated
	Operation string // method and path
	Key       string // the header's value
	Body      []byte
	NewID     func() string // returns the id to use if this is the first request with the key
	// PerTry gives each try an id of its own. It is for objects that a sharded store may
	// hold twice under one id; otherwise all tries create the same one.
	PerTry bool
}

// claim creates the record of the first try, or returns what an earlier request has
// made of it. The same key with another body is refused with errs.Conflict and the code
// idempotency_key_reused.
func (k *Keeper) claim(ctx context.Context, r *Request) (record Record, mine bool, err error) {
	if len(r.Key) > MaxKeyLength {
		var f errs.Faults
		f.Add("Idempotency-Key", "too_many_bytes", "most", MaxKeyLength)
		return record, false, f.Err()
	}
	now := k.now().UTC().Truncate(time.Millisecond)
	record = Record{
		Key:         sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s%s", len(r.Principal), r.Principal, len(r.Operation), r.Operation, r.Key)),
		Fingerprint: sha256.Sum256(r.Body),
		ObjectID:    r.NewID(),
		CreatedAt:   now,
		Try:         1,
		FreeAt:      now.Add(lease + skew),
	}
	err = k.store.InsertIdempotency(ctx, record)
	if err == nil {
		return record, true, nil
	}
	if !errors.Is(err, errs.Conflict) {
		return record, false, fmt.Errorf("claim an idempotency key: %w", err)
	}
	earlier, err := k.store.Idempotency(ctx, record.Key)
	if err != nil {
		return record, false, fmt.Errorf("read an idempotency key: %w", err)
	}
	if earlier.Fingerprint != record.Fingerprint {
		return record, false, errs.WithCode(errs.Conflict, "idempotency_key_reused",
			"idempotency_key_reused")
	}
	return earlier, false, nil
}

// Reserve returns the id that the request's object must have, the same for each request
// with the key. It is for objects whose ids the store accepts only once, and for which
// a repeat is refused.
func (k *Keeper) Reserve(ctx context.Context, r Request) (id string, err error) {
	record, _, err := k.claim(ctx, &r)
	return record.ObjectID, err
}

// Once creates the object of the request, or finds what an earlier one with the same
// key has created. A request waits while another one creates it; if that takes too
// long, it is refused with errs.Conflict and the code idempotency_key_in_use. find
// returns the object with the id or errs.NotFound.
func Once[T any](ctx context.Context, k *Keeper, r Request, find func(ctx context.Context, id string) (T, error),
	make func(context.Context, *Try) (T, error),
) (object T, repeated bool, err error) {
	var none T
	for waiting := time.Now(); ; {
		began := time.Now()
		record, mine, err := k.claim(ctx, &r)
		if err != nil {
			return none, false, err
		}
		if !mine && !record.free(k.now()) {
			if err := rest(ctx, waiting); err != nil {
				return none, false, err
			}
			continue
		}
		t := &Try{keeper: k, record: record, shared: !r.PerTry}
		if !mine {
			object, found, err := earlier(ctx, t, &r, find)
			if errors.Is(err, errs.Stale) {
				continue // another request was faster
			}
			if found || err != nil {
				return object, found, err
			}
		}
		object, repeated, err = attempt(ctx, t, began, find, make)
		if !errors.Is(err, errTaken) {
			return object, repeated, err
		}
	}
}

// earlier returns what an earlier try has created. If that is nothing, t becomes the
// next try.
func earlier[T any](ctx context.Context, t *Try, r *Request, find func(context.Context, string) (T, error)) (object T,
	found bool, err error,
) {
	was := t.record
	if !was.released() {
		object, err = find(ctx, was.ObjectID)
		if err == nil {
			err = t.keeper.adopt(ctx, was)
			return object, err == nil, err
		}
		if !errors.Is(err, errs.NotFound) {
			return object, false, err
		}
		t.unsure = !was.Made
	}
	t.record, err = t.keeper.takeOver(ctx, was, r)
	return object, false, err
}

// rest waits for another request, for a limited time.
func rest(ctx context.Context, since time.Time) error {
	if time.Since(since) >= patience {
		return errs.WithCode(errs.Conflict, "idempotency_key_in_use",
			"idempotency_key_in_use")
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// attempt creates the object. errTaken means that another request has taken the claim
// over.
func attempt[T any](ctx context.Context, t *Try, began time.Time, find func(context.Context, string) (T, error),
	make func(context.Context, *Try) (T, error),
) (object T, repeated bool, err error) {
	making, cancel := context.WithDeadline(ctx, began.Add(lease))
	defer cancel()
	object, err = make(making, t)
	if err == nil {
		err = t.Confirm(making)
	}
	if errors.Is(err, errTaken) || (errors.Is(err, errs.Conflict) && t.lost(ctx)) {
		return object, false, errTaken
	}
	if err != nil && making.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errs.Unavailable, err)
	}
	if errors.Is(err, errs.Conflict) && t.unsure { // the earlier try succeeded after all
		if found, missing := find(ctx, t.record.ObjectID); missing == nil {
			return found, true, t.Confirm(ctx)
		}
	}
	if err != nil {
		t.release(ctx, err)
	}
	return object, false, err
}

// adopt confirms what an earlier try has created.
func (k *Keeper) adopt(ctx context.Context, r Record) error {
	if r.Made {
		return nil
	}
	made := r
	made.Made = true
	return k.store.ReplaceIdempotency(ctx, r, made)
}

// takeOver gives the claim to this request. The previous try can then no longer be
// confirmed.
func (k *Keeper) takeOver(ctx context.Context, r Record, of *Request) (Record, error) {
	next := r
	next.Try++
	next.Made = false
	next.FreeAt = k.now().UTC().Truncate(time.Millisecond).Add(lease + skew)
	if of.PerTry {
		next.ObjectID = of.NewID()
	}
	return next, k.store.ReplaceIdempotency(ctx, r, next)
}
