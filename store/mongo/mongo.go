// Package mongo is the store for many machines. It uses only single documents, upserts
// and plain indexes of MongoDB, so any server that supports the wire protocol to that
// extent works. Every write is one atomic operation on one document.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	monitoring "go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/keys"
)

const (
	selectionTimeout = 2 * time.Second
	operationTimeout = keys.WriteBound
	connectTimeout   = 5 * time.Second
	readyConnections = 16 // unless the connection string has another number
	connectingAtOnce = 8
)

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	*engine
	objects
	people
	logs
	counts
	cluster
}

// The parts of a Store, by what they store. They share its engine.
type (
	objects struct{ *engine } // organizations, service accounts, keys, tiers, scopes and incidents
	people  struct{ *engine } // users, memberships, sessions and what they sign in with
	logs    struct{ *engine } // audit events, quotas, idempotency keys and reminders
	counts  struct{ *engine } // usage, refusals and the journals of both
	cluster struct{ *engine } // nodes and leases
)

// newStore returns the Store on the engine.
func newStore(e *engine) *Store {
	return &Store{e, objects{e}, people{e}, logs{e}, counts{e}, cluster{e}}
}

// engine is the connection to the database.
type engine struct {
	client *mongo.Client
	db     *mongo.Database
	where  string
	// sharded is set if the router of a sharded cluster answers.
	sharded  bool
	identity string                // of the database
	fault    atomic.Pointer[error] // what is wrong with the database as a whole
}

// Open connects to the database that the connection string names, creates its indexes and
// upgrades its schema. It refuses a database written by a newer version. The watches see
// every command. An upgrade has no time limit, logs its progress, and continues where an
// earlier start was interrupted.
func Open(ctx context.Context, connection string, logger *slog.Logger, watches ...calls.Watch) (*Store, error) {
	return open(ctx, connection, logger, monitor(calls.Join(watches...)))
}

func open(ctx context.Context, connection string, logger *slog.Logger, watch *monitoring.CommandMonitor) (*Store, error) {
	hosts, name, err := target(connection)
	if err != nil {
		return nil, err
	}
	if err := checkFiles(connection); err != nil {
		return nil, err
	}
	client, err := mongo.Connect(clientOptions(connection).SetMonitor(watch))
	if err != nil {
		return nil, refusedString(hosts, err)
	}
	s := &engine{client: client, db: client.Database(name), where: hosts + "/" + name}
	err = s.findRouter(ctx)
	if err == nil {
		err = s.prepare(ctx, logger)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open MongoDB at %s: %w", s.where, known(explain(ctx, hosts, err))),
			client.Disconnect(context.WithoutCancel(ctx)))
	}
	return newStore(s), nil
}

// target returns the hosts and the database of a connection string. Package net/url cannot
// parse one with several hosts.
func target(connection string) (hosts, database string, err error) {
	_, rest, found := strings.Cut(connection, "://")
	rest, _, _ = strings.Cut(rest, "?")
	hosts, database, _ = strings.Cut(rest, "/")
	hosts = hosts[strings.LastIndex(hosts, "@")+1:]
	if !found || hosts == "" {
		return "", "", errors.New("the connection string of MongoDB must be mongodb://HOST/NAME or mongodb+srv://HOST/NAME")
	}
	if database, err = url.PathUnescape(database); err != nil || database == "" || strings.Contains(database, "/") {
		return "", "", errors.New("the connection string of MongoDB names no database: end it in /latchkey")
	}
	return hosts, database, nil
}

// clientOptions overrides what the connection string says about consistency. An
// acknowledged revoke survives a failover, and reads return the latest write, which
// survives one too. If a change could be read and then rolled back, polls would miss the
// next change with the same revision. documents.read retries reads, with a pause.
func clientOptions(connection string) *options.ClientOptions {
	o := options.Client().ApplyURI(connection)
	// With a server that takes half a second to answer, a node has about twenty calls in
	// flight, mostly polls. With the driver's default sizes it opens connections two at a
	// time once the server is slow. What waits for them times out, which costs
	// connections, and the node never catches up.
	if o.MinPoolSize == nil && o.MaxPoolSize == nil {
		o.SetMinPoolSize(readyConnections)
	}
	// How long to wait for a silent server, in the driver's own monitoring too: it is
	// also how late the driver notices that the network is back.
	if o.ConnectTimeout == nil {
		o.SetConnectTimeout(connectTimeout)
	}
	if o.MaxConnecting == nil {
		o.SetMaxConnecting(connectingAtOnce)
	}
	return o.
		SetAppName("latchkey").SetServerSelectionTimeout(selectionTimeout).SetTimeout(operationTimeout).
		SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Majority()).SetRetryReads(false).SetReadPreference(readpref.Primary())
}

// findRouter checks whether a router answers, as it does for a sharded cluster.
func (s *engine) findRouter(ctx context.Context) error {
	var hello struct {
		Message string `bson:"msg"`
	}
	err := s.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
	s.sharded = hello.Message == "isdbgrid"
	return known(err)
}

// Name returns the server and the database, without credentials.
func (s *engine) Name() string { return "MongoDB at " + s.where }

// TryWrite writes a document of its own.
func (s *engine) TryWrite(ctx context.Context) error {
	return s.in("about").upsert(ctx, byID("ping"), set(bson.E{Key: "at", Value: time.Now().UTC()}))
}

// Close closes the connections. It may be called again.
func (s *engine) Close(ctx context.Context) error {
	if err := s.client.Disconnect(ctx); !errors.Is(err, mongo.ErrClientDisconnected) {
		return err
	}
	return nil
}
