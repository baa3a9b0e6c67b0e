package imports

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/keys"
)

// Beside nodes that serve, batches hold the store's writer for about batchTime: other
// writes wait no longer. At rest, they are as large as memory allows.
const (
	batchTime  = 20 * time.Millisecond
	firstBatch = 50
	mostBatch  = 1000
	restBatch  = 20_000
)

// item is a row on its way to the store.
type item struct {
	account keys.ServiceAccount
	key     converted
	place   source.Place
	id      string // at the source
}

// batch collects items that are stored together.
type batch struct {
	ctx   context.Context //nolint:containedctx // of the reading that fills the batch
	items []item
	size  int
}

func (b *batch) add(i item) { b.items = append(b.items, i) }
func (b *batch) full() bool { return len(b.items) >= b.size }

// adapt chooses the size of the next batch by how long a part of the last one took.
func (b *batch) adapt(took time.Duration) {
	switch {
	case took > batchTime:
		b.size = max(firstBatch/5, int(float64(b.size)*float64(batchTime)/float64(took)))
	case took < batchTime/2:
		b.size = min(mostBatch, b.size+b.size/4+1)
	}
}

// flush stores the batch, and leaves the store to others for as long as that took if they
// write, too.
func (r *run) flush(ctx context.Context) error {
	items := r.batch.items
	r.batch.items = nil
	if len(items) == 0 {
		return ctx.Err()
	}
	if r.n.Options.DryRun {
		if err := r.compare(ctx, items); err != nil {
			return err
		}
		return r.progress(ctx)
	}
	began := time.Now()
	if err := r.storeAccounts(ctx, items); err != nil {
		return err
	}
	between := time.Now()
	if err := r.storeKeys(ctx, items); err != nil {
		return err
	}
	if err := r.progress(ctx); err != nil || !r.beside {
		return err
	}
	r.batch.adapt(max(between.Sub(began), time.Since(between)))
	return pause(ctx, time.Since(began))
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// storeAccounts stores the accounts that this run has not met, and gives those that exist
// the scopes that their keys need.
func (r *run) storeAccounts(ctx context.Context, items []item) error {
	var fresh []keys.ServiceAccount
	for i := range items {
		if a := &items[i].account; !r.plan.begun[shortOf(a.ID)] {
			r.plan.begun[shortOf(a.ID)] = true
			fresh = append(fresh, *a)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	there, err := r.Store.ServiceAccounts().InsertAll(ctx, fresh)
	if err != nil {
		return fmt.Errorf("store accounts: %w", err)
	}
	r.n.Count.Accounts += len(fresh) - len(there)
	known := setOf(there)
	for i := range fresh {
		if known[fresh[i].ID] {
			if err := r.widen(ctx, &fresh[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// widen gives an account of an earlier import the scopes that its new keys need.
func (r *run) widen(ctx context.Context, a *keys.ServiceAccount) error {
	_, after, err := keys.Revise(ctx, r.Store.ServiceAccounts(), a.ID, keys.AnyRevision, r.Keys.Now, func(there *keys.ServiceAccount) error {
		missing := slices.DeleteFunc(slices.Clone(a.Scopes), func(s string) bool { return keys.CoveredBy(there.Scopes, s) })
		if len(missing) == 0 {
			return nil
		}
		there.Scopes = append(slices.Clone(there.Scopes), missing...)
		return there.CheckImported()
	})
	if err != nil {
		return fmt.Errorf("give account %s the scopes of its keys: %w", a.ID, err)
	}
	r.Keys.Bump(after.ID)
	return nil
}

func (r *run) storeKeys(ctx context.Context, items []item) error {
	all := make([]keys.Key, len(items))
	for i := range items {
		all[i] = items[i].key.Key
	}
	insert := r.Store.LoadKeys
	if r.beside {
		insert = r.Store.Keys().InsertAll
	}
	taken, err := insert(ctx, all)
	if err != nil {
		return fmt.Errorf("store keys: %w", err)
	}
	left := setOf(taken)
	for i := range items {
		if !left[all[i].ID] {
			r.imported(&items[i].key)
		}
	}
	return r.explain(ctx, items, left)
}

func (r *run) imported(k *converted) {
	r.n.Count.Imported++
	switch {
	case k.weak:
		r.n.Count.Weak++
	case k.Digest != "":
		r.n.Count.Slow++
	}
}

// explain says of keys that could not be stored whether they were here before.
func (r *run) explain(ctx context.Context, items []item, taken map[string]bool) error {
	if len(taken) == 0 {
		return nil
	}
	there, err := r.there(ctx, slices.Collect(maps.Keys(taken)))
	if err != nil {
		return err
	}
	for i := range items {
		k := &items[i].key
		if !taken[k.ID] {
			continue
		}
		switch by, ok := there[k.ID]; {
		case ok && by == r.n.ID: // stored before this import was interrupted
			r.imported(k)
		case ok:
			r.n.Count.Unchanged++
		default:
			if err := r.refuse(Problem{Place: items[i].place, ID: items[i].id, Fault: errs.Say("import_key_taken")}); err != nil {
				return err
			}
		}
	}
	return nil
}

// there returns which of the keys exist, and the import that brought each.
func (r *run) there(ctx context.Context, wanted []string) (map[string]string, error) {
	found, err := r.Store.Keys().List(ctx, keys.KeyFilter{IDs: wanted}, keys.Page{Limit: len(wanted)})
	if err != nil {
		return nil, fmt.Errorf("read keys that exist: %w", err)
	}
	there := make(map[string]string, len(found))
	for i := range found {
		there[found[i].ID] = found[i].ImportID
	}
	return there, nil
}

func setOf(all []string) map[string]bool {
	set := make(map[string]bool, len(all))
	for _, one := range all {
		set[one] = true
	}
	return set
}

// compare counts what storing the items would do.
func (r *run) compare(ctx context.Context, items []item) error {
	wanted := make([]string, len(items))
	for i := range items {
		wanted[i] = items[i].key.ID
	}
	there, err := r.there(ctx, wanted)
	if err != nil {
		return err
	}
	for i := range items {
		k := &items[i].key
		if _, ok := there[k.ID]; ok {
			r.n.Count.Unchanged++
			continue
		}
		if err := r.compareNew(ctx, &items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) compareNew(ctx context.Context, i *item) error {
	_, err := r.Store.Keys().ByHash(ctx, i.key.Hash)
	if err == nil {
		return r.refuse(Problem{Place: i.place, ID: i.id, Fault: errs.Say("import_key_taken")})
	}
	if !errors.Is(err, errs.NotFound) {
		return fmt.Errorf("look for a key: %w", err)
	}
	r.imported(&i.key)
	if id := shortOf(i.account.ID); !r.plan.begun[id] {
		r.plan.begun[id] = true
		if _, err := r.Store.ServiceAccounts().Get(ctx, i.account.ID); errors.Is(err, errs.NotFound) {
			r.n.Count.Accounts++
		} else if err != nil {
			return fmt.Errorf("look for an account: %w", err)
		}
	}
	return nil
}
