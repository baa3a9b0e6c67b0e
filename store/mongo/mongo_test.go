package mongo_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/store/mongo"
	"github.com/latchkey/latchkey/store/storetest"
)

// quiet logs nothing.
var quiet = slog.New(slog.DiscardHandler)

func open(t *testing.T, url string) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), url, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	server := parts.Mongo(t)
	writers := 4
	if os.Getenv("LATCHKEY_TEST_MONGODB_URL") == "" {
		writers = 1 // the server of the tests reads, then writes: see storetest.Run
	}
	storetest.Run(t, writers, func(t *testing.T) store.Store { return open(t, server.URL()) })
}

func TestConnectionStringMustNameADatabase(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"mongodb://user:secret@127.0.0.1:1", "mongodb://127.0.0.1:1/a/b"} {
		if _, err := mongo.Open(t.Context(), url, quiet); err == nil {
			t.Errorf("%s was opened", url)
		}
	}
}

func TestStoreGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	server := parts.OwnMongo(t)
	s := open(t, server.URL())
	o := keys.Organization{
		Stamp: keys.NewStamp(time.Now()), ID: ids.New(ids.Organization), OrganizationFields: keys.OrganizationFields{Name: "kept"},
	}
	if err := s.Organizations().Insert(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	storetest.Unavailable(t, s)
	server.Start()
	storetest.Available(t, s)
	got, err := s.Organizations().Get(t.Context(), o.ID)
	if err != nil || got.Name != "kept" {
		t.Errorf("got %v, %v after the store came back", got, err)
	}
}
