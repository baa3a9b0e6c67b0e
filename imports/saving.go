package imports

import (
	"context"
	"fmt"
	"time"
)

// saveEvery is how often the record of an import at work is stored.
const saveEvery = 2 * time.Second

// record is the record of an import at work, and its copy in the store.
type record struct {
	*Service
	n     Import
	saved time.Time // zero before insert
}

func (r *record) insert(ctx context.Context) error {
	if err := r.Store.Imports().Insert(ctx, r.n); err != nil {
		return fmt.Errorf("store the record of the import: %w", err)
	}
	r.saved = r.Keys.Now()
	return nil
}

// alive stores the record now and then, without which another node takes the import.
func (r *record) alive(ctx context.Context) error {
	if r.Keys.Now().Sub(r.saved) < saveEvery {
		return nil
	}
	return r.save(ctx)
}

func (r *record) save(ctx context.Context) error {
	r.n.Advance(r.Keys.Now())
	r.saved = r.Keys.Now()
	if err := r.Store.Imports().Replace(ctx, r.n); err != nil {
		r.n.Revision--
		return fmt.Errorf("store the record of the import: %w", err)
	}
	return nil
}
