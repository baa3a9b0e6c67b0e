package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/metrics"
)

// scrape returns what the set shows, each line between two newlines.
func scrape(t *testing.T, s *metrics.Set) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return "\n" + w.Body.String()
}

func holds(t *testing.T, shown string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(shown, "\n"+line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

func TestTimesOfVerifyAreCountedByMethodStatusAndBound(t *testing.T) {
	t.Parallel()
	s := metrics.New("v1", "go1")
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 1000 {
				s.Verified("GET", 200, 25*time.Microsecond) // a bound belongs to its bucket
				s.Verified("POST", 503, 2*time.Millisecond)
			}
		})
	}
	running.Wait()
	s.Verified("GET", 200, time.Hour)
	const name = "latchkey_verify_duration_seconds"
	holds(t, scrape(t, s),
		name+`_bucket{method="GET",status="2xx",le="2.5e-05"} 4000`, name+`_bucket{method="GET",status="2xx",le="2.5"} 4000`,
		name+`_bucket{method="GET",status="2xx",le="+Inf"} 4001`, name+`_count{method="GET",status="2xx"} 4001`, name+
			`_sum{method="GET",status="2xx"} 3600.1`,
		name+`_bucket{method="POST",status="5xx",le="0.001"} 0`, name+`_bucket{method="POST",status="5xx",le="0.0025"} 4000`,
		name+`_count{method="POST",status="2xx"} 0`, `latchkey_build_info{goversion="go1",version="v1"} 1`)
}

// Whatever clients make up, the number of series is bounded.
func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	s := metrics.New("", "")
	for i := range 100 {
		s.Requested(fmt.Sprintf("METHOD%d", i), "", 404+i, time.Millisecond)
	}
	s.Requested("GET", "/", 200, time.Millisecond)
	s.Requested("GET", "/api/keys/:id", 200, time.Millisecond)
	s.Requested("GET", "/api/keys/:id/", 304, time.Millisecond)
	shown := scrape(t, s)
	const name = "latchkey_http_request_duration_seconds_count"
	holds(t, shown, name+`{method="other",route="none",status="4xx"} 96`, name+`{method="other",route="none",status="5xx"} 4`,
		name+`{method="GET",route="/",status="2xx"} 1`, name+`{method="GET",route="/api/keys/:id",status="2xx"} 1`, name+
			`{method="GET",route="/api/keys/:id",status="3xx"} 1`)
	if n := strings.Count(shown, name+"{"); n != 5 {
		t.Errorf("%d series", n)
	}
}

func TestCallsAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	s := metrics.New("", "")
	store := s.WatchStore()
	redis, err := s.WatchRedis()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		nil, errs.NotFound, errs.Conflict, context.Canceled, context.DeadlineExceeded,
		fmt.Errorf("%w: %w", errs.Unavailable, errors.New("refused")), errors.New("inside"),
	} {
		for _, w := range []calls.Watch{store, redis} {
			_, end := w(t.Context(), calls.Call{System: "sqlite", Operation: calls.Read, Name: "SELECT", Text: "SELECT secret"})
			end(err)
		}
	}
	shown := scrape(t, s)
	holds(t, shown, `latchkey_store_call_duration_seconds_count{operation="read",store="sqlite"} 7`,
		`latchkey_redis_call_duration_seconds_count 7`,
		`latchkey_store_call_errors_total{error="timeout",store="sqlite"} 1`, `latchkey_store_call_errors_total{error="unavailable",`+
			`store="sqlite"} 1`,
		`latchkey_store_call_errors_total{error="failed",store="sqlite"} 1`, `latchkey_redis_call_errors_total{error="timeout"} 1`)
	if strings.Contains(shown, "secret") || strings.Contains(shown, "inside") {
		t.Error("the metrics tell of a statement or an error")
	}
	if _, err := s.WatchRedis(); err == nil {
		t.Error("Redis is watched twice")
	}
}

// BenchmarkVerified is what /verify pays for its times, the clock apart.
func BenchmarkVerified(b *testing.B) {
	s := metrics.New("", "")
	b.Run("one core", func(b *testing.B) {
		for b.Loop() {
			s.Verified("GET", 200, 60*time.Microsecond)
		}
	})
	b.Run("all cores", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				s.Verified("GET", 200, 60*time.Microsecond)
			}
		})
	})
	b.Run("clock", func(b *testing.B) {
		for b.Loop() {
			s.Verified("GET", 200, time.Since(time.Now()))
		}
	})
}
