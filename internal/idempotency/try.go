package idempotency

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/errs"
)

// Try is the right of one request to make the object of its claim. It is used
// by one goroutine.
type Try struct {
	keeper *Keeper
	record Record
	shared bool // other tries make the object with the same id
	begun  bool
	unsure bool // the try before was cut off, and may still make the object
}

// errTaken is returned to a try whose claim another request has taken over, as
// it took too long: what it has made is to be taken back.
var errTaken = errors.New("another request has taken over")

// Begin returns the id that the object must have. From then on it may be stored.
func (t *Try) Begin() string {
	t.begun = true
	return t.record.ObjectID
}

// Confirm notes that the object is stored. After an error it is to be removed
// again: another request may have made it.
func (t *Try) Confirm(ctx context.Context) error {
	if t.record.Made {
		return nil
	}
	made := t.record
	made.Made = true
	err := t.keeper.store.ReplaceIdempotency(ctx, t.record, made)
	if errors.Is(err, errs.Stale) {
		err = t.adopted(ctx)
	}
	if err != nil {
		return fmt.Errorf("confirm an idempotency key: %w", err)
	}
	t.record = made
	return nil
}

// adopted returns nil where another request found the object and confirmed it.
func (t *Try) adopted(ctx context.Context) error {
	now, err := t.keeper.store.Idempotency(ctx, t.record.Key)
	switch {
	case err != nil:
		return err
	case now.Try == t.record.Try && now.Made:
		return nil
	case t.shared:
		return nil // whoever took over makes the same one, or finds it
	}
	return errTaken
}

// lost reports whether another request has taken over.
func (t *Try) lost(ctx context.Context) bool {
	now, err := t.keeper.store.Idempotency(ctx, t.record.Key)
	return err == nil && now.Try != t.record.Try
}

// release lets the next request begin at once after a refusal. Where the object
// may be stored all the same, as the store did not say, the next one waits until
// that is certain. If it fails, the claim ends by itself.
func (t *Try) release(ctx context.Context, refusal error) {
	kind := errs.KindOf(refusal)
	if t.begun && !t.shared && (kind == "" || kind == errs.Unavailable) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	free := t.record
	free.Made, free.FreeAt = false, free.CreatedAt
	_ = t.keeper.store.ReplaceIdempotency(ctx, t.record, free)
}
