package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
)

// index is one index. Every list filter has one that begins with its field.
type index struct {
	collection string
	fields     []string
	unique     bool
}

// indexes lists all of them. On a sharded cluster the hot path, a key by its hash, is
// served by one shard if keys are sharded by {hash: 1}; docs/scaling.md has the shard
// keys of the other collections.
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
		{"keys", []string{"import_id", "_id"}, false},
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
		{"webhook_endpoints", []string{"organization_id", "_id"}, false},
		{"webhook_deliveries", []string{"queue", "_id"}, false},
	}
}

// ErrIndex is returned if an index that Latchkey needs cannot be created.
var ErrIndex = errors.New("an index is not as it has to be")

// waitsForEver is so long that the driver does not send it to the server: the time that an
// index takes to build depends on the amount of data.
const waitsForEver = 365 * 24 * time.Hour

// makeIndexes creates missing indexes and waits for them. ctx ends the wait.
func (s *engine) makeIndexes(ctx context.Context, logger *slog.Logger) error {
	for _, collection := range indexed() {
		var missing []index
		err := persist(ctx, func(ctx context.Context) (err error) {
			missing, err = s.missing(ctx, collection)
			return err
		})
		for n := 0; err == nil && n < len(missing); n++ {
			err = s.build(ctx, &missing[n], logger)
		}
		if err != nil {
			return fmt.Errorf("indexes of %s: %w", collection, err)
		}
	}
	return nil
}

// indexed returns the collections that have indexes.
func indexed() (names []string) {
	for _, i := range indexes() {
		if !slices.Contains(names, i.collection) {
			names = append(names, i.collection)
		}
	}
	return names
}

// missing returns the collection's indexes that do not exist yet.
func (s *engine) missing(ctx context.Context, collection string) (all []index, err error) {
	there, err := s.db.Collection(collection).Indexes().ListSpecifications(ctx)
	if err := known(err); err != nil && !errors.Is(err, errs.NotFound) {
		return nil, err
	}
	for _, i := range indexes() {
		if i.collection != collection {
			continue
		}
		found := false
		for _, t := range there {
			if !i.like(t.KeysDocument) {
				continue
			}
			found = true
			if i.unique && (t.Unique == nil || !*t.Unique) {
				return nil, s.notUnique(&i)
			}
		}
		if !found {
			all = append(all, i)
		}
	}
	return all, nil
}

// like reports whether the keys match those of the index.
func (i *index) like(keys bson.Raw) bool {
	elements, err := keys.Elements()
	if err != nil || len(elements) != len(i.fields) {
		return false
	}
	for n, e := range elements {
		direction, ok := e.Value().AsFloat64OK()
		if e.Key() != i.fields[n] || !ok || direction != 1 {
			return false
		}
	}
	return true
}

// notUnique says what to do about an index that somebody else has created.
func (s *engine) notUnique(i *index) error {
	if i.collection == "keys" {
		name := s.db.Name()
		return fmt.Errorf(`%w: {hash: 1} of keys is there and not unique, as sh.shardCollection("%s.keys", {hash: 1}) makes it without its `+
			`third argument; `+
			`if there are no keys yet, run db.keys.drop() and sh.shardCollection("%s.keys", {hash: 1}, true), else make the index unique as `+
			`docs/scaling.md says`, ErrIndex, name, name)
	}
	return fmt.Errorf("%w: %s of %s is there and not unique; drop it, and the next start makes it", ErrIndex, i, i.collection)
}

// String returns the index in the form of the server's shell.
func (i *index) String() string { return "{" + strings.Join(i.fields, ": 1, ") + ": 1}" }

// build creates the index and logs how long it has taken so far.
func (s *engine) build(ctx context.Context, i *index, logger *slog.Logger) error {
	var fields bson.D
	for _, f := range i.fields {
		fields = append(fields, bson.E{Key: f, Value: 1})
	}
	logger = logger.With("collection", i.collection, "index", i.String())
	began, done := time.Now(), make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		each := time.NewTicker(progressEach)
		defer each.Stop()
		for {
			select {
			case <-done:
				return
			case <-each.C:
				logger.InfoContext(ctx, "still building an index", "for", time.Since(began).Round(time.Second).String())
			}
		}
	})
	err := persistFor(ctx, waitsForEver, func(ctx context.Context) error {
		_, err := s.db.Collection(i.collection).Indexes().CreateOne(ctx, mongo.IndexModel{
			Keys: fields, Options: options.Index().SetUnique(i.unique),
		})
		return i.fault(err)
	})
	close(done)
	telling.Wait()
	if took := time.Since(began); err == nil && took >= progressEach {
		logger.InfoContext(ctx, "built an index", "for", took.Round(time.Second).String())
	}
	return err
}

// fault says what prevents the index from being created.
func (i *index) fault(err error) error {
	switch {
	case hasCode(err, 67): // CannotCreateIndex
		return fmt.Errorf("%w: the server refuses %s of %s; is the collection sharded by other fields than docs/scaling.md says? (%w)", ErrIndex,
			i, i.collection, err)
	case hasCode(err, 85, 86): // IndexOptionsConflict, IndexKeySpecsConflict
		return fmt.Errorf("%w: %s has an index on the fields of %s with other options, which is to be dropped (%w)", ErrIndex,
			i.collection, i, err)
	case mongo.IsDuplicateKeyError(err):
		return fmt.Errorf("%w: %s holds documents that agree in %s, which has to be unique (%w)", ErrIndex, i.collection, i, err)
	}
	return known(err)
}
