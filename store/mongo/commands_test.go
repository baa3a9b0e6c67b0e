package mongo_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store/mongo"
	"github.com/latchkey/latchkey/store/storetest"
	"github.com/latchkey/latchkey/usage"
)

// command is one that a server was sent.
type command struct {
	name, collection string
	body             bson.Raw
}

// commands keeps what is sent.
type commands struct {
	mu   sync.Mutex
	sent []command
}

func (c *commands) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		collection, _ := e.Command.Lookup(e.CommandName).StringValueOK()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent = append(c.sent, command{e.CommandName, collection, slices.Clone(e.Command)})
	}}
}

// all returns what was sent since the last time.
func (c *commands) all() []command {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.sent
	c.sent = nil
	return sent
}

func openMonitored(t *testing.T, url string) (*mongo.Store, *commands) {
	t.Helper()
	seen := &commands{}
	s, err := mongo.OpenMonitored(t.Context(), url, quiet, seen.monitor())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s, seen
}

func newKey() keys.Key {
	id := ids.New(ids.Key)
	return keys.Key{
		Stamp: keys.NewStamp(time.Now()), ID: id, OrganizationID: "org_a", ServiceAccountID: "sa_a", Environment: keys.Live,
		Hash: keys.HashOf(id), HashAlgorithm: keys.SHA256, KeyFields: keys.KeyFields{Name: "key"},
	}
}

// statements returns the filters of an update or delete.
func (c *command) statements(t *testing.T) (filters []bson.Raw) {
	t.Helper()
	list := map[string]string{"update": "updates", "delete": "deletes"}[c.name]
	if list == "" {
		return []bson.Raw{c.body.Lookup("query").Document()} // findAndModify
	}
	values, err := c.body.Lookup(list).Array().Values()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		filters = append(filters, v.Document().Lookup("q").Document())
	}
	return filters
}

// A change of a key names its digest, by which keys are sharded: one shard is
// asked, whatever becomes of the others.
func TestChangesOfKeysNameTheirShard(t *testing.T) {
	t.Parallel()
	s, seen := openMonitored(t, parts.Mongo(t).URL())
	ctx, collection := t.Context(), s.Keys()
	one, two := newKey(), newKey()
	next := func(k *keys.Key) keys.Key { k.Revision++; return *k }
	if err := errors.Join(collection.Insert(ctx, one), collection.Insert(ctx, two)); err != nil {
		t.Fatal(err)
	}
	seen.all()
	changed := 0
	for _, change := range []func() error{
		func() error { return collection.Replace(ctx, next(&one)) },
		func() error {
			left, err := collection.ReplaceAll(ctx, []keys.Key{next(&one), next(&two)})
			if len(left) > 0 {
				err = errors.New("some were left")
			}
			return err
		},
		func() error { return collection.TouchLastUsed(ctx, map[string]usage.Use{one.ID: {At: time.Now()}}) },
		func() error { return collection.Delete(ctx, one.ID, one.Revision) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Available(t, s)
	for _, c := range seen.all() {
		if c.collection != "keys" || !slices.Contains([]string{"update", "delete", "findAndModify"}, c.name) {
			continue
		}
		for _, filter := range c.statements(t) {
			changed++
			if hash, err := filter.LookupErr("hash"); err != nil || hash.Type != bson.TypeBinary {
				t.Errorf("%s of keys goes to all shards: %s", c.name, filter)
			}
		}
	}
	if changed < 4 {
		t.Errorf("only %d changes of keys were seen", changed)
	}
}

// What is read survives a failover.
func TestReadsAskForWhatAMajorityHas(t *testing.T) {
	t.Parallel()
	s, seen := openMonitored(t, parts.Mongo(t).URL())
	storetest.Available(t, s)
	read := 0
	for _, c := range seen.all() {
		switch c.name {
		case "find", "aggregate", "count", "distinct":
		default:
			continue
		}
		read++
		if level, ok := c.body.Lookup("readConcern", "level").StringValueOK(); !ok || level != "majority" {
			t.Errorf("%s of %s reads %s", c.name, c.collection, c.body.Lookup("readConcern"))
		}
	}
	if read == 0 {
		t.Error("nothing was read")
	}
}

// Behind a router an id is looked for on the shards that answer.
func TestAKeyIsFoundThoughAnotherShardIsAway(t *testing.T) {
	t.Parallel()
	s, seen := openMonitored(t, parts.Mongo(t).URL())
	s.BehindRouter()
	seen.all()
	_, _ = s.Keys().Get(t.Context(), "key_a") // the server of the tests knows no shards
	_, _ = s.Organizations().Get(t.Context(), "org_a")
	for _, c := range seen.all() {
		partial, _ := c.body.Lookup("allowPartialResults").BooleanOK()
		if partial != (c.collection == "keys") {
			t.Errorf("%s of %s takes parts of an answer: %t", c.name, c.collection, partial)
		}
	}
}
