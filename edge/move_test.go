package edge_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/edge"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/parts"
)

// TestAnEdgeThatMovesKnowsNoMoreThanItsNode: a node that has heard of nothing for long
// tells of keys what may not hold any more. Others were promised when it stops, so the
// edges that it feeds stop then as well, however lately the node before had heard.
func TestAnEdgeThatMovesKnowsNoMoreThanItsNode(t *testing.T) {
	t.Parallel()
	const stale = 4 * time.Second
	n := newNode(t)
	n.grant.Tier.RateLimit = nil
	e := n.edge(t)
	polled := time.Now().Add(-2 * time.Second)
	n.answers("", func(w http.ResponseWriter, r *http.Request) {
		var out any = struct{}{}
		switch r.URL.Path {
		case edgewire.ChangesPath:
			var asked edgewire.AskChanges
			_ = json.NewDecoder(r.Body).Decode(&asked)
			if asked.Wait > 0 {
				<-r.Context().Done()
				return
			}
			out = edgewire.Changes{
				Epoch: "F", All: asked.Epoch != "F", Age: time.Since(polled).Milliseconds(), MaxStale: stale.Milliseconds(), Brand: "lk",
			}
		case edgewire.GrantPath:
			g := n.grant
			g.Epoch, out = "F", &g
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	})
	known := fresh(t)
	for range 10 {
		if v, err := e.Verify(t.Context(), client.Question{Key: known}); err != nil || !v.Valid {
			t.Fatal(v.Code, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	n.answers("", text(http.StatusBadGateway, "text/html", "gone"))
	stops := polled.Add(stale)
	if v, err := e.Verify(t.Context(), client.Question{Key: known}); time.Now().Before(stops) && !v.Valid {
		t.Errorf("cut off, it forgets: %v", err)
	}
	time.Sleep(time.Until(stops.Add(50 * time.Millisecond)))
	if v, err := e.Verify(t.Context(), client.Question{Key: known}); v.Valid {
		t.Errorf("%s after its node stops, the edge says %s, %v", time.Since(stops), v.Code, err)
	}
}

// TestOneAddressOfManyNodes: where each answer is from another node nothing can be
// believed, and the log says what to do.
func TestOneAddressOfManyNodes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var turn atomic.Int64
	n.answers("", func(w http.ResponseWriter, r *http.Request) {
		epoch := strconv.FormatInt(turn.Add(1)%3, 10)
		var out any = struct{}{}
		switch r.URL.Path {
		case edgewire.ChangesPath:
			out = edgewire.Changes{Epoch: epoch, Age: 1, MaxStale: 60_000, Brand: "lk"}
		case edgewire.GrantPath:
			g := n.grant
			g.Epoch, out = epoch, &g
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	})
	var log syncLog
	e, err := edge.New(t.Context(), edge.Config{
		Upstream: []string{n.URL}, Key: credential, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(t.Context())) })
	for range 50 {
		if _, err = e.Verify(t.Context(), client.Question{Key: fresh(t)}); err != nil {
			break
		}
	}
	if !errors.Is(err, errs.Unavailable) {
		t.Errorf("it decides: %v", err)
	}
	key := fresh(t)
	parts.Await(t, 10*time.Second, "the log to say what to do", func(context.Context) error {
		_, _ = e.Verify(t.Context(), client.Question{Key: key})
		if !strings.Contains(log.String(), "list the nodes one by one") {
			return errors.New(log.String())
		}
		return nil
	})
}

// TestANodeThatHangsIsPassedOver although it takes connections, as a process that was
// stopped does: the edge does not go on from memory while another node would tell it what
// changed. Of several that hang, all are.
func TestANodeThatHangsIsPassedOver(t *testing.T) {
	t.Parallel()
	hanging := func() *node {
		n := newNode(t)
		n.answers("", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or it would not be noticed that the edge hangs up
			<-r.Context().Done()
		})
		return n
	}
	first, last := newNode(t), newNode(t) // the edge also begins although one hangs
	last.grant.Key.RevokedAt, last.grant.Epoch = time.Now(), "F"
	last.answers(edgewire.ChangesPath, func(w http.ResponseWriter, r *http.Request) {
		var asked edgewire.AskChanges
		_ = json.NewDecoder(r.Body).Decode(&asked)
		if asked.Wait > 0 {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(edgewire.Changes{Epoch: "F", All: asked.Epoch != "F", Age: 1, MaxStale: 60_000, Brand: "lk"})
	})
	e, err := edge.New(t.Context(), edge.Config{
		Upstream: []string{hanging().URL, first.URL, hanging().URL, last.URL}, Key: credential,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(t.Context())) })
	key := fresh(t)
	if v, err := e.Verify(t.Context(), client.Question{Key: key}); err != nil || !v.Valid {
		t.Fatal(v.Code, err)
	}
	first.answers("", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	parts.Await(t, 10*time.Second, "the edge to be told by the last node", func(context.Context) error {
		v, err := e.Verify(t.Context(), client.Question{Key: key})
		if err == nil && v.Code != "REVOKED" {
			err = errors.New(v.Code)
		}
		return err
	})
}

// syncLog is a log that can be read meanwhile.
type syncLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
