package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/time/rate"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

// schema is the version of the documents that this package writes.
const schema = 4

// ErrNewer is returned for a database written by a newer version.
var ErrNewer = errors.New("the database was written by a newer version")

const (
	upgradeBatch = bulkSize // documents at once
	upgradeBound = time.Minute
	// A batch that the store could not take is retried after a pause, so that a failover
	// during a long upgrade does not restart it.
	upgradeTries = 10
	upgradePause = time.Second
	progressEach = 10 * time.Second
)

// upgrade adds to documents of a collection that lack a field what with returns for each.
// It goes through them in id order and records its progress, so that any node continues
// after an interruption, and many nodes at once upgrade each document once.
type upgrade struct {
	to         int // the new schema
	collection string
	lacks      string
	with       func(*older) bson.D
}

// older is the part of an old document that its new fields are derived from.
type older struct {
	ID        string    `bson:"_id"`
	CreatedAt time.Time `bson:"created_at"`
	CreatedBy string    `bson:"created_by"`
}

// upgrades lists all upgrades in order.
func upgrades() []upgrade {
	return []upgrade{
		// Users of schema 1 get the fields that are unique in schema 2.
		{2, "users", "username_folded", func(u *older) bson.D {
			return bson.D{{Key: "username", Value: ""}, {Key: "username_folded", Value: u.ID}, {Key: "confirmed_at", Value: u.CreatedAt}}
		}},
		// Counts of schema 2 get the field that clean-up uses. A node of that schema that
		// still runs may write some without it, which then stay; they are small.
		{3, "quota_use", "window", func(count *older) bson.D {
			_, window, _ := strings.Cut(count.ID, " ")
			return bson.D{{Key: "window", Value: window}}
		}},
		// If the creator of a service account of schema 3 is a user, they become its owner.
		// One that a node of that schema writes meanwhile has no owner.
		{4, "service_accounts", "owner_id", func(account *older) bson.D {
			owner := ""
			if strings.HasPrefix(account.CreatedBy, ids.User) {
				owner = account.CreatedBy
			}
			return bson.D{{Key: "owner_id", Value: owner}}
		}},
	}
}

// noted is what the database says about its schema.
type noted struct {
	Version int `bson:"version"`
	// Reached is the progress of upgrades, by the schema that they lead to: the last id,
	// after which documents may still have the earlier schema.
	Reached map[string]string `bson:"reached"`
}

// prepare creates the indexes and upgrades the documents to the schema. Every node does
// this at start. Each step has a time limit, the whole does not.
func (s *engine) prepare(ctx context.Context, logger *slog.Logger) error {
	at, err := s.noted(ctx)
	if err != nil {
		return err
	}
	if at.Version > schema {
		return fmt.Errorf("%w: it has schema %d, this version knows up to %d; use a newer latchkey", ErrNewer, at.Version, schema)
	}
	if err := s.identify(ctx); err != nil {
		return err
	}
	for _, u := range upgrades() {
		if at.Version == 0 || at.Version >= u.to {
			continue // a new one has no documents
		}
		if err := s.upgrade(ctx, &u, at.Reached[fmt.Sprint(u.to)], logger); err != nil {
			return fmt.Errorf("bring %s to schema %d: %w", u.collection, u.to, err)
		}
		if err := s.noteSchema(ctx, u.to); err != nil {
			return err
		}
	}
	if err := s.makeIndexes(ctx, logger); err != nil {
		return err
	}
	if at.Version > 0 {
		return nil
	}
	return s.noteSchema(ctx, schema)
}

func (s *engine) noted(ctx context.Context) (at noted, err error) {
	err = s.in("schema").first(ctx, byID("latchkey"), &at)
	if errors.Is(err, errs.NotFound) {
		return at, nil
	}
	return at, err
}

// noteSchema records that the documents have the schema, unless they are known to have a
// newer one.
func (s *engine) noteSchema(ctx context.Context, version int) error {
	err := s.in("schema").upsert(ctx, bson.D{{Key: "_id", Value: "latchkey"}, {Key: "version", Value: bson.D{{Key: "$lt", Value: version}}}},
		set(bson.E{Key: "version", Value: version}))
	if errors.Is(err, errs.Conflict) {
		return nil // another node recorded it first
	}
	return err
}

func (s *engine) upgrade(ctx context.Context, u *upgrade, after string, logger *slog.Logger) error {
	logger = logger.With("collection", u.collection, "schema", u.to)
	progress := rate.Sometimes{Interval: progressEach}
	progress.Do(func() { logger.InfoContext(ctx, "bringing the store up to date", "after", after) })
	looked, changed := 0, 0
	for {
		var n, amended int
		var next string
		err := persist(ctx, func(ctx context.Context) (err error) {
			n, amended, next, err = s.upgradeSome(ctx, u, after)
			return err
		})
		if err != nil {
			return err
		}
		looked, changed = looked+n, changed+amended
		if n < upgradeBatch {
			logger.InfoContext(ctx, "brought the store up to date", "looked_at", looked, "changed", changed)
			return nil
		}
		after = next
		progress.Do(func() {
			logger.InfoContext(ctx, "still bringing the store up to date", "looked_at", looked, "changed", changed)
		})
	}
}

// persist retries a step if the store was unavailable, each try with its own time limit.
func persist(ctx context.Context, step func(context.Context) error) error {
	return persistFor(ctx, upgradeBound, step)
}

func persistFor(ctx context.Context, bound time.Duration, step func(context.Context) error) error {
	for try := 1; ; try++ {
		bounded, cancel := context.WithTimeout(ctx, bound)
		err := step(bounded)
		cancel()
		if err == nil || try == upgradeTries || ctx.Err() != nil || !errors.Is(err, errs.Unavailable) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(upgradePause):
		}
	}
}

// upgradeSome looks at up to upgradeBatch documents after an id, and returns how many it
// looked at, how many of them lacked the field, and the last one's id.
func (s *engine) upgradeSome(ctx context.Context, u *upgrade, after string) (looked, lacked int, last string, err error) {
	in, none := s.in(u.collection), bson.E{Key: u.lacks, Value: nil}
	found, err := find[bson.Raw](ctx, in, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(upgradeBatch).
			SetProjection(bson.D{{Key: "created_at", Value: 1}, {Key: "created_by", Value: 1}, {Key: u.lacks, Value: 1}}))
	if err != nil || len(found) == 0 {
		return 0, 0, after, err
	}
	var writes []mongo.WriteModel
	for _, raw := range found {
		var document older
		if err := bson.Unmarshal(raw, &document); err != nil {
			return 0, 0, after, fmt.Errorf("read a document behind %q: %w", after, err)
		}
		last = document.ID
		if value, err := raw.LookupErr(u.lacks); err == nil && value.Type != bson.TypeNull {
			continue
		}
		writes = append(writes, mongo.NewUpdateOneModel().SetFilter(append(byID(document.ID), none)).SetUpdate(set(u.with(&document)...)))
	}
	if len(writes) > 0 {
		if _, err := in.bulk(ctx, writes); err != nil {
			return 0, 0, after, known(err)
		}
	}
	// Another node may be further; it has then done what comes before.
	reached := bson.D{{Key: "$max", Value: bson.D{{Key: fmt.Sprintf("reached.%d", u.to), Value: last}}}}
	_, err = s.in("schema").update(ctx, byID("latchkey"), reached)
	return len(found), len(writes), last, err
}
