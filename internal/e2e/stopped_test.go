package e2e

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to see whether somebody writes

	"github.com/latchkey/latchkey/internal/parts"
)

// suspend stops a node between two of its writes, until resume is called or the
// test ends. One that stands still while it writes keeps SQLite's only lock for
// writing, and nothing could be revoked meanwhile.
func suspend(t *testing.T, node *parts.Process, database string) (resume func()) {
	t.Helper()
	resume = sync.OnceFunc(func() { node.Signal(syscall.SIGCONT) })
	t.Cleanup(resume) // or it could not be ended
	for range 100 {
		node.Signal(syscall.SIGSTOP)
		if canWrite(t, database) {
			return resume
		}
		node.Signal(syscall.SIGCONT)
		<-time.After(10 * time.Millisecond) // it ends its write
	}
	t.Fatal("the node writes whenever it is stopped")
	return nil
}

// canWrite reports whether another process can write to the database within
// half a second. MongoDB always lets it.
func canWrite(t *testing.T, database string) bool {
	t.Helper()
	path, ok := strings.CutPrefix(database, "sqlite:")
	if !ok {
		return true
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(500)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing was written
	tx, err := db.BeginTx(t.Context(), nil)
	return err == nil && tx.Rollback() == nil
}

// A node that was stopped right before a revoke asks the store before it
// answers what waited for it: the answer of the revoke did not name it.
func TestAStoppedNodeAsksBeforeItAnswers(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, process := pair(t, database)
			const rounds, clients = 3, 8
			ids, secrets := warm(t, first, second, first.vast(), rounds)
			for i, id := range ids {
				resume := suspend(t, process, database)
				answer := first.call("POST", "/api/keys/"+id+"/revoke", map[string]any{}, 200)
				by := moment(t, answer["effective_everywhere_by"])
				if waiting := answer["waiting_for"].([]any); len(waiting) != 0 {
					t.Fatalf("the stopped node is known to be silent: %v", waiting)
				}
				<-time.After(time.Until(by))
				codes := make(chan string, clients)
				sent := make(chan struct{}, clients)
				for range clients {
					go func() { codes <- codeWhenSent(t, second.base, secrets[i], sent) }()
				}
				for range clients {
					<-sent
				}
				resume()
				for range clients {
					if got := <-codes; got != "REVOKED" {
						t.Errorf("a question that was asked after %s is answered %s", by, got)
					}
				}
				first.awaitNodes(2)
			}
		})
	}
}

// codeWhenSent asks over a connection of its own and tells when the question is
// on its way.
func codeWhenSent(t *testing.T, base, key string, sent chan<- struct{}) string {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(withWritten(t.Context(), sent), http.MethodGet, base+"/verify", nil)
	if err != nil {
		return err.Error()
	}
	r.Header.Set("X-API-Key", key)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return err.Error()
	}
	_ = answer.Body.Close()
	return answer.Header.Get("X-Latchkey-Code")
}

func withWritten(ctx context.Context, sent chan<- struct{}) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent <- struct{}{} }})
}
