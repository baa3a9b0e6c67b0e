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

// ErrNewer is returned for a database that a newer version wrote.
var ErrNewer = errors.New("the database was written by a newer version")

const (
	upgradeBatch = bulkSize // documents at once
	upgradeBound = time.Minute
	// A batch that the store could not take is retried after a pause: a failover
	// during a long upgrade is no reason to restart it.
	upgradeTries = 10
	upgradePause = time.Second
	progressEach = 10 * time.Second
)

// upgrade gives the documents of a collection that lack a field what with says
// of each. It goes through them in the order of their ids and writes down how
// far it has come, so that a start that was cut off is gone on with by the next
// one, on whatever node, and doing it on many nodes at once does it once.
type upgrade struct {
	to         int // the schema
	collection string
	lacks      string
	with       func(*older) bson.D
}

// older is what a document of an older schema is given its new fields by.
type older struct {
	ID        string    `bson:"_id"`
	CreatedAt time.Time `bson:"created_at"`
	CreatedBy string    `bson:"created_by"`
}

// upgrades are all that there are, in their order.
func upgrades() []upgrade {
	return []upgrade{
		// The users of schema 1 get the fields that schema 2 has unique.
		{2, "users", "username_folded", func(u *older) bson.D {
			return bson.D{{Key: "username", Value: ""}, {Key: "username_folded", Value: u.ID}, {Key: "confirmed_at", Value: u.CreatedAt}}
		}},
		// The counts of schema 2 get the field that clean-up goes by. A node of that
		// schema that still runs may leave some without it, which then stay; they are
		// small.
		{3, "quota_use", "window", func(count *older) bson.D {
			_, window, _ := strings.Cut(count.ID, " ")
			return bson.D{{Key: "window", Value: window}}
		}},
		// Who made a service account of schema 3 becomes its owner, where that is a
		// user. One that a node of that schema writes meanwhile has none.
		{4, "service_accounts", "owner_id", func(account *older) bson.D {
			owner := ""
			if strings.HasPrefix(account.CreatedBy, ids.User) {
				owner = account.CreatedBy
			}
			return bson.D{{Key: "owner_id", Value: owner}}
		}},
	}
}

// noted is what the database says of its schema.
type noted struct {
	Version int `bson:"version"`
	// Reached is how far upgrades have come, by the schema that they lead to: the
	// last id, behind which documents may still be of the schema before.
	Reached map[string]string `bson:"reached"`
}

// prepare makes the indexes and brings the documents up to the schema. Every
// node does it at start. As a whole it is not bounded: each step is.
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

// noteSchema writes down that the documents have the schema, unless they are known to
// have a newer one.
func (s *engine) noteSchema(ctx context.Context, version int) error {
	err := s.in("schema").upsert(ctx, bson.D{{Key: "_id", Value: "latchkey"}, {Key: "version", Value: bson.D{{Key: "$lt", Value: version}}}},
		set(bson.E{Key: "version", Value: version}))
	if errors.Is(err, errs.Conflict) {
		return nil // another node noted it first
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

// persist tries a step again where the store was away, each try in its own
// bound.
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

// upgradeSome looks at the documents behind an id, at most upgradeBatch, and
// returns how many it looked at, how many of them lacked the field, and the last one's id.
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
	// Another node may have come further: it has then done what is before.
	reached := bson.D{{Key: "$max", Value: bson.D{{Key: fmt.Sprintf("reached.%d", u.to), Value: last}}}}
	_, err = s.in("schema").update(ctx, byID("latchkey"), reached)
	return len(found), len(writes), last, err
}
