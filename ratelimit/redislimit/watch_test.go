package redislimit_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
)

func TestEveryCommandIsWatched(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	redis := parts.Redis(t)
	l := newLimiter(t, redislimit.Config{URL: redis.URL(), Timeout: time.Second, Watch: func(ctx context.Context,
		c calls.Call,
	) (context.Context, func(error)) {
		return ctx, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, c.System+" "+c.Name+" "+c.Text+" "+calls.Outcome(err))
		}
	}})
	r := ratelimit.Request{Key: ratelimit.Bucket{ID: "hidden", Rule: ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}}, Cost: 1}
	for range 2 { // the second is refused by the limit, which is no fault
		if _, err := l.Take(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	before := strings.Join(seen, "\n")
	mu.Unlock()
	if !strings.Contains(before, "redis evalsha  ok") || strings.Contains(before, "failed") || strings.Contains(before, "hidden") {
		t.Errorf("told of\n%s", before)
	}
	redis.Kill()
	if _, err := l.Take(t.Context(), r); err == nil {
		t.Error("a Redis that is gone decides")
	}
	mu.Lock()
	defer mu.Unlock()
	if last := seen[len(seen)-1]; strings.HasSuffix(last, " ok") {
		t.Errorf("the last one was told as %q", last)
	}
}
