package imports

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// pace is how long a batch may hold the store's writer, and with it everybody who writes.
type pace struct {
	within      time.Duration
	first, most int // items
}

var (
	besideNodes = pace{20 * time.Millisecond, 50, 1000} // that serve
	atRest      = pace{3 * time.Second, 10_000, 50_000} // a node that starts waits longer than that
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
	items []*item
	size  int
	pace
}

func (b *batch) begin(p pace) { b.pace, b.size = p, p.first }

func (b *batch) add(i *item) { b.items = append(b.items, i) }
func (b *batch) full() bool  { return len(b.items) >= b.size }

// adapt chooses the size of the next batch by how long a part of the last one took.
func (b *batch) adapt(took time.Duration) {
	switch {
	case took > b.within:
		b.size = max(b.first/5, int(float64(b.size)*float64(b.within)/float64(took)))
	case took < b.within/2:
		b.size = min(b.most, b.size+b.size/4+1)
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
	items, err := r.distinct(items)
	if err == nil {
		items, err = r.storeAccounts(ctx, items)
	}
	if err != nil {
		return err
	}
	between := time.Now()
	if err := r.storeKeys(ctx, items); err != nil {
		return err
	}
	if err := r.progress(ctx); err != nil {
		return err
	}
	r.batch.adapt(max(between.Sub(began), time.Since(between)))
	if err := r.look(ctx); err != nil || !r.beside {
		return err
	}
	return pause(ctx, time.Since(began))
}

// distinct refuses items whose key is in the batch already.
func (r *run) distinct(items []*item) (once []*item, err error) {
	seen := make(map[string]bool, len(items))
	for _, i := range items {
		switch id := i.key.ID; {
		case !seen[id]:
			seen[id] = true
			once = append(once, i)
		default:
			err = errors.Join(err, r.refuseItem(i, "import_key_taken"))
		}
	}
	return once, err
}

func (r *run) refuseItem(i *item, code string) error {
	return r.refuse(Problem{Place: i.place, ID: i.id, Fault: errs.Say(code)})
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (r *run) storeKeys(ctx context.Context, items []*item) error {
	// In the order of ids, which most indexes have, each of their pages is met once.
	slices.SortStableFunc(items, func(a, b *item) int { return strings.Compare(a.key.ID, b.key.ID) })
	all := make([]keys.Key, len(items))
	for n, i := range items {
		all[n] = i.key.Key
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
	for _, i := range items {
		if !left[i.key.ID] {
			r.imported(&i.key)
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
func (r *run) explain(ctx context.Context, items []*item, taken map[string]bool) error {
	if len(taken) == 0 {
		return nil
	}
	there, err := r.there(ctx, slices.Collect(maps.Keys(taken)))
	if err != nil {
		return err
	}
	for _, i := range items {
		k := &i.key
		if !taken[k.ID] {
			continue
		}
		switch stored, ok := there[k.ID]; {
		case ok && stored.ImportID != r.n.ID:
			r.n.Count.Unchanged++
		case ok && r.n.Rows > 0 && k.storedAs(&stored): // before this import was interrupted
			r.imported(k)
		default: // also for a key that an earlier row of this import has
			if err := r.refuseItem(i, "import_key_taken"); err != nil {
				return err
			}
		}
	}
	return nil
}

// storedAs reports whether the stored key may be of the same row.
func (k *converted) storedAs(stored *keys.Key) bool {
	return stored.ServiceAccountID == k.ServiceAccountID && (stored.Digest == k.Digest || stored.Digest == "") &&
		stored.ExpiresAt.Equal(k.ExpiresAt) && (k.RevokedAt.IsZero() || !stored.RevokedAt.IsZero())
}

// there returns those of the keys that exist.
func (r *run) there(ctx context.Context, wanted []string) (map[string]keys.Key, error) {
	found, err := r.Store.Keys().List(ctx, keys.KeyFilter{IDs: wanted}, keys.Page{Limit: len(wanted)})
	if err != nil {
		return nil, fmt.Errorf("read keys that exist: %w", err)
	}
	there := make(map[string]keys.Key, len(found))
	for i := range found {
		there[found[i].ID] = found[i]
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
func (r *run) compare(ctx context.Context, items []*item) error {
	wanted := make([]string, len(items))
	for n, i := range items {
		wanted[n] = i.key.ID
	}
	there, err := r.there(ctx, wanted)
	if err != nil {
		return err
	}
	for _, i := range items {
		k := &i.key
		switch _, ok := there[k.ID]; {
		case r.plan.keys[ids.Short(k.Hash[:])]:
			if err := r.refuseItem(i, "import_key_taken"); err != nil {
				return err
			}
			continue
		case ok:
			r.n.Count.Unchanged++
			continue
		}
		r.plan.keys[ids.Short(k.Hash[:])] = true
		if err := r.compareNew(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) compareNew(ctx context.Context, i *item) error {
	_, err := r.Store.Keys().ByHash(ctx, i.key.Hash)
	if err == nil {
		return r.refuseItem(i, "import_key_taken")
	}
	if !errors.Is(err, errs.NotFound) {
		return fmt.Errorf("look for a key: %w", err)
	}
	there, err := r.Store.ServiceAccounts().Get(ctx, i.account.ID)
	switch id := ids.ShortOf(i.account.ID); {
	case errors.Is(err, errs.NotFound):
		if !r.plan.begun[id] {
			r.plan.begun[id] = true
			r.n.Count.Accounts++
		}
	case err != nil:
		return fmt.Errorf("look for an account: %w", err)
	case there.OrganizationID != i.account.OrganizationID:
		return r.refuseItem(i, "import_account_moved")
	}
	r.imported(&i.key)
	return nil
}
