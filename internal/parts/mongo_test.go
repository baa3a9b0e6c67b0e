package parts

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// connect returns a collection in the database that url names.
func connect(t *testing.T, url, database string) *mongo.Collection {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(url).SetServerSelectionTimeout(5 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("disconnect: %v", err)
		}
	})
	return client.Database(database).Collection("things")
}

type thing struct {
	ID   string `bson:"_id"`
	Name string
}

func TestMongoKeepsDocumentsOverARestart(t *testing.T) {
	t.Parallel()
	server := OwnMongo(t)
	things := connect(t, server.URL(), "restart")
	if _, err := things.InsertOne(t.Context(), thing{"1", "lamp"}); err != nil {
		t.Fatal(err)
	}
	if _, err := things.InsertOne(t.Context(), thing{"1", "other"}); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("a second document with the same id: %v, want a duplicate key error", err)
	}

	server.Stop()
	down, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := things.FindOne(down, bson.M{}).Err(); err == nil {
		t.Error("a stopped server answered")
	}
	server.Start()
	expectLamp(t, things)

	server.Kill()
	server.Start()
	expectLamp(t, things)
}

func expectLamp(t *testing.T, things *mongo.Collection) {
	t.Helper()
	var got thing
	// The driver's pool may still hold connections to the process before.
	Await(t, patience, "an answer", func(ctx context.Context) error {
		err := things.FindOne(ctx, bson.M{"_id": "1"}).Decode(&got)
		if errors.Is(err, mongo.ErrNoDocuments) {
			t.Fatal("the document is gone")
		}
		return err
	})
	if got.Name != "lamp" {
		t.Errorf("found %+v, want the lamp", got)
	}
}

func TestMongoGivesEveryCallItsOwnDatabase(t *testing.T) {
	t.Parallel()
	server := Mongo(t)
	first, second := server.URL(), server.URL()
	if first == second {
		t.Errorf("both are %s", first)
	}
}

// A server from the environment is used, and left as it was.
func TestMongoFromTheEnvironment(t *testing.T) {
	running := OwnMongo(t)
	t.Setenv(mongoVariable, "mongodb://"+running.Addr()+"/ignored?appName=tests")
	t.Run("inner", func(t *testing.T) {
		url := Mongo(t).URL()
		client, err := mongo.Connect(options.Client().ApplyURI(url))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) })
		if _, err := client.Database(databaseOf(t, url)).Collection("things").InsertOne(t.Context(), thing{"1", "lamp"}); err != nil {
			t.Fatal(err)
		}
		expectDatabases(t, running, 1)
	})
	expectDatabases(t, running, 0)
}

// expectDatabases counts the databases of a test on the server.
func expectDatabases(t *testing.T, server *OwnMongoServer, want int) {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI("mongodb://" + server.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) }()
	names, err := client.ListDatabaseNames(t.Context(), bson.M{"name": bson.M{"$regex": "^test_"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != want {
		t.Errorf("databases %v, want %d", names, want)
	}
}

// databaseOf returns the database that a connection string without user names.
func databaseOf(t *testing.T, url string) string {
	t.Helper()
	var host, database string
	if n := len("mongodb://"); len(url) > n {
		host, database, _ = cutDatabase(url[n:])
	}
	if host == "" || database == "" {
		t.Fatalf("no database in %s", url)
	}
	return database
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, base, want string }{
		{"bare host", "mongodb://h:1", "mongodb://h:1/db"},
		{"database is replaced", "mongodb://h:1/old", "mongodb://h:1/db"},
		{"several hosts and options stay", "mongodb://a:1,b:2/old?replicaSet=r", "mongodb://a:1,b:2/db?replicaSet=r"},
		{"srv", "mongodb+srv://cluster.example/?w=1", "mongodb+srv://cluster.example/db?w=1"},
		{"user of the database is still found", "mongodb://u:p@h/old", "mongodb://u:p@h/db?authSource=old"},
		{"user of the server is still found", "mongodb://u:p@h/?w=1", "mongodb://u:p@h/db?w=1&authSource=admin"},
		{"a given authSource wins", "mongodb://u:p@h/old?AuthSource=x", "mongodb://u:p@h/db?AuthSource=x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := withDatabase(tt.base, "db"); got != tt.want {
				t.Errorf("withDatabase(%q) = %q, want %q", tt.base, got, tt.want)
			}
		})
	}
}
