package mongo

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// collection implements keys.Collection for objects T that are stored as documents R.
// Documents have their id as _id and a field revision.
type collection[T, F, R any] struct {
	store      *engine
	name       string
	descending bool // newest id first
	identify   func(*T) (id string, revision int64)
	encode     func(*T) R
	decode     func(*R) (T, error)
	where      func(F) bson.D
	untouched  []string // fields that Replace leaves alone
	// shard is set if the collection may be sharded by something other than the id. It
	// returns the field that it is sharded by.
	shard func(*T) bson.E
	// tombstone is set if other nodes cache the objects. It returns what belongs in the
	// tombstone.
	tombstone func(*T) tombstone
}

func (c *collection[T, F, R]) documents() documents { return c.store.in(c.name) }

func (c *collection[T, F, R]) Insert(ctx context.Context, object T) error {
	return c.documents().insert(ctx, c.encode(&object))
}

// InsertAll is Insert for many objects, in batches.
func (c *collection[T, F, R]) InsertAll(ctx context.Context, all []T) (taken []string, err error) {
	writes := make([]mongo.WriteModel, len(all))
	for i := range all {
		writes[i] = mongo.NewInsertOneModel().SetDocument(c.encode(&all[i]))
	}
	_, err = c.documents().bulk(ctx, writes)
	refused, ok := errors.AsType[mongo.BulkWriteException](err)
	if err != nil && (!ok || refused.WriteConcernError != nil) {
		return nil, known(err)
	}
	for _, one := range refused.WriteErrors {
		if !mongo.IsDuplicateKeyError(one.WriteError) {
			return nil, known(err)
		}
		id, _ := c.identify(&all[one.Index])
		taken = append(taken, id)
	}
	return taken, nil
}

func (c *collection[T, F, R]) Get(ctx context.Context, id string) (T, error) {
	if c.shard != nil && c.store.sharded {
		return c.anywhere(ctx, id)
	}
	return c.one(ctx, "_id", id)
}

// anywhere looks for the id on all shards. It is on one of them, so it does not matter
// that another is unavailable, unless those that answer do not have it.
func (c *collection[T, F, R]) anywhere(ctx context.Context, id string) (object T, err error) {
	var document R
	err = c.documents().first(ctx, byID(id), &document, options.FindOne().SetAllowPartialResults(true))
	if errors.Is(err, errs.NotFound) {
		err = c.documents().first(ctx, byID(id), &document)
	}
	if err != nil {
		return object, err
	}
	return c.decode(&document)
}

func (c *collection[T, F, R]) one(ctx context.Context, field string, value any) (object T, err error) {
	var document R
	if err := c.documents().first(ctx, bson.D{{Key: field, Value: value}}, &document); err != nil {
		return object, err
	}
	return c.decode(&document)
}

func (c *collection[T, F, R]) Replace(ctx context.Context, object T) error {
	return c.replaceWhere(ctx, c.before(&object), &object)
}

// replaceWhere replaces the document that where matches by the object.
func (c *collection[T, F, R]) replaceWhere(ctx context.Context, where bson.D, object *T) error {
	id, _ := c.identify(object)
	change, err := c.replacement(object)
	if err != nil {
		return err
	}
	there, err := c.documents().update(ctx, where, change)
	if err != nil || there {
		return err
	}
	return c.lost(ctx, id)
}

// before returns the document that the object replaces.
func (c *collection[T, F, R]) before(object *T) bson.D {
	id, revision := c.identify(object)
	return c.on(object, atRevision(id, revision-1))
}

// on adds the object's shard to where.
func (c *collection[T, F, R]) on(object *T, where bson.D) bson.D {
	if c.shard == nil {
		return where
	}
	return append(where, c.shard(object))
}

func (c *collection[T, F, R]) replacement(object *T) (bson.D, error) {
	fields, err := toD(c.encode(object))
	if err != nil {
		return nil, err
	}
	change := bson.D{}
	for _, f := range fields {
		if f.Key != "_id" && !slices.Contains(c.untouched, f.Key) {
			change = append(change, f)
		}
	}
	return bson.D{{Key: "$set", Value: change}}, nil
}

func atRevision(id string, revision int64) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "revision", Value: revision}}
}

func toD(document any) (d bson.D, err error) {
	b, err := bson.Marshal(document)
	if err != nil {
		return nil, err
	}
	return d, bson.Unmarshal(b, &d)
}

// lost returns why a write at a revision found no document.
func (c *collection[T, F, R]) lost(ctx context.Context, id string) error {
	if _, err := c.Get(ctx, id); err != nil {
		return err
	}
	return errs.New(errs.Stale, "stale")
}

// Delete writes the tombstone before and after. If the node dies in between, others
// reload an object that still exists, which does no harm. A node that reloaded it in
// between learns again that it is gone.
func (c *collection[T, F, R]) Delete(ctx context.Context, id string, revision int64) error {
	where := atRevision(id, revision)
	var stone tombstone
	if c.tombstone != nil {
		object, err := c.Get(ctx, id)
		if err != nil {
			return err
		}
		stone = c.tombstone(&object)
		if err := c.store.putTombstone(ctx, stone); err != nil {
			return err
		}
		where = c.on(&object, where)
	}
	there, err := c.documents().remove(ctx, where)
	if err != nil {
		return err
	}
	if !there {
		return c.lost(ctx, id)
	}
	if c.tombstone == nil {
		return nil
	}
	return c.store.putTombstone(context.WithoutCancel(ctx), stone)
}

