package e2e

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync"
	"syscall"
	"testing"
	"time"
)

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
				process.Signal(syscall.SIGSTOP)
				resume := sync.OnceFunc(func() { process.Signal(syscall.SIGCONT) })
				t.Cleanup(resume)
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
