package parts

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongoVariable names the environment variable that makes tests use a running MongoDB
// instead of one started for them.
const mongoVariable = "LATCHKEY_TEST_MONGODB_URL"

// MongoServer is a server that speaks MongoDB's wire protocol.
type MongoServer struct {
	tb       testing.TB
	url      string
	external bool
}

// Mongo returns a server to store data in: the one that the environment variable
// LATCHKEY_TEST_MONGODB_URL names, otherwise one started for this test. Tests that stop
// the server use OwnMongo.
func Mongo(tb testing.TB) *MongoServer {
	tb.Helper()
	if url := os.Getenv(mongoVariable); url != "" {
		return &MongoServer{tb: tb, url: url, external: true}
	}
	return OwnMongo(tb).MongoServer
}

// URL returns the connection string of a database that no other call returns. Call it
// once for each database that the test needs, and keep the string. On a server from the
// environment the database is dropped when the test ends.
func (m *MongoServer) URL() string {
	m.tb.Helper()
	database := "test_" + strings.ToLower(rand.Text())
	url := withDatabase(m.url, database)
	if m.external {
		m.tb.Cleanup(func() { m.drop(url, database) })
	}
	return url
}

// drop removes a database from a server that outlives the test.
func (m *MongoServer) drop(url, database string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.tb.Context()), patience)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(url).SetTimeout(10 * time.Second))
	if err != nil {
		m.tb.Errorf("drop database %s: %v", database, err)
		return
	}
	if err := client.Database(database).Drop(ctx); err != nil {
		m.tb.Errorf("drop database %s: %v", database, err)
	}
	if err := client.Disconnect(ctx); err != nil {
		m.tb.Errorf("disconnect: %v", err)
	}
}

// OwnMongoServer is a MongoServer for this test alone, which can be stopped and
// restarted on the same port with the same data.
type OwnMongoServer struct {
	*MongoServer
	*Server
}

// OwnMongo starts a server for this test alone, whatever the environment says. It has
// no transactions, change streams, TTL or partial indexes, and its compare-and-set is
// wrong under concurrent writes: storetest.Run says what that leaves unproven, and
// LATCHKEY_TEST_MONGODB_URL proves it.
func OwnMongo(tb testing.TB) *OwnMongoServer {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatalf("find the MongoDB-wire server: %v", err)
	}
	binary := filepath.Join(root, "build", "parts", "mongowire")
	if _, err := os.Stat(binary); err != nil {
		tb.Fatalf("the MongoDB-wire server is not built: run `make parts` (%v)", err)
	}
	addr, dir := FreeAddr(tb), tb.TempDir()
	server := newServer(tb, addr, func() *exec.Cmd {
		return exec.Command(binary, "-addr", addr, "-data", dir) //nolint:gosec // G204: our own binary and a directory of the test
	})
	return &OwnMongoServer{MongoServer: &MongoServer{tb: tb, url: "mongodb://" + addr}, Server: server}
}

// withDatabase returns the connection string base with its database replaced. The
// database also determines where to look for the user, unless authSource does, so
// authSource is pinned to the old one. Package net/url cannot parse such a string with
// several hosts.
func withDatabase(base, database string) string {
	scheme, rest, _ := strings.Cut(base, "://")
	hosts, before, query := cutDatabase(rest)
	if before == "" {
		before = "admin"
	}
	if strings.Contains(hosts, "@") && !strings.Contains(strings.ToLower(query), "authsource=") {
		query = strings.TrimPrefix(query+"&authSource="+before, "&")
	}
	url := scheme + "://" + hosts + "/" + database
	if query != "" {
		url += "?" + query
	}
	return url
}

// cutDatabase splits the part after the scheme of a connection string.
func cutDatabase(rest string) (hosts, database, query string) {
	rest, query, _ = strings.Cut(rest, "?")
	hosts, database, _ = strings.Cut(rest, "/")
	return hosts, database, query
}
