package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

// index is one index; every list filter has one that begins with its field.
type index struct {
	collection string
	fields     []string
	unique     bool
}

// indexes are all that there are. On a sharded cluster the hot path, a key by
// its hash, is served by one shard when keys are sharded by {hash: 1}; docs/scaling.md
// has the shard keys of the others.
func indexes() []index {
	return []index{
		{"keys", []string{"hash"}, true},
		{"keys", []string{"service_account_id", "_id"}, false},
		{"keys", []string{"organization_id", "_id"}, false},
		{"keys", []string{"environment", "_id"}, false},
		{"keys", []string{"revoked_at", "_id"}, false},
		{"keys", []string{"disabled", "_id"}, false},
		{"keys", []string{"not_before", "_id"}, false},
		{"keys", []string{"ends_at"}, false},
		{"keys", []string{"updated_at"}, false},
		{"keys", []string{"organization_id", "ends_at", "_id"}, false},
		{"keys", []string{"start", "_id"}, false},
		{"keys", []string{"last4", "_id"}, false},
		{"keys", []string{"organization_id", "created_by", "_id"}, false},
		{"keys", []string{"ends_at", "_id"}, false},
		{"service_accounts", []string{"organization_id", "_id"}, false},
		{"service_accounts", []string{"tier", "_id"}, false},
		{"service_accounts", []string{"external_id", "_id"}, false},
		{"service_accounts", []string{"owner_id", "_id"}, false},
		{"service_accounts", []string{"organization_id", "owner_id", "_id"}, false},
		{"service_accounts", []string{"updated_at"}, false},
		{"service_accounts", []string{"move.from"}, false},
		{"organizations", []string{"updated_at"}, false},
		{"tiers", []string{"updated_at"}, false},
		{"tombstones", []string{"deleted_at"}, false},
		{"users", []string{"email_folded"}, true},
		{"users", []string{"is_admin", "_id"}, false},
		{"users", []string{"username_folded"}, true},
		{"memberships", []string{"organization_id", "_id"}, false},
		{"memberships", []string{"user_id", "_id"}, false},
		{"sessions", []string{"token_hash"}, true},
		{"sessions", []string{"user_id", "_id"}, false},
		{"sessions", []string{"expires_at"}, false},
		{"sessions", []string{"last_seen_at"}, false},
		{"tokens", []string{"hash"}, true},
		{"tokens", []string{"user_id", "_id"}, false},
		{"tokens", []string{"expires_at"}, false},
		{"families", []string{"user_id", "_id"}, false},
		{"families", []string{"expires_at"}, false},
		{"identities", []string{"user_id", "_id"}, false},
		{"links", []string{"hash"}, true},
		{"links", []string{"organization_id", "_id"}, false},
		{"links", []string{"user_id", "_id"}, false},
		{"links", []string{"expires_at"}, false},
		{"certificates", []string{"match"}, true},
		{"certificates", []string{"service_account_id", "_id"}, false},
		{"audit_events", []string{"organization_id", "_id"}, false},
		{"audit_events", []string{"object_id", "_id"}, false},
		{"audit_events", []string{"subject_id", "_id"}, false},
		{"audit_events", []string{"action", "_id"}, false},
		{"idempotency", []string{"created_at"}, false},
		{"usage", []string{"kind", "level", "start"}, false},
		{"usage", []string{"key_id", "kind", "level", "start"}, false},
		{"usage", []string{"service_account_id", "kind", "level", "start"}, false},
		{"usage", []string{"organization_id", "kind", "level", "start"}, false},
		{"refusals", []string{"refused_at"}, false},
		{"quota_use", []string{"window"}, false},
	}
}

// schema is the version of the documents that this package writes.
const schema = 4

// ErrNewer is returned for a database that a newer version wrote.
var ErrNewer = errors.New("the database was written by a newer version")

