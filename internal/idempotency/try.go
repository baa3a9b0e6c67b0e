package idempotency

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/errs"
)

// Try is the right of one request to create the object of its claim. It must be used by
// one goroutine only.
type Try struct {
	keeper *Keeper
	record Record
	shared bool // other tries create the object with the same id
	begun  bool
	unsure bool // the previous try was interrupted, and may still create the object
}

// errTaken is returned to a try that took too long, so that another request has taken
// its claim over. What it created must be removed.
var errTaken = errors.New("another request has taken over")

// Begin returns the id that the object must have. It may be stored from then on.
func (t *Try) Begin() string {
	t.begun = true
	return t.record.ObjectID
}

// Confirm records that the object is stored. After an error the object must be removed,
// because another request may have created it.
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

// adopted returns nil if another request found the object and confirmed it.
func (t *Try) adopted(ctx context.Context) error {
	now, err := t.keeper.store.Idempotency(ctx, t.record.Key)
	switch {
	case err != nil:
		return err
	case now.Try == t.record.Try && now.Made:
		return nil
	case t.shared:
		return nil // whoever took over creates the same one, or finds it
	}
	return errTaken
}

// lost reports whether another request has taken over.
func (t *Try) lost(ctx context.Context) bool {
	now, err := t.keeper.store.Idempotency(ctx, t.record.Key)
	return err == nil && now.Try != t.record.Try
}

// release lets the next request begin at once after a refusal. If the object may still
// be stored, because the store did not say, the next one waits until that is certain.
// If release fails, the claim ends by itself.
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
