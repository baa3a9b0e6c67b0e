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
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/keys"
)

const (
	selectionTimeout = 2 * time.Second
	operationTimeout = keys.WriteBound
)

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	client *mongo.Client
	db     *mongo.Database
	where  string
}

// Open connects to the database that the connection string names, makes its
// indexes and brings its schema up to date. A database written by a newer
// version is refused.
func Open(ctx context.Context, connection string) (*Store, error) {
	u, err := url.Parse(connection)
	if err != nil {
		return nil, errors.New("the connection string of MongoDB is not a URL")
	}
	name := strings.Trim(u.Path, "/")
	if name == "" || strings.Contains(name, "/") {
		return nil, errors.New("the connection string of MongoDB names no database: end it in /latchkey")
	}
	client, err := mongo.Connect(options.Client().ApplyURI(connection).
		SetAppName("latchkey").SetServerSelectionTimeout(selectionTimeout).SetTimeout(operationTimeout).
		SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Local()))
	if err != nil {
		return nil, errors.New("the connection string of MongoDB is not valid")
	}
	s := &Store{client: client, db: client.Database(name), where: u.Host + "/" + name}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open MongoDB at %s: %w", s.where, known(err)), client.Disconnect(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// Name says which server and database this is, without credentials.
func (s *Store) Name() string { return "MongoDB at " + s.where }

// Ping returns nil if the server answers.
func (s *Store) Ping(ctx context.Context) error {
	return known(s.db.RunCommand(ctx, bson.D{{Key: "ping", Value: 1}}).Err())
}

// Close closes the connections.
func (s *Store) Close(ctx context.Context) error { return s.client.Disconnect(ctx) }

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

// unreachable reports errors of server selection and of the connection pool,
// which the driver's own predicates leave out.
func unreachable(err error) bool {
	if errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "server selection error") || strings.Contains(text, "connection pool")
}
