// Package idempotency lets a client repeat a POST without making anything
// twice (IETF httpapi draft, The Idempotency-Key HTTP Header Field). The id of
// the object to be made is fixed and stored under the client's key before the
// object is: every repeat, concurrent or after a crash, tries to make the same
// id, and the store lets only one succeed.
package idempotency

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/internal/errs"
)

// MaxKeyLength bounds the header's value, in bytes.
const MaxKeyLength = 255

// Record ties a client's key to the id of what its request makes.
type Record struct {
	Key         [sha256.Size]byte // digest of principal, operation and the client's key
	Fingerprint [sha256.Size]byte // digest of the request's body
	ObjectID    string
	CreatedAt   time.Time
}

// Store keeps records for at least a day.
type Store interface {
	// InsertIdempotency stores the record, or fails with errs.Conflict where
	// its Key is taken.
	InsertIdempotency(ctx context.Context, r Record) error
	// Idempotency returns the record with the key, or errs.NotFound.
	Idempotency(ctx context.Context, key [sha256.Size]byte) (Record, error)
	// DeleteIdempotencyBefore removes at most limit records older than before.
	DeleteIdempotencyBefore(ctx context.Context, before time.Time, limit int) (int, error)
}

// Keeper reserves ids.
type Keeper struct {
	store Store
	now   func() time.Time
}

// New returns a Keeper over the store.
func New(store Store, now func() time.Time) *Keeper { return &Keeper{store: store, now: now} }

// Request is one POST that its client may repeat.
type Request struct {
	Principal string // id of whoever asks: keys of different principals never meet
	Operation string // method and path
	Key       string // the header's value
	Body      []byte
	NewID     string // the id to use when this is the first request with the key
}

// Reserve returns the id that the request's object must have, and whether an
// earlier request has reserved it. The same key with another body is refused
// with errs.Conflict and the code idempotency_key_reused.
func (k *Keeper) Reserve(ctx context.Context, r Request) (id string, repeated bool, err error) {
	if len(r.Key) > MaxKeyLength {
		var f errs.Faults
		f.Add("Idempotency-Key", fmt.Sprintf("must be at most %d bytes", MaxKeyLength))
		return "", false, f.Err()
	}
	record := Record{
		Key:         sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s%s", len(r.Principal), r.Principal, len(r.Operation), r.Operation, r.Key)),
		Fingerprint: sha256.Sum256(r.Body),
		ObjectID:    r.NewID,
		CreatedAt:   k.now().UTC().Truncate(time.Millisecond),
	}
	err = k.store.InsertIdempotency(ctx, record)
	if err == nil {
		return record.ObjectID, false, nil
	}
	if !errors.Is(err, errs.Conflict) {
		return "", false, fmt.Errorf("reserve idempotency key: %w", err)
	}
	earlier, err := k.store.Idempotency(ctx, record.Key)
	if err != nil {
		return "", false, fmt.Errorf("read idempotency key: %w", err)
	}
	if earlier.Fingerprint != record.Fingerprint {
		return "", false, errs.WithCode(errs.Conflict, "idempotency_key_reused",
			"this Idempotency-Key was used with a different body; use a new one")
	}
	return earlier.ObjectID, true, nil
}
