package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const eventColumns = `id, at, action, subject_kind, subject_id, subject_name, subject_key_id,
	object_type, object_id, organization_id, address, user_agent, request_id, before, after`

// AppendEvent stores one audit event.
func (s *records) AppendEvent(ctx context.Context, e audit.Event) error {
	_, err := s.writer.exec(ctx, insertEvent, eventValues(&e)...)
	return err
}

// AppendEvents stores several events in one transaction.
func (s *records) AppendEvents(ctx context.Context, all []audit.Event) error {
	insert, err := s.writer.prepare(ctx, insertEvent) // before the transaction takes the only connection
	if err != nil {
		return known(err)
	}
	return known(s.transact(ctx, func(tx *sql.Tx) error {
		for i := range all {
			if _, err := tx.StmtContext(ctx, insert).ExecContext(ctx, eventValues(&all[i])...); err != nil {
				return err
			}
		}
		return nil
	}))
}

const insertEvent = "INSERT INTO audit_events (" + eventColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

func eventValues(e *audit.Event) []any {
	return []any{
		e.ID, putTime(e.At), e.Action, e.Subject.Kind, e.Subject.ID, e.Subject.Name, e.Subject.KeyID,
		e.Object.Type, e.Object.ID, e.Object.OrganizationID, e.Origin.Address, e.Origin.UserAgent, e.Origin.RequestID,
		putMetadata(e.Before), putMetadata(e.After),
	}
}

// Events returns one page of the log, newest first.
func (s *records) Events(ctx context.Context, f audit.Filter, after string, limit int) ([]audit.Event, error) {
	text, args := s.events().list(f, keys.Page{After: after, Limit: limit})
	return s.eventRows(ctx, text, args)
}

const oldestEvents = "SELECT " + eventColumns + " FROM audit_events WHERE id < ? AND at < ? ORDER BY id LIMIT ?"

// EventsBefore returns the oldest events before the time.
func (s *records) EventsBefore(ctx context.Context, before time.Time, limit int) ([]audit.Event, error) {
	f := audit.Filter{Until: before}
	return s.eventRows(ctx, oldestEvents, []any{f.LastID(), before.UnixMilli(), limit})
}

const deleteEvents = "DELETE FROM audit_events WHERE id IN (SELECT value FROM json_each(?))"

// DeleteEvents deletes the events with the ids.
func (s *records) DeleteEvents(ctx context.Context, ids []string) error {
	_, err := s.writer.exec(ctx, deleteEvents, putJSON(ids))
	return err
}

func (s *records) eventRows(ctx context.Context, text string, args []any) ([]audit.Event, error) {
	events := []audit.Event{}
	err := s.reader.rows(ctx, text, args, func(row scanner) error {
		var e audit.Event
		var before, after keys.Metadata
		err := row.Scan(&e.ID, timeColumn{&e.At}, &e.Action, &e.Subject.Kind, &e.Subject.ID, &e.Subject.Name, &e.Subject.KeyID,
			&e.Object.Type, &e.Object.ID, &e.Object.OrganizationID, &e.Origin.Address, &e.Origin.UserAgent, &e.Origin.RequestID,
			metadataColumn{&before}, metadataColumn{&after})
		e.Before, e.After = json.RawMessage(before), json.RawMessage(after)
		events = append(events, e)
		return err
	})
	return events, known(err)
}

// events builds the log's statements. Rows never change, so it needs nothing else of a
// table.
func (s *records) events() *table[audit.Event, audit.Filter] {
	return &table[audit.Event, audit.Filter]{
		store: s.engine, name: "audit_events", descending: true, columns: []string{"id", eventColumns[len("id, "):]},
		where: func(f audit.Filter) (c conditions) {
			c.equal("object_id", f.ObjectID)
			c.equal("subject_id", f.SubjectID)
			c.oneOf("organization_id", f.OrganizationIDs)
			c.equal("action", f.Action)
			if !f.From.IsZero() {
				c.add("at >= ? AND id >= ?", f.From.UnixMilli(), f.FirstID())
			}
			if !f.Until.IsZero() {
				c.add("at < ? AND id < ?", f.Until.UnixMilli(), f.LastID())
			}
			return c
		},
	}
}

// QuotaUse returns the use of the quota in the window.
func (s *records) QuotaUse(ctx context.Context, id, window string) (int64, error) {
	var used int64
	err := s.reader.row(ctx, "SELECT used FROM quota_use WHERE id = ? AND window = ?", id, window).Scan(&used)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return used, known(err)
}

// AddQuotaUse adds to the stored use, all of it or nothing. It does not wait for the
// disk, so a power loss may cost the latest use.
func (s *records) AddQuotaUse(ctx context.Context, uses []ratelimit.QuotaUse) error {
	rows := make([][3]any, len(uses))
	for i, u := range uses {
		rows[i] = [3]any{u.ID, u.Window, u.Used}
	}
	_, err := s.notes.exec(ctx, `INSERT INTO quota_use (id, window, used)
		SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
		ON CONFLICT (id, window) DO UPDATE SET used = used + excluded.used`, putJSON(rows))
	return err
}

// DeleteQuotaUse deletes at most limit rows of windows before the first window, except
// those of the second.
func (s *records) DeleteQuotaUse(ctx context.Context, before, except string, limit int) (int, error) {
	n, err := s.writer.exec(ctx, `DELETE FROM quota_use WHERE (id, window) IN
		(SELECT id, window FROM quota_use INDEXED BY quota_use_window WHERE window < ? AND window <> ? LIMIT ?)`, before, except, limit)
	return int(n), err
}

// InsertIdempotency stores the record unless its key is taken.
func (s *records) InsertIdempotency(ctx context.Context, r idempotency.Record) error {
	_, err := s.writer.exec(ctx, "INSERT INTO idempotency (key, fingerprint, object_id, created_at, try, made, free_at) VALUES (?, ?, ?, ?, "+
		"?, ?, ?)",
		r.Key[:], r.Fingerprint[:], r.ObjectID, putTime(r.CreatedAt), r.Try, r.Made, putTime(r.FreeAt))
	return err
}

// ReplaceIdempotency replaces was with r.
func (s *records) ReplaceIdempotency(ctx context.Context, was, r idempotency.Record) error {
	n, err := s.writer.exec(ctx, "UPDATE idempotency SET object_id = ?, try = ?, made = ?, free_at = ? WHERE key = ? AND try = ? AND made = ?",
		r.ObjectID, r.Try, r.Made, putTime(r.FreeAt), r.Key[:], was.Try, was.Made)
	if err == nil && n == 0 {
		return errs.New(errs.Stale, "claim_changed")
	}
	return err
}

// Idempotency returns the record with the key.
func (s *records) Idempotency(ctx context.Context, key [sha256.Size]byte) (idempotency.Record, error) {
	r := idempotency.Record{Key: key}
	var fingerprint []byte
	err := s.reader.row(ctx, "SELECT fingerprint, object_id, created_at, try, made, free_at FROM idempotency WHERE key = ?", key[:]).
		Scan(&fingerprint, &r.ObjectID, timeColumn{&r.CreatedAt}, &r.Try, &r.Made, timeColumn{&r.FreeAt})
	if err != nil {
		return r, known(err)
	}
	return r, scanDigest(r.Fingerprint[:], fingerprint)
}

// DeleteIdempotencyBefore deletes old records.
func (s *records) DeleteIdempotencyBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.writer.exec(ctx, "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE created_at < ? LIMIT ?)",
		before.UnixMilli(), limit)
	return int(n), err
}
