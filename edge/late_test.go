package edge_test

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
)

// TestAnEdgeThatHearsLateIsWaitedFor: answers that take most of a second arrive, but tell of
// changes only later than was promised. So the edge says that it has heard nothing, or it
// does not go on from memory.
func TestAnEdgeThatHearsLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.grant.Tier.RateLimit = nil
	key := fresh(t)
	var revoked, late atomic.Bool
	var heard atomic.Int64 // what the edge said last before the revoke
	answer := func(w http.ResponseWriter, out any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	}
	n.answers("", func(w http.ResponseWriter, r *http.Request) {
		gone := revoked.Load()
		var asked edgewire.AskChanges
		if r.URL.Path == edgewire.ChangesPath {
			_ = json.NewDecoder(r.Body).Decode(&asked)
			if !gone {
				heard.Store(asked.Heard)
			}
			if asked.Wait > 0 {
				<-r.Context().Done()
				return
			}
		}
		if late.Load() {
			time.Sleep(950 * time.Millisecond)
		}
		out := edgewire.Changes{Epoch: "E", Age: 1, MaxStale: 60_000, Brand: "lk"}
		switch {
		case r.URL.Path == edgewire.ChangesPath && gone:
			out.Place, out.Marks = 1, edgewire.Marks{keys.MarkDigest(keys.HashOf(key).MarkID())}
			answer(w, out)
		case r.URL.Path == edgewire.ChangesPath:
			answer(w, out)
		default:
			g := n.grant
			if gone {
				g.Key.RevokedAt = time.Now()
			}
			answer(w, g)
		}
	})
	e := n.edge(t)
	if v, err := e.Verify(t.Context(), client.Question{Key: key}); err != nil || !v.Valid {
		t.Fatal(v.Code, err)
	}
	late.Store(true)
	for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(20 * time.Millisecond) {
		_, _ = e.Verify(t.Context(), client.Question{Key: key})
	}
	revoked.Store(true)
	by := time.Now().Add(keys.PollBound)
	if time.Duration(heard.Load())*time.Millisecond >= nodes.FreshFor {
		t.Logf("it says that it has heard nothing for %d ms", heard.Load())
		return
	}
	for time.Since(by) < time.Second {
		sent := time.Now()
		if v, err := e.Verify(t.Context(), client.Question{Key: key}); err == nil && v.Valid && sent.After(by) {
			t.Fatalf("VALID to a question asked %s after the revoke was effective, and it said that it heard %d ms ago", sent.Sub(by), heard.Load())
		}
		time.Sleep(5 * time.Millisecond)
	}
}