func (c *collection[T, F, R]) List(ctx context.Context, filter F, page keys.Page) ([]T, error) {
	where, order := c.where(filter), 1
	if c.descending {
		order = -1
	}
	if page.After != "" {
		operator := "$gt"
		if c.descending {
			operator = "$lt"
		}
		where = append(where, bson.E{Key: "_id", Value: bson.D{{Key: operator, Value: page.After}}})
	}
	return c.list(ctx, where, bson.D{{Key: "_id", Value: order}}, page.Limit)
}

func (c *collection[T, F, R]) list(ctx context.Context, where, order bson.D, most int) ([]T, error) {
	documents, err := find[R](ctx, c.documents(), where, options.Find().SetSort(order).SetLimit(int64(most)))
	if err != nil {
		return nil, err
	}
	objects := make([]T, len(documents))
	for i := range documents {
		if objects[i], err = c.decode(&documents[i]); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// equal adds field = value unless the value is empty.
func equal(d bson.D, field, value string) bson.D {
	if value == "" {
		return d
	}
	return append(d, bson.E{Key: field, Value: value})
}

// oneOf restricts the field to the values; nil does not restrict.
func oneOf(d bson.D, field string, values []string) bson.D {
	if values == nil {
		return d
	}
	return also(d, field, bson.D{{Key: "$in", Value: values}})
}

// also adds a condition on a field that another condition may use as well.
func also(d bson.D, field string, condition any) bson.D {
	more := bson.D{{Key: field, Value: condition}}
	for i := range d {
		if all, ok := d[i].Value.(bson.A); ok && d[i].Key == "$and" {
			d[i].Value = append(all, more)
			return d
		}
	}
	return append(d, bson.E{Key: "$and", Value: bson.A{more}})
}

func containing(d bson.D, text string) bson.D {
	if text == "" {
		return d
	}
	return append(d, bson.E{Key: "search", Value: bson.Regex{Pattern: regexp.QuoteMeta(text)}})
}

// tombstone records a deletion for nodes that cache the object.
type tombstone struct {
	ID        string    `bson:"_id"`
	Hash      []byte    `bson:"hash,omitempty"`
	DeletedAt time.Time `bson:"deleted_at"`
}

func (s *engine) putTombstone(ctx context.Context, t tombstone) error {
	t.DeletedAt = time.Now().UTC()
	_, err := s.in("tombstones").replace(ctx, byID(t.ID), t, options.Replace().SetUpsert(true))
	return err
}

// DeleteTombstonesBefore deletes at most limit tombstones.
func (s *engine) DeleteTombstonesBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.in("tombstones").removeSome(ctx, bson.D{{Key: "deleted_at", Value: bson.D{{Key: "$lt", Value: before}}}}, limit)
}

// PutTombstone records that the object with the id is gone.
func (s *engine) PutTombstone(ctx context.Context, id string) error {
	return s.putTombstone(ctx, tombstone{ID: id})
}

// HasTombstone reports whether the id was deleted, or given a tombstone, lately.
func (s *engine) HasTombstone(ctx context.Context, id string) (bool, error) {
	return s.in("tombstones").exists(ctx, byID(id))
}

// ChangedSince returns what was written or deleted not before since. It reads all kinds
// at once, because polls have little time, however far away the server is. The next poll
// therefore also notices a dropped or replaced database.
func (s *engine) ChangedSince(ctx context.Context, since time.Time, limit int) ([]keys.Change, error) {
	names := []string{"keys", "service_accounts", "organizations", "tiers", "tombstones"}
	found := make([][]keys.Change, len(names))
	if s.intact() != nil { // nothing can be read until it is restored
		if err := s.recognize(ctx); err != nil {
			return nil, err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.recognize(ctx) })
	for i, name := range names {
		group.Go(func() (err error) {
			found[i], err = s.changedIn(ctx, name, since, limit)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

func (s *engine) changedIn(ctx context.Context, name string, since time.Time, limit int) ([]keys.Change, error) {
	field := "updated_at"
	if name == "tombstones" {
		field = "deleted_at"
	}
	found, err := find[struct {
		ID       string `bson:"_id"`
		Hash     []byte `bson:"hash"`
		Revision int64  `bson:"revision"`
	}](ctx, s.in(name), bson.D{{Key: field, Value: bson.D{{Key: "$gte", Value: since}}}},
		options.Find().SetLimit(int64(limit)).SetProjection(bson.D{{Key: "hash", Value: 1}, {Key: "revision", Value: 1}}))
	if err != nil {
		return nil, err
	}
	changes := make([]keys.Change, len(found))
	for i, f := range found {
		changes[i] = keys.Change{ID: f.ID, Revision: f.Revision}
		copy(changes[i].Hash[:], f.Hash)
		if name == "tombstones" {
			changes[i].Revision = keys.Deleted
		}
	}
	return changes, nil
}
