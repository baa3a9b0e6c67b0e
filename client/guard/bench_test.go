package guard_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/client/guard"
)

type always struct{ verdict client.Verdict }

func (a always) Verify(context.Context, client.Question) (client.Verdict, error) {
	return a.verdict, nil
}

type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (n nowhere) WriteHeader(int)             {}

// What the middleware takes beside the verification itself.
func BenchmarkRequire(b *testing.B) {
	g, err := guard.New(guard.Config{Verifier: always{verdict(client.CodeValid)}})
	if err != nil {
		b.Fatal(err)
	}
	h := g.Require("invoices:read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodGet, "/invoices", nil)
	r.Header.Set("X-API-Key", key)
	w := nowhere{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}
