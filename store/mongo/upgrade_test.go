package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/mongo"
)

// raw opens the database without the store.
func raw(t *testing.T, url string) *driver.Database {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return client.Database(path.Base(url))
}

func put(t *testing.T, db *driver.Database, collection string, document bson.D) {
	t.Helper()
	if _, err := db.Collection(collection).InsertOne(t.Context(), document); err != nil {
		t.Fatal(err)
	}
}

// A store of each earlier schema opens with what is in it, also on two nodes
// at once.
func TestStoresOfEarlierReleasesOpen(t *testing.T) {
	t.Parallel()
	server := parts.Mongo(t)
	for version := 1; version <= 3; version++ {
		t.Run(fmt.Sprint("schema ", version), func(t *testing.T) {
			t.Parallel()
			url := server.URL()
			db := raw(t, url)
			at := time.Now().UTC().Truncate(time.Millisecond)
			hash := keys.HashOf("an old key")
			put(t, db, "schema", bson.D{{Key: "_id", Value: "latchkey"}, {Key: "version", Value: version}})
			used := bson.D{{Key: "_id", Value: "sa_a 2020-10"}, {Key: "used", Value: int64(7)}}
			if version == 3 {
				used = append(used, bson.E{Key: "window", Value: "2020-10"})
			}
			put(t, db, "quota_use", used)
			for id, creator := range map[string]string{"sa_a": "usr_a", "sa_b": "sa_a", "sa_c": ""} {
				put(t, db, "service_accounts", bson.D{
					{Key: "_id", Value: id},
					{Key: "revision", Value: int64(4)},
					{Key: "organization_id", Value: "org_a"},
					{Key: "created_by", Value: creator},
				})
			}
			user := bson.D{
				{Key: "_id", Value: ids.New(ids.User)},
				{Key: "revision", Value: int64(1)},
				{Key: "created_at", Value: at},
				{Key: "updated_at", Value: at},
				{Key: "email", Value: "a@example.com"},
				{Key: "email_folded", Value: "a@example.com"},
				{Key: "name", Value: "A"},
			}
			if version >= 2 {
				user = append(user, bson.E{Key: "username", Value: ""}, bson.E{Key: "username_folded", Value: "x"})
			}
			put(t, db, "users", user)
			put(t, db, "keys", bson.D{
				{Key: "_id", Value: "key_old"},
				{Key: "revision", Value: int64(3)},
				{Key: "created_at", Value: at},
				{Key: "updated_at", Value: at},
				{Key: "hash", Value: hash[:]},
				{Key: "hash_algorithm", Value: "sha256"},
				{Key: "environment", Value: "live"},
				{Key: "name", Value: "old"},
			})
			opened := make(chan error)
			for range 2 {
				go func() {
					s, err := mongo.Open(t.Context(), url, quiet)
					if err == nil {
						err = s.Close(t.Context())
					}
					opened <- err
				}()
			}
			if err := errors.Join(<-opened, <-opened); err != nil {
				t.Fatal(err)
			}
			s := open(t, url)
			if k, err := s.Keys().ByHash(t.Context(), hash); err != nil || k.Name != "old" || k.Revision != 3 {
				t.Errorf("the key is %+v, %v", k, err)
			}
			if u, err := s.Users().ByEmail(t.Context(), "a@example.com"); err != nil || u.Name != "A" {
				t.Errorf("the user is %+v, %v", u, err)
			}
			for id, owner := range map[string]string{"sa_a": "usr_a", "sa_b": "", "sa_c": ""} {
				if a, err := s.ServiceAccounts().Get(t.Context(), id); err != nil || a.OwnerID != owner || a.Revision != 4 {
					t.Errorf("the account %s is owned by %q at revision %d, %v", id, a.OwnerID, a.Revision, err)
				}
			}
			if found, err := s.ServiceAccounts().List(t.Context(), keys.AccountFilter{Ownerless: true}, keys.Page{Limit: 5}); err != nil ||
				len(found) != 2 {
				t.Errorf("%d accounts have no owner, %v", len(found), err)
			}
			if used, err := s.QuotaUse(t.Context(), "sa_a", "2020-10"); err != nil || used != 7 {
				t.Errorf("the quota has %d, %v", used, err)
			}
			if n, err := s.DeleteQuotaUse(t.Context(), "2026-11-22", "2026-11", 10); err != nil || n != 1 {
				t.Errorf("%d uses of past quotas went, %v", n, err)
			}
		})
	}
}

func TestDatabaseOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	url := parts.Mongo(t).URL()
	put(t, raw(t, url), "schema", bson.D{{Key: "_id", Value: "latchkey"}, {Key: "version", Value: 9999}})
	if _, err := mongo.Open(t.Context(), url, quiet); !errors.Is(err, mongo.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

// oldAccounts puts service accounts of schema 3.
func oldAccounts(t *testing.T, db *driver.Database, n int) {
	t.Helper()
	put(t, db, "schema", bson.D{{Key: "_id", Value: "latchkey"}, {Key: "version", Value: 3}})
	many := make([]any, n)
	for i := range many {
		many[i] = bson.D{{Key: "_id", Value: fmt.Sprintf("sa_%06d", i)}, {Key: "revision", Value: int64(1)}, {Key: "created_by", Value: "usr_a"}}
	}
	if _, err := db.Collection("service_accounts").InsertMany(t.Context(), many); err != nil {
		t.Fatal(err)
	}
}

// changesOf counts the statements of changes of a collection.
func changesOf(t *testing.T, all []command, collection string) (n int) {
	t.Helper()
	for _, c := range all {
		if c.name == "update" && c.collection == collection {
			n += len(c.statements(t))
		}
	}
	return n
}

// An upgrade that is cut off is gone on with by the next start, which does
// nothing again and says how far it is.
func TestAnUpgradeIsGoneOnWith(t *testing.T) {
	t.Parallel()
	const accounts, batch = 340, 50
	url := parts.Mongo(t).URL()
	db := raw(t, url)
	oldAccounts(t, db, accounts)
	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	first := &commands{}
	watch := first.monitor()
	started := watch.Started
	steps := 0
	watch.Started = func(c context.Context, e *event.CommandStartedEvent) {
		started(c, e)
		if e.CommandName == "update" && e.Command.Lookup("update").StringValue() == "schema" {
			if steps++; steps == 2 { // it writes down how far it came for the second time
				cut()
			}
		}
	}
	if _, err := mongo.OpenMonitored(ctx, url, quiet, watch); err == nil {
		t.Fatal("it was opened though it was cut off")
	}
	var log parts.Output
	second := &commands{}
	s, err := mongo.OpenMonitored(t.Context(), url, slog.New(slog.NewTextHandler(&log, nil)), second.monitor())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	did, rest := changesOf(t, first.all(), "service_accounts"), changesOf(t, second.all(), "service_accounts")
	if did != 2*batch || rest != accounts-2*batch {
		t.Errorf("%d of %d were changed at first, then %d", did, accounts, rest)
	}
	for _, want := range []string{"bringing the store up to date", "collection=service_accounts", "schema=4", "after=sa_000", "changed=240"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log.String())
		}
	}
	n, err := db.Collection("service_accounts").CountDocuments(t.Context(), bson.D{
		{Key: "owner_id", Value: "usr_a"},
		{Key: "revision", Value: 1},
	})
	if err != nil || n != accounts {
		t.Errorf("%d of %d have their owner, %v", n, accounts, err)
	}
	third := &commands{}
	again, err := mongo.OpenMonitored(t.Context(), url, quiet, third.monitor())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close(context.WithoutCancel(t.Context())) })
	for _, c := range third.all() {
		if c.collection == "service_accounts" && c.name != "listIndexes" {
			t.Errorf("a later start sends %s", c.name)
		}
	}
}

// Nodes that start at once do an upgrade together.
func TestAnUpgradeOnTwoNodesAtOnce(t *testing.T) {
	t.Parallel()
	const accounts = 260
	url := parts.Mongo(t).URL()
	db := raw(t, url)
	oldAccounts(t, db, accounts)
	opened := make(chan error)
	for range 2 {
		go func() {
			s, err := mongo.Open(t.Context(), url, quiet)
			if err == nil {
				err = s.Close(t.Context())
			}
			opened <- err
		}()
	}
	if err := errors.Join(<-opened, <-opened); err != nil {
		t.Fatal(err)
	}
	n, err := db.Collection("service_accounts").CountDocuments(t.Context(), bson.D{{Key: "owner_id", Value: "usr_a"}})
	if err != nil || n != accounts {
		t.Errorf("%d of %d have their owner, %v", n, accounts, err)
	}
}

// A start as a whole has no bound, and each of its steps has one, but for the
// building of indexes.
func TestTheStepsOfAStartAreBounded(t *testing.T) {
	t.Parallel()
	url := parts.Mongo(t).URL()
	oldAccounts(t, raw(t, url), 10)
	_, seen := openMonitored(t, url)
	built := 0
	for _, c := range seen.all() {
		_, bounded := c.body.Lookup("maxTimeMS").AsInt64OK()
		switch c.name {
		case "createIndexes":
			if built++; bounded {
				t.Errorf("the indexes of %s must be built within %s", c.collection, c.body.Lookup("maxTimeMS"))
			}
		case "update":
			if !bounded {
				t.Errorf("%s of %s has no bound", c.name, c.collection)
			}
		}
	}
	if built == 0 {
		t.Error("no index was built")
	}
}

// Where somebody else has made an index, as sh.shardCollection does, it is taken
// if it is unique where it has to be; if not, the start says what to do.
func TestIndexesThatAreThere(t *testing.T) {
	t.Parallel()
	server := parts.Mongo(t)
	for _, tt := range []struct {
		name, collection, field string
		unique                  bool
		want                    []string
	}{
		{"sharded as the documentation says", "keys", "hash", true, nil},
		{
			"sharded without the third argument", "keys", "hash", false, []string{
				"{hash: 1} of keys", "not unique", "sh.shardCollection(",
				".keys\", {hash: 1}, true)", "docs/scaling.md",
			},
		},
		{
			"a plain index where a unique one belongs", "users", "email_folded", false, []string{
				"{email_folded: 1} of users",
				"not unique", "drop it",
			},
		},
		{"a unique index where a plain one does", "tiers", "updated_at", true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := server.URL()
			model := driver.IndexModel{Keys: bson.D{{Key: tt.field, Value: 1}}, Options: options.Index().SetUnique(tt.unique)}
			if _, err := raw(t, url).Collection(tt.collection).Indexes().CreateOne(t.Context(), model); err != nil {
				t.Fatal(err)
			}
			s, err := mongo.Open(t.Context(), url, quiet)
			if err == nil {
				t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
			}
			if (err == nil) != (tt.want == nil) || (err != nil && !errors.Is(err, mongo.ErrIndex)) {
				t.Fatalf("got %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}
