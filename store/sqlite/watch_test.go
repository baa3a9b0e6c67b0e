package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
)

func TestEveryStatementIsWatched(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	open := 0
	watch := func(ctx context.Context, c calls.Call) (context.Context, func(error)) {
		mu.Lock()
		defer mu.Unlock()
		open++
		return ctx, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			open--
			if strings.Contains(c.Text, "hidden") {
				t.Errorf("a value is in %s", c.Text)
			}
			seen = append(seen, c.System+" "+string(c.Operation)+" "+c.Name+" "+calls.Outcome(err))
		}
	}
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"), nil, watch)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, missing := s.Keys().Get(ctx, "hidden")
	_, canceled := s.Keys().Get(ended, "hidden")
	if !errors.Is(missing, errs.NotFound) || !errors.Is(canceled, context.Canceled) {
		t.Errorf("%v, %v", missing, canceled)
	}
	if _, err := s.Events(ctx, audit.Filter{ObjectID: "hidden"}, "", 1); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.AddQuotaUse(ctx, []ratelimit.QuotaUse{{ID: "hidden", Window: "w", Used: 1}}), s.PutTombstone(ctx, "hidden"),
		s.Ping(ctx)); err != nil {
		t.Error(err)
	}
	if _, err := s.ChangedSince(ctx, time.Now(), 1); err != nil {
		t.Error(err)
	}
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := s.Keys().Insert(ctx, keys.Key{ID: "hidden"}); err == nil {
		t.Error("a closed store takes keys")
	}
	told := strings.Join(seen, "\n")
	for _, want := range []string{
		"sqlite read SELECT ok", "sqlite read SELECT canceled", "sqlite write INSERT ok", "sqlite write BEGIN ok", "sqlite read PRAGMA ok",
		"sqlite write INSERT failed",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("nobody was told of %q in\n%s", want, told)
		}
	}
	if open != 0 {
		t.Errorf("%d calls never ended", open)
	}
}
