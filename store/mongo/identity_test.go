package mongo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/mongo"
)

// A database that is dropped under a running node is noticed by its polls and by
// /readyz, is not made anew, and is gone on with when it is brought back.
func TestADatabaseThatIsGoneIsNeverMadeAnew(t *testing.T) {
	t.Parallel()
	server := parts.Mongo(t)
	for name, notice := range map[string]func(context.Context, *mongo.Store) error{
		"/readyz": func(ctx context.Context, s *mongo.Store) error { return s.Ping(ctx) },
		"a poll": func(ctx context.Context, s *mongo.Store) error {
			_, err := s.ChangedSince(ctx, time.Now(), 10)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, url := t.Context(), server.URL()
			s, db := open(t, url), raw(t, url)
			k := newKey()
			if err := errors.Join(s.Keys().Insert(ctx, k), notice(ctx, s)); err != nil {
				t.Fatal(err)
			}
			var was bson.D
			if err := db.Collection("about").FindOne(ctx, bson.D{{Key: "_id", Value: "identity"}}).Decode(&was); err != nil {
				t.Fatal(err)
			}
			refuses := func(what string, kind error) {
				t.Helper()
				_, read := s.Keys().ByHash(ctx, k.Hash)
				_, listed := s.Keys().List(ctx, keys.KeyFilter{}, keys.Page{Limit: 1})
				_, leased := s.Keys().ReplaceAll(ctx, []keys.Key{k})
				for call, err := range map[string]error{
					"notice": notice(ctx, s), "insert": s.Keys().Insert(ctx, newKey()), "replace": s.Keys().Replace(ctx, k), "replace all": leased,
					"delete": s.Keys().Delete(ctx, k.ID, 1), "bury": s.PutTombstone(ctx, "x"), "try": s.TryWrite(ctx), "read": read, "list": listed,
				} {
					if !errors.Is(err, kind) || errs.KindOf(err) != errs.Unavailable {
						t.Errorf("%s, %s: %v", what, call, err)
					}
				}
			}
			if err := db.Drop(ctx); err != nil {
				t.Fatal(err)
			}
			if err := notice(ctx, s); !errors.Is(err, mongo.ErrVanished) {
				t.Fatalf("it is not noticed: %v", err)
			}
			refuses("dropped", mongo.ErrVanished)
			if made, err := db.ListCollectionNames(ctx, bson.D{}); err != nil || len(made) != 0 {
				t.Errorf("it was made anew: %v, %v", made, err)
			}
			put(t, db, "about", bson.D{{Key: "_id", Value: "identity"}, {Key: "value", Value: "another"}})
			if err := notice(ctx, s); !errors.Is(err, mongo.ErrReplaced) {
				t.Fatalf("it is not noticed: %v", err)
			}
			refuses("replaced", mongo.ErrReplaced)
			if _, err := db.Collection("about").ReplaceOne(ctx, bson.D{{Key: "_id", Value: "identity"}}, was); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(notice(ctx, s), s.Keys().Insert(ctx, newKey())); err != nil {
				t.Errorf("brought back: %v", err)
			}
		})
	}
}

// Nodes that make a database at once agree on its id, and so does a later start.
func TestADatabaseHasOneID(t *testing.T) {
	t.Parallel()
	url := parts.Mongo(t).URL()
	all := make(chan *mongo.Store, 3)
	for range cap(all) {
		go func() {
			s, err := mongo.Open(t.Context(), url, quiet)
			if err != nil {
				t.Error(err)
			}
			all <- s
		}()
	}
	for range cap(all) {
		if s := <-all; s != nil {
			if err := errors.Join(s.Ping(t.Context()), s.Close(t.Context())); err != nil {
				t.Error(err)
			}
		}
	}
	if err := open(t, url).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
