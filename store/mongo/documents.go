package mongo

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
)

// documents are the documents of one collection. Every command on stored objects goes
// through it. It runs none while the database is not the one from the start, and every
// error comes back with the kind that callers check.
type documents struct {
	store *engine
	all   *mongo.Collection
}

func (s *engine) in(collection string) documents { return documents{s, s.db.Collection(collection)} }

const (
	readTries = 4
	readPause = 50 * time.Millisecond // before the second try; doubled for each one after it
)

// read retries after a pause if the server was only temporarily unable to answer, up to
// readTries. The driver would retry at once, until the time is up.
func (d documents) read(ctx context.Context, ask func(context.Context) error) error {
	if err := d.store.intact(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	pause := readPause
	for try := 1; ; try++ {
		err := ask(ctx)
		if try == readTries || !passing(err) {
			return known(err)
		}
		timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // G404: spreads what nodes ask
		select {
		case <-ctx.Done():
			timer.Stop()
			return known(err)
		case <-timer.C:
		}
		pause *= 2
	}
}

// first decodes the first document that matches where into one, or fails with
// errs.NotFound. It decodes nothing if one is nil.
func (d documents) first(ctx context.Context, where bson.D, one any, how ...options.Lister[options.FindOneOptions]) error {
	return d.read(ctx, func(ctx context.Context) error {
		found := d.all.FindOne(ctx, where, how...)
		if one == nil {
			return found.Err()
		}
		return found.Decode(one)
	})
}

// exists reports whether a document matches where.
func (d documents) exists(ctx context.Context, where bson.D) (bool, error) {
	err := d.first(ctx, where, nil, options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if errors.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// find returns the documents that match where.
func find[R any](ctx context.Context, d documents, where bson.D, how ...options.Lister[options.FindOptions]) (found []R, err error) {
	return found, d.read(ctx, func(ctx context.Context) error {
		cursor, err := d.all.Find(ctx, where, how...)
		if err != nil {
			return err
		}
		return cursor.All(ctx, &found)
	})
}

// byID returns the filter for the document with the id.
func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

// set returns a change that sets the fields.
func set(fields ...bson.E) bson.D { return bson.D{{Key: "$set", Value: bson.D(fields)}} }

func (d documents) insert(ctx context.Context, one any) error {
	if err := d.store.intact(); err != nil {
		return err
	}
	_, err := d.all.InsertOne(ctx, one)
	return known(err)
}

func (d documents) insertAll(ctx context.Context, all any) error {
	if err := d.store.intact(); err != nil {
		return err
	}
	_, err := d.all.InsertMany(ctx, all)
	return known(err)
}

// update changes one document and reports whether there was one.
func (d documents) update(ctx context.Context, where, change bson.D) (bool, error) {
	if err := d.store.intact(); err != nil {
		return false, err
	}
	result, err := d.all.UpdateOne(ctx, where, change)
	if err != nil {
		return false, known(err)
	}
	return result.MatchedCount > 0, nil
}

// updateAll changes every document that matches where.
func (d documents) updateAll(ctx context.Context, where, change bson.D) error {
	if err := d.store.intact(); err != nil {
		return err
	}
	_, err := d.all.UpdateMany(ctx, where, change)
	return known(err)
}

// upsert changes or creates one document. If a document has its id but does not match
// where, it fails with errs.Conflict.
func (d documents) upsert(ctx context.Context, where, change bson.D) error {
	if err := d.store.intact(); err != nil {
		return err
	}
	_, err := d.all.UpdateOne(ctx, where, change, options.UpdateOne().SetUpsert(true))
	return known(err)
}

// replace replaces a document with one and reports whether there was one.
func (d documents) replace(ctx context.Context, where bson.D, one any, how ...options.Lister[options.ReplaceOptions]) (bool, error) {
	if err := d.store.intact(); err != nil {
		return false, err
	}
	result, err := d.all.ReplaceOne(ctx, where, one, how...)
	if err != nil {
		return false, known(err)
	}
	return result.MatchedCount > 0, nil
}

// take changes one document and decodes its previous state into one.
func (d documents) take(ctx context.Context, where, change bson.D, one any) error {
	if err := d.store.intact(); err != nil {
		return err
	}
	return known(d.all.FindOneAndUpdate(ctx, where, change).Decode(one))
}

// bulkSize is how many writes one command has: FerretDB hangs at a hundred, and it keeps
// no server busy for long.
const bulkSize = 50

// bulk makes many writes, in any order, and returns how many documents they matched. The
// error is the driver's own, which lists the failed writes.
func (d documents) bulk(ctx context.Context, writes []mongo.WriteModel) (matched int64, err error) {
	if err := d.store.intact(); err != nil {
		return 0, err
	}
	var refused mongo.BulkWriteException
	for at := 0; at < len(writes); at += bulkSize {
		result, err := d.all.BulkWrite(ctx, writes[at:min(at+bulkSize, len(writes))], options.BulkWrite().SetOrdered(false))
		some, ok := errors.AsType[mongo.BulkWriteException](err)
		if err != nil && (!ok || some.WriteConcernError != nil) {
			return matched, err
		}
		for _, one := range some.WriteErrors {
			one.Index += at
			refused.WriteErrors, refused.Labels = append(refused.WriteErrors, one), some.Labels
		}
		if result != nil {
			matched += result.MatchedCount
		}
	}
	if len(refused.WriteErrors) > 0 {
		return matched, refused
	}
	return matched, nil
}

// remove deletes one document and reports whether there was one.
func (d documents) remove(ctx context.Context, where bson.D) (bool, error) {
	if err := d.store.intact(); err != nil {
		return false, err
	}
	result, err := d.all.DeleteOne(ctx, where)
	if err != nil {
		return false, known(err)
	}
	return result.DeletedCount > 0, nil
}

func (d documents) removeAll(ctx context.Context, where bson.D) (int, error) {
	if err := d.store.intact(); err != nil {
		return 0, err
	}
	result, err := d.all.DeleteMany(ctx, where)
	if err != nil {
		return 0, known(err)
	}
	return int(result.DeletedCount), nil
}

// removeSome deletes at most limit documents.
func (d documents) removeSome(ctx context.Context, where bson.D, limit int) (int, error) {
	found, err := find[struct {
		ID any `bson:"_id"`
	}](ctx, d, where, options.Find().SetLimit(int64(limit)).SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil || len(found) == 0 {
		return 0, err
	}
	ids := make(bson.A, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	return d.removeAll(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
}
