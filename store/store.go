// Package store opens a database for the service. The packages that use a
// database declare what it must do; Store is the union of their interfaces.
package store

import (
	"context"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/webhooks"
)

// Store is everything that the service needs from a database.
type Store interface {
	keys.Store
	keys.Tombstones
	incidents.Store
	imports.Store
	leaks.Collections
	webhooks.Collections
	keys.Creators
	keys.Owners
	transfers.MovableUsage
	auth.Store
	audit.Store
	audit.Cleaner
	audit.Reader
	ratelimit.QuotaStore
	ratelimit.QuotaCleaner
	idempotency.Store
	signing.Store
	usage.Store
	nodes.Store
	Reminders() keys.Collection[reminders.Reminder, keys.NoFilter]

	// Name returns which database this is, for people: "SQLite at …" or "MongoDB at …",
	// without credentials.
	Name() string
	// Ping returns nil if the database answers and a key can be read.
	Ping(ctx context.Context) error
	// TryWrite returns nil if the database can be written. It writes something of its
	// own that nobody reads.
	TryWrite(ctx context.Context) error
	// Close releases the database.
	Close(ctx context.Context) error
}
