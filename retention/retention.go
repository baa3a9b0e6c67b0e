// Package retention deletes what nobody needs any more: keys and incidents that
// ended long ago, and old audit events. It archives everything before it
// deletes it. Each step is small and can be repeated.
package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
)

// Batch is how many objects a step looks at.
const Batch = 500

// Bounds of retention.
const (
	Least = keys.LeastRetention
	Most  = 100 * 365 * 24 * time.Hour
)

// Policy says how long something is kept after its end; 0 means forever.
type Policy struct {
	Keys      time.Duration // after a key was revoked or expired, if its tier does not say
	Incidents time.Duration // after they were finished or undone; of leaks, after they were reported
	Events    time.Duration // of the audit log
}

// Store is what the package needs from a database.
type Store interface {
	Keys() keys.KeyCollection
	ServiceAccounts() keys.Collection[keys.ServiceAccount, keys.AccountFilter]
	Tiers() keys.Collection[keys.Tier, keys.NoFilter]
	audit.Cleaner
}

// Config is what a Keeper needs. All fields are required.
type Config struct {
	Store     Store
	Keys      *keys.Service
	Incidents *incidents.Service
	Leaks     *leaks.Service
	Archive   *Archive
	Policy    Policy
	As        keys.Actor // the actor of deletions in the audit log
	Now       func() time.Time
}

// Keeper deletes what has been kept long enough.
type Keeper struct {
	Config
	walk walk
}

// New returns a Keeper.
func New(c Config) (*Keeper, error) {
	if c.Store == nil || c.Keys == nil || c.Incidents == nil || c.Leaks == nil || c.Archive == nil || c.As == nil || c.Now == nil {
		return nil, errors.New("retention: every part is required")
	}
	return &Keeper{Config: c}, nil
}

// EventsStep deletes the oldest audit events that are too old, and returns how many.
func (k *Keeper) EventsStep(ctx context.Context) (int, error) {
	if k.Policy.Events == 0 {
		return 0, nil
	}
	old, err := k.Store.EventsBefore(ctx, k.Now().Add(-k.Policy.Events), Batch)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	lines, all := make([]any, len(old)), make([]string, len(old))
	for i := range old {
		lines[i], all[i] = lineOf(&old[i]), old[i].ID
	}
	if err := k.Archive.Append("audit-events", lines...); err != nil {
		return 0, err
	}
	return len(old), k.Store.DeleteEvents(ctx, all)
}

// line is an event in the API's form.
type line struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Action  string          `json:"action"`
	Subject subject         `json:"subject"`
	Object  object          `json:"object"`
	Origin  origin          `json:"origin"`
	Before  json.RawMessage `json:"before"`
	After   json.RawMessage `json:"after"`
}

type subject struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	KeyID string `json:"key_id"`
}

type object struct {
	Type           string `json:"type"`
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
}

type origin struct {
	Address   string `json:"address"`
	UserAgent string `json:"user_agent"`
	RequestID string `json:"request_id"`
}

func lineOf(e *audit.Event) line {
	return line{
		ID: e.ID, At: e.At, Action: e.Action, Subject: subject(e.Subject), Object: object(e.Object), Origin: origin(e.Origin),
		Before: e.Before, After: e.After,
	}
}

// LeaksStep deletes one leak that was reported long ago, and returns how many it deleted.
func (k *Keeper) LeaksStep(ctx context.Context) (int, error) {
	if k.Policy.Incidents == 0 {
		return 0, nil
	}
	return k.Leaks.Forget(ctx, k.Now().Add(-k.Policy.Incidents), func(one any) error { return k.Archive.Append("leaks", one) })
}

// IncidentsStep deletes one incident that ended long ago, and returns how many it deleted.
func (k *Keeper) IncidentsStep(ctx context.Context) (int, error) {
	if k.Policy.Incidents == 0 {
		return 0, nil
	}
	return k.Incidents.Forget(ctx, k.Now().Add(-k.Policy.Incidents), func(part any) error { return k.Archive.Append("incidents", part) })
}

// remove archives the keys, then deletes those that are unchanged.
func (k *Keeper) remove(ctx context.Context, over []keys.Key) error {
	if len(over) == 0 {
		return nil
	}
	lines := make([]any, len(over))
	for i := range over {
		lines[i] = &over[i]
	}
	if err := k.Archive.Append("keys", lines...); err != nil {
		return err
	}
	for i := range over {
		err := k.Keys.DeleteKey(ctx, k.As, over[i].ID, over[i].Revision)
		if err != nil && !errors.Is(err, errs.NotFound) && !errors.Is(err, errs.Stale) {
			return fmt.Errorf("remove a key: %w", err)
		}
	}
	return nil
}
