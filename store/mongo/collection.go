package mongo

import (
	"context"
	"regexp"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/keys"
)

// collection implements keys.Collection for objects T that are stored as
// documents R. Documents have their id as _id and a field revision.
type collection[T, F, R any] struct {
	store      *Store
	name       string
	descending bool // newest id first
	identify   func(*T) (id string, revision int64)
	encode     func(*T) R
	decode     func(*R) (T, error)
	where      func(F) bson.D
	untouched  []string // fields that Replace leaves alone
	// bury is set where other nodes cache the objects: it returns what belongs
	// into the tombstone.
	bury func(*T) tombstone
}

func (c *collection[T, F, R]) documents() *mongo.Collection { return c.store.db.Collection(c.name) }

func (c *collection[T, F, R]) Insert(ctx context.Context, object T) error {
	_, err := c.documents().InsertOne(ctx, c.encode(&object))
	return known(err)
}

func (c *collection[T, F, R]) Get(ctx context.Context, id string) (T, error) {
	return c.one(ctx, "_id", id)
}

func (c *collection[T, F, R]) one(ctx context.Context, field string, value any) (object T, err error) {
	var document R
	if err := c.documents().FindOne(ctx, bson.D{{Key: field, Value: value}}).Decode(&document); err != nil {
		return object, known(err)
	}
	return c.decode(&document)
}

func (c *collection[T, F, R]) Replace(ctx context.Context, object T) error {
	id, revision := c.identify(&object)
	set, err := c.replacement(&object)
	if err != nil {
		return err
	}
	result, err := c.documents().UpdateOne(ctx, atRevision(id, revision-1), set)
	if err != nil || result.MatchedCount == 1 {
		return known(err)
	}
	return c.lost(ctx, id)
}

func (c *collection[T, F, R]) replacement(object *T) (bson.D, error) {
	fields, err := toD(c.encode(object))
	if err != nil {
		return nil, err
	}
	set := bson.D{}
	for _, f := range fields {
		if f.Key != "_id" && !slices.Contains(c.untouched, f.Key) {
			set = append(set, f)
		}
	}
	return bson.D{{Key: "$set", Value: set}}, nil
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

// lost tells why a write at a revision found no document.
func (c *collection[T, F, R]) lost(ctx context.Context, id string) error {
	if _, err := c.Get(ctx, id); err != nil {
		return err
	}
	return errs.New(errs.Stale, "the object changed since it was read; read it again")
}

// Delete leaves the tombstone before and after. A node that dies in between
// makes others reload an object that is still there, which does no harm; and
// one that reloaded it in between learns again that it is gone.
func (c *collection[T, F, R]) Delete(ctx context.Context, id string, revision int64) error {
	var grave tombstone
	if c.bury != nil {
		object, err := c.Get(ctx, id)
		if err != nil {
			return err
		}
		grave = c.bury(&object)
		if err := c.store.plant(ctx, grave); err != nil {
			return err
		}
	}
	result, err := c.documents().DeleteOne(ctx, atRevision(id, revision))
	if err != nil {
		return known(err)
	}
	if result.DeletedCount == 0 {
		return c.lost(ctx, id)
	}
	if c.bury == nil {
		return nil
	}
	return c.store.plant(context.WithoutCancel(ctx), grave)
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
	return c.find(ctx, where, bson.D{{Key: "_id", Value: order}}, page.Limit)
}

func (c *collection[T, F, R]) find(ctx context.Context, where, order bson.D, most int) ([]T, error) {
	cursor, err := c.documents().Find(ctx, where, options.Find().SetSort(order).SetLimit(int64(most)))
	if err != nil {
		return nil, known(err)
	}
	var documents []R
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, known(err)
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

// also adds a condition on a field that another condition may name as well.
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

// tombstone remembers a deletion for nodes that cache the object.
type tombstone struct {
	ID        string    `bson:"_id"`
	Hash      []byte    `bson:"hash,omitempty"`
	DeletedAt time.Time `bson:"deleted_at"`
}

func (s *Store) plant(ctx context.Context, t tombstone) error {
	t.DeletedAt = time.Now().UTC()
	_, err := s.db.Collection("tombstones").ReplaceOne(ctx, bson.D{{Key: "_id", Value: t.ID}}, t, options.Replace().SetUpsert(true))
	return known(err)
}

// DeleteTombstonesBefore removes at most limit tombstones.
func (s *Store) DeleteTombstonesBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.deleteSome(ctx, "tombstones", bson.D{{Key: "deleted_at", Value: bson.D{{Key: "$lt", Value: before}}}}, limit)
}

// Bury notes that whatever has the id is no more.
func (s *Store) Bury(ctx context.Context, id string) error {
	return s.plant(ctx, tombstone{ID: id})
}

// Buried reports whether the id was buried or deleted lately.
func (s *Store) Buried(ctx context.Context, id string) (bool, error) {
	n, err := s.db.Collection("tombstones").CountDocuments(ctx, bson.D{{Key: "_id", Value: id}})
	return n > 0, known(err)
}

// ChangedSince returns what was written or deleted not before since. All kinds
// are asked for at once: polling has little time, however far the server is.
func (s *Store) ChangedSince(ctx context.Context, since time.Time, limit int) ([]keys.Change, error) {
	names := []string{"keys", "service_accounts", "organizations", "tiers", "tombstones"}
	found := make([][]keys.Change, len(names))
	group, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		group.Go(func() (err error) {
			found[i], err = s.changedIn(ctx, name, since, limit)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, known(err)
	}
	return slices.Concat(found...), nil
}

func (s *Store) changedIn(ctx context.Context, name string, since time.Time, limit int) ([]keys.Change, error) {
	field := "updated_at"
	if name == "tombstones" {
		field = "deleted_at"
	}
	cursor, err := s.db.Collection(name).Find(ctx, bson.D{{Key: field, Value: bson.D{{Key: "$gte", Value: since}}}},
		options.Find().SetLimit(int64(limit)).SetProjection(bson.D{{Key: "hash", Value: 1}, {Key: "revision", Value: 1}}))
	if err != nil {
		return nil, err
	}
	var found []struct {
		ID       string `bson:"_id"`
		Hash     []byte `bson:"hash"`
		Revision int64  `bson:"revision"`
	}
	if err := cursor.All(ctx, &found); err != nil {
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
