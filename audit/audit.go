// Package audit records who did what to which object, when and from where, with the object
// before and after. An event is written before the request that caused it is answered. If
// that fails, so does the request.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
)

// Subject is who acted. It is stored with the event, so it stays readable when the user
// or service account itself is gone.
type Subject struct {
	Kind  string // "user", "service_account", "anonymous" or "system"
	ID    string // id of the user or service account, "" for the others
	Name  string // email or name at the time
	KeyID string // the key that a service account used
}

// Origin is where a request came from.
type Origin struct {
	Address   string // client address after trusted proxies
	UserAgent string // at most 255 bytes are kept
	RequestID string
}

// Object is what an event is about.
type Object struct {
	Type           string // "key", "service_account", …
	ID             string
	OrganizationID string // "" for the provider's own objects
}

// Event is one entry of the log. It holds no key, hash, password or token.
type Event struct {
	ID      string
	At      time.Time
	Subject Subject
	Origin  Origin
	Action  string // "key.revoke", "session.create", …
	Object  Object
	Before  json.RawMessage // null for a creation
	After   json.RawMessage // null for a deletion
}

// Filter selects events; zero fields do not restrict.
type Filter struct {
	OrganizationIDs []string // nil: all
	ObjectID        string
	SubjectID       string
	Action          string
	From, Until     time.Time // From inclusive, Until exclusive
}

// idSlack is how far the time in an event's id may be before or after At.
const idSlack = time.Minute

// FirstID returns an id that no event at or after From sorts before. Ids begin with the
// time, so a store can search by them.
func (f *Filter) FirstID() string { return ids.At(ids.Event, f.From.Add(-idSlack)) }

// LastID returns an id that every event before Until sorts before.
func (f *Filter) LastID() string { return ids.At(ids.Event, f.Until.Add(idSlack)) }

// Store keeps events, in the order of their ids, until they are deleted.
type Store interface {
	// AppendEvent stores one event.
	AppendEvent(ctx context.Context, e Event) error
	// AppendEvents stores many. An error may leave any of them stored.
	AppendEvents(ctx context.Context, all []Event) error
	// Events returns at most limit events, newest first, older than the id
	// after unless it is empty.
	Events(ctx context.Context, f Filter, after string, limit int) ([]Event, error)
}

// Reader reads the log from a position on.
type Reader interface {
	// EventsFrom returns at most limit of the events with ids after the one and before
	// the other, oldest first.
	EventsFrom(ctx context.Context, after, before string, limit int) ([]Event, error)
}

// Cleaner deletes events.
type Cleaner interface {
	// EventsBefore returns at most limit of the events before the time, oldest first.
	EventsBefore(ctx context.Context, before time.Time, limit int) ([]Event, error)
	// DeleteEvents deletes the events with the ids. Unknown ids are no error.
	DeleteEvents(ctx context.Context, ids []string) error
}

// Log writes events to a Store.
type Log struct {
	store Store
	now   func() time.Time
}

// New returns a Log on the store; now returns the time of each event.
func New(store Store, now func() time.Time) *Log { return &Log{store: store, now: now} }

// Change describes one change for Record. Before and After are encoded as JSON with
// their json tags, which omit secrets and hashes.
type Change struct {
	Subject       Subject
	Action        string
	Object        Object
	Before, After any
}

// Record writes one event for the change, with the origin in ctx. A change of nothing
// writes none.
func (l *Log) Record(ctx context.Context, c Change) error {
	if c.Before != nil && reflect.DeepEqual(c.Before, c.After) {
		return nil
	}
	event, err := l.event(ctx, &c)
	if err != nil {
		return err
	}
	if err := l.store.AppendEvent(ctx, event); err != nil {
		return fmt.Errorf("audit %s: %w", c.Action, err)
	}
	return nil
}

// RecordAll is Record for many changes.
func (l *Log) RecordAll(ctx context.Context, all []Change) error {
	events := make([]Event, 0, len(all))
	for i := range all {
		if all[i].Before != nil && reflect.DeepEqual(all[i].Before, all[i].After) {
			continue
		}
		event, err := l.event(ctx, &all[i])
		if err != nil {
			return err
		}
		events = append(events, event)
	}
	if len(events) == 0 {
		return nil
	}
	if err := l.store.AppendEvents(ctx, events); err != nil {
		return fmt.Errorf("audit %d changes: %w", len(events), err)
	}
	return nil
}

func (l *Log) event(ctx context.Context, c *Change) (Event, error) {
	before, err := snapshot(c.Before)
	if err != nil {
		return Event{}, fmt.Errorf("audit %s before: %w", c.Action, err)
	}
	after, err := snapshot(c.After)
	if err != nil {
		return Event{}, fmt.Errorf("audit %s after: %w", c.Action, err)
	}
	return Event{
		ID: ids.New(ids.Event), At: l.now().UTC().Truncate(time.Millisecond),
		Subject: c.Subject, Origin: OriginOf(ctx), Action: c.Action, Object: c.Object,
		Before: before, After: after,
	}, nil
}

// Events lists stored events; see Store.
func (l *Log) Events(ctx context.Context, f Filter, after string, limit int) ([]Event, error) {
	return l.store.Events(ctx, f, after, limit)
}

func snapshot(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}

type originKey struct{}

// WithOrigin returns a context that carries the origin of the request.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf returns the origin in ctx, or a zero Origin.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
