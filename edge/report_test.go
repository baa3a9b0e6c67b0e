package edge

import (
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/usage"
)

// TestAMessageThatIsTooLongIsHalved until a node, or the proxy before it, takes it: nothing
// is lost, and nothing counts twice.
func TestAMessageThatIsTooLongIsHalved(t *testing.T) {
	t.Parallel()
	const most = 10_000
	taken, plain, batch := map[string]string{}, map[string]int{}, uint64(0)
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) > most {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		var told edgewire.Usage
		if err := json.Unmarshal(body, &told); err != nil || told.Batch != batch+1 {
			t.Errorf("batch %d came after %d: %v", told.Batch, batch, err)
		}
		batch = told.Batch
		for id, use := range told.Uses {
			if taken[id] != "" {
				t.Errorf("%s is told twice", id)
			}
			taken[id] = use.UserAgent
		}
		for _, id := range told.Plain {
			plain[id]++
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(node.Close)
	up, err := newUpstream([]string{node.URL}, "k", nil, "test")
	must(t, err)
	t.Cleanup(up.client.CloseIdleConnections)
	r := newReporter(&source{up: up, self: edgewire.Edge{ID: ids.New(ids.Edge)}}, slog.New(slog.DiscardHandler))
	want := map[string]string{}
	for range 300 {
		id := ids.New(ids.Key)
		want[id] = strings.Repeat("x", 200)
		r.used(id, usage.Use{At: time.Now(), UserAgent: want[id]})
		r.arrivedPlain(id)
		r.arrivedPlain(id)
	}
	for range 3 {
		must(t, r.flush(t.Context()))
		id := ids.New(ids.Key)
		want[id] = "later"
		r.used(id, usage.Use{At: time.Now(), UserAgent: want[id]})
	}
	must(t, r.flush(t.Context()))
	if !maps.Equal(taken, want) {
		t.Errorf("%d of %d are told", len(taken), len(want))
	}
	if len(plain) != 300 || slices.Max(slices.Collect(maps.Values(plain))) != 1 {
		t.Errorf("%d of 300 that arrived without TLS are told, or some twice", len(plain))
	}
	r.used("key_1", usage.Use{UserAgent: strings.Repeat("x", most)})
	must(t, r.flush(t.Context())) // no node will ever take it, and nothing waits behind it
}

// TestWhatArrivedWithoutTLSIsBounded and told again at the next use: the node may have been
// of a version that ignores it.
func TestWhatArrivedWithoutTLSIsBounded(t *testing.T) {
	t.Parallel()
	r := newReporter(&source{}, slog.New(slog.DiscardHandler))
	for range 2 {
		for i := range 2 * edgewire.MostPlain {
			r.arrivedPlain(strconv.Itoa(i))
		}
		r.gather()
		if last := r.unsent[len(r.unsent)-1]; len(last.Plain) != edgewire.MostPlain {
			t.Errorf("%d are told", len(last.Plain))
		}
	}
}
