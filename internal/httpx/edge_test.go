package httpx_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
)

func TestTheAccessLine(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	trusted, err := proxies.New(nil, proxies.XForwardedFor)
	if err != nil {
		t.Fatal(err)
	}
	edge := httpx.NewEdge(trusted, slog.New(httpx.LogHandler{Handler: slog.NewJSONHandler(&log, nil)}))
	observed := ""
	edge.Observe = func(method, route string, status int, _ time.Duration) { observed = method + " " + route }
	engine := gin.New()
	engine.GET("/keys/:id", edge.Enter, func(c *gin.Context) {
		p := &auth.Principal{Kind: auth.ServiceAccountKind, AccountID: "sa_1"}
		c.Request = c.Request.WithContext(auth.With(c.Request.Context(), p))
		edge.Logger.WarnContext(c.Request.Context(), "on the way")
		c.String(http.StatusTeapot, "short and stout")
	})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/keys/lk_live_secret?q=hidden", nil)
	r.Header.Set("X-Request-Id", "mine-1")
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, r)
	if w.Header().Get("X-Request-Id") != "mine-1" || observed != "GET /keys/:id" {
		t.Errorf("the answer has id %q, observed was %q", w.Header().Get("X-Request-Id"), observed)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), &log)
	}
	for _, line := range lines {
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got["request_id"] != "mine-1" || got["trace_id"] != "0af7651916cd43dd8448eb211c80319c" || strings.Count(line, "request_id") != 1 {
			t.Errorf("ids are not in %s, or twice", line)
		}
		if got["msg"] == "on the way" {
			continue
		}
		want := map[string]any{"method": "GET", "route": "/keys/:id", "status": 418., "bytes": 15., "address": "192.0.2.1", "principal": "sa_1"}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %v, want %v", name, got[name], value)
			}
		}
		if _, ok := got["took_ms"].(float64); !ok {
			t.Errorf("no duration in %s", line)
		}
	}
	if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "hidden") {
		t.Errorf("the path or the query is in the log: %s", &log)
	}
}

// What a client invents is neither a trace nor an id.
func TestMadeUpIDs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	trusted, err := proxies.New(nil, proxies.XForwardedFor)
	if err != nil {
		t.Fatal(err)
	}
	edge := httpx.NewEdge(trusted, slog.New(httpx.LogHandler{Handler: slog.NewJSONHandler(&log, nil)}))
	engine := gin.New()
	engine.GET("/", edge.Enter)
	for _, traceparent := range []string{
		"junk", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-zz-01",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("X-Request-Id", "with space")
		r.Header.Set("traceparent", traceparent)
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		if id := w.Header().Get("X-Request-Id"); id == "" || strings.Contains(id, " ") {
			t.Errorf("the id is %q", id)
		}
	}
	if strings.Contains(log.String(), "trace_id") || strings.Contains(log.String(), "with space") {
		t.Errorf("made up ids are in the log: %s", &log)
	}
}