// prepare makes the indexes and notes the schema. Every node does it at start:
// making an index that exists changes nothing.
func (s *Store) prepare(ctx context.Context) error {
	var noted struct {
		Version int `bson:"version"`
	}
	err := s.db.Collection("schema").FindOne(ctx, bson.D{{Key: "_id", Value: "latchkey"}}).Decode(&noted)
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return err
	}
	if noted.Version > schema {
		return fmt.Errorf("%w: it has schema %d, this version knows up to %d; use a newer latchkey", ErrNewer, noted.Version, schema)
	}
	if noted.Version == 1 {
		if err := s.nameUsers(ctx); err != nil {
			return fmt.Errorf("bring the users to schema 2: %w", err)
		}
	}
	if noted.Version == 1 || noted.Version == 2 {
		if err := s.nameWindows(ctx); err != nil {
			return fmt.Errorf("bring the quotas to schema 3: %w", err)
		}
	}
	if noted.Version >= 1 && noted.Version <= 3 {
		if err := s.nameOwners(ctx); err != nil {
			return fmt.Errorf("bring the service accounts to schema 4: %w", err)
		}
	}
	for _, i := range indexes() {
		if err := s.makeIndex(ctx, i); err != nil {
			return fmt.Errorf("make index of %s on %v: %w", i.collection, i.fields, err)
		}
	}
	if noted.Version == schema {
		return nil
	}
	_, err = s.db.Collection("schema").UpdateOne(ctx, bson.D{{Key: "_id", Value: "latchkey"}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: schema}}}}, options.UpdateOne().SetUpsert(true))
	if errors.Is(known(err), errs.Conflict) {
		return nil // another node noted it first
	}
	return err
}

// older is what a document of an older schema is given its new fields by.
type older struct {
	ID        string    `bson:"_id"`
	CreatedAt time.Time `bson:"created_at"`
	CreatedBy string    `bson:"created_by"`
}

// amend gives the documents of the collection that lack the field what with says
// of each. Doing it twice, or on two nodes, does it once.
func (s *Store) amend(ctx context.Context, collection, lacks string, with func(*older) bson.D) error {
	in, without := s.db.Collection(collection), bson.E{Key: lacks, Value: nil}
	cursor, err := in.Find(ctx, bson.D{without}, options.Find().SetProjection(bson.D{{Key: "created_at", Value: 1}, {Key: "created_by", Value: 1}}))
	if err != nil {
		return err
	}
	defer cursor.Close(context.WithoutCancel(ctx)) //nolint:errcheck // read to its end, or given up
	for cursor.Next(ctx) {
		var found older
		if err := cursor.Decode(&found); err != nil {
			return err
		}
		if _, err := in.UpdateOne(ctx, bson.D{{Key: "_id", Value: found.ID}, without}, bson.D{{Key: "$set", Value: with(&found)}}); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// nameUsers gives the users of schema 1 the fields that schema 2 has unique.
func (s *Store) nameUsers(ctx context.Context) error {
	return s.amend(ctx, "users", "username_folded", func(u *older) bson.D {
		return bson.D{{Key: "username", Value: ""}, {Key: "username_folded", Value: u.ID}, {Key: "confirmed_at", Value: u.CreatedAt}}
	})
}

// nameWindows gives the counts of schema 2 the field that clean-up goes by. A
// node of that schema that still runs may leave some without it, which then
// stay; they are small.
func (s *Store) nameWindows(ctx context.Context) error {
	return s.amend(ctx, "quota_use", "window", func(count *older) bson.D {
		_, window, _ := strings.Cut(count.ID, " ")
		return bson.D{{Key: "window", Value: window}}
	})
}

// nameOwners makes who made a service account of schema 3 its owner, where that
// is a user. One that a node of that schema writes meanwhile has none.
func (s *Store) nameOwners(ctx context.Context) error {
	return s.amend(ctx, "service_accounts", "owner_id", func(account *older) bson.D {
		owner := ""
		if strings.HasPrefix(account.CreatedBy, ids.User) {
			owner = account.CreatedBy
		}
		return bson.D{{Key: "owner_id", Value: owner}}
	})
}

func (s *Store) makeIndex(ctx context.Context, i index) error {
	var fields bson.D
	for _, f := range i.fields {
		fields = append(fields, bson.E{Key: f, Value: 1})
	}
	_, err := s.db.Collection(i.collection).Indexes().CreateOne(ctx, mongo.IndexModel{Keys: fields, Options: options.Index().SetUnique(i.unique)})
	return err
}
