package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// keyUse is the last use of a key. It is a separate document: uses are frequent and
// written in the background, and must never collide with a write that decides whether
// the key is valid. A server that reads a document and then writes it as a whole would
// undo a revoke when it records a use.
type keyUse struct {
	ID    string    `bson:"_id"` // the key's
	At    time.Time `bson:"at"`
	IP    string    `bson:"ip"`
	Agent string    `bson:"agent"`
}

func (c keyCollection) uses() documents { return c.store.in("key_uses") }

// TouchLastUsed records the uses that are later than the stored ones.
func (c keyCollection) TouchLastUsed(ctx context.Context, used map[string]usage.Use) error {
	if len(used) == 0 {
		return nil
	}
	writes := make([]mongo.WriteModel, 0, len(used))
	for id, u := range used {
		earlier := bson.D{{Key: "_id", Value: id}, {Key: "at", Value: bson.D{{Key: "$lt", Value: u.At}}}}
		later := set(bson.E{Key: "at", Value: u.At}, bson.E{Key: "ip", Value: u.Address}, bson.E{Key: "agent", Value: u.UserAgent})
		writes = append(writes, mongo.NewUpdateOneModel().SetFilter(earlier).SetUpdate(later).SetUpsert(true))
	}
	_, err := c.uses().bulk(ctx, writes)
	if _, only := overtaken(err); only {
		return nil // later ones are stored already
	}
	return known(err)
}

// ReplaceAll is Replace for many keys at once, in any order. It returns the ids of keys
// that changed or were deleted meanwhile. The server returns only how many it replaced,
// so if some are missing they are all read again; a key that is as written counts as
// replaced.
func (c keyCollection) ReplaceAll(ctx context.Context, all []keys.Key) (left []string, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	writes := make([]mongo.WriteModel, len(all))
	for i := range all {
		change, err := c.replacement(&all[i])
		if err != nil {
			return nil, err
		}
		writes[i] = mongo.NewUpdateOneModel().SetFilter(c.before(&all[i])).SetUpdate(change)
	}
	matched, err := c.documents().bulk(ctx, writes)
	if err != nil || matched == int64(len(all)) {
		return nil, known(err)
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	found, err := c.list(ctx, oneOf(bson.D{}, "_id", ids), bson.D{{Key: "_id", Value: 1}}, len(ids))
	if err != nil {
		return nil, err
	}
	stored := make(map[string]keys.Key, len(found))
	for i := range found {
		stored[found[i].ID] = found[i]
	}
	for i := range all {
		k, ours := stored[all[i].ID], &all[i]
		if k.Revision != ours.Revision || !k.UpdatedAt.Equal(ours.UpdatedAt) || !k.RevokedAt.Equal(ours.RevokedAt) ||
			k.Disabled != ours.Disabled || k.OrganizationID != ours.OrganizationID {
			left = append(left, ours.ID)
		}
	}
	return left, nil
}

// Get returns the key with its last use.
func (c keyCollection) Get(ctx context.Context, id string) (keys.Key, error) {
	k, err := c.collection.Get(ctx, id)
	if err != nil {
		return k, err
	}
	one := []keys.Key{k}
	err = c.addUses(ctx, one)
	return one[0], err
}

// List returns the keys with their last use. It applies filters on the last use itself,
// because uses are separate documents.
func (c keyCollection) List(ctx context.Context, f keys.KeyFilter, page keys.Page) ([]keys.Key, error) {
	if f.Order == keys.UsedLast {
		return c.listByUse(ctx, f, page)
	}
	if f.UnusedSince.IsZero() && !f.NeverUsed {
		return c.listWithUse(ctx, f, page)
	}
	var unused []keys.Key
	for {
		some, err := c.listWithUse(ctx, f, keys.Page{After: page.After, Limit: max(page.Limit, scanBatch)})
		if err != nil || len(some) == 0 {
			return unused, err
		}
		for i := range some {
			if isUnused(&some[i], &f) {
				unused = append(unused, some[i])
			}
			if len(unused) == page.Limit {
				return unused, nil
			}
		}
		page.After = f.Order.Cursor(&some[len(some)-1])
	}
}

const scanBatch = 500

func isUnused(k *keys.Key, f *keys.KeyFilter) bool {
	since := f.UnusedSince
	return (since.IsZero() || (k.CreatedAt.Before(since) && k.LastUsedAt.Before(since))) && (!f.NeverUsed || k.LastUsedAt.IsZero())
}

// listByUse sorts keys that are not revoked by their last use. It reads the oldest keys,
// which are the likeliest to be unused, and no more than a search may look at.
func (c keyCollection) listByUse(ctx context.Context, f keys.KeyFilter, page keys.Page) ([]keys.Key, error) {
	if f.Revoked != nil && *f.Revoked {
		return nil, nil
	}
	no := false
	rest := f
	rest.Order, rest.Revoked, rest.UnusedSince = keys.Newest, &no, time.Time{}
	all, err := c.list(ctx, c.where(rest), bson.D{{Key: "_id", Value: 1}}, keys.MostLooked)
	if err == nil {
		err = c.addUses(ctx, all)
	}
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(k keys.Key) bool {
		return !f.Order.IsBehind(&k, page.After) || !isUnused(&k, &f)
	})
	slices.SortFunc(all, func(a, b keys.Key) int { return f.Order.Compare(&a, &b) })
	return all[:min(len(all), page.Limit)], nil
}

// listWithUse lists in the order of ids or of ends.
func (c keyCollection) listWithUse(ctx context.Context, f keys.KeyFilter, page keys.Page) (found []keys.Key, err error) {
	if f.Order == keys.EndFirst {
		all := bson.A{c.where(f), bson.D{{Key: "ends_at", Value: bson.D{{Key: "$ne", Value: nil}}}}, endsBehind(page.After)}
		found, err = c.list(ctx, bson.D{{Key: "$and", Value: all}}, bson.D{{Key: "ends_at", Value: 1}, {Key: "_id", Value: 1}}, page.Limit)
	} else {
		found, err = c.collection.List(ctx, f, page)
	}
	if err != nil {
		return nil, err
	}
	return found, c.addUses(ctx, found)
}

// endsBehind keeps what comes after the cursor of the order by ends.
func endsBehind(after string) bson.D {
	at, id := keys.ParseCursor(after)
	if at < 0 {
		return bson.D{}
	}
	moment := time.UnixMilli(at).UTC()
	return bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: "ends_at", Value: bson.D{{Key: "$gt", Value: moment}}}},
		bson.D{{Key: "ends_at", Value: moment}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: id}}}},
	}}}
}

// addUses adds the last uses to the keys. Uses from before they had separate documents
// are in the keys already.
func (c keyCollection) addUses(ctx context.Context, found []keys.Key) error {
	if len(found) == 0 {
		return nil
	}
	ids, places := make([]string, len(found)), make(map[string]*keys.Key, len(found))
	for i := range found {
		ids[i], places[found[i].ID] = found[i].ID, &found[i]
	}
	uses, err := find[keyUse](ctx, c.uses(), bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
	if err != nil {
		return err
	}
	for _, u := range uses {
		if k := places[u.ID]; u.At.After(k.LastUsedAt) {
			k.LastUsedAt, k.LastUsedIP, k.LastUsedAgent = u.At.UTC(), u.IP, u.Agent
		}
	}
	return nil
}

// Delete deletes the key, and then its last use.
func (c keyCollection) Delete(ctx context.Context, id string, revision int64) error {
	if err := c.collection.Delete(ctx, id, revision); err != nil {
		return err
	}
	_, err := c.uses().remove(context.WithoutCancel(ctx), byID(id))
	return err
}
