package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
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
				put(t, db, "service_accounts", bson.D{{Key: "_id", Value: id}, {Key: "revision", Value: int64(4)}, {Key: "organization_id", Value: "org_a"}, {Key: "created_by", Value: creator}})
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
					s, err := mongo.Open(t.Context(), url)
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
			if found, err := s.ServiceAccounts().List(t.Context(), keys.AccountFilter{Ownerless: true}, keys.Page{Limit: 5}); err != nil || len(found) != 2 {
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
	if _, err := mongo.Open(t.Context(), url); !errors.Is(err, mongo.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}
