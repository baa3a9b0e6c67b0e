package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

const (
	secretKey = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR2OC8kj"
	verdict   = `{"valid":true,"code":"VALID","key_id":"key_1","expires_at":null}`
)

// asked is a server that notes what it was asked, and a client of it that notes
// how long it would have waited.
type asked struct {
	*client.Client
	url string

	mu       sync.Mutex
	requests []*http.Request
	waits    []time.Duration
}

var now = time.Now().UTC().Truncate(time.Second)

// serve answers the first request by the first handler, and so on; the last
// answers the rest.
func serve(t *testing.T, config client.Config, handlers ...http.HandlerFunc) *asked {
	t.Helper()
	a := &asked{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		n := min(len(a.requests), len(handlers)-1)
		a.requests = append(a.requests, r)
		a.mu.Unlock()
		handlers[n](w, r)
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	if config.URL == "" {
		config.URL = server.URL
	}
	a.use(t, config)
	return a
}

func (a *asked) use(t *testing.T, config client.Config) {
	t.Helper()
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.SetClock(now, func(ctx context.Context, d time.Duration) error {
		a.waits = append(a.waits, d)
		return ctx.Err()
	})
	a.Client = c
}

func (a *asked) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.requests)
}

// reply answers with the status, the body and the headers, given in pairs.
func reply(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// problem answers with a problem document.
func problem(status int, code string, headers ...string) http.HandlerFunc {
	return reply(status, `{"type":"urn:latchkey:problem:x","title":"T","status":400,"code":"`+code+
		`","detail":"what is wrong","instance":"urn:latchkey:request:REQ-1"}`, headers...)
}

// cut breaks the connection.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
