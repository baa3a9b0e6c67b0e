// Package mongo is the store for many machines. It needs no more of MongoDB
// than single documents, upserts and plain indexes, so that any server that
// speaks the wire protocol at that level will do: every write is one atomic
// operation on one document.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/keys"
)

const (
	selectionTimeout = 2 * time.Second
	operationTimeout = keys.WriteBound
	connectTimeout   = 5 * time.Second
	readyConnections = 16 // unless the connection string says another number
	connectingAtOnce = 8
)

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	client *mongo.Client
	db     *mongo.Database
	where  string
}

// Open connects to the database that the connection string names, makes its
// indexes and brings its schema up to date. A database written by a newer
// version is refused. Every command is told to the watches.
func Open(ctx context.Context, connection string, watches ...calls.Watch) (*Store, error) {
	hosts, name, err := target(connection)
	if err != nil {
		return nil, err
	}
	client, err := mongo.Connect(clientOptions(connection).SetMonitor(monitor(calls.Join(watches...))))
	if err != nil {
		return nil, errors.New("the connection string of MongoDB is not valid")
	}
	s := &Store{client: client, db: client.Database(name), where: hosts + "/" + name}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open MongoDB at %s: %w", s.where, known(err)), client.Disconnect(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// target returns the hosts and the database of a connection string. Package
// net/url is of no use: such a string may have several hosts.
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

// clientOptions overrides what the connection string may say of consistency: a
// revoke that was acknowledged survives a failover, and what is read is what
// was written last.
func clientOptions(connection string) *options.ClientOptions {
	o := options.Client().ApplyURI(connection)
	// A server that answers after half a second has some twenty questions of a
	// node under way, polls above all. With the driver's own sizes connections
	// are made two at a time when it has become slow; what waits for them times
	// out, which costs connections, and the node never catches up.
	if o.MinPoolSize == nil && o.MaxPoolSize == nil {
		o.SetMinPoolSize(readyConnections)
	}
	// How long a server is waited for that says nothing, by the driver's own
	// watch of it as well: a network that comes back is noticed as late.
	if o.ConnectTimeout == nil {
		o.SetConnectTimeout(connectTimeout)
	}
	if o.MaxConnecting == nil {
		o.SetMaxConnecting(connectingAtOnce)
	}
	return o.
		SetAppName("latchkey").SetServerSelectionTimeout(selectionTimeout).SetTimeout(operationTimeout).
		SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Local()).SetReadPreference(readpref.Primary())
}

// Name says which server and database this is, without credentials.
func (s *Store) Name() string { return "MongoDB at " + s.where }

// Ping returns nil if the server answers and a key can be read, if there is one.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.RunCommand(ctx, bson.D{{Key: "ping", Value: 1}}).Err(); err != nil {
		return known(err)
	}
	if err := s.db.Collection("keys").FindOne(ctx, bson.D{}).Err(); !errors.Is(err, mongo.ErrNoDocuments) {
		return known(err)
	}
	return nil
}

// TryWrite writes a document of its own.
func (s *Store) TryWrite(ctx context.Context) error {
	set := bson.D{{Key: "$set", Value: bson.D{{Key: "at", Value: time.Now().UTC()}}}}
	_, err := s.db.Collection("about").UpdateOne(ctx, bson.D{{Key: "_id", Value: "ping"}}, set, options.UpdateOne().SetUpsert(true))
	return known(err)
}

// Close closes the connections. It may be called again.
func (s *Store) Close(ctx context.Context) error {
	if err := s.client.Disconnect(ctx); !errors.Is(err, mongo.ErrClientDisconnected) {
		return err
	}
	return nil
}

// known gives the driver's errors the kinds that callers tell apart.
func known(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return errs.New(errs.NotFound, "no such document")
	case mongo.IsDuplicateKeyError(err):
		return errs.New(errs.Conflict, "an object with this id or unique field exists")
	case errors.Is(err, context.Canceled):
		return err
	case mongo.IsTimeout(err), mongo.IsNetworkError(err), unreachable(err):
		return fmt.Errorf("%w: %w", errs.Unavailable, err)
	default:
		return err
	}
}

// notPrimary are the codes of servers that step down, start or stop: another
// one will answer, or this one in a moment.
var notPrimary = []int{91, 189, 10058, 10107, 11600, 11602, 13435, 13436}

// unreachable reports errors of server selection and of the connection pool,
// and those of a replica set without a primary, all of which the driver's own
// predicates leave out.
func unreachable(err error) bool {
	if errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	if answer, ok := errors.AsType[mongo.ServerError](err); ok && slices.ContainsFunc(notPrimary, answer.HasErrorCode) {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "server selection error") || strings.Contains(text, "connection pool")
}
