package mongo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

type event struct {
	ID             string    `bson:"_id"`
	At             time.Time `bson:"at"`
	Action         string    `bson:"action"`
	SubjectKind    string    `bson:"subject_kind"`
	SubjectID      string    `bson:"subject_id"`
	SubjectName    string    `bson:"subject_name"`
	SubjectKeyID   string    `bson:"subject_key_id"`
	ObjectType     string    `bson:"object_type"`
	ObjectID       string    `bson:"object_id"`
	OrganizationID string    `bson:"organization_id"`
	Address        string    `bson:"address"`
	UserAgent      string    `bson:"user_agent"`
	RequestID      string    `bson:"request_id"`
	Before         string    `bson:"before"`
	After          string    `bson:"after"`
}

func eventOf(e *audit.Event) event {
	return event{
		e.ID, e.At, e.Action, e.Subject.Kind, e.Subject.ID, e.Subject.Name, e.Subject.KeyID,
		e.Object.Type, e.Object.ID, e.Object.OrganizationID, e.Origin.Address, e.Origin.UserAgent, e.Origin.RequestID,
		string(e.Before), string(e.After),
	}
}

func eventIn(d *event) (audit.Event, error) {
	return audit.Event{
		ID: d.ID, At: d.At.UTC(), Action: d.Action,
		Subject: audit.Subject{Kind: d.SubjectKind, ID: d.SubjectID, Name: d.SubjectName, KeyID: d.SubjectKeyID},
		Object:  audit.Object{Type: d.ObjectType, ID: d.ObjectID, OrganizationID: d.OrganizationID},
		Origin:  audit.Origin{Address: d.Address, UserAgent: d.UserAgent, RequestID: d.RequestID},
		Before:  rawIn(d.Before), After: rawIn(d.After),
	}, nil
}

func (s *logs) events() *collection[audit.Event, audit.Filter, event] {
	return &collection[audit.Event, audit.Filter, event]{
		store: s.engine, name: "audit_events", descending: true, encode: eventOf, decode: eventIn,
		where: func(f audit.Filter) bson.D {
			d := equal(oneOf(bson.D{}, "organization_id", f.OrganizationIDs), "object_id", f.ObjectID)
			d = equal(equal(d, "subject_id", f.SubjectID), "action", f.Action)
			between := bson.D{}
			if !f.From.IsZero() {
				between = append(between, bson.E{Key: "$gte", Value: f.From})
			}
			if !f.Until.IsZero() {
				between = append(between, bson.E{Key: "$lt", Value: f.Until})
			}
			if len(between) > 0 {
				d = append(d, bson.E{Key: "at", Value: between})
			}
			return withinIDs(d, &f)
		},
	}
}

// withinIDs limits the ids to the requested span of time.
func withinIDs(d bson.D, f *audit.Filter) bson.D {
	bounds := bson.D{}
	if !f.From.IsZero() {
		bounds = append(bounds, bson.E{Key: "$gte", Value: f.FirstID()})
	}
	if !f.Until.IsZero() {
		bounds = append(bounds, bson.E{Key: "$lt", Value: f.LastID()})
	}
	if len(bounds) == 0 {
		return d
	}
	return also(d, "_id", bounds)
}

// AppendEvent stores one audit event.
func (s *logs) AppendEvent(ctx context.Context, e audit.Event) error {
	return s.events().Insert(ctx, e)
}

// AppendEvents stores several audit events.
func (s *logs) AppendEvents(ctx context.Context, all []audit.Event) error {
	documents := make([]event, len(all))
	for i := range all {
		documents[i] = eventOf(&all[i])
	}
	return s.events().documents().insertAll(ctx, documents)
}

// Events returns one page of the log, newest first.
func (s *logs) Events(ctx context.Context, f audit.Filter, after string, limit int) ([]audit.Event, error) {
	return s.events().List(ctx, f, keys.Page{After: after, Limit: limit})
}

// EventsBefore returns the oldest events before the time.
func (s *logs) EventsBefore(ctx context.Context, before time.Time, limit int) ([]audit.Event, error) {
	all := s.events()
	return all.list(ctx, all.where(audit.Filter{Until: before}), bson.D{{Key: "_id", Value: 1}}, limit)
}

