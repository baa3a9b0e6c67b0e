package mongo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
)

// Errors about the database as a whole. None is repaired automatically: that could hide
// existing data.
var (
	// ErrVanished is returned if the database was dropped while it was in use.
	ErrVanished = errors.New("the database is gone")
	// ErrReplaced is returned if the database is not the one from the start.
	ErrReplaced = errors.New("the database is another one than before")
)

// about is what the database says about itself.
type about struct {
	ID    string `bson:"_id"`
	Value string `bson:"value"`
}

const identityName = "identity"

// identify gives a new database an id, and remembers the id. If many nodes create the
// database at once, one of them sets it.
func (s *engine) identify(ctx context.Context) error {
	var has about
	err := s.in("about").first(ctx, byID(identityName), &has)
	if errors.Is(err, errs.NotFound) {
		err = s.in("about").insert(ctx, about{identityName, rand.Text()})
		if err == nil || errors.Is(err, errs.Conflict) {
			err = s.in("about").first(ctx, byID(identityName), &has)
		}
	}
	if err != nil {
		return fmt.Errorf("the id of the database: %w", err)
	}
	s.identity = has.Value
	return nil
}

// recognize checks whether the database is the one from the start. While it is not,
// nothing is read from it, because existing keys would be unknown, and nothing is
// written to it, because that would create it again.
func (s *engine) recognize(ctx context.Context) error {
	var has about
	err := s.db.Collection("about").FindOne(ctx, byID(identityName)).Decode(&has)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		err = fmt.Errorf("%w: %w: %s no longer has the id %s, so it was dropped while it was in use; bring it back, or start every node anew "+
			"to begin with an empty one",
			errs.Unavailable, ErrVanished, s.where, s.identity)
	case err != nil:
		return known(err)
	case has.Value != s.identity:
		err = fmt.Errorf("%w: %w: %s has the id %s and had %s; start every node anew if that is meant", errs.Unavailable, ErrReplaced, s.where,
			has.Value, s.identity)
	}
	s.fault.Store(&err)
	return err
}

// intact returns the result of the last recognize.
func (s *engine) intact() error {
	if found := s.fault.Load(); found != nil {
		return *found
	}
	return nil
}

// Ping returns nil if the server answers, the database is the one from the start, and a
// key can be read, if there is one. In a sharded cluster any shard will do.
func (s *engine) Ping(ctx context.Context) error {
	if err := s.recognize(ctx); err != nil {
		return err
	}
	err := s.in("keys").first(ctx, bson.D{}, nil, options.FindOne().SetAllowPartialResults(s.sharded).SetProjection(bson.D{
		{Key: "_id", Value: 1},
	}))
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	return err
}
