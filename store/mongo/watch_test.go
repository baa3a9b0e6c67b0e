package mongo_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/store/mongo"
)

func TestEveryCommandIsWatched(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	watch := func(ctx context.Context, c calls.Call) (context.Context, func(error)) {
		return ctx, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, c.System+" "+string(c.Operation)+" "+c.Name+" "+c.Text+" "+calls.Outcome(err))
		}
	}
	s, err := mongo.Open(t.Context(), parts.Mongo(t).URL(), quiet, watch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keys().Get(t.Context(), "hidden"); !errors.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if err := errors.Join(s.PutTombstone(t.Context(), "hidden"), s.Ping(t.Context()),
		s.Close(context.WithoutCancel(t.Context()))); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	told := strings.Join(seen, "\n")
	for _, want := range []string{"mongodb read find keys", "mongodb write update tombstones", "mongodb read find about"} {
		if !strings.Contains(told, want) {
			t.Errorf("nobody was told of %q in\n%s", want, told)
		}
	}
	if strings.Contains(told, "hidden") {
		t.Errorf("a value is in\n%s", told)
	}
}