// DeleteEvents deletes the events with the ids.
func (s *logs) DeleteEvents(ctx context.Context, ids []string) error {
	_, err := s.in("audit_events").removeAll(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
	return err
}

func quotaID(id, window string) string { return id + " " + window }

// QuotaUse returns the use of the quota in the window.
func (s *logs) QuotaUse(ctx context.Context, id, window string) (int64, error) {
	var d struct {
		Used int64 `bson:"used"`
	}
	err := s.in("quota_use").first(ctx, byID(quotaID(id, window)), &d)
	if errors.Is(err, errs.NotFound) {
		return 0, nil
	}
	return d.Used, err
}

// AddQuotaUse adds to the stored use. Each addition is atomic by itself. After an error
// some may have been made, and a retry by the caller makes them again, which counts too
// much, never too little.
func (s *logs) AddQuotaUse(ctx context.Context, uses []ratelimit.QuotaUse) error {
	if len(uses) == 0 {
		return nil
	}
	writes := make([]mongo.WriteModel, len(uses))
	for i, u := range uses {
		writes[i] = mongo.NewUpdateOneModel().SetFilter(byID(quotaID(u.ID, u.Window))).
			SetUpdate(bson.D{
				{Key: "$inc", Value: bson.D{{Key: "used", Value: u.Used}}},
				{Key: "$setOnInsert", Value: bson.D{{Key: "window", Value: u.Window}}},
			}).SetUpsert(true)
	}
	_, err := s.in("quota_use").bulk(ctx, writes)
	return known(err)
}

// DeleteQuotaUse deletes at most limit counts of windows before the first window, except
// those of the second.
func (s *logs) DeleteQuotaUse(ctx context.Context, before, except string, limit int) (int, error) {
	return s.in("quota_use").removeSome(ctx, bson.D{{Key: "window", Value: bson.D{{Key: "$lt", Value: before}, {Key: "$ne", Value: except}}}},
		limit)
}

type idempotencyRecord struct {
	ID          string     `bson:"_id"`
	Fingerprint []byte     `bson:"fingerprint"`
	ObjectID    string     `bson:"object_id"`
	CreatedAt   time.Time  `bson:"created_at"`
	Try         int64      `bson:"try"`
	Made        bool       `bson:"made"`
	FreeAt      *time.Time `bson:"free_at"`
}

// InsertIdempotency stores the record unless its key is taken. The collection must not be
// sharded, because the id must be unique.
func (s *logs) InsertIdempotency(ctx context.Context, r idempotency.Record) error {
	return s.in("idempotency").insert(ctx, idempotencyRecord{
		hex.EncodeToString(r.Key[:]), r.Fingerprint[:], r.ObjectID, r.CreatedAt, r.Try, r.Made, timeOf(r.FreeAt),
	})
}

// ReplaceIdempotency replaces was with r. A record of an earlier release has no try.
func (s *logs) ReplaceIdempotency(ctx context.Context, was, r idempotency.Record) error {
	where := bson.D{{Key: "_id", Value: hex.EncodeToString(r.Key[:])}, {Key: "try", Value: was.Try}, {Key: "made", Value: was.Made}}
	if was.Try == 0 {
		where = bson.D{where[0], {Key: "try", Value: nil}}
	}
	there, err := s.in("idempotency").update(ctx, where, set(
		bson.E{Key: "object_id", Value: r.ObjectID}, bson.E{Key: "try", Value: r.Try}, bson.E{Key: "made", Value: r.Made},
		bson.E{Key: "free_at", Value: timeOf(r.FreeAt)},
	))
	if err == nil && !there {
		return errs.New(errs.Stale, "claim_changed")
	}
	return err
}

// Idempotency returns the record with the key.
func (s *logs) Idempotency(ctx context.Context, key [sha256.Size]byte) (idempotency.Record, error) {
	var d idempotencyRecord
	if err := s.in("idempotency").first(ctx, byID(hex.EncodeToString(key[:])), &d); err != nil {
		return idempotency.Record{}, err
	}
	r := idempotency.Record{Key: key, ObjectID: d.ObjectID, CreatedAt: d.CreatedAt.UTC(), Try: d.Try, Made: d.Made, FreeAt: timeIn(d.FreeAt)}
	if copy(r.Fingerprint[:], d.Fingerprint) != len(r.Fingerprint) {
		return r, errors.New("the stored fingerprint has a wrong length")
	}
	return r, nil
}

// DeleteIdempotencyBefore deletes old records.
func (s *logs) DeleteIdempotencyBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.in("idempotency").removeSome(ctx, bson.D{{Key: "created_at", Value: bson.D{{Key: "$lt", Value: before}}}}, limit)
}
